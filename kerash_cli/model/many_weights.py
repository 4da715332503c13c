"""Metrics for many sets of weights at once: each is a function of the values, the expected answers and the weights.

The weights are (sets, rows), the result (sets,); NaN where a metric is undefined. Functions are found by the name of
their metric. Tests compare them with the metrics themselves.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.cells import Floats
from kerash_cli.model.metrics.chances import against_the_rest
from kerash_cli.model.operating import BINS

Way = Callable[[Any, Any, Floats], Floats]

WAYS: dict[str, Way] = {}

_CELLS = 1 << 22  # of a matrix of rows and classes


def way(name: str) -> Callable[[Way], Way]:
    """Registers a function for the metric of this name."""

    def register(function: Way) -> Way:
        WAYS[name] = function
        return function

    return register


@way("rmse")
def rmse(predicted: Floats, expected: Floats, weights: Floats) -> Floats:
    """Roots of the mean squared distances."""
    return np.sqrt(_means(np.square(predicted - expected).mean(axis=1), weights))


@way("r2")
def r2(predicted: Floats, expected: Floats, weights: Floats) -> Floats:
    """Explained shares of the variance, averaged over targets; NaN for a target that does not vary."""
    center = expected - expected.mean(axis=0)
    variation = _means(np.square(center), weights) - np.square(_means(center, weights))
    explained: Floats = 1 - _means(np.square(predicted - expected), weights) / np.where(
        variation > 0, variation, np.nan
    )
    return _over_columns(explained.T)


@way("median_error")
def median_error(predicted: Floats, expected: Floats, weights: Floats) -> Floats:
    """Medians of the distances, averaged over targets."""
    return _over_columns(np.array([_medians(column, weights) for column in np.abs(predicted - expected).T]))


@way("balanced_accuracy")
def balanced_accuracy(answers: NDArray[Any], expected: NDArray[Any], weights: Floats) -> Floats:
    """Mean recalls of the classes that occur."""
    hits, _, support = _counts(answers, expected, weights)
    return _over_columns((hits / np.where(support > 0, support, np.nan)).T)


@way("precision")
def precision(answers: NDArray[Any], expected: NDArray[Any], weights: Floats) -> Floats:
    """Mean precisions of the classes."""
    hits, claimed, _ = _counts(answers, expected, weights)
    return _shares(hits, claimed)


@way("recall")
def recall(answers: NDArray[Any], expected: NDArray[Any], weights: Floats) -> Floats:
    """Mean recalls of the classes."""
    hits, _, support = _counts(answers, expected, weights)
    return _shares(hits, support)


@way("f1")
def f1(answers: NDArray[Any], expected: NDArray[Any], weights: Floats) -> Floats:
    """Mean F1 of the classes."""
    hits, claimed, support = _counts(answers, expected, weights)
    return _shares(2 * hits, claimed + support)


@way("auc")
def auc(ranking: Floats, expected: NDArray[Any], weights: Floats) -> Floats:
    """Areas under the ROC curve, as the metric averages them over classes."""
    areas = []
    for right, wrong in _yeses(ranking, expected, weights):
        before = np.hstack([np.zeros((len(right), 1)), right[:, :-1]])
        above = (np.diff(wrong, axis=1, prepend=0) * (before + right)).sum(axis=1) / 2
        areas.append(above / (right[:, -1] * wrong[:, -1]))
    return _over_columns(np.array(areas).reshape(-1, len(weights)))


@way("average_precision")
def average_precision(ranking: Floats, expected: NDArray[Any], weights: Floats) -> Floats:
    """Mean precisions over recall, as the metric averages them over classes."""
    found = []
    for right, wrong in _yeses(ranking, expected, weights):
        precision = right / np.maximum(right + wrong, np.finfo(np.float64).tiny)
        found.append((np.diff(right, axis=1, prepend=0) * precision).sum(axis=1) / right[:, -1])
    return _over_columns(np.array(found).reshape(-1, len(weights)))


@way("calibration_error")
def calibration_error(probabilities: Floats, expected: NDArray[Any], weights: Floats) -> Floats:
    """Distances between probabilities and shares, averaged over bins."""
    if expected.ndim == 2:
        chance, right = probabilities.ravel(), expected.ravel()
        weights = np.repeat(weights, expected.shape[1], axis=1)
    else:
        chance, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == expected
    own = np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], chance)
    off = (own[:, None] == np.arange(BINS)) * (chance - right)[:, None]
    distance: Floats = np.abs(weights @ off).sum(axis=1) / weights.sum(axis=1)
    return distance


def _counts(answers: NDArray[Any], expected: NDArray[Any], weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Returns hits, claims and support (sets, classes) of the classes that occur, or of all labels."""
    if expected.ndim == 2:
        claims, truth = answers.astype(np.bool_), expected.astype(np.bool_)
    else:
        occurring = np.unique(np.concatenate([answers, expected]))
        step = max(1, _CELLS // len(answers))
        blocks = [occurring[start : start + step] for start in range(0, len(occurring), step)]
        parts = [_counts(answers[:, None] == each, expected[:, None] == each, weights) for each in blocks]
        hits, claimed, support = (np.hstack(each) for each in zip(*parts, strict=True))
        return hits, claimed, support
    hits, claimed, support = (weights @ each.astype(np.float64) for each in (claims & truth, claims, truth))
    return hits, claimed, support


def _shares(parts: Floats, wholes: Floats) -> Floats:
    """Returns the mean quotient over classes; a quotient is 0 where the whole is 0."""
    shares: Floats = np.divide(parts, wholes, out=np.zeros_like(parts), where=wholes > 0).mean(axis=1)
    return shares


def _yeses(ranking: Floats, expected: NDArray[Any], weights: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Yields, for each class, the weights of its rows and of the others with at least each score, (sets, scores)."""
    for scores, positive in against_the_rest(ranking, expected):
        order = np.argsort(-scores, kind="stable")
        last = np.flatnonzero(np.append(scores[order][1:] != scores[order][:-1], True))
        ordered, kind = weights[:, order], positive[order]
        yield np.cumsum(ordered * kind, axis=1)[:, last], np.cumsum(ordered * ~kind, axis=1)[:, last]


def _medians(values: Floats, weights: Floats) -> Floats:
    """Returns the median of values (rows,) for each set; the mean of two if half of the weights are below a value."""
    order = np.argsort(values)
    below = np.cumsum(weights[:, order], axis=1)
    half = below[:, -1:] / 2
    near = half * 1e-12
    lower, upper = (values[order[(below > edge).argmax(axis=1)]] for edge in (half - near, half + near))
    medians: Floats = (lower + upper) / 2
    return medians


def _means(of_rows: Floats, weights: Floats) -> Floats:
    """Returns the weighted mean over rows, (sets,) or (sets, columns)."""
    total = weights.sum(axis=1)
    means: Floats = weights @ of_rows / (total if of_rows.ndim == 1 else total[:, None])
    return means


def _over_columns(figures: Floats) -> Floats:
    """Returns the mean over columns, given (columns, sets), without those that are NaN."""
    known = np.isfinite(figures)
    counts = known.sum(axis=0)
    mean: Floats = np.where(known, figures, 0).sum(axis=0) / np.where(counts, counts, np.nan)
    return mean
