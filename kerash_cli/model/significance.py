"""Tests and intervals of the difference between two models, on the same rows."""

from collections.abc import Callable
from math import comb, exp, lgamma, log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.cells import Floats
from kerash_cli.model.metrics.base import SURE
from kerash_cli.model.student import student

FEWEST_ROWS = 8
"""Smallest number of rows whose resamples say something."""

_EXACT = 2000  # rows up to which shares are quotients of whole numbers
_HALVINGS = 60  # of an interval of 2: what is left is less than float64 tells apart


class Discordant(NamedTuple):
    """Numbers of rows by which of two models is right."""

    both: int
    first: int
    """Number of rows in which only the first model is right."""
    second: int
    neither: int


def discordant(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Discordant:
    """Counts rows by which of two models is right, (rows,) each."""
    counts = np.bincount(first * 2 + second, minlength=4).tolist()
    return Discordant(counts[3], counts[2], counts[1], counts[0])


def mcnemar(first: int, second: int) -> tuple[float, float]:
    """Returns the two-sided p-values of McNemar's exact test, and of its mid-p version.

    `first` and `second` are the numbers of rows in which only one of the models is right. Fagerland et al. 2013, doi
    10.1186/1471-2288-13-91
    """
    rows, fewer = first + second, min(first, second)
    share = _share(fewer, rows)
    places = np.arange(fewer, 0, -1)
    at_most = share * (1 + float(np.cumprod(places / (rows - places + 1)).sum()))  # each share from the one above it
    return min(1.0, 2 * at_most), min(1.0, 2 * at_most - share)


def _share(count: int, rows: int) -> float:
    """Returns the chance that a fair coin falls heads so many times in `rows`."""
    if rows <= _EXACT:
        share: float = comb(rows, count) / 2**rows
        return share
    return exp(lgamma(rows + 1) - lgamma(count + 1) - lgamma(rows - count + 1) - rows * log(2))


def tango(first: int, second: int, rows: int) -> tuple[float, float]:
    """The 95 % interval of the second model's accuracy less the first's: Tango 1998, Statistics in Medicine 17:891.

    `first` and `second` are the numbers of rows in which only one of the models is right.
    """

    def score(difference: float) -> float:
        """Returns how many standard errors the difference lies below the one that was found."""
        a, b = 2 * rows, -second - first + (2 * rows - second + first) * difference
        least = (sqrt(max(b * b + 4 * a * first * difference * (1 - difference), 0.0)) - b) / (2 * a)
        variance = rows * (2 * least + difference * (1 - difference))
        off = second - first - rows * difference
        return off / sqrt(variance) if variance > 0 else float(np.sign(off) * np.inf) if off else 0.0

    found = (second - first) / rows
    return _crossing(score, -1.0, found, SURE), _crossing(score, found, 1.0, -SURE)


def _crossing(score: Callable[[float], float], low: float, high: float, level: float) -> float:
    """Returns where a score that falls from `low` to `high` crosses a level; the nearer end if it does not."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if score(middle) > level else (low, middle)
    return (low + high) / 2


def by_resampling(differences: Floats, found: float, rows: float) -> tuple[tuple[float, float], float] | None:
    """Returns the 95 % interval of the difference `found` and the p-value of there being none, given resamples of it.

    The interval is that of percentiles (Efron & Tibshirani 1993, An Introduction to the Bootstrap), widened as few rows
    need it: so the interval of a mean is as wide as Student's. Hesterberg 2015, doi 10.1080/00031305.2015.1089789
    A value that is not finite is left out. None if most are, or if there are fewer than FEWEST_ROWS rows.
    """
    known = differences[np.isfinite(differences)]
    if rows < FEWEST_ROWS or 2 * len(known) <= len(differences):
        return None
    wider = found + (known - found) * student(rows - 1) / SURE * sqrt(rows / (rows - 1))
    low, high = (float(end) for end in np.quantile(wider, [0.025, 0.975]))
    fewer = min(np.count_nonzero(wider <= 0), np.count_nonzero(wider >= 0))
    return (low, high), min(1.0, 2 * (fewer + 1) / (len(known) + 1))
