"""Facts about one column, found by sorting it once: its range, its values, what is missing, and its digest."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.cells import Floats
from kerash_cli.tables.table import Rows

Digests: TypeAlias = NDArray[np.uint64]

FREQUENT = 3
"""Most frequent values that are kept of a column."""

NEAR, FAR = 10.0, 20.0
"""Robust deviations from the median: values beyond FAR are outliers if no value is beyond NEAR and within FAR."""

DEVIATION = 1.349
"""Distance between the quartiles of a normal distribution, in its standard deviations."""

FEW_VALUES = 50
"""Maximum number of different numbers of a column for which they are kept."""

_FIRST, _SECOND = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)  # MurmurHash3's finalizer
_HALF = np.uint64(33)


@dataclass(frozen=True)
class ColumnFacts:
    """Facts about a column of numbers or words."""

    rows: int
    missing: int
    distinct: int
    """Number of different values, without missing ones."""
    frequent: tuple[tuple[str, int], ...]
    """The most frequent values and their counts; empty if none recurs, and for numbers of more than FEW_VALUES."""

    @property
    def present(self) -> int:
        """Number of values that are not missing."""
        return self.rows - self.missing


@dataclass(frozen=True)
class NumberFacts(ColumnFacts):
    """Facts about a column of numbers; the numbers are NaN if all are missing."""

    least: float
    most: float
    quartiles: tuple[float, float, float]
    is_whole: bool
    """True if all values are whole numbers."""
    rises: bool
    """True if no value is smaller than the one in the row above."""
    counts_rows: bool
    """True if each value is the number of its row, or that plus a constant."""
    second_least: float
    """The smallest value but `least`."""
    second_most: float
    at_least: int
    """Number of values that are `least`."""
    at_most: int
    far: int
    """Number of outliers: values farther than FAR robust deviations from the median, if a gap sets them apart."""


@dataclass(frozen=True)
class WordFacts(ColumnFacts):
    """Facts about a column of words."""


def mixed(numbers: Floats) -> Digests:
    """Returns a hash of each number; 0 and -0 have the same one, and all NaN have the same one."""
    plain = numbers + 0.0
    plain[np.isnan(plain)] = np.nan
    return _mixed(plain.view(np.uint64))


def _mixed(bits: Digests) -> Digests:
    """Returns hashes of 64 bits each, written over `bits`."""
    for factor in (_FIRST, _SECOND):
        bits ^= bits >> _HALF
        bits *= factor
    bits ^= bits >> _HALF
    return bits


def weights(count: int) -> Digests:
    """Returns `count` odd factors, with which hashes are added up in an order that matters."""
    return _mixed(np.arange(1, 1 + count, dtype=np.uint64)) | np.uint64(1)


def digest(values: Floats) -> int:
    """Returns a hash of a column's values in their order."""
    return int((mixed(values) * weights(len(values))).sum())


def of_numbers(values: Floats, numbers: Rows) -> NumberFacts:
    """Returns the facts about a column of numbers, in which NaN is missing; `numbers` has the number of each row."""
    rows = len(values)
    gaps = np.isnan(values)
    missing = int(np.count_nonzero(gaps))
    present = values[~gaps] if missing else values
    if not len(present):
        nan = float("nan")
        return NumberFacts(rows, missing, 0, (), nan, nan, (nan, nan, nan), False, False, False, nan, nan, 0, 0, 0)
    ordered = np.sort(present)
    ends = np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1, [len(ordered)]])
    low, high = (float(ordered[int(share * (len(ordered) - 1))]) for share in (0.25, 0.75))
    middle = float(ordered[(len(ordered) - 1) // 2] / 2 + ordered[len(ordered) // 2] / 2)
    return NumberFacts(
        rows,
        missing,
        len(ends) - 1,
        _frequent(ordered, ends),
        float(ordered[0]),
        float(ordered[-1]),
        (low, middle, high),
        _holds_for(ordered, lambda some: np.rint(some) == some),
        not missing and _holds_for(values, lambda some: some[1:] >= some[:-1]),
        not missing and _holds_for(values - numbers, lambda some: some == some[0]),
        float(ordered[min(ends[1], len(ordered) - 1)]),
        float(ordered[max(ends[-2] - 1, 0)]),
        int(ends[1]),
        int(len(ordered) - ends[-2]),
        _far(ordered, middle, (high - low) / DEVIATION),
    )


def _holds_for(values: Floats, check: Callable[[Floats], NDArray[np.bool_]]) -> bool:
    """Returns whether the check holds for all values; the first few are checked first, which mostly is enough."""
    return bool(check(values[:FEW_VALUES]).all() and check(values).all())


def _far(ordered: Floats, middle: float, deviation: float) -> int:
    """Returns the number of outliers among sorted numbers, given their median and their robust deviation."""
    if not deviation:
        return 0
    bounds = [middle - FAR * deviation, middle - NEAR * deviation, middle + NEAR * deviation, middle + FAR * deviation]
    low, lower, upper, high = np.searchsorted(ordered, bounds).tolist()
    return int(low * (low == lower) + (len(ordered) - high) * (upper == high))


def _frequent(ordered: Floats, ends: Rows) -> tuple[tuple[str, int], ...]:
    """Returns the most frequent of sorted numbers; `ends` has the places where each different one starts, and all end.

    It is empty for more than FEW_VALUES different numbers, or if none recurs.
    """
    counts = np.diff(ends)
    if len(counts) > FEW_VALUES or counts.max() < 2:
        return ()
    chosen = np.argsort(-counts, kind="stable")[:FREQUENT]
    return tuple((f"{ordered[ends[each]]:.6g}", int(counts[each])) for each in chosen)


def codes(cells: Sequence[str | None]) -> Rows:
    """Returns a number for each word, from 0 in the order in which they first occur; -1 for a missing one."""
    known: dict[str | None, int] = {}
    for cell in cells:
        if cell not in known and cell is not None:
            known[cell] = len(known)
    known[None] = -1
    return np.fromiter(map(known.__getitem__, cells), np.intp, len(cells))


def of_words(cells: Sequence[str | None]) -> WordFacts:
    """Returns the facts about a column of words."""
    counts = Counter(cells)
    missing = counts.pop(None, 0)
    common = counts.most_common(FREQUENT)
    frequent = tuple((str(word), count) for word, count in common) if common and common[0][1] > 1 else ()
    return WordFacts(len(cells), missing, len(counts), frequent)
