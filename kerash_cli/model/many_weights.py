"""Metrics for many sets of weights at once: each is a function of the values and the expected answers.

It returns a function of the weights, so that what does not depend on them is computed once. The weights are (sets,
rows), the result (sets,); NaN where a metric is undefined. Functions are found by the name of their metric. Tests
compare them with the metrics themselves.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.cells import Floats
from kerash_cli.model.metrics.chances import against_the_rest
from kerash_cli.model.operating import BINS
from kerash_cli.tables.table import Rows

OfWeights: TypeAlias = Callable[[Floats], Floats]
Way: TypeAlias = Callable[[Any, Any], OfWeights]

WAYS: dict[str, Way] = {}

_CELLS = 1 << 22  # of a matrix of rows and classes
_KEPT = 1 << 20  # scores, up to which the rows stay sorted by each class: 17 MB for a metric of a model


def way(name: str) -> Callable[[Way], Way]:
    """Registers a function for the metric of this name."""

    def register(function: Way) -> Way:
        WAYS[name] = function
        return function

    return register


@way("rmse")
def rmse(predicted: Floats, expected: Floats) -> OfWeights:
    """Roots of the mean squared distances."""
    squares = np.square(predicted - expected).mean(axis=1)
    return lambda weights: np.sqrt(_means(squares, weights))


@way("r2")
def r2(predicted: Floats, expected: Floats) -> OfWeights:
    """Explained shares of the variance, averaged over targets; NaN for a target that does not vary."""
    center, squares = expected - expected.mean(axis=0), np.square(predicted - expected)
    centered_squares = np.square(center)

    def explained(weights: Floats) -> Floats:
        variation = _means(centered_squares, weights) - np.square(_means(center, weights))
        return _over_columns((1 - _means(squares, weights) / np.where(variation > 0, variation, np.nan)).T)

    return explained


@way("median_error")
def median_error(predicted: Floats, expected: Floats) -> OfWeights:
    """Medians of the distances, averaged over targets."""
    columns = [(each[order := np.argsort(each)], order) for each in np.abs(predicted - expected).T]
    return lambda weights: _over_columns(np.array([_medians(*column, weights) for column in columns]))


@way("balanced_accuracy")
def balanced_accuracy(answers: NDArray[Any], expected: NDArray[Any]) -> OfWeights:
    """Mean recalls of the classes that occur."""
    counts = _counts(answers, expected)

    def mean_recall(weights: Floats) -> Floats:
        hits, _, support = counts(weights)
        return _over_columns((hits / np.where(support > 0, support, np.nan)).T)

    return mean_recall


@way("precision")
def precision(answers: NDArray[Any], expected: NDArray[Any]) -> OfWeights:
    """Mean precisions of the classes."""
    return _of_counts(answers, expected, lambda hits, claimed, support: (hits, claimed))


@way("recall")
def recall(answers: NDArray[Any], expected: NDArray[Any]) -> OfWeights:
    """Mean recalls of the classes."""
    return _of_counts(answers, expected, lambda hits, claimed, support: (hits, support))


@way("f1")
def f1(answers: NDArray[Any], expected: NDArray[Any]) -> OfWeights:
    """Mean F1 of the classes."""
    return _of_counts(answers, expected, lambda hits, claimed, support: (2 * hits, claimed + support))


@way("auc")
def auc(ranking: Floats, expected: NDArray[Any]) -> OfWeights:
    """Areas under the ROC curve, as the metric averages them over classes."""
    sides = _sides(ranking, expected)

    def area(right: Floats, wrong: Floats) -> Floats:
        above = np.cumsum(right, axis=1)
        above -= right / 2
        found: Floats = np.einsum("sr,sr->s", wrong, above) / (right.sum(axis=1) * wrong.sum(axis=1))
        return found

    return lambda weights: _over_columns(np.array([area(*side.by_score(weights)) for side in sides()]))


@way("average_precision")
def average_precision(ranking: Floats, expected: NDArray[Any]) -> OfWeights:
    """Mean precisions over recall, as the metric averages them over classes."""
    sides = _sides(ranking, expected)

    def area(right: Floats, wrong: Floats) -> Floats:
        claimed = np.cumsum(right + wrong, axis=1)
        precision = np.cumsum(right, axis=1)
        precision /= np.maximum(claimed, np.finfo(np.float64).tiny, out=claimed)
        found: Floats = np.einsum("sr,sr->s", right, precision) / right.sum(axis=1)
        return found

    return lambda weights: _over_columns(np.array([area(*side.by_score(weights)) for side in sides()]))


@way("calibration_error")
def calibration_error(probabilities: Floats, expected: NDArray[Any]) -> OfWeights:
    """Distances between probabilities and shares, averaged over bins."""
    labels = 1
    if expected.ndim == 2:
        chance, right, labels = probabilities.ravel(), expected.ravel(), expected.shape[1]
    else:
        chance, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == expected
    own = np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], chance)
    off = (own[:, None] == np.arange(BINS)) * (chance - right)[:, None]
    of_rows = off.reshape(-1, labels, BINS).sum(axis=1)

    def distance(weights: Floats) -> Floats:
        found: Floats = np.abs(weights @ of_rows).sum(axis=1) / (labels * weights.sum(axis=1))
        return found

    return distance


def _of_counts(
    answers: NDArray[Any], expected: NDArray[Any], quotient: Callable[[Floats, Floats, Floats], tuple[Floats, Floats]]
) -> OfWeights:
    """Returns the mean over classes of a quotient of hits, claims and support; it is 0 where the divisor is 0."""
    counts = _counts(answers, expected)

    def mean(weights: Floats) -> Floats:
        parts, wholes = quotient(*counts(weights))
        shares: Floats = np.divide(parts, wholes, out=np.zeros_like(parts), where=wholes > 0).mean(axis=1)
        return shares

    return mean


def _counts(answers: NDArray[Any], expected: NDArray[Any]) -> Callable[[Floats], tuple[Floats, ...]]:
    """Returns the function that gives hits, claims and support (sets, classes) of classes that occur, or of labels."""
    if expected.ndim == 2:
        claims, truth = answers.astype(np.bool_), expected.astype(np.bool_)
        return lambda weights: tuple(weights @ each.astype(np.float64) for each in (claims & truth, claims, truth))
    occurring = np.unique(np.concatenate([answers, expected]))
    step = max(1, _CELLS // len(answers))
    blocks = [occurring[start : start + step] for start in range(0, len(occurring), step)]

    def counts(weights: Floats) -> tuple[Floats, ...]:
        parts = (_counts(answers[:, None] == each, expected[:, None] == each)(weights) for each in blocks)
        return tuple(np.hstack(each) for each in zip(*parts, strict=True))

    return counts


class _RankedRows(NamedTuple):
    """The rows from the highest score down: a class, or label, against the rest."""

    order: Rows
    positive: NDArray[np.bool_]
    """Whether each row, in this order, belongs to the class."""
    starts: Rows | None
    """Places at which the rows of each score start; None if no two rows have the same score."""

    @classmethod
    def of(cls, scores: Floats, positive: NDArray[np.bool_]) -> "_RankedRows":
        order = np.argsort(-scores, kind="stable")
        ordered = scores[order]
        starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        return cls(order, positive[order], starts if len(starts) < len(order) else None)

    def by_score(self, weights: Floats) -> tuple[Floats, Floats]:
        """Returns the weights of the class's rows, and of the others, with each score, both (sets, scores)."""
        wrong = weights.take(self.order, axis=1)
        right = wrong * self.positive
        wrong -= right
        if self.starts is None:
            return right, wrong
        return np.add.reduceat(right, self.starts, axis=1), np.add.reduceat(wrong, self.starts, axis=1)


def _sides(ranking: Floats, expected: NDArray[Any]) -> Callable[[], Iterable[_RankedRows]]:
    """Returns a function that returns each class against the rest: sorted once, or anew each time if they are many."""

    def sides() -> Iterator[_RankedRows]:
        return (_RankedRows.of(*pair) for pair in against_the_rest(ranking, expected))

    if ranking.size > _KEPT:
        return sides
    known = [*sides()]
    return lambda: known


def _medians(values: Floats, order: Rows, weights: Floats) -> Floats:
    """Returns the median of ascending values for each set, whose rows have this order.

    It is the mean of two values if half of the weights are below one.
    """
    below = np.cumsum(weights.take(order, axis=1), axis=1)
    half = below[:, -1:] / 2
    near = half * 1e-12
    lower, upper = (values[(below > edge).argmax(axis=1)] for edge in (half - near, half + near))
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
