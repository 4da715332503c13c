"""Curves over all thresholds, and calibration: how right scores and probabilities are."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kerash_cli.encoding.cells import Floats

BINS = 10
"""Default number of bins of a calibration."""


class Curve(NamedTuple):
    """Points (x, y) of a curve, each with the lowest score that counts as a yes there: all three are (points,)."""

    x: Floats
    y: Floats
    thresholds: Floats
    """Scores; infinite at the point where no row counts as a yes."""


class Calibration(NamedTuple):
    """Rows by their predicted probability, in bins of equal width; empty bins are left out. All are (bins,)."""

    probability: Floats
    """Mean predicted probability of the bin's rows."""
    right: Floats
    """Share of the bin's rows that are right."""
    counts: Floats
    """Number of rows in each bin, or the sum of their weights."""


class Yeses(NamedTuple):
    """Rows that count as a yes at each threshold, from the highest score down; all are (distinct scores,)."""

    thresholds: Floats
    right: Floats
    """Number of positive rows with at least this score, or the sum of their weights."""
    wrong: Floats
    """The same of the other rows."""


def yeses(scores: ArrayLike, positive: ArrayLike, weights: Floats | None = None) -> Yeses:
    """Counts the rows whose score (rows,) is at least each of the scores; rows with a weight of 0 are left out."""
    given, is_positive = np.ascontiguousarray(scores, np.float64), np.asarray(positive, np.bool_)
    if weights is None:
        order = np.argsort(-given)  # in any order of equal scores, because counts are exact
    else:
        order = np.argsort(-given, kind="stable")
        order = order[weights[order] > 0]
    ordered = given[order]
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True)[: len(ordered)])  # of equal scores
    is_positive = is_positive[order]
    if weights is None:
        right = np.cumsum(is_positive)[last].astype(np.float64)
        return Yeses(ordered[last], right, last + 1 - right)
    counted = weights[order]
    right, wrong = (np.cumsum(np.where(kind, counted, 0.0))[last] for kind in (is_positive, ~is_positive))
    return Yeses(ordered[last], right, wrong)


def roc(scores: ArrayLike, positive: ArrayLike, weights: Floats | None = None) -> Curve | None:
    """Returns the ROC curve: x is the false positive rate, y the true positive rate; None without rows of both kinds.

    It begins at (0, 0) and has a point for each distinct score, the highest first.
    """
    if not has_both(positive, weights):
        return None
    thresholds, right, wrong = yeses(scores, positive, weights)
    return Curve(_after(0, wrong / wrong[-1]), _after(0, right / right[-1]), _after(np.inf, thresholds))


def precision_recall(scores: ArrayLike, positive: ArrayLike, weights: Floats | None = None) -> Curve | None:
    """Returns the curve of precision (y) over recall (x); None if no row is positive.

    It begins at recall 1 with a point for each distinct score, the lowest first, and ends at recall 0 and precision 1,
    where no row counts as a yes.
    """
    thresholds, right, wrong = yeses(scores, positive, weights)
    if not len(right) or not right[-1]:
        return None
    both = right + wrong
    return Curve(*(_after(*pair)[::-1] for pair in ((0, right / right[-1]), (1, right / both), (np.inf, thresholds))))


def calibration(
    probabilities: ArrayLike, right: ArrayLike, bins: int = BINS, weights: Floats | None = None
) -> Calibration:
    """Compares predicted probabilities (rows,) with whether each row is right, in bins of equal width from 0 to 1.

    A probability at a border is in the lower bin.
    """
    given, is_right = np.asarray(probabilities, np.float64), np.asarray(right, np.float64)
    counted = np.ones(len(given)) if weights is None else weights
    own = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], given)
    totals, sums, hits = (np.bincount(own, each, bins) for each in (counted, counted * given, counted * is_right))
    some = totals > 0
    return Calibration(sums[some] / totals[some], hits[some] / totals[some], totals[some].astype(np.float64))


def has_both(positive: ArrayLike, weights: Floats | None = None) -> bool:
    """Returns whether there are positive rows and others, with a weight above 0."""
    counted: NDArray[np.bool_] = np.asarray(positive, np.bool_)
    if weights is not None:
        counted = counted[weights > 0]
    return bool(counted.any() and not counted.all())


def _after(first: float, rest: Floats) -> Floats:
    return np.concatenate([[first], rest])
