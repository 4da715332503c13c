"""Shelves without room, on file systems that really have none."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# No room, on a file system that really has none

TMPFS = 'mount -t tmpfs -o "$1" none "$0" && shift && exec "$@"'

PRELUDE = """
import os, sys
from pathlib import Path
from kerash_cli.errors import OutOfSpace
from kerash_cli.classic.genomes import Genomes
from kerash_cli.classic.models import Models
from kerash_cli.store.mountpoint import Mountpoint
from kerash_cli.store.stage import Stage
from kerash_cli.store.stage import stage
root = Path(sys.argv[1])
place = Mountpoint(root)

def fill():
    "Takes all the room that is left."
    with open(root / "filler", "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass

def report(work):
    try:
        work()
    except OutOfSpace as error:
        print(f"{error.exit_code} {error}")
    else:
        print("no error")
    status = os.statvfs(root)
    print(os.listdir(root), status.f_bfree == status.f_blocks, status.f_ffree)
"""

Small = Callable[..., list[str]]
SIZES = {"64k": 1 << 16, "4m": 1 << 22}


@pytest.fixture
def on_tmpfs(tmp_path: Path, environment: dict[str, str]) -> Small:
    """Runs a program with a tmpfs mounted with some options; its lines."""
    folder = tmp_path / "small"
    folder.mkdir()
    unshare = ["unshare", "-Urm", "sh", "-c", TMPFS, str(folder)]
    tried = shutil.which("unshare") and subprocess.run([*unshare, "size=64k", "true"], capture_output=True, check=False)
    if not tried or tried.returncode:
        pytest.skip("this machine lets no user mount a tmpfs: unshare -Urm fails")

    def run(options: str, program: str, *words: object) -> list[str]:
        command = [*unshare, options, sys.executable, "-c", PRELUDE + program, str(folder), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    return run


def refused(lines: list[str], mounted: Path) -> str:
    """The message of a work that found no room, with the mount left as it was; what it says after the mount's name."""
    message, left = lines
    assert message.startswith(f"3 {mounted}")
    assert re.match(r"\[\] True [0-9]+$", left), left
    return message.removeprefix(f"3 {mounted}")


DRAFT = """
def work():
    shelf = {"Genomes": Genomes, "Models": Models}[sys.argv[2]](place)
    with shelf.draft("x", {"deep/a": int(sys.argv[3]), "b": 1}):
        print("the work began")
report(work)
"""


@pytest.mark.parametrize("kind", ["Genomes", "Models"])
@pytest.mark.parametrize("size", SIZES)
def test_a_draft_too_large_for_the_mount_is_out_of_space(on_tmpfs: Small, tmp_path: Path, size: str, kind: str) -> None:
    said = refused(on_tmpfs(f"size={size}", DRAFT, kind, SIZES[size]), tmp_path / "small")
    assert re.match(r": expected room for [0-9.]+ [kM]B, got [0-9.]+ [kM]B free; try --mountpoint with a folder", said)


GROWING = """
def work():
    with Genomes(place).draft("x", {"a": 10}) as draft:
        if sys.argv[2] == "reserve":
            draft.reserve("b", int(sys.argv[3]))
        elif sys.argv[2] == "write":
            draft.write("a", bytes(int(sys.argv[3])))
        else:
            Stage(draft.folder, place).array("b", (int(sys.argv[3]),), "u1")
        print("there was room")
report(work)
"""


@pytest.mark.parametrize("how", ["reserve", "write", "array"])
@pytest.mark.parametrize("size", SIZES)
def test_a_draft_that_outgrows_the_mount_is_out_of_space(on_tmpfs: Small, tmp_path: Path, size: str, how: str) -> None:
    said = refused(on_tmpfs(f"size={size}", GROWING, how, SIZES[size] + 1), tmp_path / "small")
    assert re.search(r": expected room for [0-9.]+ ([kM]B|bytes), got [0-9.]+ ([kM]B )?free; try", said), said


STAGED = """
def work():
    with stage(int(sys.argv[3]), str(root), print) as staged:
        staged.array("a", (100,), "f8")[...] = 1
        staged.array("b", (int(sys.argv[2]) // 8,), "f8")[...] = 1
report(work)
"""


@pytest.mark.parametrize("announced", [10, 5_000_000])
@pytest.mark.parametrize("size", SIZES)
def test_an_array_too_large_for_the_mount_is_out_of_space_and_no_signal(
    on_tmpfs: Small, tmp_path: Path, size: str, announced: int
) -> None:
    said = refused(on_tmpfs(f"size={size}", STAGED, SIZES[size], announced), tmp_path / "small")
    assert re.match(r": expected room for [0-9.]+ [kM]B, got [0-9.]+ [kM]B free; try --mountpoint", said), said


KILLED = """
left = root / "mat" / "4194304"
left.parent.mkdir()
left.mkdir(0o700)
(left / "x.npy").write_bytes(bytes(50_000))
with stage(40_000, str(root), print):
    print(len(os.listdir(left.parent)))
"""


def test_what_a_killed_run_left_takes_no_room(on_tmpfs: Small) -> None:
    assert on_tmpfs("size=64k", KILLED) == ["1"]


RESERVED = """
with stage(10, str(root), print) as staged:
    array = staged.array("a", (int(sys.argv[2]) // 2,), "u1")
    fill()
    array[...] = 7
    print(int(array.sum()) == 7 * len(array), os.statvfs(root).f_bfree)
os.unlink(root / "filler")
del array  # its room is free when nobody maps it
with Models(place).draft("x", {"a": int(sys.argv[2]) // 2, ".model": 4}) as draft:
    fill()
    draft.write("a", b"x" * (int(sys.argv[2]) // 2))
    draft.write(".model", b"text")
    draft.commit()
    print(os.statvfs(root).f_bfree)
print(Models(place).names(), (root / "model" / "x" / "a").read_bytes() == b"x" * (int(sys.argv[2]) // 2))
"""


@pytest.mark.parametrize("size", SIZES)
def test_what_was_reserved_can_be_written_though_others_took_the_rest(on_tmpfs: Small, size: str) -> None:
    assert on_tmpfs(f"size={size}", RESERVED, SIZES[size]) == ["True 0", "0", "['x'] True"]


REPLACED = """
half = int(sys.argv[2]) // 2
shelf = Models(place)
with shelf.draft("x", {"a": half, ".model": 3}) as draft:
    draft.write("a", b"o" * half)
    draft.write(".model", b"old")
    draft.commit()
try:
    with shelf.draft("x", {"a": half, ".model": 3}, force=True):
        print("the work began")
except OutOfSpace as error:
    print(error.exit_code)
print(shelf.names(), (shelf.path("x") / "a").read_bytes() == b"o" * half, shelf.caption("x").read_text())
print(sorted(str(path.relative_to(root)) for path in root.rglob("*")))
"""


@pytest.mark.parametrize("size", SIZES)
def test_a_replacement_without_room_leaves_the_old_folder(on_tmpfs: Small, size: str) -> None:
    lines = on_tmpfs(f"size={size}", REPLACED, SIZES[size])
    assert lines == ["3", "['x'] True old", "['model', 'model/x', 'model/x.model', 'model/x/a']"]


OUT_OF_INODES = """
def draft():
    with Genomes(place).draft("x", {"deep/er/a": 10, "b": 10}) as written:
        written.write("deep/er/a", b"a")
        written.write("b", b"b")
        written.commit()

def staged():
    with stage(10, str(root), print) as made:
        made.array("a", (10,), "f8")
        made.array("b", (10,), "f8")

report({"draft": draft, "staged": staged}[sys.argv[2]])
"""


@pytest.mark.parametrize(
    ("work", "inodes"), [*(("draft", inodes) for inodes in range(2, 8)), *(("staged", n) for n in range(2, 5))]
)
def test_a_mount_out_of_inodes_is_out_of_space(on_tmpfs: Small, tmp_path: Path, work: str, inodes: int) -> None:
    lines = on_tmpfs(f"size=1m,nr_inodes={inodes}", OUT_OF_INODES, work)
    said = refused(lines, tmp_path / "small")
    assert re.search(r": expected room for [0-9.]+ bytes, got no inode free; try", said), said
    assert lines[1] == f"[] True {inodes - 1}"


@pytest.mark.parametrize(("work", "inodes"), [("draft", 9), ("staged", 5)])
def test_just_enough_inodes_are_enough(on_tmpfs: Small, work: str, inodes: int) -> None:
    assert on_tmpfs(f"size=1m,nr_inodes={inodes}", OUT_OF_INODES, work)[0] == "no error"
