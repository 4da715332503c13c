"""Which of several mountpoints has a model or a genome."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from kerash_cli.classic.shelf import Shelf
from kerash_cli.store.mountpoint import Mountpoint

S = TypeVar("S", bound=Shelf)


def find(kind: Callable[[Mountpoint], S], places: Sequence[Mountpoint], name: str) -> S:
    """The shelf that has what is called so; the first one, which will say that it is missing, if none has."""
    shelves = [kind(place) for place in places]
    return next((shelf for shelf in shelves if name in shelf.names()), shelves[0])


@contextmanager
def instead(
    kind: Callable[[Mountpoint], S], places: Sequence[Mountpoint], chosen: S, name: str, force: bool
) -> Iterator[None]:
    """What `chosen` has after this, no other place has: it was there before, and `force` says that it may go."""
    earlier = find(kind, places, name)
    if earlier.place == chosen.place or name not in earlier.names():
        yield
        return
    if not force:
        raise earlier.taken(name)
    with earlier.holding(name):
        yield
        earlier.remove(name)
