"""Parts of a format: the two ways to read a file, and the layout that makes rows of its blocks."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol, Self

from kerash_cli.tables.formats.records import Block
from kerash_cli.tables.options import Options
from kerash_cli.tables.source import Source
from kerash_cli.tables.table import BadRow, Table


class Layout(Protocol):
    """Rules by which blocks become rows."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Returns doubtful guesses about the layout, one line each; in a stream, those that are new with this block."""

    def rows(self, block: Block) -> Iterator[Table | BadRow]:
        """Yields the block's rows in their order: valid rows in as few tables as possible, invalid ones one by one."""

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values that `from_json` reads."""

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Returns the layout that `to_json` gave these values for."""


class Format(NamedTuple):
    """The two ways to read a file, all at once or in blocks of whole rows, and the layout of the blocks."""

    read: Callable[[Source, Options], Table]
    blocks: Callable[[Source, Options], Iterator[tuple[Layout, Block]]]
    layout: type[Layout]
