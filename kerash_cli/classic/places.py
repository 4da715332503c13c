"""Finding a model or a genome in several mountpoints."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from kerash_cli.classic.shelf import Shelf
from kerash_cli.store.mountpoint import Mountpoint

S = TypeVar("S", bound=Shelf)


def find(kind: Callable[[Mountpoint], S], places: Sequence[Mountpoint], name: str) -> S:
    """Returns the shelf that has `name`; the first one if none has, so that its error says so."""
    shelves = [kind(place) for place in places]
    return next((shelf for shelf in shelves if name in shelf.names()), shelves[0])


@contextmanager
def instead(
    kind: Callable[[Mountpoint], S], places: Sequence[Mountpoint], chosen: S, name: str, force: bool
) -> Iterator[None]:
    """Replaces the `name` of another place, when the `with` block has written it to `chosen`; needs `force`."""

    earlier = find(kind, places, name)
    if earlier.place == chosen.place or name not in earlier.names():
        yield
        return
    if not force:
        raise earlier.taken(name)
    with earlier.holding(name):
        yield
        earlier.remove(name)
