"""Promises S1, S4, X3, X4, X5, C1, C4 and R1 of what works in the mountpoint, over all the commands."""

import functools
import hashlib
import json
import os
import pty
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import program
import pytest
from conftest import ROOT, Done, Kerash

XOR = ("models/xor.model", "data/xor.data", "data/xor.label")
HERE = "kerash_mountpoint"
ENDLESS = "1000000000"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mountpoint to be copied: the stored model `xor` and its genome `default`, fitted once."""
    folder = tmp_path_factory.mktemp("made")
    for words in (
        ["store-model", "xor", *XOR, "-q"],
        ["create-genome", "default", "xor", "-q"],
        ["fit", "1", "default", "4", "1", "1", "0.1"],
    ):
        program.right(folder, *words, "--mountpoint", folder)
    return folder


@pytest.fixture
def mount(made: Path, tmp_path: Path) -> Path:
    """A copy of it, where it is looked for."""
    shutil.copytree(made, tmp_path / HERE)
    return tmp_path / HERE


def tree(folder: Path) -> dict[str, str]:
    """What a folder holds, by name: a tree hash."""
    return {str(path.relative_to(folder)): content(path) for path in sorted(folder.rglob("*"))}


def content(path: Path) -> str:
    if path.is_symlink():
        return os.readlink(path)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else str(path.lstat().st_mode)


# S1: a full mountpoint

FILLED = {
    "64k": ("size=64k", "head -c 1G /dev/zero >small/filler 2>/dev/null || true"),
    "256k": ("size=256k", "head -c 1G /dev/zero >small/filler 2>/dev/null || true"),
    "1m": ("size=1m", "head -c 1G /dev/zero >small/filler 2>/dev/null || true"),
    "4m": ("size=4m", "head -c 1G /dev/zero >small/filler 2>/dev/null || true"),
    "inodes": ("size=16m,nr_inodes=50", "n=0; while ( : >small/$n ) 2>/dev/null; do n=$((n+1)); done"),
}
SOME = [pytest.param(kind, marks=[pytest.mark.long] if kind in ("256k", "1m", "4m") else []) for kind in FILLED]
STATE = "( cd small && find . -type f -exec sha256sum {} + | sort && find . | sort && stat -f -c '%f %d' . )"


@functools.cache
def mounting_is_forbidden() -> bool:
    script = "mount -t tmpfs none /dev/shm"
    words = ["unshare", "-Urm", "sh", "-c", script]
    return not shutil.which("unshare") or bool(subprocess.run(words, capture_output=True, check=False).returncode)


Sandbox = Callable[..., Done]


@pytest.fixture
def sandbox(kerash: Kerash, tmp_path: Path, environment: dict[str, str]) -> Sandbox:
    """Runs a script, until a command fails, as the root of a namespace of its own."""
    if mounting_is_forbidden():
        pytest.skip("this machine lets no user mount a tmpfs: unshare -Urm fails")

    def run(script: str, **extra: str) -> Done:
        define = f'kerash() {{ "{sys.executable}" -m kerash_cli "$@"; }}\n'
        done = subprocess.run(
            ["unshare", "-Urm", "bash", "-e", "-c", define + script],
            cwd=tmp_path,
            env={**environment, **extra},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def on_full(sandbox: Sandbox, made: Path, tmp_path: Path) -> Callable[[str, str], Done]:
    """Runs a command on a full copy of `made`; what is there before and after it is in `before` and `after`."""

    def run(kind: str, command: str) -> Done:
        options, fill = FILLED[kind]
        return sandbox(
            f"mkdir small; mount -t tmpfs -o {options} none small; cp -r {made}/. small; {fill}\n"
            f"{STATE} >before; code=0; kerash {command} --mountpoint small || code=$?; {STATE} >after; exit $code"
        )

    return run


WRITING = {
    "store-model": "store-model new models/xor.model data/xor.data data/xor.label",
    "store-model --force": "store-model xor models/xor.model data/xor.data data/xor.label --force",
    "create-genome": "create-genome new models/xor.model",
    "create-genome --force": "create-genome default models/xor.model --force",
    "fit": "fit 1 default 4 1 1 0.1",
    "train": "train models/xor.model data/xor.data data/xor.label --epochs 1 -q",
    "evolve": "evolve 2 1 xor data/xor.data data/xor.label 1 1 -q",
    "train --start": "train models/xor.model data/xor.data data/xor.label --epochs 1 -q --start default",
}


@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("name", WRITING)
def test_on_a_full_mountpoint_what_writes_exits_3_and_leaves_it_as_it_was(
    on_full: Callable[[str, str], Done], tmp_path: Path, kind: str, name: str
) -> None:
    done = on_full(kind, WRITING[name])
    free = "no file free" if kind == "inodes" else "0 bytes free"
    assert re.match(rf"small: expected room for [0-9.]+ ?[kM]?B?(ytes)?(bytes)?, got {free}; try ", done.error)
    assert (done.code, done.out) == (3, "")
    assert (tmp_path / "after").read_text(encoding="utf-8") == (tmp_path / "before").read_text(encoding="utf-8")
    assert not (tmp_path / "xor.kerash").exists()


READING = {
    "list": "list",
    "predict": "predict default data/xor.data",
    "evaluate": "evaluate default data/xor.data data/xor.label",
    "export": "export default",
}


@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("name", READING)
def test_on_a_full_mountpoint_what_reads_works_and_leaves_it_as_it_was(
    on_full: Callable[[str, str], Done], tmp_path: Path, kind: str, name: str
) -> None:
    done = on_full(kind, READING[name])
    assert done.code == 0, done.err
    assert (tmp_path / "after").read_text(encoding="utf-8") == (tmp_path / "before").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", SOME)
def test_remove_makes_room_on_a_full_mountpoint(on_full: Callable[[str, str], Done], tmp_path: Path, kind: str) -> None:
    done = on_full(kind, "remove default xor")
    assert (done.code, done.out, done.err) == (0, "", "")
    (*before, free), (*after, more) = (
        (tmp_path / name).read_text(encoding="utf-8").splitlines() for name in ("before", "after")
    )
    assert not [line for line in after if "gen_default" in line or "xor" in line]
    assert len(after) < len(before)
    assert sum(map(int, more.split())) > sum(map(int, free.split()))


SHARED = "mount -t tmpfs -o size=64k none /dev/shm; mkdir -p temporary; export TMPDIR=$PWD/temporary\n"
DIGITS = "train models/digits.model data/digits.csv --target digit --epochs 1"


def test_a_small_shared_memory_sends_training_to_the_disk_in_one_line(sandbox: Sandbox, tmp_path: Path) -> None:
    done = sandbox(f"{SHARED}kerash {DIGITS}")
    assert done.code == 0, done.err
    lines = [line for line in done.err.splitlines() if "/dev/shm" in line]
    assert len(lines) == 1
    assert lines[0].startswith(f"samples are on disk, in {tmp_path}/temporary/kerash-0: /dev/shm has no room for ")


def test_training_on_the_disk_leaves_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    done = sandbox(f"{SHARED}kerash {DIGITS} -q; ls -A /dev/shm temporary")
    assert done.out.split() == ["/dev/shm:", "temporary:"]


def test_a_genome_on_the_disk_is_found_there(sandbox: Sandbox) -> None:
    done = sandbox(
        f"{SHARED}head -c 60k /dev/zero >/dev/shm/filler\n"
        "kerash store-model xor models/xor.model data/xor.data data/xor.label\n"
        "kerash create-genome default xor -q; kerash fit 3 default 4 1 1 0.1; kerash predict default data/xor.data"
    )
    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == 8


def test_what_moves_to_another_place_by_force_is_in_one_place_only(sandbox: Sandbox) -> None:
    done = sandbox(
        f"{SHARED}kerash create-genome g models/xor.model -q; head -c 20k /dev/zero >/dev/shm/filler\n"
        "kerash create-genome g models/xor.model -q || echo code $?\n"
        "kerash create-genome g models/xor.model --seed 1 --force -q\n"
        "kerash list | grep -c genome; ls temporary/*/model"
    )
    assert done.code == 0, done.err
    assert done.out.split() == ["code", "2", "1", "genomes"]


def test_a_genome_is_fitted_to_a_model_in_another_place(sandbox: Sandbox) -> None:
    done = sandbox(
        f"{SHARED}kerash store-model xor models/xor.model data/xor.data data/xor.label -q\n"
        "head -c 20k /dev/zero >/dev/shm/filler; kerash create-genome default xor -q\n"
        "ls /dev/shm/*/model temporary/*/model\n"
        "kerash fit 3 default 4 1 1 0.1; kerash predict default data/xor.data"
    )
    assert done.code == 0, done.err
    assert "temporary/kerash-0/model:\ngenomes\n" in done.out
    assert done.out.splitlines()[-5:] == ["1"] * 5


@pytest.mark.parametrize("home", ["read-only", pytest.param("missing", marks=pytest.mark.long)])
def test_a_home_that_takes_nothing_changes_nothing(sandbox: Sandbox, tmp_path: Path, home: str) -> None:
    script = (
        "mount -t tmpfs none /dev/shm; mkdir -p read-only; mount -t tmpfs -o ro none read-only\n"
        "kerash store-model xor models/xor.model data/xor.data data/xor.label; kerash create-genome default xor\n"
        "kerash fit 3 default 4 1 1 0.1; kerash train models/xor.model data/xor.data data/xor.label --epochs 1 -q"
    )
    changed, usual = sandbox(script, HOME=str(tmp_path / home)), sandbox(script, HOME=str(tmp_path))
    assert changed.code == 0, changed.err
    assert changed.out == usual.out
    assert not [line for line in changed.err.splitlines() if "replaced" not in line and line not in usual.err]


# S4: nothing left

LASTING: dict[str, tuple[str, ...]] = {
    "train": ("train", *XOR, "--epochs", ENDLESS, "--patience", ENDLESS, "-o", "x.kerash"),
    "fit": ("fit", ENDLESS, "default", "4", "1", "1", "0.1"),
    "evolve": ("evolve", "2", "1", "n", *XOR[1:], "1", ENDLESS, "--strategy", "random"),
}
SHORT: dict[str, tuple[str, ...]] = {
    "train": ("train", *XOR, "--epochs", "3", "-o", "x.kerash"),
    "fit": ("fit", "3", "default", "4", "1", "1", "0.1"),
    "store-model": ("store-model", "new", *XOR),
    "create-genome": ("create-genome", "new", "xor"),
    "evolve": ("evolve", "2", "1", "n", *XOR[1:], "1", "1"),
}
WRONG: dict[str, tuple[str, ...]] = {
    "train": ("train", XOR[0], "data/iris.csv", "--target", "species", "-o", "x.kerash"),
    "fit": ("fit", "3", "default", "4", "1", "1", "0.1", "--model", "nothing"),
    "store-model": ("store-model", "xor", *XOR),
    "create-genome": ("create-genome", "default", "xor"),
    "evolve": ("evolve", "2", "3", "n", *XOR[1:], "1", "1"),
}
NEW = {
    "store-model": {"model/new.model", *(f"model/new{path}" for path in ("", "/record.json"))}
    | {f"model/new/{kind}_{part}.npy" for kind in "xy" for part in ("train", "val")},
    "create-genome": {f"model/genomes/gen_new{path}" for path in ("", "/meta.dat", "/settings", "/topology")}
    | {f"model/genomes/gen_new/topology/layer_{i}{path}" for i in range(3) for path in ("", "/meta.dat")}
    | {f"model/genomes/gen_new/topology/layer_{i}/{kind}weights.dat" for i in (1, 2) for kind in ("", "bias_")},
}


def runs() -> Iterator[tuple[str, str, int]]:
    """200 ways in which a command may end, 20 of them in every run of the tests."""
    endings = ("well", "error", "INT", "TERM", "HUP")
    for number in range(200):
        yield [*SHORT][number // 5 % 5], endings[number % 5], number


def begun(words: tuple[str, ...], folder: Path, environment: dict[str, str], lines: int) -> "subprocess.Popen[bytes]":
    """A process that has written so many lines since kerash took over signals: one for each import, then its own."""
    command = [sys.executable, "-X", "importtime", "-m", "kerash_cli", *words]
    # An import that is cut short leaves its file to be closed by Python, which would be a warning.
    environment = {**environment, "PYTHONWARNINGS": "ignore::ResourceWarning"}
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
    )
    assert process.stdout is not None
    while b"click" not in process.stdout.readline():
        assert process.poll() is None
    for _ in range(lines):
        if not process.stdout.readline():
            break
    return process


@pytest.mark.parametrize(
    ("command", "ending", "number"),
    [pytest.param(*run, marks=[pytest.mark.long] if run[2] >= 20 else []) for run in runs()],
)
def test_however_a_run_ends_it_leaves_nothing(
    kerash: Kerash,
    mount: Path,
    tmp_path: Path,
    environment: dict[str, str],
    command: str,
    ending: str,
    number: int,
) -> None:
    before = {*tree(mount)}
    new = NEW.get(command, set())
    if ending in ("well", "error"):
        done = kerash(*(SHORT if ending == "well" else WRONG)[command])
        assert done.code == (0 if ending == "well" else 2)
        states = [before | new] if ending == "well" else [before]
    else:
        sent, lines = signal.Signals[f"SIG{ending}"], random.Random(number).randrange(400)
        process = begun(LASTING.get(command, SHORT[command]), tmp_path, environment, lines)
        process.send_signal(sent)
        said, _ = process.communicate(timeout=60)
        assert process.returncode in (-sent, 128 + sent) or (process.returncode == 0 and command in NEW)
        assert b"Traceback" not in said, said.decode()
        states = [before, before | new]
    assert {*tree(mount)} in states
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("command", LASTING)
def test_what_a_run_killed_outright_left_goes_with_the_next_run(
    kerash: Kerash, mount: Path, tmp_path: Path, environment: dict[str, str], command: str
) -> None:
    before = {*tree(mount)}
    process = subprocess.Popen(
        [*program.PROCESS, *LASTING[command]],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
    )
    assert process.stdout is not None
    while not process.stdout.readline().lower().startswith((b"epoch", b"generation")):
        assert process.poll() is None
    process.kill()
    process.communicate()
    assert {*tree(mount)} > before
    assert kerash(*SHORT["fit"]).code == 0
    assert {*tree(mount)} == before


def test_a_run_never_sweeps_what_a_living_one_has(
    kerash: Kerash, mount: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    process = subprocess.Popen(
        [*program.PROCESS, *LASTING["fit"]], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, bufsize=0
    )
    assert process.stdout is not None
    process.stdout.readline()
    for words in (SHORT["store-model"], SHORT["create-genome"], SHORT["train"]):
        assert kerash(*words).code == 0
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert kerash("predict", "default", "data/xor.data").code == 0


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


def swap(path: Path, away: Path, kind: str) -> None:
    """In place of a file or folder: a link to where it is now, or a FIFO."""
    path.rename(away)
    if kind == "link":
        path.symlink_to(away)
    else:
        os.mkfifo(path)


GENOME = "model/genomes/gen_default"
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
USING: dict[str, tuple[str, ...]] = {
    **SHORT,
    "predict": ("predict", "default", "data/xor.data"),
    "export": ("export", "default"),
    "list": ("list",),
    "remove": ("remove", "default"),
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
        assert f"{HERE}: expected a folder of yours, got something else" in done.error
    assert tree(tmp_path / "precious") == before


@pytest.mark.parametrize("path", ["model", "model/genomes", "mat"])
def test_a_folder_of_somebody_else_is_refused(kerash: Kerash, mount: Path, path: str) -> None:
    if os.getuid():
        pytest.skip("only root can give a folder away")
    (mount / "mat").mkdir(exist_ok=True)
    os.chown(mount / path, 999_999, 999_999)
    done = kerash(*SHORT["train" if path == "mat" else "create-genome"], "-q")
    assert (done.code, done.out) == (2, "")
    assert f"{HERE}/{path}: expected a folder of yours, got one of user 999999" in done.error


@pytest.mark.parametrize("plant", ["ln -s $PWD/precious", "mkfifo", "touch"])
def test_what_is_planted_in_shared_memory_is_refused(sandbox: Sandbox, tmp_path: Path, plant: str) -> None:
    (tmp_path / "precious").mkdir()
    done = sandbox(f"mount -t tmpfs none /dev/shm; {plant} /dev/shm/kerash-0; kerash create-genome g models/xor.model")
    assert (done.code, done.out) == (2, "")
    assert done.error.startswith("/dev/shm/kerash-0: expected a folder of yours, got something else")
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
    main, terminal = pty.openpty()
    (tmp_path / "x").write_text("1,-1\n2,-2\n", encoding="ascii")
    command = [*program.PROCESS, "predict", "hostile", "x"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    seen = b""
    with suppress(OSError):  # the other side is closed
        while block := os.read(main, 65536):
            seen += block
    os.close(main)
    assert process.wait(60) == 0
    assert len(seen.splitlines()) == 2
    assert not steers(seen.decode().replace("\r\n", "\n"))


# C1: every exit code


def with_link(mount: Path) -> None:
    swap(mount / "model", mount.parent / "precious", "link")


def with_damaged_record(mount: Path) -> None:
    (mount / "model/xor/record.json").write_text("{}", encoding="ascii")


def with_damaged_samples(mount: Path) -> None:
    os.truncate(mount / "model/xor/y_train.npy", 130)
    os.truncate(mount / "model/xor/y_val.npy", 130)


def with_huge_weights(mount: Path) -> None:
    (mount / "model/xor.model").write_text("2 1 1\ninput\ndense 1 -\ndense 1 -\n", encoding="ascii")
    files = [str(ROOT / word) for word in XOR[1:]]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for words in (
        ["store-model", "line", str(mount / "model/xor.model"), *files, "-q"],
        ["create-genome", "default", "line", "-q", "--force"],
    ):
        subprocess.run([*program.PROCESS, *words, "--mountpoint", str(mount)], env=env, check=True)
    (mount / GENOME / "topology/layer_1/weights.dat").write_text("1 2 1\n1.7e308\n1.7e308\n", encoding="ascii")
    (mount / GENOME / "topology/layer_2/weights.dat").write_text("1 1 1\n10\n", encoding="ascii")


def with_mark(mount: Path) -> None:
    (mount / ".init-fs").touch()


def with_nothing(mount: Path) -> None:
    """As it is."""


def with_no_folder(mount: Path) -> None:
    shutil.rmtree(mount / "model")
    (mount / "model").write_text("", encoding="ascii")


EVALUATE = ("evaluate", "default", *XOR[1:])
HUGE = "2 1 1\ninput\ndense 100000000000 -\ndense 1 -\n"
CODES: list[tuple[tuple[str, ...], Callable[[Path], None], str, int]] = [
    (("init-fs",), with_mark, "", 0),
    (("init-fs",), with_nothing, "", 2),
    (("init-fs", "x"), with_nothing, "", 2),
    (("init-fs", "--json"), with_mark, "/dev/full", 3),
    (("init-fs", "--json"), with_mark, "closed", 141),
    (("end-fs",), with_mark, "", 2),
    (("end-fs",), with_nothing, "", 2),
    (("list",), with_nothing, "", 0),
    (("list",), with_link, "", 2),
    (("list",), with_no_folder, "", 2),
    (("list", "--mountpoint", "nowhere"), with_nothing, "", 2),
    (("list",), with_nothing, "/dev/full", 3),
    (("list",), with_nothing, "closed", 141),
    (("remove", "default"), with_nothing, "", 0),
    (("remove", "default"), with_link, "", 2),
    (("remove", "nothing"), with_nothing, "", 2),
    (SHORT["store-model"], with_nothing, "", 0),
    (SHORT["store-model"], with_link, "", 2),
    (WRONG["store-model"], with_nothing, "", 2),
    (SHORT["create-genome"], with_nothing, "", 0),
    (SHORT["create-genome"], with_link, "", 2),
    (WRONG["create-genome"], with_nothing, "", 2),
    (("create-genome", "new", "huge.model"), with_nothing, "", 3),
    (SHORT["create-genome"], with_damaged_record, "", 5),
    (SHORT["evolve"], with_nothing, "", 0),
    (WRONG["evolve"], with_nothing, "", 2),
    ((*SHORT["evolve"], "-q"), with_nothing, "/dev/full", 3),
    ((*SHORT["evolve"], "-q"), with_nothing, "closed", 141),
    (SHORT["fit"], with_nothing, "", 0),
    (SHORT["fit"], with_link, "", 2),
    (WRONG["fit"], with_nothing, "", 2),
    (SHORT["fit"], with_nothing, "/dev/full", 3),
    (SHORT["fit"], with_huge_weights, "", 4),
    (SHORT["fit"], with_damaged_samples, "", 5),
    (SHORT["fit"], with_nothing, "closed", 141),
    (USING["predict"], with_nothing, "", 0),
    (USING["predict"], with_link, "", 2),
    (("predict", "nothing"), with_nothing, "", 2),
    (USING["predict"], with_nothing, "/dev/full", 3),
    (USING["predict"], with_damaged_record, "", 5),
    (USING["predict"], with_nothing, "closed", 141),
    (EVALUATE, with_nothing, "", 0),
    ((*EVALUATE, "--fail-under", "accuracy=0.999"), with_nothing, "", 7),
    (("evaluate", "nothing", *XOR[1:]), with_nothing, "", 2),
    (EVALUATE, with_nothing, "/dev/full", 3),
    (EVALUATE, with_huge_weights, "", 4),
    (EVALUATE, with_damaged_record, "", 5),
    (EVALUATE, with_nothing, "closed", 141),
    (("export", "default"), with_nothing, "", 0),
    (("export", "default"), with_link, "", 2),
    (("export", "nothing"), with_nothing, "", 2),
    (("export", "default", "-o", "/dev/full"), with_nothing, "", 3),
    (("export", "default"), with_huge_weights, "", 4),
    (("export", "default"), with_damaged_samples, "", 5),
    ((*SHORT["train"], "--start", "default"), with_nothing, "", 0),
    ((*SHORT["train"], "--start", "default"), with_link, "", 2),
    ((*SHORT["train"], "--start", "nothing"), with_nothing, "", 2),
    ((*SHORT["train"], "--start", "default"), with_damaged_record, "", 5),
]


@pytest.mark.parametrize(
    ("words", "prepare", "output", "code"),
    [pytest.param(*case, id=f"{case[0][0]}-{case[1].__name__}-{case[2]}-{case[3]}") for case in CODES],
)
def test_every_command_has_the_exit_code_of_what_happened(
    kerash: Kerash,
    mount: Path,
    tmp_path: Path,
    environment: dict[str, str],
    words: tuple[str, ...],
    prepare: Callable[[Path], None],
    output: str,
    code: int,
) -> None:
    (tmp_path / "huge.model").write_text(HUGE, encoding="ascii")
    prepare(mount)
    if output == "":
        done = kerash(*words)
        assert done.code == code, done.err
        if code:
            assert done.error
        else:
            assert "Error" not in done.err
        return
    if output == "closed":
        reader, descriptor = os.pipe()
        os.close(reader)
    else:
        descriptor = os.open(output, os.O_WRONLY)
    run = subprocess.run(
        [*program.PROCESS, *words],
        cwd=tmp_path,
        env=environment,
        stdout=descriptor,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(descriptor)
    assert run.returncode == code
    said = [
        line for line in run.stderr.decode().splitlines() if "free" not in line and not line.startswith("n.kerash: ")
    ]
    assert said == ([] if code == 141 else ["Error: standard output: No space left on device"])


@pytest.mark.parametrize(
    ("command", "code"),
    [("remove default", 1), ("list", 0), ("predict default data/xor.data", 0), ("export default", 0)],
)
def test_a_mountpoint_that_is_only_to_be_read_can_be_read(
    sandbox: Sandbox, mount: Path, command: str, code: int
) -> None:
    done = sandbox(f"mount --bind {HERE} {HERE}; mount -o remount,bind,ro {HERE}; kerash {command}")
    assert done.code == code, done.err
    if code:
        assert "Read-only file system" in done.error


# C4: nothing is replaced without --force

TAKEN = {
    "store-model": ("store-model", "xor", *XOR),
    "store-model of other data": ("store-model", "xor", "models/iris.model", "data/iris.csv", "--target", "species"),
    "create-genome": ("create-genome", "default", "xor"),
    "create-genome of a file": ("create-genome", "default", "models/xor.model", "--seed", "8"),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_there_is_not_replaced_without_force(kerash: Kerash, mount: Path, name: str) -> None:
    before = tree(mount)
    done = kerash(*TAKEN[name])
    assert (done.code, done.out) == (2, "")
    assert "already exists; choose another name, or --force to replace it" in done.error
    assert tree(mount) == before


@pytest.mark.parametrize("name", ["store-model of other data", "create-genome of a file"])
def test_what_is_there_is_replaced_with_force(kerash: Kerash, mount: Path, name: str) -> None:
    before = tree(mount)
    assert kerash(*TAKEN[name], "--force").code == 0
    after = tree(mount)
    assert {*after} <= {*before}
    assert {path.split("/")[1] for path in before if before[path] != after.get(path)} == (
        {"xor", "xor.model"} if name.startswith("store") else {"genomes"}
    )


@pytest.mark.parametrize("path", ["model/new", "model/new.model", "model/genomes/gen_new"])
def test_what_somebody_else_put_there_is_not_replaced_either(kerash: Kerash, mount: Path, path: str) -> None:
    if path.endswith(".model"):
        (mount / path).write_text("my thesis", encoding="ascii")
    else:
        (mount / path).mkdir()
        (mount / path / "thesis").write_text("mine", encoding="ascii")
    before = tree(mount)
    done = kerash(*SHORT["create-genome" if "genomes" in path else "store-model"])
    assert (done.code, done.out) == (2, "")
    assert "already exists" in done.error
    assert tree(mount) == before


# R1: dimensions beyond measure

MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[2:], timeout=20)
with open(sys.argv[1], "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(done.returncode)
"""
MOST = 64 << 10
"""KiB more than a command that does nothing much."""
GREAT = 10**18


