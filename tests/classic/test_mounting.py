"""Making a mountpoint and undoing it: real mounts in a namespace of their own, and without the right to mount."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fakes
import places
import pytest
from fakes import HOLDER, MADE, REASON, USES, called, fake
from places import PLANTED, plant, tree
from processes import holders

from kerash_cli.classic import mounting
from kerash_cli.classic.genomes import Genomes
from kerash_cli.classic.models import Models
from kerash_cli.errors import BadInput, KerashError
from kerash_cli.store.mountpoint import MARK, Mountpoint, mountpoints

programs, nowhere = fakes.programs, places.nowhere

OWN = f"kerash-{os.getuid()}"


# Without the right to mount


@pytest.fixture
def rightless(nowhere: Path, programs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory of a user who may not mount; what is private is in `shared` beside it."""
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    yield nowhere / "work"
    assert called(programs, "sudo") == []
    assert list((nowhere / "temporary").iterdir()) == []


@pytest.fixture
def private(tmp_path: Path) -> Path:
    return tmp_path / "shared" / OWN


def test_without_the_right_to_mount_the_private_folder_is_used_and_the_reason_and_the_command_are_named(
    rightless: Path, private: Path
) -> None:
    begun = mounting.begin(None, 4)
    assert begun.place == Mountpoint(private, private=True)
    assert list(tree(private)) == MADE
    assert begun.place.is_marked()
    assert mountpoints(None)[0] == begun.place
    assert list(rightless.iterdir()) == []
    owner = f"uid={os.getuid()},gid={os.getgid()}"
    assert begun.reason == REASON
    assert begun.command == (
        f"mkdir -p -- kerash_mountpoint && sudo mount -t tmpfs -o size=4m,mode=0700,{owner} kerash -- kerash_mountpoint"
    )


def test_mount_is_asked_for_the_size_and_safe_options(rightless: Path, programs: Path) -> None:
    mounting.begin(None, 7)
    words = [word for word in called(programs, "mount") if word != "--"]
    assert words == ["-t", "tmpfs", "-o", "size=7m,mode=0700,nosuid,nodev", "kerash", "kerash_mountpoint"]


