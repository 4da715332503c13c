"""Shelves: what is held, removed and beside a folder, and what killed runs left."""

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from stat import S_IFMT
from typing import Any

import pytest
import shelves
from places import HEX, STRANGE, tree
from shelves import HOLDER, NEW, OLD, contents, fitting, kept, put

from kerash_cli.classic.genomes import Genomes
from kerash_cli.classic.models import Models
from kerash_cli.classic.shelf import Shelf
from kerash_cli.errors import BadInput, KerashError, OutOfSpace
from kerash_cli.store.mountpoint import is_held
from kerash_cli.system import files

place, shelf, models, genomes, hold = shelves.place, shelves.shelf, shelves.models, shelves.genomes, shelves.hold


@pytest.fixture
def lockless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without locks."""

    def refuse(file: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)


# Holding


def refused(shelf: Shelf, name: str, shared: bool = True) -> None:
    """Everything that needs the folder is refused, and nothing changes."""
    before = tree(shelf.place.root)
    expected = (
        f"^{shelf.path(name)}: {shelf.kind} {name} is used by another process; try again when that process has ended$"
    )
    for word in (True, False) if shared else (False,):
        with pytest.raises(BadInput, match=expected), shelf.holding(name, word):
            pytest.fail("the work began")
    with pytest.raises(BadInput, match=expected):
        shelf.remove(name)
    with pytest.raises(BadInput, match=expected), shelf.draft(name, {"x": 10}, force=True):
        pytest.fail("the work began")
    assert tree(shelf.place.root) == before


def test_what_another_process_holds_is_refused_and_nothing_changes(shelf: Shelf, hold: Callable[..., Any]) -> None:
    put(shelf, "a", OLD)
    hold(shelf, "a")
    refused(shelf, "a")


def test_what_another_process_shares_can_be_shared_and_no_more(shelf: Shelf, hold: Callable[..., Any]) -> None:
    put(shelf, "a", OLD)
    hold(shelf, "a", shared=True)
    with shelf.holding("a", shared=True) as folder:
        assert folder == shelf.path("a")
    refused(shelf, "a", shared=False)


def test_what_this_process_holds_is_refused_too(shelf: Shelf) -> None:
    put(shelf, "a", OLD)
    with shelf.holding("a"):
        refused(type(shelf)(shelf.place), "a")
    with shelf.holding("a"):
        pass


def test_what_is_held_keeps_nobody_from_its_neighbours(shelf: Shelf, hold: Callable[..., Any]) -> None:
    put(shelf, "a", OLD)
    put(shelf, "b", OLD)
    hold(shelf, "a")
    put(shelf, "b", NEW, force=True)
    put(shelf, "c", NEW)
    shelf.remove("b")
    assert shelf.names() == ["a", "c"]


@pytest.mark.parametrize("end", ["close", "kill"])
def test_what_a_process_held_is_free_when_it_has_ended(shelf: Shelf, hold: Callable[..., Any], end: str) -> None:
    put(shelf, "a", OLD)
    process = hold(shelf, "a")
    refused(shelf, "a")
    if end == "kill":
        process.send_signal(signal.SIGKILL)
    process.communicate()
    put(shelf, "a", NEW, force=True)
    with shelf.holding("a"):
        assert kept(shelf, "a") == fitting(shelf, NEW)
    shelf.remove("a")


def test_what_another_process_took_during_the_work_is_refused_at_the_commit(
    shelf: Shelf, hold: Callable[..., Any]
) -> None:
    put(shelf, "a", OLD)
    with shelf.draft("a", {}, force=True) as draft:
        draft.write("x", b"x")
        hold(shelf, "a")
        before = tree(shelf.path("a"))
        with pytest.raises(BadInput, match="is used by another process"):
            draft.commit()
    assert tree(shelf.path("a")) == before
    assert shelf.names() == ["a"]


def test_an_error_while_a_folder_is_held_frees_it(shelf: Shelf) -> None:
    put(shelf, "a", OLD)
    with pytest.raises(KeyboardInterrupt), shelf.holding("a"):
        raise KeyboardInterrupt
    assert not is_held(shelf.path("a"))


# Replacing what is held


def test_a_held_folder_is_replaced_by_its_holder(shelf: Shelf) -> None:
    put(shelf, "a", OLD)
    with shelf.holding("a"):
        put(shelf, "a", {**NEW, "deep/er/b": b"new too"})
    assert kept(shelf, "a") == fitting(shelf, {**NEW, "deep/er/b": b"new too"})


def test_what_the_draft_did_not_write_stays_in_a_held_folder(shelf: Shelf) -> None:
    put(shelf, "a", OLD)
    for path in ("note", "deep/note", "own/deep/note", ".hidden"):
        (shelf.path("a") / path).parent.mkdir(parents=True, exist_ok=True)
        (shelf.path("a") / path).write_text(path, encoding="ascii")
    with shelf.holding("a"):
        put(shelf, "a", NEW)
    notes = {path: path.encode() for path in ("note", "deep/note", "own/deep/note", ".hidden")}
    assert kept(shelf, "a") == fitting(shelf, {**OLD, **notes, **NEW})


@pytest.mark.parametrize("kind", ["link to a file", "dangling link", "link to a folder", "fifo", "empty folder"])
def test_whatever_it_is_it_stays_in_a_held_folder(genomes: Genomes, tmp_path: Path, kind: str) -> None:
    put(genomes, "a", OLD)
    (tmp_path / "file").write_bytes(b"x")
    path = genomes.path("a") / "own"
    match kind:
        case "empty folder":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case _:
            target = {"link to a file": "file", "link to a folder": "."}.get(kind, "nowhere")
            path.symlink_to(tmp_path / target)
    before = S_IFMT(path.lstat().st_mode), path.is_symlink() and os.readlink(path)
    with genomes.holding("a"):
        put(genomes, "a", NEW)
    assert os.path.lexists(path)
    assert (S_IFMT(path.lstat().st_mode), path.is_symlink() and os.readlink(path)) == before


def test_what_cannot_be_looked_through_is_never_lost(genomes: Genomes, monkeypatch: pytest.MonkeyPatch) -> None:
    put(genomes, "a", OLD)
    (genomes.path("a") / "deep" / "note").write_bytes(b"x")
    before = tree(genomes.path("a"))
    scandir = os.scandir

    def fail(path: Any) -> Any:
        if not isinstance(path, int) and Path(path) == genomes.path("a") / "deep":
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return scandir(path)

    with genomes.holding("a"), genomes.draft("a", {}) as draft:
        draft.write("a", b"new")
        with monkeypatch.context() as patch:
            patch.setattr(os, "scandir", fail)
            with pytest.raises(KerashError, match=os.strerror(errno.EIO)):
                draft.commit()
    assert tree(genomes.path("a")) == before


def test_a_held_folder_whose_draft_is_not_committed_is_as_it_was(shelf: Shelf) -> None:
    put(shelf, "a", OLD)
    before = tree(shelf.place.root)
    with shelf.holding("a"), shelf.draft("a", {"x": 10}) as draft:
        draft.write("x", b"x")
    assert tree(shelf.place.root) == before


def test_other_processes_are_refused_while_a_held_folder_is_replaced(shelf: Shelf, environment: dict[str, str]) -> None:
    put(shelf, "a", OLD)
    words = [str(shelf.place.root), type(shelf).__name__, "a", "False"]

    def taken() -> bool:
        """Whether another process can take it now."""
        command = [sys.executable, "-c", HOLDER, *words]
        done = subprocess.run(command, input="", capture_output=True, text=True, env=environment)
        return done.returncode == 0

    with shelf.holding("a"), shelf.draft("a", {}) as draft:
        draft.write(".model", b"new caption")
        assert not taken()
        draft.commit()
        assert not taken()
    assert taken()


# Removing


def test_what_is_removed_is_gone_with_all_that_stood_for_it(shelf: Shelf) -> None:
    put(shelf, "a", OLD)
    shelf.remove("a")
    assert tree(shelf.place.root) == {}


def test_what_init_fs_made_stays_when_the_last_one_is_removed(shelf: Shelf) -> None:
    for parts in (("mat",), ("model", "genomes")):
        shelf.place.folder(*parts)
    (shelf.place.root / ".init-fs").touch()
    before = tree(shelf.place.root)
    put(shelf, "a", OLD)
    shelf.remove("a")
    assert tree(shelf.place.root) == before


def test_a_link_in_what_is_removed_goes_alone(shelf: Shelf, tmp_path: Path) -> None:
    put(shelf, "a", OLD)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (shelf.path("a") / "link").symlink_to(tmp_path / "precious")
    shelf.remove("a")
    assert (tmp_path / "precious" / "file").exists()


# The file beside a folder


def test_the_file_beside_a_folder_appears_with_it_and_is_not_in_it(models: Models) -> None:
    with models.draft("a", {}) as draft:
        for path, data in OLD.items():
            draft.write(path, data)
        assert not models.caption("a").exists()
        draft.commit()
    assert models.caption("a").read_bytes() == b"old caption"
    assert contents(models.path("a")) == bare(OLD)


def test_the_file_beside_a_folder_is_replaced_with_it(models: Models) -> None:
    put(models, "a", OLD)
    with models.draft("a", {}, force=True) as draft:
        draft.write(".model", b"new caption")
        assert models.caption("a").read_bytes() == b"old caption"
        draft.commit()
    assert models.caption("a").read_bytes() == b"new caption"


def test_the_file_beside_a_folder_goes_with_it_and_no_other_does(models: Models) -> None:
    for name in ("a", "a.b", "b"):
        put(models, name, OLD)
    models.remove("a")
    assert sorted(path.name for path in models.root.glob("*.model")) == ["a.b.model", "b.model"]


def test_a_file_that_stands_there_without_a_folder_is_protected_until_force(models: Models) -> None:
    models.place.folder("model")
    models.caption("a").write_bytes(b"mine")
    with pytest.raises(BadInput, match="already exists"):
        put(models, "a", NEW)
    assert models.caption("a").read_bytes() == b"mine"
    put(models, "a", NEW, force=True)
    assert models.caption("a").read_bytes() == b"new caption"


def test_a_link_beside_a_folder_is_replaced_and_not_followed(models: Models, tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"x")
    models.place.folder("model")
    models.caption("a").symlink_to(tmp_path / "precious")
    put(models, "a", NEW, force=True)
    assert not models.caption("a").is_symlink()
    assert (tmp_path / "precious").read_bytes() == b"x"


# What killed runs left, made by hand


def make(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def aside(shelf: Shelf, name: str, ending: str) -> Path:
    return shelf.root / f".{name}.{HEX}.{ending}"


def bare(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {path: data for path, data in files.items() if path != ".model"}


def test_an_old_folder_without_a_new_one_comes_back(shelf: Shelf) -> None:
    make(aside(shelf, "a.b", "old"), bare(OLD))
    shelf.caption("a.b").write_bytes(b"old caption")
    assert shelf.names() == ["a.b"]
    assert kept(shelf, "a.b") == fitting(shelf, OLD)
    assert not aside(shelf, "a.b", "old").exists()


def test_an_old_folder_beside_a_new_one_goes(shelf: Shelf) -> None:
    make(aside(shelf, "a", "old"), bare(OLD))
    make(shelf.path("a"), fitting(shelf, NEW))
    shelf.caption("a").write_bytes(b"old caption")
    assert shelf.names() == ["a"]
    assert kept(shelf, "a") == fitting(shelf, NEW)
    assert not aside(shelf, "a", "old").exists()


def test_what_is_half_gone_goes(shelf: Shelf) -> None:
    make(aside(shelf, "a", "gone"), {"a": b"half"})
    shelf.caption("a").write_bytes(b"old caption")
    assert shelf.names() == []
    assert not aside(shelf, "a", "gone").exists()
    assert isinstance(shelf, Genomes) or not shelf.caption("a").exists()


def test_the_gone_half_of_an_earlier_folder_takes_nothing_of_the_new_one(shelf: Shelf) -> None:
    put(shelf, "a", NEW)
    make(aside(shelf, "a", "gone"), {"a": b"half"})
    assert shelf.names() == ["a"]
    assert kept(shelf, "a") == fitting(shelf, NEW)
    assert not aside(shelf, "a", "gone").exists()


@pytest.mark.parametrize("use", ["reading", "holding", "draft", "remove", "names"])
def test_whoever_looks_puts_things_in_order_first(shelf: Shelf, use: str) -> None:
    make(aside(shelf, "a", "old"), bare(OLD))
    shelf.caption("a").write_bytes(b"old caption")
    match use:
        case "reading" | "holding":
            with getattr(shelf, use)("a"):
                assert kept(shelf, "a") == fitting(shelf, OLD)
        case "draft":
            with pytest.raises(BadInput, match="already exists"):
                put(shelf, "a", NEW)
            assert kept(shelf, "a") == fitting(shelf, OLD)
        case "remove":
            shelf.remove("a")
            assert shelf.names() == []
        case _:
            assert shelf.names() == ["a"]


@pytest.mark.parametrize("ending", ["old", "gone"])
def test_a_link_with_the_name_of_what_stepped_aside_is_never_followed(
    shelf: Shelf, tmp_path: Path, ending: str
) -> None:
    put(shelf, "b", OLD)
    make(tmp_path / "precious", OLD)
    before = tree(tmp_path / "precious")
    aside(shelf, "a", ending).symlink_to(tmp_path / "precious")
    aside(shelf, "b", ending).symlink_to(tmp_path / "precious")
    assert shelf.names() == ["b"]
    assert tree(tmp_path / "precious") == before


@pytest.mark.parametrize("name", [".a.old", f"a.{HEX}.old", f".a.{HEX}.older", f".a.{HEX[1:]}.gone", f".a.{HEX}.GONE"])
def test_what_has_no_name_of_a_folder_aside_is_left_alone(shelf: Shelf, name: str) -> None:
    make(shelf.root / name, OLD)
    shelf.names()
    assert (shelf.root / name / "a").exists()


def test_a_shelf_that_is_only_to_be_read_is_read(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    put(shelf, "b", OLD)
    make(aside(shelf, "a", "old"), bare(OLD))
    monkeypatch.setattr(os, "rename", refuse)
    assert shelf.names() == ["b"]
    with shelf.reading("b"):
        assert kept(shelf, "b") == fitting(shelf, OLD)


# Around them


def test_a_file_system_without_locks_has_all_but_them(shelf: Shelf, lockless: None) -> None:
    put(shelf, "a", OLD)
    put(shelf, "a", NEW, force=True)
    with shelf.holding("a") as folder, shelf.holding("a", shared=True):
        assert folder == shelf.path("a")
        put(shelf, "a", OLD)
    assert shelf.names() == ["a"]
    shelf.remove("a")
    assert tree(shelf.place.root) == {}


def test_no_descriptor_stays_open(shelf: Shelf, hold: Callable[..., Any]) -> None:
    put(shelf, "h", OLD)
    hold(shelf, "h")
    before = sorted(os.listdir("/proc/self/fd"))
    put(shelf, "a", OLD)
    put(shelf, "a", NEW, force=True)
    with shelf.holding("a"):
        put(shelf, "a", NEW)
    with pytest.raises(BadInput):
        put(shelf, "a", NEW)
    refused(shelf, "h")
    with pytest.raises(OutOfSpace), shelf.draft("b", {"x": 1 << 60}):
        pass
    shelf.remove("a")
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_more_than_there_is_room_for_is_out_of_space_and_makes_nothing(shelf: Shelf) -> None:
    expected = f"^{shelf.place.root}: expected room for 1.15e\\+03 PB|^{shelf.place.root}: expected room for .* bytes"
    with pytest.raises(OutOfSpace, match=expected) as caught, shelf.draft("b", {"x": 1 << 60}):
        pytest.fail("the work began")
    assert caught.value.exit_code == 3
    assert tree(shelf.place.root) == {}


# What reads files that may have been planted


@pytest.mark.parametrize("strange", [*STRANGE.values(), None], ids=[*STRANGE, "a device"])
def test_what_is_no_regular_file_is_not_opened_and_not_waited_for(
    tmp_path: Path, strange: Callable[[Path, Path], object] | None
) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "x" if strange else Path(os.devnull)
    if strange:
        strange(path, tmp_path / "file")
    before = sorted(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match=str(path)):
        files.regular(str(path), os.O_RDONLY)
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_a_regular_file_is_opened(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    with open(tmp_path / "x", "rb", opener=files.regular) as file:
        assert file.read() == b"x"


def test_a_file_that_can_not_be_linked_is_copied_into_what_replaces_its_folder(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    put(shelf, "a", OLD)
    (shelf.path("a") / "note").write_text("precious", encoding="ascii")
    monkeypatch.setattr(os, "link", refuse)
    with shelf.holding("a"):
        put(shelf, "a", NEW)
    assert (shelf.path("a") / "note").read_text(encoding="ascii") == "precious"


def test_an_old_folder_that_refuses_to_go_never_comes_back(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    put(shelf, "a", OLD)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", lambda *arguments, **options: None)
        put(shelf, "a", NEW, force=True)
        shelf.remove("a")
    assert shelf.names() == []
    assert not shelf.path("a").exists()
