"""A histogram of residuals: how far targets lie above or below their predictions."""

from collections.abc import Sequence
from math import floor, log10
from typing import NamedTuple

import numpy as np

from kerash_cli.encoding.cells import Floats

MOST_BINS = 12
"""Maximum number of bins between the two that are open."""

_MIDDLE = (0.01, 0.99)  # quantiles: what is further out is in the open bins, so that one row does not flatten the rest
_LARGEST = 1e300
_STEPS = (1, 2, 5, 10)


class Histogram(NamedTuple):
    """Counts of values in bins of equal width between `edges`; the first and the last bin are open to their sides."""

    edges: Sequence[float]
    """Borders of the bins: a bin has the values from its lower border on, but not its upper one."""
    counts: Sequence[float]
    """Number of values in each bin, or the sum of their weights: one more than edges."""


def residuals(predicted: Floats, expected: Floats, weights: Floats | None = None) -> Histogram:
    """Returns the histogram of target minus prediction, each (rows,); 0 is an edge, and steps are 1, 2 or 5 times 10^k.

    Distances beyond float64 are in the open bins.
    """
    with np.errstate(over="ignore"):
        values = np.clip(expected - predicted, -_LARGEST, _LARGEST)
    low, high = (float(np.quantile(values, share, method="nearest")) for share in _MIDDLE)
    step = _step(high - low or max(abs(low), abs(high)) or 1.0)
    first, last = floor(low / step), floor(high / step) + 1
    edges = np.arange(first, last + 1) * step
    own = np.searchsorted(edges, values, side="right")
    return Histogram(edges.tolist(), np.bincount(own, weights, len(edges) + 1).tolist())


def _step(width: float) -> float:
    """Returns the smallest step of which MOST_BINS - 1 are at least as wide as `width`."""
    least = width / (MOST_BINS - 1)
    power = 10.0 ** floor(log10(least)) if least > 1e-300 else 1e-300
    return next(each * power for each in _STEPS if each * power >= least or each == 10)
