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


def test_the_sequence_of_the_slides_works_word_for_word_on_a_mount_and_leaves_nothing(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    done = sandbox(f"{SLIDES}ls -A /dev/shm; grep $PWD/ /proc/self/mounts || true")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert [batch.partition("cost")[0] for batch in lines[:25]] == [f"Epoch: {n:4} Batch:    0 " for n in range(25)]
    assert {*lines[25:30]} <= {"0", "1"}
    assert lines[30:] == []
    assert left(tmp_path) == set()


# init-fs


@pytest.mark.parametrize(("size", "megabytes"), [("", 512), ("3", 3)])
def test_init_fs_mounts_a_tmpfs_of_the_size_asked_for(sandbox: Sandbox, size: str, megabytes: int) -> None:
    kind, blocks, block = sandbox(f"kerash init-fs {size}; stat -f -c '%T %b %S' kerash_mountpoint").out.split()
    assert (kind, int(blocks) * int(block)) == ("tmpfs", megabytes << 20)


@pytest.mark.parametrize("size", ["", "0", "-1", "m", "1.5", "1e3", "1" + "0" * 30, "5m", "0x10", "nan"])
def test_a_size_that_is_none_is_one_line(kerash: Kerash, tmp_path: Path, rightless: str, size: str) -> None:
    done = kerash("init-fs", "--", size, PATH=rightless)
    assert done.error
    assert (done.code, done.out) == (2, "")
    assert left(tmp_path) == set()


def test_init_fs_again_leaves_what_is_there(sandbox: Sandbox) -> None:
    """And its size, which is 512 MB."""
    done = sandbox(f"{MADE}kerash init-fs 8; kerash predict default data/xor.data; grep $PWD/ /proc/self/mounts")
    assert done.code == 0, done.err
    *predicted, mounted = done.out.splitlines()
    assert len(predicted) == 5
    assert "size=524288k," in mounted


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


# Without the right to mount


def test_without_the_right_to_mount_one_line_names_the_command_to_run(sandbox: Sandbox, rightless: str) -> None:
    done = sandbox("kerash init-fs 7", PATH=rightless)
    assert (done.code, done.out) == (0, "")
    assert done.err.count("\n") == 1
    options = "size=7m,mode=0700,uid=0,gid=0"
    command = f"mkdir -p -- kerash_mountpoint && sudo mount -t tmpfs -o {options} kerash -- kerash_mountpoint"
    assert done.err.endswith(f"; to mount one, run: {command}\n")
    assert "mount: only root can do that" in done.err


def test_sudo_is_never_called(sandbox: Sandbox, tmp_path: Path, rightless: str) -> None:
    """And the slides' sequence works without the right to mount, and leaves nothing."""
    done = sandbox(f"{SLIDES}ls -A /dev/shm; kerash init-fs --mountpoint own || echo code $?", PATH=rightless)
    assert done.code == 0, done.err
    assert done.out.splitlines()[30:] == ["code 1"]
    assert left(tmp_path) == set()


def test_the_command_that_init_fs_names_mounts_the_mountpoint(sandbox: Sandbox, tmp_path: Path, rightless: str) -> None:
    fake(tmp_path, "sudo", f'shift; exec {shutil.which("mount")} "$@"')
    done = sandbox(
        'command=$(kerash init-fs 7 2>&1 | sed "s/.*run: //"); eval "$command"\n'
        "kerash create-genome default models/xor.model; stat -f -c %T kerash_mountpoint/model/genomes/gen_default",
        PATH=rightless,
    )
    assert (done.code, done.out) == (0, "tmpfs\n"), done.err


# end-fs


def test_end_fs_leaves_what_another_program_mounted(sandbox: Sandbox) -> None:
    done = sandbox(
        "mkdir kerash_mountpoint; mount -t tmpfs other kerash_mountpoint; touch kerash_mountpoint/theirs\n"
        "kerash init-fs -q; kerash create-genome g models/xor.model -q\n"
        "kerash end-fs || echo $?; grep -c ^other /proc/self/mounts; ls -A kerash_mountpoint"
    )
    assert done.out.split() == ["2", "1", "model", "theirs"]
    by_hand = "got one that was mounted by hand; try sudo umount -- kerash_mountpoint"
    assert done.error == f"kerash_mountpoint: expected a mountpoint that init-fs made in this folder, {by_hand}"


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
