"""A shelf: folders that have names, and that appear, change and go whole."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shelves
from places import plant, tree
from shelves import NEW, OLD, contents, fitting, kept, put

from kerash_cli.classic.genomes import Genomes
from kerash_cli.classic.models import Models
from kerash_cli.classic.shelf import Shelf
from kerash_cli.errors import BadInput, KerashError, OutOfSpace
from kerash_cli.store.mountpoint import Mountpoint, is_held
from kerash_cli.system import files

place, shelf, models, genomes, hold = shelves.place, shelves.shelf, shelves.models, shelves.genomes, shelves.hold

# Drafts


def test_a_committed_folder_is_what_was_written(shelf: Shelf) -> None:
    put(shelf, "a", OLD)
    assert kept(shelf, "a") == fitting(shelf, OLD)
    assert shelf.names() == ["a"]
    with shelf.reading("a") as folder:
        assert folder == shelf.path("a")


def test_folders_are_where_the_tree_of_2019_has_them(genomes: Genomes, models: Models, place: Mountpoint) -> None:
    put(genomes, "g", OLD)
    put(models, "m", OLD)
    assert genomes.path("g") == place.root / "model" / "genomes" / "gen_g"
    assert models.path("m") == place.root / "model" / "m"
    assert models.caption("m") == place.root / "model" / "m.model"


def test_nothing_has_the_name_before_the_commit_and_without_one_nothing_is_left(shelf: Shelf) -> None:
    with shelf.draft("a", {"x": 10, "deep/er/y": 10}) as draft:
        draft.write("x", b"x")
        assert not shelf.path("a").exists()
        assert shelf.names() == []
    assert tree(shelf.place.root) == {}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, OutOfSpace, OSError])
def test_an_error_of_the_work_passes_unchanged_and_leaves_nothing(shelf: Shelf, error: type[BaseException]) -> None:
    with pytest.raises(error, match="of the work"), shelf.draft("a", {"deep/x": 10}):
        raise error("of the work")
    assert tree(shelf.place.root) == {}


def test_files_take_their_room_before_they_are_written(shelf: Shelf) -> None:
    with shelf.draft("a", {"x": 10_000, "deep/er/y": 5}) as draft:
        sizes = {path: len(data) for path, data in contents(draft.folder).items()}
        assert sizes == {"x": 10_000, "deep/er/y": 5}
        assert (draft.folder / "x").stat().st_blocks * 512 >= 10_000


def test_a_file_of_no_bytes_needs_no_room(shelf: Shelf) -> None:
    put(shelf, "a", {"x": b"", ".model": b"caption"})
    assert kept(shelf, "a") == fitting(shelf, {"x": b"", ".model": b"caption"})


@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_a_file_is_as_long_as_what_was_written_whatever_was_reserved(shelf: Shelf, size: int) -> None:
    with shelf.draft("a", {"x": size}) as draft:
        draft.write("x", b"123")
        assert (draft.folder / "x").read_bytes() == b"123"


def test_a_file_written_twice_is_the_second(shelf: Shelf) -> None:
    with shelf.draft("a", {}) as draft:
        draft.write("x", b"123")
        draft.write("x", b"4")
        assert contents(draft.folder) == {"x": b"4"}


@pytest.mark.parametrize("mask", [0, 0o022, 0o077])
def test_folders_and_files_are_this_users_alone_whatever_the_umask(shelf: Shelf, mask: int) -> None:
    before = os.umask(mask)
    try:
        put(shelf, "a", OLD)
    finally:
        os.umask(before)
    modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in shelf.place.root.rglob("*")}
    assert modes == {True: 0o700, False: 0o600}


def test_a_link_in_a_draft_is_never_written_through(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"x")
    with shelf.draft("a", {}) as draft:
        (draft.folder / "x").symlink_to(tmp_path / "precious")
        with pytest.raises(KerashError):
            draft.write("x", b"new")
        with pytest.raises(OSError, match="File exists"):
            draft.reserve("x", 10)
    assert (tmp_path / "precious").read_bytes() == b"x"


def test_a_draft_in_a_shelf_that_is_no_folder_of_this_users_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "genomes").mkdir(parents=True)
    (shelf.place.root / "model").symlink_to(tmp_path / "elsewhere")
    before = tree(tmp_path)
    with pytest.raises(KerashError, match="model: expected a folder that you own, got something else; try"):
        put(shelf, "a", OLD)
    assert tree(tmp_path) == before


# A name that is taken


def test_a_taken_name_is_bad_input_before_the_work_and_nothing_changes(shelf: Shelf) -> None:
    put(shelf, "a", OLD)
    before = tree(shelf.place.root)
    expected = f"^{shelf.path('a')}: {shelf.kind} a already exists; choose another name, or --force to replace it$"
    with pytest.raises(BadInput, match=expected) as caught, shelf.draft("a", {"x": 10}):
        pytest.fail("the work began")
    assert caught.value.exit_code == 2
    assert tree(shelf.place.root) == before


def test_a_name_that_was_taken_during_the_work_is_bad_input_and_nothing_changes(shelf: Shelf) -> None:
    with shelf.draft("a", {}) as draft:
        draft.write("x", b"x")
        put(shelf, "a", OLD)
        before = tree(shelf.path("a"))
        with pytest.raises(BadInput, match="already exists"):
            draft.commit()
    assert tree(shelf.path("a")) == before
    assert kept(shelf, "a") == fitting(shelf, OLD)
    assert [path for path in tree(shelf.place.root) if ".new" in path] == []


@pytest.mark.parametrize("kind", ["file", "link", "dangling link", "fifo"])
@pytest.mark.parametrize("force", [True, False])
def test_a_name_that_something_else_has_is_refused_and_nothing_changes(shelf: Shelf, kind: str, force: bool) -> None:
    shelf.root.mkdir(parents=True)
    path = shelf.path("a")
    plant(kind, path)
    before = tree(shelf.place.root)
    with pytest.raises(KerashError) as caught, shelf.draft("a", {"x": 10}, force):
        pytest.fail("the work began")
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert {path: tree(shelf.place.root).get(path) for path in before} == before


def test_force_replaces_the_whole_folder_and_leaves_nothing_but_the_new_one(shelf: Shelf) -> None:
    put(shelf, "a", OLD)
    put(shelf, "a", NEW, force=True)
    left = {path.name for path in shelf.root.iterdir()} - {"genomes"}
    assert left == {shelf.path("a").name, *(["a.model"] if isinstance(shelf, Models) else [])}
    assert kept(shelf, "a") == fitting(shelf, NEW)
    assert shelf.names() == ["a"]


def test_force_on_a_name_that_is_free_is_the_same_as_none(shelf: Shelf) -> None:
    put(shelf, "a", NEW, force=True)
    assert kept(shelf, "a") == fitting(shelf, NEW)


def test_a_forced_draft_that_is_not_committed_leaves_everything_as_it_was(shelf: Shelf) -> None:
    put(shelf, "a", OLD)
    before = tree(shelf.place.root)
    with shelf.draft("a", {"x": 10}, force=True) as draft:
        draft.write("x", b"x")
    assert tree(shelf.place.root) == before


def test_a_replacement_touches_no_neighbour(shelf: Shelf) -> None:
    for name in ("a", "a.b", "ab", "b"):
        put(shelf, name, OLD)
    before = {name: kept(shelf, name) for name in ("a.b", "ab", "b")}
    put(shelf, "a", NEW, force=True)
    assert {name: kept(shelf, name) for name in before} == before
    shelf.remove("a")
    assert {name: kept(shelf, name) for name in shelf.names()} == before


# Names


def test_names_are_sorted_and_those_of_folders_alone(shelf: Shelf) -> None:
    for name in ("b", "a.1", "_", "Z", "gen_x"):
        put(shelf, name, OLD)
    prefix = shelf.path("").name if isinstance(shelf, Genomes) else ""
    for hidden in (f"{prefix}.hidden", f"{prefix}-x", f"{prefix}a b", f"{prefix}{'x' * 65}", f"{prefix}ü", "stray"):
        (shelf.root / hidden).mkdir()
    (shelf.root / f"{prefix}file").touch()
    (shelf.root / f"{prefix}link").symlink_to(shelf.path("b"))
    for other in ("file", "link", "a b", "-x", ".hidden", "ü"):
        (shelf.root / f"{other}.model").touch()
    assert shelf.names() == ["Z", "_", "a.1", "b", "gen_x"]


def test_a_shelf_that_is_not_there_has_no_names_and_is_not_made(shelf: Shelf) -> None:
    assert shelf.names() == []
    assert tree(shelf.place.root) == {}


def test_a_folder_without_its_file_beside_it_has_no_name(models: Models) -> None:
    put(models, "a", OLD)
    put(models, "b", OLD)
    models.caption("a").unlink()
    assert models.names() == ["b"]


HOSTILE = [
    "", ".", "..", "...", ".a", "-", "-a", "--force", "-rf", "/", "/etc", "a/b", "../a", "a/../b", "a/", "./a", "~",
    "~root", "a b", " a", "a ", "a\n", "\na", "a\tb", "a\0b", "a\x1b[31m", "a\\b", "a'b", 'a"b', "a;b", "a&b", "a|b",
    "$a", "$(a)", "`a`", "a*", "a?", "[a]", "{a}", "a:b", "a=b", "a,b", "a@b", "a%b", "ä", "١", "a\u202eb", "\ud800",
    "x" * 65, "x" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("word", HOSTILE, ids=map(ascii, range(len(HOSTILE))))
def test_a_word_that_is_no_name_is_bad_input_in_one_line(word: str) -> None:
    with pytest.raises(
        BadInput, match=r"^expected a name of 1 to 64 letters, digits, '\.', '_' or '-' that does not begin"
    ) as caught:
        files.check_name(word)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("word", ["a", "_", "0", "a.b", "a-", "A..", "x" * 64, "gen_a", "a.model"])
def test_a_name_is_itself(word: str) -> None:
    assert files.check_name(word) == word


# Reading


@pytest.mark.parametrize("beside", ["nothing", "others", "a link"])
def test_what_is_not_there_is_bad_input_and_nothing_changes(shelf: Shelf, tmp_path: Path, beside: str) -> None:
    if beside != "nothing":
        put(shelf, "b", OLD)
    if beside == "a link":
        shelf.path("a").symlink_to(tmp_path)
        shelf.caption("a").touch()
    before = tree(shelf.place.root)
    expected = f"^{shelf.place.root}: no {shelf.kind} called 'a'; try kerash list$"
    for use in (shelf.reading, shelf.holding):
        with pytest.raises(BadInput, match=expected), use("a"):
            pytest.fail("the work began")
    with pytest.raises(BadInput, match=expected):
        shelf.remove("a")
    assert tree(shelf.place.root) == before


def test_while_a_folder_is_read_nothing_can_take_its_place(shelf: Shelf) -> None:
    put(shelf, "a", OLD)
    with shelf.reading("a"):
        assert is_held(shelf.root)
    assert not is_held(shelf.root)


def test_what_another_process_holds_can_be_read(shelf: Shelf, hold: Callable[..., Any]) -> None:
    put(shelf, "a", OLD)
    hold(shelf, "a")
    assert shelf.names() == ["a"]
    with shelf.reading("a"):
        assert kept(shelf, "a") == fitting(shelf, OLD)
