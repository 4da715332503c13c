"""The mountpoint: which folder it is, what is refused there, what is swept, and what is left."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import places
import pytest
from places import HEX, PLANTED, STRANGER, TREE, plant, tree

from kerash_cli.errors import BadInput, KerashError, OutOfSpace
from kerash_cli.store import mountpoint
from kerash_cli.store.mountpoint import LOCAL, Mountpoint, check_own, disks, mountpoints, processes, roomy

nowhere, place, private = places.nowhere, places.place, places.private

OWN = f"kerash-{os.getuid()}"


def silent(line: str) -> None:
    raise AssertionError(f"nothing was to be said, got {line!r}")


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
    with pytest.raises(BadInput, match=r"^--mountpoint: no such folder"):
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


@pytest.fixture
def memory(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> set[Path]:
    """Folders that are in memory; the shared one is."""
    found = {nowhere / "shared"}
    (nowhere / "lasting").mkdir()
    monkeypatch.setattr(mountpoint, "LASTING", nowhere / "lasting")
    monkeypatch.setattr(mountpoint, "is_in_memory", lambda folder: folder in found)
    return found


def test_the_disk_is_where_temporary_files_are(nowhere: Path, memory: set[Path]) -> None:
    assert [each.root for each in disks(None)] == [nowhere / "temporary" / OWN, nowhere / "lasting" / OWN]


def test_where_temporary_files_are_in_memory_lasting_ones_are_on_the_disk(nowhere: Path, memory: set[Path]) -> None:
    memory.add(nowhere / "temporary")
    assert [each.root for each in disks(None)] == [nowhere / "lasting" / OWN]
    memory.add(nowhere / "lasting")
    with pytest.raises(OutOfSpace, match=r"expected a folder on a disk, got \S*temporary\S*, \S*lasting\S*, in memory"):
        disks(None)


def test_a_named_folder_is_the_disk_wherever_it_is(
    nowhere: Path, memory: set[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [each.root for each in disks(str(nowhere / "shared"))] == [nowhere / "shared"]
    monkeypatch.setenv("KERASH_MOUNTPOINT", str(nowhere / "lasting"))
    assert [each.root for each in disks(None)] == [nowhere / "lasting"]


def test_the_mountpoint_in_the_folder_is_the_disk_unless_it_is_in_memory(nowhere: Path, memory: set[Path]) -> None:
    LOCAL.mkdir(mode=0o700)
    assert disks(None)[0].root == LOCAL
    memory.add(LOCAL)
    assert disks(None)[0].root == nowhere / "temporary" / OWN


@pytest.mark.skipif(not os.path.ismount("/dev/shm"), reason="there is no tmpfs to look at")
def test_a_tmpfs_is_in_memory() -> None:
    assert mountpoint.is_in_memory(Path("/dev/shm"))
    assert not mountpoint.is_in_memory(Path("/proc"))


@pytest.mark.parametrize("kind", ["nothing", "dangling link", "fifo", "file"])
@pytest.mark.parametrize("way", ["option", "environment"])
def test_a_named_mountpoint_that_is_no_folder_is_bad_input(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, way: str, kind: str
) -> None:
    path = nowhere / "named"
    if kind != "nothing":
        plant(kind, path)
    monkeypatch.setenv("KERASH_MOUNTPOINT", str(path) if way == "environment" else str(nowhere))
    with pytest.raises(BadInput, match=f"^{path}: no such folder; try mkdir") as caught:
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
    with pytest.raises(KerashError, match=f"^{nowhere}/shared/{OWN}: expected a folder that you own"):
        roomy(mountpoints(None), 10, silent).folder("mat")
    assert not (nowhere / "temporary" / OWN).exists()


# What is refused


@pytest.mark.parametrize("kind", PLANTED)
def test_a_local_mountpoint_that_is_no_folder_of_this_users_is_refused(nowhere: Path, kind: str) -> None:
    plant(kind, nowhere / "work" / "kerash_mountpoint")
    before = tree(nowhere)
    with pytest.raises(KerashError, match=r"^kerash_mountpoint: expected a folder that you own, got .*; try") as caught:
        mountpoints(None)
    assert "\n" not in str(caught.value)
    assert tree(nowhere) == before


@pytest.mark.parametrize("kind", PLANTED)
def test_a_private_folder_that_is_no_folder_of_this_users_is_refused(nowhere: Path, kind: str) -> None:
    plant(kind, nowhere / "shared" / OWN)
    before = tree(nowhere)
    with pytest.raises(KerashError, match=f"/{OWN}: expected a folder that you own, got .*; try") as caught:
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
    with pytest.raises(KerashError, match=f"/{parts[-1]}: expected a folder that you own, got .*; try") as caught:
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
