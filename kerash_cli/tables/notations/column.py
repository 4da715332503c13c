"""The cells of a column as they are searched for notations."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from kerash_cli import decimals

GAPS = " \xa0\u202f"
"""Blanks, plain and no-break, that may be within numbers and before their units."""

NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)"
"""Pattern of a number without sign and exponent."""

_LONGEST = 50
"""Maximum length, in characters, of a cell that may be a number; any date is shorter."""

_DIGIT = re.compile("[0-9]")


class Column:
    """The cells of a column (None: missing); `counts` says how often each cell that may be a number occurs."""

    def __init__(self, cells: Iterable[str | None]) -> None:
        there = Counter(cell for cell in cells if cell is not None)
        self.counts = {cell: count for cell, count in there.items() if len(cell) <= _LONGEST and _DIGIT.search(cell)}
        self.total = there.total()

    @cached_property
    def plain(self) -> frozenset[str]:
        """Cells that are plain numbers: `1`, `-1.5`."""
        return frozenset(cell for cell in self.counts if decimals.number(cell) is not None)

    def fits(self, pattern: re.Pattern[str]) -> dict[str, re.Match[str]]:
        """Returns the cells that match the whole pattern, with their matches."""
        return {cell: match for cell in self.counts if (match := pattern.fullmatch(cell))}

    def rows(self, cells: Iterable[str]) -> int:
        """Returns the number of rows that have one of these cells."""
        return sum(self.counts[cell] for cell in cells)

    def is_most(self, cells: Iterable[str]) -> bool:
        """Returns whether at least half of the rows with a value have one of these cells."""
        return 2 * self.rows(cells) >= self.total
