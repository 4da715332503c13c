"""Shelves with folders on them, and a process that holds one."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from processes import holders

from kerash_cli.classic.genomes import Genomes
from kerash_cli.classic.models import Models
from kerash_cli.classic.shelf import Shelf
from kerash_cli.store.mountpoint import Mountpoint

OLD = {"a": b"old", "deep/er/b": b"old too", ".model": b"old caption"}
NEW = {"a": b"new, and longer", "c": b"3", ".model": b"new caption"}


def contents(folder: Path) -> dict[str, bytes]:
    """The files that are there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fitting(shelf: Shelf, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files without the caption, where the shelf has none."""
    return {path: data for path, data in files.items() if path != ".model" or isinstance(shelf, Models)}


def put(shelf: Shelf, name: str, files: Mapping[str, bytes], **options: bool) -> None:
    """Writes a folder as commands do."""
    written = fitting(shelf, files)
    with shelf.draft(name, {path: len(data) for path, data in written.items()}, **options) as draft:
        for path, data in written.items():
            draft.write(path, data)
        draft.commit()


def kept(shelf: Shelf, name: str) -> dict[str, bytes]:
    """What the shelf has of that name, its caption under the name that it had in the draft."""
    found = contents(shelf.path(name))
    return found | {".model": shelf.caption(name).read_bytes()} if isinstance(shelf, Models) else found


@pytest.fixture
def place(tmp_path: Path) -> Mountpoint:
    (tmp_path / "place").mkdir()
    return Mountpoint(tmp_path / "place")


@pytest.fixture(params=[Genomes, Models])
def shelf(request: pytest.FixtureRequest, place: Mountpoint) -> Shelf:
    """One with a prefix, and one whose folders have a file beside them."""
    made: Shelf = request.param(place)
    return made


@pytest.fixture
def models(place: Mountpoint) -> Models:
    return Models(place)


@pytest.fixture
def genomes(place: Mountpoint) -> Genomes:
    return Genomes(place)


HOLDER = """
import sys
from pathlib import Path
from kerash_cli.classic.genomes import Genomes
from kerash_cli.classic.models import Models
from kerash_cli.store.mountpoint import Mountpoint
root, kind, name, shared = sys.argv[1:]
with {"Genomes": Genomes, "Models": Models}[kind](Mountpoint(Path(root))).holding(name, shared == "True"):
    print(flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def hold(environment: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts processes that hold a folder of a shelf until their input ends."""
    with holders() as start:

        def held(shelf: Shelf, name: str, shared: bool = False) -> subprocess.Popen[str]:
            words = [str(shelf.place.root), type(shelf).__name__, name, str(shared)]
            return start([sys.executable, "-c", HOLDER, *words], environment)

        yield held
