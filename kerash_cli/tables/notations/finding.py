"""Finds the notation of a column of text."""

from collections.abc import Callable, Sequence

from kerash_cli import decimals
from kerash_cli.tables.notations.amounts import amounts, with_commas
from kerash_cli.tables.notations.base import Finding, Plain, Way
from kerash_cli.tables.notations.column import Column
from kerash_cli.tables.notations.dates import dates
from kerash_cli.tables.notations.simple import simple
from kerash_cli.tables.notations.times import times

FINDERS: tuple[Callable[[Column], Finding | None], ...] = (dates, times, simple, amounts)

GAP_WORDS = decimals.MISSING | {
    *("-", "--", "---", ".", "..", "none", "nil", "missing", "unknown", "#n/a", "<na>", "n.a.", "nat", "\\n"),
}
"""Words, in lower case, that are missing values in a column of numbers, even if they may be values in one of words."""

_SAMPLE = 1000
"""Cells that decide whether a column is looked at as a whole."""


def found(cells: Sequence[str | None], mark: str | None = None) -> Finding | None:
    """Returns the notation of a column if at least half of its cells, but for missing ones, are in one; else None.

    Plain numbers are in a notation only beside words for missing values, such as `-`. If the decimal mark is a comma,
    `1.500` is no plain number.
    """
    if mark == "," and (finding := with_commas(Column(cells))):
        return finding
    if len(cells) > 2 * _SAMPLE:
        sample = cells[:: len(cells) // _SAMPLE]
        column = Column(sample)
        if not column.is_most(column.plain) and _found(sample) is None:
            return None
    return _found(cells)


def gap_words(cells: Sequence[str | None]) -> list[str]:
    """Returns the words among the cells that mean a missing value in a column of numbers."""
    return sorted({cell for cell in set(cells) if cell is not None and cell.lower() in GAP_WORDS})


def _found(cells: Sequence[str | None]) -> Finding | None:
    gaps = set(gap_words(cells))
    column = Column(cell for cell in cells if cell not in gaps)
    if not column.counts or not column.is_most(column.counts):
        return None
    finding = next((finding for find in FINDERS if (finding := find(column))), None)
    if finding is None and gaps and all(decimals.number(cell) is not None for cell in column.counts):
        is_all = column.rows(column.plain) == column.total
        return Finding(list(column.plain), [Way(Plain())]) if is_all else None
    return finding
