"""The rows of successive tables, joined as they come into arrays that grow, in memory or on a disk."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kerash_cli.errors import at
from kerash_cli.system import memory
from kerash_cli.tables.table import Table

if TYPE_CHECKING:
    from kerash_cli.tables.spool import Spool, SpooledCells

_STEP = 8 << 20  # arrays double until they grow by so many bytes; NumPy fills what they grow by with zeros
_UNASKED = 1 << 20  # looking up the free memory takes longer than filling so many bytes
_CELLS, _CELLS_BYTES = 1 << 20, 96 << 20  # cells of text, and the bytes that so many of them may take
_MARGIN = 1.05  # rows that there may be by those that are expected
_ADVICE = "try fewer rows or columns"


class Joined:
    """Tables with the same columns, joined row by row; `text` are the positions of columns that are text in any.

    Once a table has other text columns than those before it, rows are no longer kept, only `text` still grows.
    """

    def __init__(self, expected: float = 1, spool: "Spool | None" = None, beside: int = 0) -> None:
        """`expected` is about how many times as many rows there will be as in the first table.

        With a spool, the rows are on its disk. Else memory is also asked for `beside` bytes for each cell of numbers,
        which are needed later.
        """
        self.text: frozenset[int] = frozenset()
        self.mixed = False
        self._first: Table | None = None
        self._expected = expected * (_MARGIN if expected > 1 else 1)
        self._spool, self._beside = spool, beside
        self._numbers: _Numbers = _InMemory(0, 0)
        self._cells = 0  # of text, since memory was last asked for
        self._lines: list[Sequence[int]] = []
        self._texts: dict[int, list[str | None] | SpooledCells] = {}
        self._written: dict[int, list[str | None] | SpooledCells] = {}
        self._missing: dict[int, set[str]] = {}

    def add(self, table: Table) -> None:
        """Appends the rows of a table; raises OutOfSpace if there is no room for them."""
        if self._first is None:
            self._first, self.text = table, frozenset(table.texts)
            self._begin(table)
        elif self.text != table.texts.keys():
            self.text, self.mixed = self.text | table.texts.keys(), True
            self._numbers, self._lines, self._texts, self._written = _InMemory(0, 0), [], {}, {}
        if self.mixed:
            return
        self._numbers.append(table.numbers, table.source)
        if not self._spool:
            self._ask_for_cells((len(table.texts) + len(table.written)) * table.rows, table.source)
        self._lines.append(table.lines)
        for kept, cells in ((self._texts, table.texts), (self._written, table.written)):
            for place, column in cells.items():
                kept.setdefault(place, self._column()).extend(column)
        for place, words in table.missing.items():
            self._missing.setdefault(place, set()).update(words)

    def table(self) -> Table | None:
        """Returns all rows as one table; None if there are none, or if they are no longer kept."""
        if self._first is None or self.mixed:
            return None
        lines = _lines(self._lines)
        return replace(
            self._first,
            numbers=self._numbers.array(),
            texts=self._texts,
            written=self._written,
            missing={place: tuple(sorted(words)) for place, words in sorted(self._missing.items())},
            lines=array("q", lines) if self._spool and not isinstance(lines, range) else lines,
            spool=self._spool,
        )

    def _begin(self, table: Table) -> None:
        rows, width = max(1, round(self._expected * len(table.numbers))), table.numbers.shape[1]
        if self._spool:
            self._spool.require(rows * width * table.numbers.itemsize)
            self._numbers, self._log = self._spool.rows(table.numbers), self._spool.log()
            return
        _ask(rows * width * (table.numbers.itemsize + self._beside), table.source)
        self._numbers = _InMemory(rows, width, table.numbers.dtype)

    def _column(self) -> "list[str | None] | SpooledCells":
        return self._log.column() if self._spool else []

    def _ask_for_cells(self, cells: int, source: str) -> None:
        self._cells += cells
        if self._cells > _CELLS:
            _ask(_CELLS_BYTES, source)
            self._cells = 0


class _Numbers(Protocol):
    """Rows of numbers, all of one kind, in which all that were appended have room."""

    def append(self, numbers: NDArray[Any], source: str) -> None:
        """Appends rows; raises OutOfSpace if there is no room for them."""

    def array(self) -> NDArray[Any]:
        """Returns all rows; none can be appended any more."""


class _InMemory:
    """Rows of numbers in an array that grows."""

    def __init__(self, rows: int, width: int, dtype: Any = np.float64) -> None:
        """`rows` is the number of rows that are expected."""
        # Takes memory only where it is written. To grow, NumPy must copy an array that it allocated as a large one.
        self._numbers: NDArray[Any] = np.empty((rows, width), dtype)
        self._rows = 0

    def append(self, numbers: NDArray[Any], source: str) -> None:
        kind = np.result_type(self._numbers, numbers)
        if kind != self._numbers.dtype:
            _ask(self._numbers.size * kind.itemsize, source)
            former, self._numbers = self._numbers, np.empty(self._numbers.shape, kind)
            self._numbers[: self._rows] = former[: self._rows]
        rows = self._rows + len(numbers)
        if rows > len(self._numbers):
            size, row_size = self._numbers.nbytes, max(1, numbers.shape[1] * kind.itemsize)
            more = max(len(numbers), max(min(size, _STEP), size // 16) // row_size)
            _ask(more * row_size, source)
            self._numbers.resize((self._rows + more, numbers.shape[1]), refcheck=False)
        self._numbers[self._rows : rows] = numbers
        self._rows = rows

    def array(self) -> NDArray[Any]:
        self._numbers.resize((self._rows, self._numbers.shape[1]), refcheck=False)
        return self._numbers


def _ask(size: int, source: str) -> None:
    if size > _UNASKED:
        memory.require_for_table(size, at(source), _ADVICE)


def _lines(parts: Iterable[Sequence[int]]) -> Sequence[int]:
    runs = [run for run in parts if len(run)]
    steady = all(isinstance(run, range) for run in runs)
    if steady and all(after[0] == before[-1] + 1 for before, after in pairwise(runs)):
        return range(runs[0][0], runs[-1][-1] + 1) if runs else range(0)
    return [line for run in runs for line in run]
