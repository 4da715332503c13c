"""A table as it was read: one matrix of numbers, the text columns beside it, and where each row stood."""

from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kerash_cli.errors import BadInput, at, listed, shown

Rows: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of a file. A column is in `numbers` or in `texts`; positions count from 0, what a user sees from 1."""

    source: str
    """The path as typed; `<stdin>` for `-`."""
    names: tuple[str, ...] | None
    numbers: NDArray[Any]
    """(rows, number columns), in the file's order, of any bool, int or float type; NaN is a missing value."""
    texts: Mapping[int, Sequence[str | None]]
    """The other columns by their positions; None is a missing value."""
    lines: Sequence[int]
    """The line (of an array file: the row) at which each row starts, from 1."""
    sha256: str = ""
    """Of the raw bytes, in hexadecimal; empty in a block of a stream."""
    sample_shape: tuple[int, int, int] | None = None
    """(depth, height, width) of one row, where an array file says so."""
    delimiter: str = ","
    records: Sequence[str] | None = None
    """Each row's text as it came, without the line end, where the reader was asked to keep it."""
    written: Mapping[int, Sequence[str | None]] = field(default_factory=dict)
    """The cells of number columns as they were written, where the reader was asked to keep them."""
    missing: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """The words, such as `NA`, that were read as missing values, of the columns that have some."""
    is_text: bool = False
    """Whether it comes from a file of text, which may have a header."""
    bad: tuple["BadRow", ...] = ()
    """What could not be read as a row, where the reader was asked to leave that out."""
    notes: tuple[str, ...] = ()
    """What the reader guessed and could be wrong about, a line each."""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.lines)

    @property
    def width(self) -> int:
        """How many columns there are, numbers and texts together."""
        columns: int = self.numbers.shape[1]
        return columns + len(self.texts)

    def find(self, column: str) -> int:
        """The position of the column of that name, else of that number from 1; BadInput if there is none."""
        place = self.named.get(column)
        if place is None:
            place = place_of(column, None, self.width)
        if place is None:
            raise self._without(column)
        return place

    def title(self, position: int) -> str:
        """What messages call a column: `column 'age'`, or `column 3` where there are no names."""
        return f"column {shown(self.names[position]) if self.names is not None else position + 1}"

    def at(self, row: int, position: int | None = None) -> str:
        """`source:line:column: ` of a cell, or `source:line: ` of a row."""
        return at(self.source, self.lines[row], None if position is None else position + 1)

    def number_index(self, position: int) -> int:
        """Where in `numbers` the number column at `position` is; ValueError if it is text."""
        if position in self.texts:
            raise ValueError(f"{self.title(position)} of {self.source} is text")
        return position - bisect(self._text_places, position)

    @cached_property
    def named(self) -> dict[str, int]:
        """The position of each name, the first one where it comes twice."""
        return {name: place for place, name in reversed(list(enumerate(self.names or ())))}

    @cached_property
    def _text_places(self) -> list[int]:
        return sorted(self.texts)

    def take(self, rows: Rows) -> "Table":
        """The given rows, in the given order."""
        chosen = rows.tolist()
        return replace(
            self,
            numbers=self.numbers[rows],
            texts={position: [cells[row] for row in chosen] for position, cells in self.texts.items()},
            lines=np.asarray(self.lines)[rows].tolist(),
            records=None if self.records is None else [self.records[row] for row in chosen],
            written={position: [cells[row] for row in chosen] for position, cells in self.written.items()},
        )

    def _without(self, column: str) -> BadInput:
        """The error that says that there is no such column, and which there are."""
        from difflib import get_close_matches  # only a miss pays for it

        if self.names is not None:
            close = get_close_matches(column, self.names, n=1)
            known = f"such as {shown(close[0])}" if close else f"among {listed(self.names)}"
            return BadInput(f"{at(self.source)}expected a column {known}, got {shown(column)}")
        first = self.take(np.arange(min(1, self.rows)))
        cells = [*first.numbers.ravel().tolist(), *chain.from_iterable(first.texts.values())]
        error = BadInput(f"{at(self.source)}expected a column from 1 to {self.width}, got {shown(column)}")
        if column not in [cell if isinstance(cell, str) else str(cell).removesuffix(".0") for cell in cells]:
            return error
        named = BadInput(f"{error}, which stands in the first line: that may be a header")
        return named.mended(self.source, "", "--header")


