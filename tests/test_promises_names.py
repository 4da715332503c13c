"""Promises X3, X4 and X5 of the mountpoint: names are names, folders are their user's, nothing steers a terminal."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mounted
import program
import pytest
from conftest import ROOT, Kerash
from mounted import GENOME, HERE, SHORT, USING, XOR, Sandbox, swap, tree
from processes import on_terminal

made, mount, sandbox = mounted.made, mounted.mount, mounted.sandbox

# X3: names are names

HOSTILE = (
    *("", ".", "..", "-", "---", "-x", "--help-me", ".hidden", "a/b", "/", "/etc/passwd", "../x", "./x", "a/../../x"),
    *("a\nb", "\n", "a\tb", "a b", " ", "a\x1b[2J", "\x7f", "a\rb", "é", "名", "\u202e", "ﬀ", "٣"),
    *("$(touch x)", "`touch x`", "*", "?", "~", "a;b", "a|b", "a\\b", "a:b", "a'b", 'a"b', "%s", "{}", "x" * 65),
)
NAMING: dict[str, tuple[str, ...]] = {
    "store-model": ("store-model", "@", *XOR),
    "create-genome": ("create-genome", "@", "xor"),
    "create-genome of": ("create-genome", "new", "@"),
    "fit": ("fit", "1", "@", "4", "1", "1", "0.1"),
    "fit --model": ("fit", "1", "default", "4", "1", "1", "0.1", "--model", "@"),
    "evolve": ("evolve", "2", "1", "@", *XOR[1:], "1", "1"),
    "predict": ("predict", "@", "data/xor.data"),
    "evaluate": ("evaluate", "@", *XOR[1:]),
    "export": ("export", "@"),
    "tree": ("tree", "@"),
    "train --start": ("train", *XOR, "--start", "@", "--epochs", "1"),
    "remove": ("remove", "@"),
    "remove another": ("remove", "default", "@"),
}


def naming() -> Iterator[tuple[str, str]]:
    for name in NAMING:
        yield from ((name, hostile) for hostile in HOSTILE)


def test_there_are_40_hostile_names() -> None:
    assert len({*HOSTILE}) >= 40


@pytest.mark.parametrize(
    ("name", "hostile"),
    [
        pytest.param(name, hostile, id=f"{name}-{hostile!a}", marks=[pytest.mark.long] if i % 13 else [])
        for i, (name, hostile) in enumerate(naming())
    ],
)
def test_what_is_no_name_is_one_line_and_makes_nothing(
    kerash: Kerash, mount: Path, tmp_path: Path, name: str, hostile: str
) -> None:
    before = tree(mount), {*tmp_path.iterdir()}
    done = kerash(*(hostile if word == "@" else word for word in NAMING[name]))
    is_foreign = (
        name in ("predict", "evaluate", "train --start") and "/" in hostile and (tmp_path / hostile).exists()
    )  # a file, no name
    assert (done.code, done.out) == (5 if is_foreign else 2, "")
    assert done.error
    assert done.err.count("\n") == 1
    assert (tree(mount), {*tmp_path.iterdir()}) == before


@pytest.mark.parametrize("name", ["a", "_", "9", "A.b-c_d", "x" * 64, "gen_x", "a.dat", "settings", "CON"])
def test_a_name_of_letters_digits_and_points_is_taken(kerash: Kerash, mount: Path, name: str) -> None:
    assert kerash("create-genome", name, "xor").code == 0
    assert (mount / f"model/genomes/gen_{name}/meta.dat").exists()


# X4: nobody else's, and no links


@pytest.mark.parametrize("name", ["store-model", "create-genome", "fit"])
def test_what_is_made_is_its_users_alone(mount: Path, tmp_path: Path, environment: dict[str, str], name: str) -> None:
    for path in mount.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    for old in ("data", "models"):
        (tmp_path / old).symlink_to(ROOT / old)
    subprocess.run(
        [*program.PROCESS, *SHORT[name]], cwd=tmp_path, env=environment, capture_output=True, umask=0, check=True
    )
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in mount.rglob("*")}
    assert modes == {(True, 0o700), (False, 0o600)}


PLANTED = {
    "model": ("fit", "store-model", "create-genome", "predict", "list", "remove"),
    "model/genomes": ("fit", "create-genome", "predict", "list", "remove"),
    "mat": ("train",),
    GENOME: ("fit", "predict", "export", "remove"),
    f"{GENOME}/meta.dat": ("fit", "predict", "export"),
    f"{GENOME}/settings": ("fit", "predict"),
    f"{GENOME}/result": ("predict",),
    f"{GENOME}/topology": ("fit", "predict"),
    f"{GENOME}/topology/layer_1": ("fit", "predict"),
    f"{GENOME}/topology/layer_1/meta.dat": ("predict",),
    f"{GENOME}/topology/layer_1/weights.dat": ("fit", "predict"),
    f"{GENOME}/topology/layer_2/bias_weights.dat": ("fit", "predict"),
    "model/xor": ("fit", "create-genome"),
    "model/xor.model": ("create-genome",),
    "model/xor/record.json": ("create-genome", "predict"),
    "model/xor/x_train.npy": ("fit",),
    "model/xor/y_train.npy": ("fit",),
}
FILES_OF_NO_ENDING = ("settings", "result")


def planted() -> Iterator[Any]:
    for path, commands in PLANTED.items():
        is_file = "." in path or path.endswith(FILES_OF_NO_ENDING)
        for i, command in enumerate(commands):
            yield pytest.param(path, command, "link")
            if is_file:
                yield pytest.param(path, command, "FIFO", marks=[pytest.mark.long] if i else [])


@pytest.mark.parametrize(("path", "command", "kind"), [*planted()])
def test_what_is_planted_in_the_mountpoint_is_refused_and_stays(
    kerash: Kerash, mount: Path, tmp_path: Path, path: str, command: str, kind: str
) -> None:
    if path == "mat":
        (mount / path).mkdir()
    swap(mount / path, tmp_path / "precious", kind)
    before = tree(mount), tree(tmp_path / "precious")
    done = kerash(*USING[command])
    assert (done.code, done.out) in [(2, ""), (5, "")]
    assert done.error
    assert (tree(mount), tree(tmp_path / "precious")) == before


def test_a_mountpoint_that_is_a_link_is_refused(kerash: Kerash, mount: Path, tmp_path: Path) -> None:
    swap(mount, tmp_path / "precious", "link")
    before = tree(tmp_path / "precious")
    for command in ("create-genome", "list", "predict"):
        done = kerash(*USING[command])
        assert (done.code, done.out) == (2, "")
        assert f"{HERE}: expected a folder that you own, got something else" in done.error
    assert tree(tmp_path / "precious") == before


@pytest.mark.parametrize("path", ["model", "model/genomes", "mat"])
def test_a_folder_of_somebody_else_is_refused(kerash: Kerash, mount: Path, path: str) -> None:
    if os.getuid():
        pytest.skip("only root can give a folder away")
    (mount / "mat").mkdir(exist_ok=True)
    os.chown(mount / path, 999_999, 999_999)
    done = kerash(*SHORT["train" if path == "mat" else "create-genome"], "-q")
    assert (done.code, done.out) == (2, "")
    assert f"{HERE}/{path}: expected a folder that you own, got one of user 999999" in done.error


@pytest.mark.parametrize("plant", ["ln -s $PWD/precious", "mkfifo", "touch"])
def test_what_is_planted_in_shared_memory_is_refused(sandbox: Sandbox, tmp_path: Path, plant: str) -> None:
    (tmp_path / "precious").mkdir()
    done = sandbox(f"mount -t tmpfs none /dev/shm; {plant} /dev/shm/kerash-0; kerash create-genome g models/xor.model")
    assert (done.code, done.out) == (2, "")
    assert done.error.startswith("/dev/shm/kerash-0: expected a folder that you own, got something else")
    assert not list((tmp_path / "precious").iterdir())


# X5: nothing steers the terminal

ESCAPES = "\x1b[2J\x1b]0;owned\x07\r\x9b31m\u202e"
"""Clears, renames, rings, returns, colours, reverses."""


def steers(text: str) -> list[str]:
    """The characters of a text that a terminal may obey."""
    return [character for character in text if not character.isprintable() and character != "\n"]


def test_the_escapes_would_steer_a_terminal() -> None:
    assert len(steers(ESCAPES)) == 6


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_list_is_not_steered_by_names_that_are_planted(kerash: Kerash, mount: Path, options: tuple[str, ...]) -> None:
    genome, model = mount / "model/genomes", mount / "model"
    for name in (ESCAPES, f"a{ESCAPES}", "\x1b[31m", "a\nb", "\udcff"):
        shutil.copytree(genome / "gen_default", genome / f"gen_{name}")
        shutil.copytree(model / "xor", model / name)
        (model / f"{name}.model").touch()
    done = kerash("list", *options)
    assert done.code == 0
    assert not steers(done.out + done.err)
    assert done.out.count("\n") == (1 if options else 3)


@pytest.mark.parametrize(
    "file", ["meta.dat", "settings", "result", "topology/layer_1/meta.dat", "topology/layer_1/weights.dat"]
)
@pytest.mark.parametrize(
    "words",
    [("list",), pytest.param(("list", "--json"), marks=pytest.mark.long), ("predict", "default", "data/xor.data")],
)
def test_nobody_is_steered_by_what_a_genomes_files_hold(
    kerash: Kerash, mount: Path, file: str, words: tuple[str, ...]
) -> None:
    (mount / GENOME / file).write_text(f"model {ESCAPES}\n{ESCAPES} {ESCAPES}\n", encoding="utf-8")
    done = kerash(*words)
    assert done.code == (2 if words[0] == "predict" else 0)
    assert not steers(done.out + done.err)


@pytest.mark.parametrize("hostile", [f"{ESCAPES.encode()!r}", "a\x1b[2J", "\u202e"])
def test_nobody_is_steered_by_the_name_of_a_file(kerash: Kerash, mount: Path, hostile: str) -> None:
    for words in (
        ("create-genome", "g", f"./{hostile}"),
        ("store-model", "g", *XOR[:2], hostile),
        ("predict", f"./{hostile}"),
    ):
        done = kerash(*words)
        assert done.code == 2
        assert not steers(done.out + done.err)


@pytest.fixture
def hostile_classes(kerash: Kerash, mount: Path, tmp_path: Path) -> str:
    """A genome whose classes and columns have escapes in their names; what storing it said."""
    rows = "".join(f"{i},{-i},{ESCAPES.replace(chr(13), '') if i % 2 else 'plain'}\n" for i in range(10))
    (tmp_path / "t.csv").write_text(f"x,{ESCAPES.replace(chr(13), '')}y,kind\n{rows}", encoding="utf-8")
    (tmp_path / "m").write_text("? 1 1\ninput\ndense ? softmax\n", encoding="ascii")
    stored = kerash("store-model", "hostile", "m", "t.csv", "--target", "kind")
    created = kerash("create-genome", "hostile", "hostile")
    assert (stored.code, created.code) == (0, 0), stored.err + created.err
    return stored.out + stored.err + created.out + created.err


def test_store_model_is_not_steered_by_class_names(hostile_classes: str) -> None:
    assert not steers(hostile_classes)
    assert "\\x1b[2J" in hostile_classes


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("list", "--json"),
        ("evaluate", "hostile", "t.csv"),
        ("evaluate", "hostile", "t.csv", "--json"),
        ("export", "hostile"),
        ("fit", "1", "hostile", "4", "1", "1", "0.1"),
    ],
)
def test_nobody_is_steered_by_class_names(kerash: Kerash, hostile_classes: str, words: tuple[str, ...]) -> None:
    done = kerash(*words)
    assert done.code == 0, done.err
    assert done.out or done.err
    assert not steers(done.out + done.err)


def test_predict_on_a_terminal_is_not_steered_by_class_names(
    hostile_classes: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "x").write_text("1,-1\n2,-2\n", encoding="ascii")
    command = [*program.PROCESS, "predict", "hostile", "x"]
    code, seen = on_terminal(command, tmp_path, environment)
    assert code == 0
    assert len(seen.splitlines()) == 2
    assert not steers(seen.replace("\r\n", "\n"))
