"""Scratch folders of the mountpoint: whose they are, and what of killed runs goes."""

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import places
import pytest
from places import HEX, PLANTED, TREE, plant, tree
from processes import holders

from kerash_cli.store import mountpoint
from kerash_cli.store.mountpoint import MARK, Mountpoint, is_held, processes

nowhere, place, private = places.nowhere, places.place, places.private

# Scratch folders


def test_a_scratch_folder_has_the_first_name_that_is_free(place: Mountpoint) -> None:
    place.folder("mat").joinpath("a").mkdir()
    (place.root / "mat" / "b").symlink_to("nowhere")
    folder, lock = place.scratch(("mat",), ["a", "b", "c", "d"])
    os.close(lock)
    assert folder == place.root / "mat" / "c"


def test_a_scratch_folder_is_held_until_its_descriptor_is_closed(place: Mountpoint) -> None:
    folder, lock = place.scratch(("mat",), processes())
    assert is_held(folder)
    os.close(lock)
    assert not is_held(folder)


def test_a_scratch_folder_that_was_swept_leaves_no_descriptor(
    place: Mountpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock, swept = fcntl.flock, []

    def late(file: int, operation: int) -> None:
        if not swept:
            swept.append((place.root / "mat" / "a").rmdir())
        flock(file, operation)

    before = sorted(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(mountpoint.fcntl, "flock", late)
    folder, lock = place.scratch(("mat",), ["a", "b"])
    os.close(lock)
    assert (folder.name, len(swept)) == ("b", 1)
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_a_process_is_named_by_its_number_and_then_by_further_ones() -> None:
    me = os.getpid()
    assert list(islice(processes(), 3)) == [str(me), f"{me}.1", f"{me}.2"]


# Tidying


@pytest.mark.parametrize("parts", [(), *TREE], ids="/".join)
def test_nothing_is_left_of_a_private_place_that_is_empty(private: Mountpoint, parts: tuple[str, ...]) -> None:
    private.folder(*parts)
    private.tidy()
    assert not list(private.root.parent.iterdir())


def test_a_place_that_was_named_is_left_as_an_empty_folder(place: Mountpoint) -> None:
    for parts in TREE:
        place.folder(*parts)
    place.tidy()
    assert tree(place.root.parent / "place") == {}
    assert place.root.is_dir()


@pytest.mark.parametrize("inside", ["note", "mat/note", "model/note", "model/genomes/note"])
def test_what_is_not_empty_is_left(private: Mountpoint, inside: str) -> None:
    for parts in TREE:
        private.folder(*parts)
    (private.root / inside).write_text("x", encoding="ascii")
    private.tidy()
    kept = {str(path) for path in Path(inside).parents} - {"."} | {inside}
    assert set(tree(private.root)) == kept


def test_tidying_where_there_is_nothing_is_no_error(private: Mountpoint, place: Mountpoint) -> None:
    private.tidy()
    place.tidy()
    assert not private.root.exists()


@pytest.mark.parametrize("which", ["private", "place"])
def test_what_init_fs_marked_is_never_tidied_away(request: pytest.FixtureRequest, which: str) -> None:
    marked: Mountpoint = request.getfixturevalue(which)
    for parts in TREE:
        marked.folder(*parts)
    (marked.root / MARK).touch()
    before = tree(marked.root)
    marked.tidy()
    assert marked.is_marked()
    assert tree(marked.root) == before


@pytest.mark.parametrize("kind", ["nothing", "folder", "fifo", "link", "link to a file"])
def test_only_a_file_is_the_mark_of_init_fs(place: Mountpoint, kind: str) -> None:
    match kind:
        case "folder":
            (place.root / MARK).mkdir()
        case "link to a file":
            (place.root / "file").touch()
            (place.root / MARK).symlink_to("file")
        case "link" | "fifo":
            plant(kind, place.root / MARK)
    assert not place.is_marked()


# What killed runs left


def make_scratch(path: Path) -> Path:
    """A folder such as a run makes, with the mode that it has then."""
    path.mkdir(parents=True)
    path.chmod(0o700)
    return path


SCRATCH = ["mat/123", "mat/123.4", f"model/.name.{HEX}.new", f"model/.a-b.c_d.{HEX}.new", f"model/genomes/.n.{HEX}.new"]


@pytest.mark.parametrize("name", SCRATCH)
def test_what_a_killed_run_left_goes_when_room_is_needed(place: Mountpoint, name: str) -> None:
    (make_scratch(place.root / name) / "deep").mkdir()
    (place.root / name / "deep" / "x.npy").write_bytes(b"x")
    place.room()
    assert not (place.root / name).exists()
    assert (place.root / name).parent.is_dir()


OTHERS = [
    *("mat/x", "mat/12x", "mat/1.x", "mat/-1", "mat/1.2.3", "mat/1 2", "mat/123\n", "123", "model/name"),
    *("model/genomes/gen_1", f"model/name.{HEX}.new", f"model/.name.{HEX}", f"model/.name.{HEX}.new2"),
    *(f"model/.name.{HEX[1:]}.new", f"model/.name.{HEX.upper()}.new", f"model/..{HEX}.new"),
    *(f"model/.a b.{HEX}.new", f".name.{HEX}.new"),
]


@pytest.mark.parametrize("name", OTHERS)
def test_what_has_no_name_of_a_scratch_folder_is_never_swept(place: Mountpoint, name: str) -> None:
    (make_scratch(place.root / name) / "deep").mkdir()
    before = tree(place.root)
    place.room()
    assert tree(place.root) == before


@pytest.mark.parametrize("mode", [0o755, 0o500, 0o770, 0o711])
@pytest.mark.parametrize("name", SCRATCH)
def test_what_has_not_the_mode_of_a_scratch_folder_is_never_swept(place: Mountpoint, name: str, mode: int) -> None:
    make_scratch(place.root / name).chmod(mode)
    before = tree(place.root)
    place.room()
    assert tree(place.root) == before


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("name", ["mat/123", f"model/.name.{HEX}.new"])
def test_what_is_no_folder_of_this_users_is_never_swept(place: Mountpoint, name: str, kind: str) -> None:
    path = place.root / name
    path.parent.mkdir()
    plant(kind, path)
    if kind == "link":
        (path / "file").touch()
    before = tree(place.root)
    place.room()
    assert tree(place.root) == before


def test_a_link_in_what_a_killed_run_left_goes_alone(place: Mountpoint, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x", encoding="ascii")
    make_scratch(place.root / "mat" / "123")
    (place.root / "mat" / "123" / "link").symlink_to(tmp_path)
    place.room()
    assert not (place.root / "mat" / "123").exists()
    assert (tmp_path / "precious").exists()


HOLDER = """
import fcntl, os, sys
folder = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(folder, fcntl.LOCK_SH if sys.argv[2] == "shared" else fcntl.LOCK_EX)
print(flush=True)
sys.stdin.read()
"""


@pytest.fixture
def hold() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts processes that hold a folder until their input ends."""
    with holders() as start:
        yield lambda folder, how="alone": start([sys.executable, "-S", "-c", HOLDER, str(folder), how])


@pytest.mark.parametrize("name", SCRATCH)
def test_what_a_live_process_holds_is_never_swept(
    place: Mountpoint, hold: Callable[..., subprocess.Popen[str]], name: str
) -> None:
    make_scratch(place.root / name)
    (place.root / name / "x.npy").write_bytes(b"x")
    process = hold(place.root / name)
    before = tree(place.root)
    place.room()
    assert tree(place.root) == before
    process.send_signal(signal.SIGKILL)
    process.wait()
    place.room()
    assert not (place.root / name).exists()


def test_what_one_left_is_swept_beside_what_another_holds_and_no_descriptor_stays_open(
    place: Mountpoint, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    for name in ("1", "2", "3"):
        make_scratch(place.folder("mat") / name)
    hold(place.root / "mat" / "2")
    before = sorted(os.listdir("/proc/self/fd"))
    place.room()
    assert [path.name for path in (place.root / "mat").iterdir()] == ["2"]
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_where_there_are_no_locks_nobody_holds_a_folder_and_nothing_is_swept(
    place: Mountpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    folder = make_scratch(place.folder("mat") / "123")
    monkeypatch.setattr(mountpoint.fcntl, "flock", refuse)
    assert not is_held(folder)
    place.room()
    assert folder.exists()


def test_what_cannot_be_removed_is_no_error(place: Mountpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object, **options: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    for name in ("1", "2"):
        make_scratch(place.folder("mat") / name)
    monkeypatch.setattr(shutil, "rmtree", refuse)
    assert place.room() > 0


# Who holds a folder


@pytest.mark.parametrize("how", ["alone", "shared"])
def test_a_folder_that_another_process_holds_is_held_until_it_ends(
    tmp_path: Path, hold: Callable[..., subprocess.Popen[str]], how: str
) -> None:
    assert not is_held(tmp_path)
    process = hold(tmp_path, how)
    assert is_held(tmp_path)
    process.communicate()
    assert not is_held(tmp_path)


def test_asking_who_holds_a_folder_holds_it_for_nobody(tmp_path: Path) -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    assert not is_held(tmp_path)
    assert not is_held(tmp_path)
    assert sorted(os.listdir("/proc/self/fd")) == before
