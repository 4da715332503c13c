"""Finding a model or a genome in several mountpoints."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from kerash_cli.classic.shelf import Shelf
from kerash_cli.store.mountpoint import Mountpoint

S = TypeVar("S", bound=Shelf)


def find(kind: Callable[[Mountpoint], S], places: Sequence[Mountpoint], name: str) -> S:
    """Returns the shelf that has `name`; if no shelf has it, the first one, whose error says that it is missing."""
    shelves = [kind(place) for place in places]
    return next((shelf for shelf in shelves if name in shelf.names()), shelves[0])


@contextmanager
def instead(
    kind: Callable[[Mountpoint], S], places: Sequence[Mountpoint], chosen: S, name: str, force: bool
) -> Iterator[None]:
    """Removes `name` from other places once the `with` block has written it to `chosen`; that needs `force`."""

    earlier = find(kind, places, name)
    if earlier.place == chosen.place or name not in earlier.names():
        yield
        return
    if not force:
        raise earlier.taken(name)
    with earlier.holding(name):
        yield
        earlier.remove(name)
