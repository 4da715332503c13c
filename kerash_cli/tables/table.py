"""A table as it was read: a matrix of numbers, the columns of text, and the line number of each row."""

from array import array
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kerash_cli import decimals
from kerash_cli.errors import BadInput, at, listed, shown

if TYPE_CHECKING:
    from kerash_cli.tables.notations.base import Finding, Notation
    from kerash_cli.tables.spool import Spool

Rows: TypeAlias = NDArray[np.intp]

FEW_CELLS = 1 << 21
"""Maximum number of cells that are taken into memory from a table on a disk: 16 MB of numbers."""


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of a file. Each column is either in `numbers` or in `texts`. Positions count from 0, in messages from 1."""

    source: str
    """Path as typed; `<stdin>` for `-`."""
    names: tuple[str, ...] | None
    numbers: NDArray[Any]
    """Array (rows, numeric columns), in the file's order, of any bool, int or float type; NaN is a missing value."""
    texts: Mapping[int, Sequence[str | None]]
    """Cells of the other columns by position; None is a missing value."""
    lines: Sequence[int]
    """Number of the line at which each row starts, counted from 1; in an array file, the number of the row."""
    sha256: str = ""
    """SHA-256 of the file's raw bytes, in hexadecimal; empty in a block of a stream."""
    sample_shape: tuple[int, int, int] | None = None
    """Shape (depth, height, width) of one row, if the rows of the file have such a shape."""
    delimiter: str = ","
    quotes: bool = True
    """True if quotes may enclose a cell."""
    records: Sequence[str] | None = None
    """Original text of each row, without the line ending, if the reader was asked to keep it."""
    written: Mapping[int, Sequence[str | None]] = field(default_factory=dict)
    """Cells of numeric columns as they were written, if the reader was asked to keep them."""
    declared: frozenset[int] = frozenset()
    """Positions of text columns whose cells are words, whatever they look like."""
    aside: frozenset[int] = frozenset()
    """Positions of columns that are no inputs by what the file says, such as names of rows."""
    missing: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Words that were read as missing values, such as `NA`, by the position of the column."""
    missing_values: tuple[str, ...] | None = None
    """Words for missing values that the reader was given; None stands for the usual ones."""
    notations: Mapping[int, "Notation"] = field(default_factory=dict)
    """Notations of columns of numbers, by position, if they are no plain decimals; a column that also has cells of
    another kind is text all the same."""
    unclear: Mapping[int, "Finding"] = field(default_factory=dict)
    """Text columns of numbers that may be read in several ways."""
    is_text: bool = False
    """True if the table comes from a text file, which may have a header."""
    bad: tuple["BadRow", ...] = ()
    """Rows that could not be read, if the reader was asked to leave them out."""
    notes: tuple[str, ...] = ()
    """Doubtful guesses about the layout, one line each."""
    labels: "Table | None" = None
    """Labels that came with the rows, such as the folders of images."""
    spool: "Spool | None" = None
    """Place of the rows on a disk; None if they are in memory."""

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.lines)

    @property
    def width(self) -> int:
        """Number of columns, numbers and texts together."""
        columns: int = self.numbers.shape[1]
        return columns + len(self.texts)

    def find(self, column: str) -> int:
        """Returns the position of a column, given its name or its number (from 1); raises BadInput if it is unknown."""
        place = self.named.get(column)
        if place is None:
            place = place_of(column, None, self.width)
        if place is None:
            raise self._without(column)
        return place

    def title(self, position: int) -> str:
        """Returns the name of a column for messages: `column 'age'`, or `column 3` if there are no names."""
        return f"column {shown(self.names[position]) if self.names is not None else position + 1}"

    def at(self, row: int, position: int | None = None) -> str:
        """Returns `source:line:column: ` for a cell, or `source:line: ` for a row, to start a message with."""
        return at(self.source, self.lines[row], None if position is None else position + 1)

    def value(self, position: int, cell: str) -> float | None:
        """Returns the number that a cell of a column stands for; None if it is no number."""
        notation = self.notations.get(position)
        if notation is None:
            return decimals.number(cell)
        return float("nan") if cell in notation.gaps else notation.value(cell)

    def with_numbers(self, values: Mapping[int, NDArray[np.float64]]) -> "Table":
        """Returns the table with these text columns turned into columns of numbers."""
        if not values:
            return self
        texts = {position: cells for position, cells in self.texts.items() if position not in values}
        columns = [
            values[each] if each in values else self.numbers[:, self.number_index(each)]
            for each in range(self.width)
            if each not in texts
        ]
        numbers = self.spool.stacked(columns) if self.spool else np.stack(columns, axis=1)
        return replace(self, numbers=numbers, texts=texts)

    def number_index(self, position: int) -> int:
        """Returns the index in `numbers` of the column at `position`; raises ValueError if it is text."""
        if position in self.texts:
            raise ValueError(f"{self.title(position)} of {self.source} is text")
        return position - bisect(self._text_places, position)

    def number_indexes(self, positions: Sequence[int]) -> Sequence[int]:
        """Returns `number_index` of each position."""
        return [self.number_index(position) for position in positions] if self.texts else positions

    @cached_property
    def named(self) -> dict[str, int]:
        """Position of each name; the first one if a name occurs twice."""
        return {name: place for place, name in reversed(list(enumerate(self.names or ())))}

    @cached_property
    def _text_places(self) -> list[int]:
        return sorted(self.texts)

    def take(self, rows: Rows) -> "Table":
        """Returns a table of the given rows, in the given order; many rows of a table on a disk stay there."""
        if self.spool and len(rows) * self.width > FEW_CELLS:
            return self._spooled(rows, self.spool)
        chosen = rows.tolist()
        return replace(
            self,
            numbers=self.numbers[rows],
            texts={position: [cells[row] for row in chosen] for position, cells in self.texts.items()},
            lines=[self.lines[row] for row in chosen],
            records=None if self.records is None else [self.records[row] for row in chosen],
            written={position: [cells[row] for row in chosen] for position, cells in self.written.items()},
            labels=self.labels and self.labels.take(rows),
            spool=None,
        )

    def _spooled(self, rows: Rows, spool: "Spool") -> "Table":
        """Returns the result of `take` on the disk."""
        return replace(
            self,
            numbers=spool.taken(self.numbers, rows),
            texts=spool.cells_taken(self.texts, rows),
            lines=array("q", np.asarray(self.lines)[rows].tobytes()),
            records=None if self.records is None else [self.records[row] for row in rows.tolist()],
            written=spool.cells_taken(self.written, rows),
            labels=self.labels and self.labels.take(rows),
        )

    def _without(self, column: str) -> BadInput:
        """Returns the error for an unknown column; it says which columns there are."""
        from difflib import get_close_matches  # imported late: only an error needs it

        if self.names is not None:
            alike = [name for name in self.names if name.casefold() == column.casefold()]
            close = alike or get_close_matches(column, self.names, n=1)
            known = f"such as {shown(close[0])}" if close else f"among {listed(self.names)}"
            return BadInput(f"{at(self.source)}expected a column {known}, got {shown(column)}")
        first = self.take(np.arange(min(1, self.rows)))
        cells = [*first.numbers.ravel().tolist(), *chain.from_iterable(first.texts.values())]
        error = BadInput(f"{at(self.source)}expected a column from 1 to {self.width}, got {shown(column)}")
        if column not in [cell if isinstance(cell, str) else str(cell).removesuffix(".0") for cell in cells]:
            return error
        named = BadInput(f"{error}, which is in the first line: that may be a header")
        return named.mended(self.source, "", "--header")


class BadRow(NamedTuple):
    """An invalid row; a stream yields it in place of a table."""

    error: BadInput
    record: str
    """Original text of the row, without the line ending."""
    names: tuple[str, ...] | None = None
    delimiter: str = ","
    width: int = 0
    """Number of columns that a valid row has."""
    quotes: bool = True
    """True if quotes may enclose a cell."""


class Schema(NamedTuple):
    """Columns of the table that a model was trained on, so that another table is read in the same way."""

    names: tuple[str, ...] | None
    width: int
    used: frozenset[int]
    """Positions of the model's inputs."""
    text: frozenset[int]
    """Positions of the columns to read as text, even if all their cells are numbers."""
    targets: tuple[int, ...]
    """Positions of the label columns that the table had."""
    delimiter: str = ","
    notations: Mapping[int, "Notation"] = {}
    """Notations of columns of numbers, by position, if they are no plain decimals."""
    missing: tuple[str, ...] | None = None
    """Words for missing values; None stands for the usual ones."""

    def locate(self, names: tuple[str, ...] | None, width: int) -> dict[int, int]:
        """Maps the positions of the training table's columns to those in a table with these names and this width.

        Columns are found by name if both tables have names, else by position. Those not found are left out. Without
        names only the label columns may be missing; the result is empty if the width does not fit.
        """
        if names is not None and self.names is not None:
            places = {name: place for place, name in enumerate(names)}
            return {old: places[name] for old, name in enumerate(self.names) if name in places}
        positions = range(self.width)
        if width == self.width:
            return {old: old for old in positions}
        inputs = [position for position in positions if position not in self.targets]
        return {old: place for place, old in enumerate(inputs)} if width == len(inputs) else {}


def place_of(column: str, names: tuple[str, ...] | None, width: int) -> int | None:
    """Returns the position of a column, given its name or its number (from 1); None if there is no such column."""
    if names is not None and column in names:
        return names.index(column)
    if column.isascii() and column.isdecimal() and 1 <= int(column[:20]) <= width:
        return int(column) - 1
    return None


def separates(character: str) -> bool:
    """Returns whether a text can be a delimiter: one ASCII character other than a letter, digit, `"`, sign or point."""
    return len(character) == 1 and character.isascii() and not character.isalnum() and character not in '"+-.\r\n\0'


def escaped(delimiter: str) -> str:
    """Returns the delimiter as written in a regular expression of sed."""
    return "\\t" if delimiter == "\t" else f"\\{delimiter}" if delimiter in "|/*^$.[]()" else delimiter


def notes(*tables: "Table | None") -> list[str]:
    """Returns the doubtful guesses about the layout of these tables, one line each."""
    return [line for table in tables if table is not None for line in table.notes]
