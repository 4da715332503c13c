"""Finding a model or a genome in several mountpoints."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from kerash_cli.classic.shelf import Shelf
from kerash_cli.store.mountpoint import Mountpoint

S = TypeVar("S", bound=Shelf)


def find(kind: Callable[[Mountpoint], S], places: Sequence[Mountpoint], name: str) -> S:
    """Returns the shelf that has `name`; if none has it, the first one, whose methods raise the error."""
    shelves = [kind(place) for place in places]
    return next((shelf for shelf in shelves if name in shelf.names()), shelves[0])


@contextmanager
def instead(
    kind: Callable[[Mountpoint], S], places: Sequence[Mountpoint], chosen: S, name: str, force: bool
) -> Iterator[None]:
    """Removes the earlier `name` from another place once the `with` block has written the new one to `chosen`.

    Raises BadInput if there is an earlier one in another place and `force` is not set.
    """

    earlier = find(kind, places, name)
    if earlier.place == chosen.place or name not in earlier.names():
        yield
        return
    if not force:
        raise earlier.taken(name)
    with earlier.holding(name):
        yield
        earlier.remove(name)
