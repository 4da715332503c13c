"""The mountpoint: which folder it is, what is refused there, what is swept, and what is left."""

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from kerash_cli.errors import BadInput, KerashError, OutOfSpace
from kerash_cli.store import mountpoint
from kerash_cli.store.mountpoint import MARK, Mountpoint, check_own, is_held, mountpoints, processes, roomy

OWN = f"kerash-{os.getuid()}"
STRANGER = 999_999
HEX = "0123456789abcdef"
TREE: list[tuple[str, ...]] = [("mat",), ("model",), ("model", "genomes")]


def silent(line: str) -> None:
    raise AssertionError(f"nothing was to be said, got {line!r}")


def tree(folder: Path) -> dict[str, object]:
    """All that is there: modes, link targets and contents."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = mode, content
    return found


def plant(kind: str, path: Path) -> None:
    """Something at `path` that is no folder of this user."""
    match kind:
        case "link":
            target = path.parent / f"{path.name}-target"
            target.mkdir()
            path.symlink_to(target)
        case "dangling link":
            path.symlink_to("nowhere")
        case "fifo":
            os.mkfifo(path)
        case "file":
            path.write_text("x", encoding="ascii")
        case "another user's":
            if os.getuid():
                pytest.skip("only root can give a folder away")
            path.mkdir()
            os.chown(path, STRANGER, STRANGER)
        case _:
            raise ValueError(kind)


PLANTED = ["link", "dangling link", "fifo", "file", "another user's"]


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without a mountpoint; `shared` is the shared memory, temporary files are in `temporary`."""
    for name in ("shared", "temporary", "work"):
        (tmp_path / name).mkdir()
    monkeypatch.delenv("KERASH_MOUNTPOINT", raising=False)
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(mountpoint, "SHARED_MEMORY", tmp_path / "shared")
    return tmp_path


@pytest.fixture
def place(tmp_path: Path) -> Mountpoint:
    (tmp_path / "place").mkdir()
    return Mountpoint(tmp_path / "place")


@pytest.fixture
def private(nowhere: Path) -> Mountpoint:
    return mountpoints(None)[0]


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def rooms(monkeypatch: pytest.MonkeyPatch, free: dict[Path, int]) -> None:
    """Makes the file systems of these folders have so many bytes free."""

    def status(path: Path) -> os.statvfs_result:
        values = [1, 1, 10**9, free[path], free[path], 100, 100, 100, 0, 255]
        return os.statvfs_result(values)

    monkeypatch.setattr(os, "statvfs", status)


# Which folder it is


