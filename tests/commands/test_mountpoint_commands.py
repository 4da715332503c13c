"""init-fs, end-fs, list and remove, and the slides' sequence, as a user runs them."""

import fcntl
import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import advice
import pytest
from conftest import Done, Kerash

MADE = """
kerash init-fs
kerash store-model my_model models/xor.model data/xor.data data/xor.label
kerash create-genome default my_model
"""
SLIDES = MADE + "kerash fit 25 default 4 1 10 0.1\nkerash predict default data/xor.data\nkerash end-fs\n"
XOR = ("models/xor.model", "data/xor.data", "data/xor.label")

Sandbox = Callable[..., Done]


@functools.cache
def mounting_is_forbidden() -> bool:
    script = "mount -t tmpfs none /dev/shm"
    words = ["unshare", "-Urm", "sh", "-c", script]
    return not shutil.which("unshare") or bool(subprocess.run(words, capture_output=True, check=False).returncode)


@pytest.fixture
def sandbox(kerash: Kerash, tmp_path: Path, environment: dict[str, str]) -> Sandbox:
    """Runs a script, until a command fails, as the root of a namespace in which /dev/shm is its own."""
    if mounting_is_forbidden():
        pytest.skip("this machine lets no user mount a tmpfs: unshare -Urm fails")

    def run(script: str, **extra: str) -> Done:
        prelude = (
            f'{shutil.which("mount")} -t tmpfs none /dev/shm\nkerash() {{ "{sys.executable}" -m kerash_cli "$@"; }}\n'
        )
        done = subprocess.run(
            ["unshare", "-Urm", "bash", "-e", "-c", prelude + script],
            cwd=tmp_path,
            env={**environment, **extra},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


def fake(folder: Path, name: str, script: str) -> str:
    """A PATH on which a program of that name comes before the machine's."""
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin" / name).write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    (folder / "bin" / name).chmod(0o755)
    return f"{folder / 'bin'}:{os.environ['PATH']}"


@pytest.fixture
def rightless(tmp_path: Path) -> str:
    """A PATH on which mount fails, as it does without the right to, and on which sudo would leave a trace."""
    fake(tmp_path, "sudo", f"touch '{tmp_path}/sudo-was-called'")
    return fake(tmp_path, "mount", "echo 'mount: only root can do that' >&2; exit 32")


def left(folder: Path) -> set[str]:
    """What is in a test's folder besides what was put there for it."""
    return {path.name for path in folder.iterdir()} - {"data", "models", "bin"}


# The sequence of the slides


def test_the_sequence_of_the_slides_works_word_for_word_on_a_mount(sandbox: Sandbox) -> None:
    done = sandbox(SLIDES)
    assert done.code == 0, done.err
    *batches, a, b, c, d, e = done.out.splitlines()
    assert [batch.partition("cost")[0] for batch in batches] == [f"Epoch: {n:4} Batch:    0 " for n in range(25)]
    assert {a, b, c, d, e} <= {"0", "1"}


def test_the_sequence_of_the_slides_leaves_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    done = sandbox(f"{SLIDES}ls -A /dev/shm; grep $PWD/ /proc/self/mounts || true")
    assert done.out.splitlines()[30:] == []
    assert left(tmp_path) == set()


TREE = {
    "mat",
    "model",
    "model/my_model.model",
    "model/my_model",
    *(f"model/my_model/{kind}_{part}.npy" for kind in "xy" for part in ("train", "val")),
    "model/genomes",
    "model/genomes/gen_default",
    "model/genomes/gen_default/meta.dat",
    "model/genomes/gen_default/result",
    "model/genomes/gen_default/topology",
    *(f"model/genomes/gen_default/topology/layer_{i}" for i in range(3)),
    *(f"model/genomes/gen_default/topology/layer_{i}/meta.dat" for i in range(3)),
    *(
        f"model/genomes/gen_default/topology/layer_{i}/{kind}.dat"
        for i in (1, 2)
        for kind in ("weights", "bias_weights")
    ),
}
NEWER = {".init-fs", "model/my_model/record.json", "model/genomes/gen_default/settings"}


def test_a_mount_holds_the_tree_of_2019(sandbox: Sandbox) -> None:
    done = sandbox(
        f"{MADE}kerash fit 1 default 4 1 10 0.1 >&2; cd kerash_mountpoint; find . -mindepth 1 -printf '%P\\n'"
    )
    assert set(done.out.splitlines()) == TREE | NEWER


def test_the_files_of_a_genome_say_what_those_of_2019_said(sandbox: Sandbox) -> None:
    done = sandbox(
        f"{MADE}cd kerash_mountpoint/model/genomes/gen_default; cat meta.dat topology/*/meta.dat\n"
        "head -qn1 topology/*/weights.dat topology/*/bias_weights.dat"
    )
    meta, layers, sizes = (
        "3 1 1\n1\n10\n3\n",
        "- input\nsigmoid dense\nsigmoid dense\n",
        "10 2 1\n1 10 1\n10 1 1\n1 1 1\n",
    )
    assert done.out == meta + layers + sizes


# init-fs


@pytest.mark.parametrize(("size", "megabytes"), [("", 512), ("3", 3), ("2048", 2048)])
def test_init_fs_mounts_a_tmpfs_of_the_size_asked_for(sandbox: Sandbox, size: str, megabytes: int) -> None:
    kind, blocks, block = sandbox(f"kerash init-fs {size}; stat -f -c '%T %b %S' kerash_mountpoint").out.split()
    assert (kind, int(blocks) * int(block)) == ("tmpfs", megabytes << 20)


@pytest.mark.parametrize("size", ["", "0", "-1", "m", "1.5", "1" + "0" * 30, "5m", "0x10", "nan"])
def test_a_size_that_is_none_is_one_line(kerash: Kerash, tmp_path: Path, rightless: str, size: str) -> None:
    done = kerash("init-fs", size, PATH=rightless)
    assert done.error
    assert (done.code, done.out) == (2, "")
    assert left(tmp_path) == set()


def test_init_fs_again_leaves_what_is_there(sandbox: Sandbox) -> None:
    done = sandbox(f"{MADE}kerash init-fs; kerash predict default data/xor.data; grep -c $PWD/ /proc/self/mounts")
    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == 6
    assert done.out.endswith("\n1\n")


def test_init_fs_says_where_and_how_much_in_one_line(sandbox: Sandbox) -> None:
    done = sandbox("kerash init-fs 10")
    assert (done.out, done.err) == ("", "kerash_mountpoint: 10.5 MB free\n")
    assert sandbox("kerash init-fs -q 10").err == ""


def test_init_fs_tells_programs_where_and_how_much(sandbox: Sandbox) -> None:
    done = sandbox("kerash init-fs 10 --json")
    told = json.loads(done.out)
    free = told.pop("free")
    assert told == {"mountpoint": "kerash_mountpoint", "mounted": True}
    assert (9 << 20) < free <= (10 << 20)


def test_init_fs_mounts_where_it_is_told_to(sandbox: Sandbox) -> None:
    done = sandbox(
        "KERASH_MOUNTPOINT=$PWD/b kerash init-fs; kerash init-fs --mountpoint a; cut -d' ' -f2 /proc/self/mounts"
    )
    assert [line.rsplit("/")[-1] for line in done.out.splitlines()[-2:]] == ["b", "a"]


def test_a_mountpoint_is_its_users_alone(sandbox: Sandbox) -> None:
    done = sandbox(
        "umask 0; kerash init-fs; stat -c %a kerash_mountpoint kerash_mountpoint/mat kerash_mountpoint/model"
    )
    assert done.out.split() == ["700"] * 3


def test_init_fs_never_covers_a_folder_with_files(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "kerash_mountpoint").mkdir()
    (tmp_path / "kerash_mountpoint" / "thesis").write_text("mine", encoding="ascii")
    done = kerash("init-fs")
    assert (done.code, done.out) == (2, "")
    assert done.error.startswith("kerash_mountpoint: expected no folder or an empty one")
    assert (tmp_path / "kerash_mountpoint" / "thesis").read_text(encoding="ascii") == "mine"


@pytest.mark.parametrize("kind", ["a link", "a file"])
def test_init_fs_refuses_what_is_no_folder(kerash: Kerash, tmp_path: Path, kind: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    if kind == "a link":
        (tmp_path / "kerash_mountpoint").symlink_to("elsewhere")
    else:
        (tmp_path / "kerash_mountpoint").touch()
    done = kerash("init-fs")
    assert (done.code, done.out) == (2, "")
    assert done.error.startswith("kerash_mountpoint: expected a folder of yours")
    assert not list((tmp_path / "elsewhere").iterdir())


# Without the right to mount


def test_without_the_right_to_mount_one_line_names_the_command_to_run(sandbox: Sandbox, rightless: str) -> None:
    done = sandbox("kerash init-fs 7", PATH=rightless)
    assert (done.code, done.out) == (0, "")
    assert done.err.count("\n") == 1
    options = "size=7m,mode=0700,uid=0,gid=0"
    command = f"mkdir -p -- kerash_mountpoint && sudo mount -t tmpfs -o {options} kerash -- kerash_mountpoint"
    assert done.err.endswith(f"; to mount one, run: {command}\n")
    assert "mount: only root can do that" in done.err


def test_without_the_right_to_mount_the_sequence_of_the_slides_works(sandbox: Sandbox, rightless: str) -> None:
    done = sandbox(SLIDES, PATH=rightless)
    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == 30


def test_without_the_right_to_mount_end_fs_leaves_nothing(sandbox: Sandbox, tmp_path: Path, rightless: str) -> None:
    done = sandbox(f"{MADE}kerash end-fs; ls -A /dev/shm", PATH=rightless)
    assert (done.code, done.out) == (0, "")
    assert left(tmp_path) == set()


def test_the_private_folder_without_a_mount_is_its_users_alone(sandbox: Sandbox, rightless: str) -> None:
    done = sandbox(
        f"umask 0\n{MADE}cd /dev/shm; find . -mindepth 1 -type d -perm 700 -o -mindepth 1 -printf '%P %m\\n'",
        PATH=rightless,
    )
    files = done.out.splitlines()
    assert len(files) > 10
    assert {line.rpartition(" ")[2] for line in files} == {"600"}


def test_sudo_is_never_called(sandbox: Sandbox, tmp_path: Path, rightless: str) -> None:
    assert sandbox(f"{SLIDES}kerash init-fs --mountpoint own || true", PATH=rightless).code == 0
    assert not (tmp_path / "sudo-was-called").exists()


def test_the_command_that_init_fs_names_mounts_the_mountpoint(sandbox: Sandbox, tmp_path: Path, rightless: str) -> None:
    fake(tmp_path, "sudo", f'shift; exec {shutil.which("mount")} "$@"')
    done = sandbox(
        'command=$(kerash init-fs 7 2>&1 | sed "s/.*run: //"); eval "$command"\n'
        "kerash create-genome default models/xor.model; stat -f -c %T kerash_mountpoint/model/genomes/gen_default",
        PATH=rightless,
    )
    assert (done.code, done.out) == (0, "tmpfs\n"), done.err


def test_without_the_right_to_mount_on_a_folder_that_was_named_it_is_an_error(
    kerash: Kerash, tmp_path: Path, rightless: str
) -> None:
    done = kerash("init-fs", "9", "--mountpoint", "own", PATH=rightless)
    assert (done.code, done.out) == (1, "")
    assert "; try mkdir -p -- own && sudo mount -t tmpfs -o size=9m," in done.error
    assert left(tmp_path) == set()


def test_without_any_program_to_mount_with_it_is_the_same(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    done = sandbox("PATH=bin; kerash init-fs; kerash end-fs")
    assert done.code == 0, done.err
    assert "mount: No such file or directory" in done.err


# end-fs


def test_end_fs_undoes_only_what_init_fs_did(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "kerash_mountpoint").mkdir()
    assert kerash("create-genome", "default", "models/xor.model").code == 0
    done = kerash("end-fs")
    assert (done.code, done.out) == (2, "")
    assert "expected a mountpoint that init-fs made" in done.error
    assert (tmp_path / "kerash_mountpoint/model/genomes/gen_default/meta.dat").exists()


def test_end_fs_leaves_what_another_program_mounted(sandbox: Sandbox) -> None:
    done = sandbox(
        "mkdir kerash_mountpoint; mount -t tmpfs other kerash_mountpoint; kerash init-fs -q\n"
        "kerash end-fs || echo $?; grep -c ^other /proc/self/mounts"
    )
    assert done.out == "2\n1\n"
    assert "expected a mountpoint that init-fs made" in done.error


def test_end_fs_twice_is_one_line(sandbox: Sandbox) -> None:
    done = sandbox("kerash init-fs -q; kerash end-fs -q; kerash end-fs")
    assert done.code == 2
    assert "expected a mountpoint that init-fs made" in done.error


def test_end_fs_of_a_mount_in_use_changes_nothing(sandbox: Sandbox) -> None:
    done = sandbox(
        f"{MADE}(cd kerash_mountpoint/model; kerash end-fs --mountpoint ..) || echo $?\n"
        "kerash predict default data/xor.data"
    )
    code, *predicted = done.out.splitlines()
    assert (code, len(predicted)) == ("1", 5)
    assert "expected to unmount it, got " in done.err


def test_end_fs_where_the_mountpoint_is_a_folder_that_is_not_there_is_one_line(kerash: Kerash) -> None:
    done = kerash("end-fs", "--mountpoint", "nowhere")
    assert done.code == 2
    assert done.error.startswith("nowhere: expected a folder as mountpoint")


# list and remove


@pytest.fixture
def stocked(kerash: Kerash, tmp_path: Path) -> Path:
    """A mountpoint with models `iris` and `xor`, and genomes `a`, `b` and `xor`; the last is fitted."""
    (tmp_path / "kerash_mountpoint").mkdir()
    assert kerash("store-model", "xor", *XOR).code == 0
    assert kerash("store-model", "iris", "models/iris.model", "data/iris.csv", "--target", "species").code == 0
    for genome, model in (("xor", "xor"), ("b", "models/xor.model"), ("a", "iris")):
        assert kerash("create-genome", genome, model).code == 0
    assert kerash("fit", "1", "xor", "4", "1", "10", "0.1").code == 0
    return tmp_path / "kerash_mountpoint"


def names(kerash: Kerash) -> dict[str, list[str]]:
    (content,) = json.loads(kerash("list", "--json").out)
    return {kind: [each["name"] for each in content[kind]] for kind in ("models", "genomes")}


def test_list_shows_models_and_genomes_a_line_each_in_order(kerash: Kerash, stocked: Path) -> None:
    done = kerash("list")
    assert (done.code, done.err) == (0, "")
    head, *lines = done.out.splitlines()
    assert head.startswith("kerash_mountpoint: ")
    assert [line.split()[:2] for line in lines] == [
        ["model", "iris"],
        ["model", "xor"],
        ["genome", "a"],
        ["genome", "b"],
        ["genome", "xor"],
    ]


def test_list_shows_what_a_genome_cost_last(kerash: Kerash, stocked: Path) -> None:
    cost = float((stocked / "model/genomes/gen_xor/result").read_text(encoding="ascii"))
    *_, b, xor = kerash("list").out.splitlines()
    assert b.endswith("30 weights, not fitted yet: input, dense 10 sigmoid, dense 1 sigmoid")
    assert xor.endswith(f"30 weights, cost {cost:.6g} of xor: input, dense 10 sigmoid, dense 1 sigmoid")


def test_list_tells_programs_the_same(kerash: Kerash, stocked: Path) -> None:
    (content,) = json.loads(kerash("list", "--json").out)
    assert content["mountpoint"] == "kerash_mountpoint"
    assert [model["name"] for model in content["models"]] == ["iris", "xor"]
    xor = content["genomes"][2]
    assert (xor["name"], xor["model"], xor["bias"], xor["weights"]) == ("xor", "xor", False, 30)
    assert xor["layers"] == ["input", "dense 10 sigmoid", "dense 1 sigmoid"]


def test_list_goes_on_after_a_damaged_genome(kerash: Kerash, stocked: Path) -> None:
    (stocked / "model/genomes/gen_b/topology/layer_1/weights.dat").write_text("nonsense", encoding="ascii")
    done = kerash("list")
    assert done.code == 0
    *_, b, xor = done.out.splitlines()
    assert "layer_1/weights.dat:1: " in b
    assert "30 weights" in xor


def test_list_goes_on_after_a_damaged_model(kerash: Kerash, stocked: Path) -> None:
    (stocked / "model/iris/record.json").write_text("{}", encoding="ascii")
    done = kerash("list")
    assert done.code == 0
    assert "iris/record.json: " in done.out.splitlines()[1]
    assert len(done.out.splitlines()) == 6


def test_list_of_nothing_says_where_nothing_is(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "kerash_mountpoint").mkdir()
    done = kerash("list")
    assert (done.code, done.out.count("\n")) == (0, 1)
    assert names(kerash) == {"models": [], "genomes": []}


def test_list_makes_nothing(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "kerash_mountpoint").mkdir()
    kerash("list")
    assert not list((tmp_path / "kerash_mountpoint").iterdir())


def test_remove_takes_any_number_of_names(kerash: Kerash, stocked: Path) -> None:
    done = kerash("remove", "a", "iris", "b")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert names(kerash) == {"models": ["xor"], "genomes": ["xor"]}


def test_remove_leaves_nothing_of_a_model(kerash: Kerash, stocked: Path) -> None:
    kerash("remove", "iris", "--force")
    assert {path.name for path in (stocked / "model").iterdir()} == {"xor", "xor.model", "genomes"}


@pytest.mark.parametrize("words", [("a", "nothing"), ("nothing", "a"), ("a", "xor")])
def test_remove_removes_nothing_if_it_cannot_remove_all(kerash: Kerash, stocked: Path, words: tuple[str, ...]) -> None:
    done = kerash("remove", *words)
    assert done.error
    assert (done.code, done.out) == (2, "")
    assert names(kerash) == {"models": ["iris", "xor"], "genomes": ["a", "b", "xor"]}


@pytest.mark.parametrize("kind", ["model", "genome"])
def test_remove_is_told_which_of_two_of_one_name(kerash: Kerash, stocked: Path, kind: str) -> None:
    assert kerash("remove", "xor").error.endswith("try --model or --genome")
    assert kerash("remove", "xor", f"--{kind}", "--force").code == 0
    remaining = {"models": ["iris", "xor"], "genomes": ["a", "b", "xor"]}
    remaining[f"{kind}s"].remove("xor")
    assert names(kerash) == remaining


def test_removing_the_same_name_twice_at_once_is_no_mistake(kerash: Kerash, stocked: Path) -> None:
    assert kerash("remove", "a", "a").code == 0


def test_remove_needs_a_name(kerash: Kerash) -> None:
    assert "Missing argument 'NAME...'" in (done := kerash("remove")).error
    assert done.code == 2


def test_remove_never_follows_a_link_out_of_the_mountpoint(kerash: Kerash, stocked: Path, tmp_path: Path) -> None:
    genomes = stocked / "model/genomes"
    shutil.copytree(genomes / "gen_b", tmp_path / "precious")
    (genomes / "gen_link").symlink_to(tmp_path / "precious")
    (genomes / "gen_b/topology/more").symlink_to(tmp_path / "precious")
    assert kerash("remove", "link").code == 2
    assert kerash("remove", "b").code == 0
    assert (tmp_path / "precious/topology/layer_1/weights.dat").exists()


def test_a_model_goes_with_its_genomes_or_with_force(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "kerash_mountpoint").mkdir()
    for words in (
        ("store-model", "xor", "models/xor.model", "data/xor.data", "data/xor.label"),
        ("create-genome", "a", "xor"),
        ("create-genome", "b", "xor"),
    ):
        assert kerash(*words).code == 0
    done = kerash("remove", "xor", "a")
    expected = "model xor is still used by genome b: remove both, or use --force; try kerash remove xor a b"
    assert (done.code, done.error) == (2, expected)
    assert [each["name"] for each in json.loads(kerash("list", "--json").out)[0]["genomes"]] == ["a", "b"]
    assert advice.run(advice.command(done.error), tmp_path, environment).code == 0
    assert not list((tmp_path / "kerash_mountpoint").iterdir())


def test_a_genome_whose_model_was_removed_is_told(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "kerash_mountpoint").mkdir()
    for words in (
        ("store-model", "xor", "models/xor.model", "data/xor.data", "data/xor.label"),
        ("create-genome", "a", "xor"),
        ("remove", "xor", "--force"),
    ):
        assert kerash(*words).code == 0
    done = kerash("predict", "a", "data/xor.data")
    assert done.err == "a: its model xor is not stored any more, so it is numbers in and numbers out\n"
    assert all(0 < float(line) < 1 for line in done.out.splitlines())


def test_a_model_may_be_called_by_a_number(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "kerash_mountpoint").mkdir()
    for name in ("2019", "b", "7.1"):
        assert kerash("store-model", name, "models/xor.model", "data/xor.data", "data/xor.label").code == 0
    assert [each["name"] for each in json.loads(kerash("list", "--json").out)[0]["models"]] == ["2019", "7.1", "b"]


def test_a_copy_of_a_mountpoint_is_never_ended(sandbox: Sandbox) -> None:
    done = sandbox(
        f"{MADE}cp -a kerash_mountpoint saved; echo x >saved/thesis; kerash end-fs --mountpoint saved || echo code $?\n"
        "cat saved/thesis; kerash end-fs"
    )
    assert done.out.splitlines()[-2:] == ["code 2", "x"]


def test_a_mount_that_is_interrupted_leaves_nothing(sandbox: Sandbox) -> None:
    done = sandbox(
        "mkdir slow; printf '#!/bin/sh\\nkill -TERM $PPID; sleep 1\\n' >slow/mount; chmod +x slow/mount\n"
        "PATH=$PWD/slow:$PATH kerash init-fs || echo code $?; ls -d kerash_mountpoint || true"
    )
    assert done.out.splitlines()[-1:] == ["code 143"]


def test_of_names_of_which_one_is_in_use_none_is_removed(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "kerash_mountpoint").mkdir()
    assert kerash("store-model", "xor", "models/xor.model", "data/xor.data", "data/xor.label").code == 0
    for name in ("a", "z"):
        assert kerash("create-genome", name, "xor").code == 0
    held = os.open(tmp_path / "kerash_mountpoint/model/genomes/gen_z", os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert kerash("remove", "a", "z").code == 2
    finally:
        os.close(held)
    assert [each["name"] for each in json.loads(kerash("list", "--json").out)[0]["genomes"]] == ["a", "z"]