@pytest.fixture(scope="module")
def usual(made: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    """The KiB of `list`."""
    report = tmp_path_factory.mktemp("usual") / "measured"
    command = [sys.executable, "-c", MEASURED, str(report), *program.PROCESS, "list", "--mountpoint", str(made)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True)
    return int(report.read_text(encoding="ascii"))


@pytest.fixture
def measured(kerash: Kerash, tmp_path: Path, environment: dict[str, str], usual: int) -> Kerash:
    """Runs the program, for 20 seconds at most, and sees that it needs no more memory than it may."""

    def run(*words: str | Path) -> Done:
        command = [sys.executable, "-c", MEASURED, "measured", *program.PROCESS, *map(str, words)]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert int((tmp_path / "measured").read_text(encoding="ascii")) < usual + MOST
        return Done(done.returncode, done.stdout, done.stderr)

    return run


DESCRIPTIONS = {
    "inputs": f"{GREAT} 1 1\ninput\ndense 1 -\n",
    "a picture": f"{GREAT} {GREAT} {GREAT}\ninput\nflatten\ndense 1 -\n",
    "units": f"2 1 1\ninput\ndense {GREAT} -\ndense 1 -\n",
    "units of two layers": f"2 1 1\ninput\ndense {10**9} -\ndense {10**9} -\ndense 1 -\n",
    "filters": f"8 8 1\ninput\nconvolution relu {GREAT} 1 0 3 3\nflatten\ndense 1 -\n",
    "a kernel": f"8 8 1\ninput\nconvolution relu 2 1 0 {GREAT} {GREAT}\nflatten\ndense 1 -\n",
    "padding": f"8 8 1\ninput\nconvolution relu 2 1 {GREAT} 3 3\nflatten\ndense 1 -\n",
    "a number of 5,000 digits": f"2 1 1\ninput\ndense {'9' * 5000} -\ndense 1 -\n",
}


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_a_model_beyond_measure_is_refused_in_one_line(
    measured: Kerash, mount: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "great").write_text(DESCRIPTIONS[name], encoding="ascii")
    before = tree(mount)
    done = measured("create-genome", "new", "./great")
    assert (done.code, done.out) in [(2, ""), (3, "")]
    assert done.error
    assert tree(mount) == before


ONES = "1\n" * 20
FILES = {
    "wide weights": ("topology/layer_1/weights.dat", f"{GREAT} 1 1\n{ONES}"),
    "high weights": ("topology/layer_1/weights.dat", f"1 {GREAT} 1\n{ONES}"),
    "deep weights": ("topology/layer_1/weights.dat", f"10 2 {GREAT}\n{ONES}"),
    "weights great in each way": ("topology/layer_1/weights.dat", f"{GREAT} {GREAT} {GREAT}\n{ONES}"),
    "weights of a gigabyte": ("topology/layer_1/weights.dat", f"{10**4} {10**4} 1\n{ONES}"),
    "biases": ("topology/layer_2/bias_weights.dat", f"{GREAT} 1 1\n{ONES}"),
    "layers": ("meta.dat", f"3 1 1\n1\n10\n{GREAT}\n"),
    "many layers": ("meta.dat", "3 1 1\n1\n10\n10000\n"),
    "a great meta.dat": ("meta.dat", f"{GREAT} 1 1\n1\n10\n3\n"),
    "a great last layer": ("meta.dat", f"3 1 1\n{GREAT}\n{GREAT}\n1e300\n"),
    "a great sample": ("settings", f"shape {10**17} {10**17} {10**17}\nbias no\n"),
    "a long sample": ("settings", f"shape {10**12} 1 1\nbias no\n"),
    "a great layer": ("topology/layer_1/meta.dat", f"sigmoid dense {GREAT}\n"),
    "a great convolution": ("topology/layer_1/meta.dat", f"relu convolution {GREAT} 1 0 {GREAT} {GREAT}\n"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("command", ["predict", pytest.param("fit", marks=pytest.mark.long)])
def test_a_genome_beyond_measure_is_refused_in_one_line(measured: Kerash, mount: Path, name: str, command: str) -> None:
    file, text = FILES[name]
    (mount / GENOME / file).write_text(text, encoding="ascii")
    before = tree(mount)
    done = measured(*USING[command])
    assert (done.code, done.out) in [(2, ""), (3, "")]
    assert done.error
    assert tree(mount) == before


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (f"{GENOME}/meta.dat", 2),
        (f"{GENOME}/settings", 2),
        (f"{GENOME}/result", 2),
        (f"{GENOME}/topology/layer_1/meta.dat", 2),
        (f"{GENOME}/topology/layer_1/weights.dat", 2),
        ("model/xor/record.json", 5),
    ],
)
def test_a_line_of_a_gigabyte_is_refused_in_one_line(measured: Kerash, mount: Path, file: str, code: int) -> None:
    os.truncate(mount / file, 1 << 30)  # NULs that take no room
    done = measured(*USING["predict"])
    assert (done.code, done.out) == (code, "")
    assert done.error


def test_samples_of_a_gigabyte_that_they_claim_are_refused(measured: Kerash, mount: Path) -> None:
    os.truncate(mount / "model/xor/x_train.npy", 1 << 30)
    done = measured(*USING["fit"])
    assert (done.code, done.out) == (5, "")


@pytest.mark.parametrize("words", [("fit", str(GREAT), "default", "4", "1", "1", "0.1"), ("init-fs", str(GREAT))])
def test_a_number_of_the_command_line_beyond_measure_is_one_line(
    kerash: Kerash, mount: Path, words: tuple[str, ...]
) -> None:
    done = kerash(*words)
    assert (done.code, done.out) == (2, "")
    assert done.error


def test_a_list_of_json_is_one_line_that_programs_read(kerash: Kerash, mount: Path) -> None:
    done = kerash("list", "--json")
    assert done.out.count("\n") == 1
    assert [content["mountpoint"] for content in json.loads(done.out)] == [HERE]