class BadRow(NamedTuple):
    """A row that could not be read, in the place of a table."""

    error: BadInput
    record: str
    """Its text, without the line end."""
    names: tuple[str, ...] | None = None
    delimiter: str = ","


class Schema(NamedTuple):
    """What a saved model knows of the table that it was trained on: enough to read another one alike."""

    names: tuple[str, ...] | None
    width: int
    used: frozenset[int]
    """The positions of its inputs."""
    text: frozenset[int]
    """The positions of columns that are text, whatever their cells look like."""
    target: int | None
    """The position of the label, if the table had it."""
    delimiter: str = ","

    def locate(self, names: tuple[str, ...] | None, width: int) -> dict[int, int]:
        """Where the columns of the table learnt from are in one with these names and this width, if it has them.

        By name where both have names; else by position, the label being there or not, and empty if the width is wrong.
        """
        if names is not None and self.names is not None:
            places = {name: place for place, name in enumerate(names)}
            return {old: places[name] for old, name in enumerate(self.names) if name in places}
        positions = range(self.width)
        if self.target is not None and width == self.width - 1:
            return {old: place for place, old in enumerate(p for p in positions if p != self.target)}
        return {old: old for old in positions} if width == self.width else {}


def place_of(column: str, names: tuple[str, ...] | None, width: int) -> int | None:
    """Where the column of that name is, else of that number from 1; None if there is none."""
    if names is not None and column in names:
        return names.index(column)
    if column.isascii() and column.isdecimal() and 1 <= int(column[:20]) <= width:
        return int(column) - 1
    return None


def separates(character: str) -> bool:
    """Whether it can be a delimiter: one ASCII character that is in no number and no quote."""
    return len(character) == 1 and character.isascii() and not character.isalnum() and character not in '"+-.\r\n\0'


def escaped(delimiter: str) -> str:
    """The delimiter in a regular expression of sed."""
    return "\\t" if delimiter == "\t" else f"\\{delimiter}" if delimiter in "|/*^$.[]()" else delimiter


def notes(*tables: "Table | None") -> list[str]:
    """What the reader of these tables guessed and could be wrong about, a line each."""
    return [line for table in tables if table is not None for line in table.notes]


def concatenate(tables: Sequence[Table]) -> Table:
    """The rows of tables with the same columns, one after the other; `tables` has at least one."""
    first = tables[0]
    if len(tables) == 1:
        return first
    numbers = np.concatenate([table.numbers for table in tables])
    texts, written = ({place: [cell for part in parts for cell in part[place]] for place in parts[0]} for parts in (
        [table.texts for table in tables],
        [table.written for table in tables],
    ))  # fmt: skip
    missing = {
        place: tuple(sorted({word for table in tables for word in table.missing.get(place, ())}))
        for place in sorted({place for table in tables for place in table.missing})
    }
    return replace(
        first,
        numbers=numbers,
        texts=texts,
        written=written,
        missing=missing,
        lines=_joined([table.lines for table in tables]),
    )


def _joined(lines: Sequence[Sequence[int]]) -> Sequence[int]:
    runs = [run for run in lines if len(run)]
    steady = all(isinstance(run, range) for run in runs)
    if steady and all(after[0] == before[-1] + 1 for before, after in pairwise(runs)):
        return range(runs[0][0], runs[-1][-1] + 1) if runs else range(0)
    return [line for run in runs for line in run]