def test_without_a_program_to_mount_with_it_is_the_same(
    rightless: Path, private: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    begun = mounting.begin(None, 4)
    assert (begun.place.root, begun.reason) == (private, "mount: No such file or directory")
    assert list(rightless.iterdir()) == []


def test_a_mount_that_fails_without_a_word_has_a_reason(rightless: Path, programs: Path) -> None:
    fake(programs, "mount", "exit 1")
    assert mounting.begin(None, 4).reason == "mount failed"


@pytest.mark.parametrize("mask", [0, 0o022, 0o077])
def test_what_is_made_is_this_users_alone_whatever_the_umask(rightless: Path, private: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        mounting.begin(None, 4)
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (private, *private.rglob("*"))}
    assert modes == {OWN: 0o700, MARK: 0o600, "mat": 0o700, "model": 0o700, "genomes": 0o700}


def test_a_private_folder_that_was_begun_goes_with_all_that_is_in_it(rightless: Path, private: Path) -> None:
    begun = mounting.begin(None, 4)
    store(Models(begun.place))
    (private / "note").touch()
    (private / "link").symlink_to(rightless)
    assert mounting.end(None) == begun.place
    assert list(private.parent.iterdir()) == []
    assert rightless.is_dir()


def test_a_private_folder_that_was_begun_twice_is_begun_once(rightless: Path, private: Path) -> None:
    begun = mounting.begin(None, 4)
    store(Models(begun.place))
    before = tree(private)
    assert mounting.begin(None, 8).place == begun.place
    assert tree(private) == before
    mounting.end(None)
    assert not private.exists()


def test_a_private_folder_that_was_there_before_is_not_removed(rightless: Path, private: Path) -> None:
    store(Models(Mountpoint(private, private=True)))
    mounting.begin(None, 4)
    before = tree(private)
    with pytest.raises(BadInput, match="expected a mountpoint that init-fs made in this folder, got ") as caught:
        mounting.end(None)
    assert caught.value.exit_code == 2
    assert tree(private) == before
    assert not (private / MARK).exists()


def test_what_was_ended_can_be_begun_again(rightless: Path, private: Path) -> None:
    for _ in range(2):
        mounting.begin(None, 4)
        mounting.end(None)
    with pytest.raises(BadInput, match="that init-fs made in this folder, got "):
        mounting.end(None)
    assert not private.exists()


@pytest.mark.parametrize("way", ["option", "environment"])
@pytest.mark.parametrize("there", [True, False])
def test_without_the_right_to_mount_on_a_named_folder_it_is_an_error_that_names_the_command(
    rightless: Path, private: Path, monkeypatch: pytest.MonkeyPatch, there: bool, way: str
) -> None:
    if there:
        Path("a b").mkdir()
    if way == "environment":
        monkeypatch.setenv("KERASH_MOUNTPOINT", "a b")
    expected = rf"^a b: can't be mounted \({REASON}\); try mkdir -p -- 'a b' && sudo mount .* -- 'a b'$"
    with pytest.raises(KerashError, match=expected):
        mounting.begin("a b" if way == "option" else None, 4)
    assert [path.name for path in rightless.iterdir()] == (["a b"] if there else [])
    assert not private.exists()


def test_without_the_right_to_mount_on_a_local_folder_that_is_there_it_stays(rightless: Path) -> None:
    Path("kerash_mountpoint").mkdir()
    with pytest.raises(KerashError, match="kerash_mountpoint: can't be mounted"):
        mounting.begin(None, 4)
    assert list(rightless.iterdir()) == [rightless / "kerash_mountpoint"]


@pytest.mark.parametrize("kind", ["files", "hidden file", *PLANTED])
@pytest.mark.parametrize("named", [True, False])
def test_what_is_no_empty_folder_of_this_users_is_refused_before_anything_is_mounted(
    rightless: Path, programs: Path, private: Path, named: bool, kind: str
) -> None:
    path = rightless / ("named" if named else "kerash_mountpoint")
    if kind in PLANTED:
        plant(kind, path)
    else:
        path.mkdir()
        (path / (".x" if kind == "hidden file" else "x")).touch()
    before = tree(rightless)
    expected = f"{path.name}: (expected a folder that you own, got|the folder is not empty).*; try"
    with pytest.raises(BadInput, match=expected) as caught:
        mounting.begin(str(path) if named else None, 4)
    assert "\n" not in str(caught.value)
    assert tree(rightless) == before
    assert called(programs, "mount") == []
    assert not private.exists()


def test_a_folder_whose_name_looks_like_an_option_is_given_to_mount_as_a_folder(
    rightless: Path, programs: Path
) -> None:
    with pytest.raises(KerashError):
        mounting.begin("-a", 4)
    assert called(programs, "mount")[-2:] == ["--", "-a"]


# Ending what is not to be ended


def test_an_ordinary_folder_is_never_ended(rightless: Path) -> None:
    Path("kerash_mountpoint").mkdir()
    store(Models(Mountpoint(rightless / "kerash_mountpoint")))
    before = tree(rightless)
    with pytest.raises(BadInput, match="expected a mountpoint that init-fs made in this folder, got "):
        mounting.end(None)
    assert tree(rightless) == before


@pytest.mark.parametrize("kind", ["link", "another user's"])
def test_a_private_folder_that_a_stranger_prepared_is_never_ended(rightless: Path, private: Path, kind: str) -> None:
    plant(kind, private)
    for name in ("mat", "model"):
        (private / name).mkdir()
    (private / MARK).touch()
    before = tree(private.resolve())
    with pytest.raises(KerashError, match=r"expected a folder that you own|that init-fs made in this folder, got "):
        mounting.end(None)
    assert tree(private.resolve()) == before


def store(*shelves: Any) -> None:
    """A folder `x` in each shelf."""
    for shelf in shelves:
        with shelf.draft("x", {"a": 1, ".model": 1}) as draft:
            draft.write("a", b"a")
            draft.write(".model", b"a")
            draft.commit()


@pytest.fixture
def use(environment: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts processes that use a place until their input ends."""
    with holders() as start:
        yield lambda root, how: start([sys.executable, "-c", HOLDER, str(root), how], environment)


@pytest.mark.parametrize("how", USES)
def test_a_private_folder_that_a_process_uses_is_not_ended_until_it_has_ended(
    rightless: Path, private: Path, use: Callable[..., subprocess.Popen[str]], how: str
) -> None:
    begun = mounting.begin(None, 4)
    store(Models(begun.place), Genomes(begun.place))
    process = use(private, how)
    before = tree(private)
    with pytest.raises(BadInput, match="is used by another process; try") as caught:
        mounting.end(None)
    assert caught.value.exit_code == 2
    assert tree(private) == before
    assert process.communicate()[1] == ""
    assert process.returncode == 0
    mounting.end(None)
    assert not private.exists()