@pytest.mark.parametrize("first", ["option", "environment", "local", "private"])
def test_the_option_comes_before_the_environment_the_local_folder_and_the_private_one(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    ways = ["option", "environment", "local", "private"]
    given = ways[ways.index(first) :]
    for way in ("option", "environment"):
        (nowhere / way).mkdir()
    if "environment" in given:
        monkeypatch.setenv("KERASH_MOUNTPOINT", str(nowhere / "environment"))
    if "local" in given:
        Path("kerash_mountpoint").mkdir()
    expected = {
        "option": [nowhere / "option"],
        "environment": [nowhere / "environment"],
        "local": [Path("kerash_mountpoint")],
        "private": [nowhere / "shared" / OWN, nowhere / "temporary" / OWN],
    }
    found = mountpoints(str(nowhere / "option") if "option" in given else None)
    assert [each.root for each in found] == expected[first]
    assert {each.private for each in found} == {first == "private"}


def test_an_environment_without_a_word_is_none(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASH_MOUNTPOINT", "")
    assert mountpoints(None)[0].root == nowhere / "shared" / OWN


def test_an_option_without_a_word_is_refused(nowhere: Path) -> None:
    with pytest.raises(BadInput, match=r"^--mountpoint: expected a folder as mountpoint, got none"):
        mountpoints("")


def test_asking_where_things_are_makes_nothing(nowhere: Path) -> None:
    before = tree(nowhere)
    for each in mountpoints(None):
        each.room()
    assert tree(nowhere) == before


def test_without_shared_memory_the_private_folder_is_among_the_temporary_files(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mountpoint, "SHARED_MEMORY", nowhere / "none")
    assert [each.root for each in mountpoints(None)] == [nowhere / "temporary" / OWN]


def test_shared_memory_that_has_the_temporary_files_too_is_one_place(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(nowhere / "shared"))
    assert [each.root for each in mountpoints(None)] == [nowhere / "shared" / OWN]


@pytest.mark.parametrize("kind", ["nothing", "dangling link", "fifo", "file"])
@pytest.mark.parametrize("way", ["option", "environment"])
def test_a_named_mountpoint_that_is_no_folder_is_bad_input(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, way: str, kind: str
) -> None:
    path = nowhere / "named"
    if kind != "nothing":
        plant(kind, path)
    monkeypatch.setenv("KERASH_MOUNTPOINT", str(path) if way == "environment" else str(nowhere))
    with pytest.raises(BadInput, match=f"^{path}: expected a folder as mountpoint, got none; try mkdir") as caught:
        mountpoints(str(path) if way == "option" else None)
    assert (caught.value.exit_code, "\n" in str(caught.value)) == (2, False)


def test_a_named_mountpoint_may_be_a_link_to_a_folder(nowhere: Path) -> None:
    plant("link", nowhere / "named")
    assert mountpoints(str(nowhere / "named"))[0].folder("mat").is_dir()


# Where there is room


def test_shared_memory_with_just_enough_room_is_used(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rooms(monkeypatch, {nowhere / "shared": 1000, nowhere / "temporary": 10**9})
    assert roomy(mountpoints(None), 1000, silent).root == nowhere / "shared" / OWN


def test_where_shared_memory_lacks_a_byte_the_disk_is_used_and_one_line_says_so(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms(monkeypatch, {nowhere / "shared": 999, nowhere / "temporary": 10**9})
    said: list[str] = []
    assert roomy(mountpoints(None), 1000, said.append).root == nowhere / "temporary" / OWN
    assert said == [f"samples are on disk, in {nowhere}/temporary/{OWN}: {nowhere}/shared has no room for 1 kB"]


def test_where_nothing_has_room_the_error_names_the_first_place_the_need_and_what_is_free(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms(monkeypatch, {nowhere / "shared": 400, nowhere / "temporary": 500})
    expected = f"^{nowhere}/shared/{OWN}: expected room for 1 kB, got 400 bytes free; try --mountpoint with a folder"
    with pytest.raises(OutOfSpace, match=expected) as caught:
        roomy(mountpoints(None), 1000, silent)
    assert caught.value.exit_code == 3


def test_a_named_place_without_room_is_never_given_up_for_another(
    place: Mountpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms(monkeypatch, {place.root: 999})
    with pytest.raises(OutOfSpace, match=f"^{place.root}: expected room for 1 kB, got 999 bytes free"):
        roomy(mountpoints(str(place.root)), 1000, silent)


def test_where_no_private_folder_can_be_made_there_is_no_room(
    private: Mountpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert (private.free(), private.room()) == (0, 0)
    with pytest.raises(OutOfSpace, match="got 0 bytes free"):
        private.require(1)


def test_what_is_required_and_there_is_no_error(place: Mountpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    rooms(monkeypatch, {place.root: 1000})
    place.require(1000)
    with pytest.raises(OutOfSpace):
        place.require(1001)


def test_shared_memory_that_a_stranger_prepared_is_no_reason_to_go_elsewhere(nowhere: Path) -> None:
    plant("link", nowhere / "shared" / OWN)
    with pytest.raises(KerashError, match=f"^{nowhere}/shared/{OWN}: expected a folder of yours"):
        roomy(mountpoints(None), 10, silent).folder("mat")
    assert not (nowhere / "temporary" / OWN).exists()


# What is refused


@pytest.mark.parametrize("kind", PLANTED)
def test_a_local_mountpoint_that_is_no_folder_of_this_users_is_refused(nowhere: Path, kind: str) -> None:
    plant(kind, nowhere / "work" / "kerash_mountpoint")
    before = tree(nowhere)
    with pytest.raises(KerashError, match=r"^kerash_mountpoint: expected a folder of yours, got .*; try") as caught:
        mountpoints(None)
    assert "\n" not in str(caught.value)
    assert tree(nowhere) == before


@pytest.mark.parametrize("kind", PLANTED)
def test_a_private_folder_that_is_no_folder_of_this_users_is_refused(nowhere: Path, kind: str) -> None:
    plant(kind, nowhere / "shared" / OWN)
    before = tree(nowhere)
    with pytest.raises(KerashError, match=f"/{OWN}: expected a folder of yours, got .*; try") as caught:
        mountpoints(None)[0].folder("mat")
    assert "\n" not in str(caught.value)
    assert tree(nowhere) == before


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("parts", TREE, ids="/".join)
@pytest.mark.parametrize("make", [True, False])
def test_a_folder_of_the_tree_that_is_no_folder_of_this_users_is_refused(
    place: Mountpoint, parts: tuple[str, ...], kind: str, make: bool
) -> None:
    place.root.joinpath(*parts[:-1]).mkdir(exist_ok=True)
    plant(kind, place.root.joinpath(*parts))
    before = tree(place.root)
    with pytest.raises(KerashError, match=f"/{parts[-1]}: expected a folder of yours, got .*; try") as caught:
        place.folder(*parts, make=make)
    assert "\n" not in str(caught.value)
    assert tree(place.root) == before


def test_a_folder_of_another_user_is_named_with_its_owner(place: Mountpoint) -> None:
    plant("another user's", place.root / "mat")
    with pytest.raises(KerashError, match=f"got one of user {STRANGER}; try --mountpoint with another folder$"):
        place.folder("mat")


def test_a_folder_of_one_who_is_trusted_is_accepted(tmp_path: Path) -> None:
    plant("another user's", tmp_path / "theirs")
    check_own(tmp_path / "theirs", STRANGER)
    with pytest.raises(KerashError):
        check_own(tmp_path / "theirs", STRANGER + 1)


# A stranger's links must never lead the sweep to what this user has elsewhere


@pytest.mark.parametrize("name", ["mat/123", f"model/.x.{HEX}.new", f"model/genomes/.x.{HEX}.new"])
@pytest.mark.parametrize("linked", ["tree", "root"])
def test_room_is_never_made_behind_a_link(nowhere: Path, private: Mountpoint, linked: str, name: str) -> None:
    precious = nowhere / "precious" / name
    precious.mkdir(parents=True)
    (precious / "photo").write_text("x", encoding="ascii")
    if linked == "root":
        private.root.symlink_to(nowhere / "precious")
    else:
        first = Path(name).parts[0]
        private.root.mkdir()
        (private.root / first).symlink_to(nowhere / "precious" / first)
    with pytest.raises(KerashError):
        roomy([private], 10, silent).folder(*Path(name).parts[:-1])
    assert (precious / "photo").exists()


def test_room_is_never_made_in_a_private_folder_of_another_user(private: Mountpoint) -> None:
    plant("another user's", private.root)
    (private.root / "mat" / "123").mkdir(parents=True)
    with pytest.raises(KerashError):
        roomy([private], 10, silent).folder("mat")
    assert (private.root / "mat" / "123").exists()


# Permissions


@pytest.mark.parametrize("mask", [0, 0o002, 0o022, 0o077])
@pytest.mark.parametrize("parts", TREE, ids="/".join)
def test_folders_are_this_users_alone_whatever_the_umask(
    private: Mountpoint, umask: Callable[[int], int], parts: tuple[str, ...], mask: int
) -> None:
    umask(mask)
    made = private.folder(*parts)
    assert made == private.root.joinpath(*parts)
    while made != private.root.parent:
        assert made.stat().st_mode & 0o777 == 0o700
        made = made.parent


@pytest.mark.parametrize("mask", [0, 0o022, 0o077])
def test_a_scratch_folder_is_this_users_alone_whatever_the_umask(
    private: Mountpoint, umask: Callable[[int], int], mask: int
) -> None:
    umask(mask)
    folder, lock = private.scratch(("mat",), processes())
    os.close(lock)
    assert folder.stat().st_mode & 0o777 == 0o700


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


@pytest.mark.parametrize(
    "name",
    [
        "mat/x",
        "mat/12x",
        "mat/1.x",
        "mat/-1",
        "mat/1.2.3",
        "mat/1 2",
        "mat/123\n",
        "123",
        "model/name",
        "model/genomes/gen_1",
        f"model/name.{HEX}.new",
        f"model/.name.{HEX}",
        f"model/.name.{HEX}.new2",
        f"model/.name.{HEX[1:]}.new",
        f"model/.name.{HEX.upper()}.new",
        f"model/..{HEX}.new",
        f"model/.a b.{HEX}.new",
        f".name.{HEX}.new",
    ],
)
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


@pytest.mark.parametrize("kind", ["link", "dangling link", "fifo", "file", "another user's"])
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
    processes: list[subprocess.Popen[str]] = []

    def start(folder: Path, how: str = "alone") -> subprocess.Popen[str]:
        command = [sys.executable, "-S", "-c", HOLDER, str(folder), how]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "\n"
        return process

    yield start
    for process in processes:
        process.communicate()


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


def test_what_one_left_is_swept_beside_what_another_holds(
    place: Mountpoint, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    for name in ("1", "2", "3"):
        make_scratch(place.folder("mat") / name)
    hold(place.root / "mat" / "2")
    place.room()
    assert [path.name for path in (place.root / "mat").iterdir()] == ["2"]


def test_room_holds_nothing_and_leaves_no_descriptor(
    place: Mountpoint, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    for name in ("1", "2"):
        make_scratch(place.folder("mat") / name)
    hold(place.root / "mat" / "2")
    before = sorted(os.listdir("/proc/self/fd"))
    place.room()
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_where_there_are_no_locks_nothing_is_swept(place: Mountpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    make_scratch(place.folder("mat") / "123")
    monkeypatch.setattr(mountpoint.fcntl, "flock", refuse)
    place.room()
    assert (place.root / "mat" / "123").exists()


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


def test_where_there_are_no_locks_nobody_holds_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(mountpoint.fcntl, "flock", refuse)
    assert not is_held(tmp_path)
