"""init-fs, end-fs, list and remove, and the slides' sequence, as a user runs them."""

import json
import os
import shutil
from pathlib import Path

import mounted
import pytest
from conftest import Kerash
from mounted import MADE, Sandbox

sandbox = mounted.sandbox

SLIDES = MADE + "kerash fit 25 default 4 1 10 0.1\nkerash predict default data/xor.data\nkerash end-fs\n"


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
    assert done.error.startswith("kerash_mountpoint: the folder is not empty")
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
    assert "can't be unmounted (" in done.err


def test_end_fs_where_the_mountpoint_is_a_folder_that_is_not_there_is_one_line(kerash: Kerash) -> None:
    done = kerash("end-fs", "--mountpoint", "nowhere")
    assert done.code == 2
    assert done.error.startswith("nowhere: no such folder")
