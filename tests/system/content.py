"""The content that the tests of files write, how they write it, and what is in a folder then."""

from pathlib import Path

from kerash_cli.system import files

ROOT = Path(files.__file__).parents[2]
OLD, NEW = b"old" * 1000, b"new" * 40_000


def write(path: Path | str, data: bytes = NEW) -> None:
    with files.replacing(path) as output:
        output.commit(data)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())
