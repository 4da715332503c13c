"""Names of stored models and genomes in the mountpoint, and of searches beside them, without opening any."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["model", "genome", "search"]

_SEARCH = ".evolve"


def names(kind: Kind, mountpoint: str | None = None) -> list[str]:
    """Returns the names of all stored models or genomes in a mountpoint, or of the searches in this folder, sorted."""
    if kind == "search":
        return sorted(name.removesuffix(_SEARCH) for name in _folders(".") if name.endswith(_SEARCH))
    from kerash_cli.store.mountpoint import mountpoints  # imported late: it takes a while

    found = set[str]()
    with suppress(Exception):  # no such mountpoint, or another user's: the command tells that
        for place in mountpoints(mountpoint):
            with suppress(Exception):
                if kind == "model":
                    folder = place.folder("model", make=False)
                    found.update(name for name in _folders(folder) if (folder / f"{name}.model").is_file())
                else:
                    folder = place.folder("model", "genomes", make=False)
                    found.update(name.removeprefix("gen_") for name in _folders(folder) if name.startswith("gen_"))
    return sorted(_named(found))


def _folders(path: "os.PathLike[str] | str") -> Iterator[str]:
    """Yields the names of the folders in a folder."""
    with os.scandir(path) as entries:
        yield from (each.name for each in entries if each.is_dir(follow_symlinks=False))


def _named(words: Iterable[str]) -> Iterator[str]:
    """Yields the words that are names; others are drafts or not ours."""
    from kerash_cli.system.files import is_name

    return filter(is_name, words)
