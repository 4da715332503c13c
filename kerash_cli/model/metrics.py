"""Metrics, which measure how good predictions are: each is a function, registered in METRICS.

A metric that is added here appears in the table and the JSON of `kerash evaluate`, and can be given to `--fail-under`
or `--fail-over`. Its docstring is its description.
"""

from collections.abc import Callable, Mapping
from math import sqrt
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kerash_cli.registry import Registry

F = TypeVar("F", bound=Callable[..., Any])

ONE_CLASS = ("classes", "one-hot", "binary")
"""Kinds of targets with one class per row; their answers are indexes of classes."""

_SURE = 1.959963984540054  # normal quantile of 0.975
_LEAST = np.finfo(np.float64).tiny
_MOST = np.finfo(np.float64).max  # reported for numbers beyond float64

Given = Literal["answers", "probabilities", "ranking", "counts"]


class Metric(NamedTuple):
    """A metric, for some kinds of targets."""

    name: str
    function: Callable[..., Any]
    """Function of the values named by `given` and the expected answers; a metric per class takes only ClassCounts."""
    kinds: tuple[str, ...]
    """Kinds of targets that the metric is for, as named in encoding.targets.TARGETS."""
    greater_is_better: bool
    given: Given = "answers"
    """Kind of values that the function takes: answers, probabilities, a ranking, or ClassCounts."""
    naive: bool = True
    """True if reports also show the naive guess's value, which only a metric of answers can have."""
    saved: bool = False
    """True if saved models contain it; the other metrics appear in `kerash evaluate` only."""
    interval: Callable[[ArrayLike, ArrayLike], tuple[float, float]] | None = None
    """Function of predicted and expected answers that returns the metric's 95 % interval; None if it has none."""

    @property
    def of_class(self) -> bool:
        """True if each class has its own value, with a name such as `recall:CLASS`."""
        return self.given == "counts"

    def values(self, scores: Mapping[str, Any]) -> Mapping[str, float]:
        """Returns the metric's values in `scores` by class.

        A metric computed over all rows has a single value, under an empty name.
        """
        if self.of_class:
            return {name: score[self.name] for name, score in scores.get("classes", {}).items()}
        value = scores.get(self.name)
        return {} if value is None else {"": value}


METRICS: Registry[Metric] = Registry("metric")


def metric(name: str, kinds: tuple[str, ...], *, greater_is_better: bool, **more: Any) -> Callable[[F], F]:
    """Registers a function as a metric; `more` are further fields of Metric."""

    def register(function: F) -> F:
        row = Metric(name, function, kinds, greater_is_better, **more)
        METRICS.add(f"{name}:CLASS" if row.of_class else name, row)
        return function

    return register


def wilson(correct: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share of `correct` in `total`: Wilson 1927, doi 10.1080/01621459.1927.10502953"""
    share, weight = correct / total, _SURE**2 / total
    center = (share + weight / 2) / (1 + weight)
    half = _SURE / (1 + weight) * sqrt(share * (1 - share) / total + weight / (4 * total))
    return max(0.0, center - half), min(1.0, center + half)


def accuracy_interval(predicted: ArrayLike, expected: ArrayLike) -> tuple[float, float]:
    """The 95 % interval of the accuracy."""
    right = _right(predicted, expected)
    return wilson(int(right.sum()), len(right))


@metric("accuracy", (*ONE_CLASS, "multilabel"), greater_is_better=True, saved=True, interval=accuracy_interval)
def accuracy(predicted: ArrayLike, expected: ArrayLike) -> float:
    """The share of rows in which all outputs are as expected."""
    return float(_right(predicted, expected).mean())


@metric("log_loss", ONE_CLASS, greater_is_better=False, given="probabilities", saved=True)
def log_loss(probabilities: ArrayLike, classes: ArrayLike) -> float:
    """The mean of -log p, where p is the predicted probability of the right class."""
    given = np.asarray(probabilities, np.float64)
    right = given[np.arange(len(given)), np.asarray(classes, np.intp)]
    return float(-np.log(np.maximum(right, _LEAST)).mean())


def confusion(predicted: ArrayLike, expected: ArrayLike, classes: int) -> NDArray[np.intp]:
    """Returns the confusion matrix: counts by [expected, predicted], both given as indexes of classes."""
    cells = np.asarray(expected, np.intp) * classes + np.asarray(predicted, np.intp)
    return np.bincount(cells.ravel(), minlength=classes * classes).reshape(classes, classes)


class ClassCounts(NamedTuple):
    """Counts of rows per class (classes,): `claimed` are predicted as it, `support` belong to it, `hits` do both."""

    hits: NDArray[np.intp]
    claimed: NDArray[np.intp]
    support: NDArray[np.intp]


def class_counts(predicted: ArrayLike, expected: ArrayLike, classes: int) -> ClassCounts:
    """Counts how often each class was predicted and expected, given indexes of classes."""
    claims, truth = np.asarray(predicted, np.intp), np.asarray(expected, np.intp)
    counted = (np.bincount(each, minlength=classes) for each in (truth[claims == truth], claims, truth))
    return ClassCounts(*counted)


@metric("balanced_accuracy", ONE_CLASS, greater_is_better=True)
def balanced_accuracy(predicted: ArrayLike, expected: ArrayLike) -> float:
    """The mean recall over the classes that occur in `expected`."""
    counts = _occurring(predicted, expected)
    return float(np.mean(recall(counts)[counts.support > 0]))


@metric("f1", ONE_CLASS, greater_is_better=True)
def macro_f1(predicted: ArrayLike, expected: ArrayLike) -> float:
    """The mean F1 of the classes that were predicted or expected."""
    return float(np.mean(class_f1(_occurring(predicted, expected))))


def auc(scores: ArrayLike, positive: ArrayLike) -> float | None:
    """The area under the ROC curve; None unless there are rows of both kinds.

    That is the chance that a positive row has a higher score than a negative one, where ties count half. It is computed
    from ranks: Mann & Whitney 1947, doi 10.1214/aoms/1177730491
    """
    is_positive = np.asarray(positive, bool)
    positives = int(is_positive.sum())
    negatives = len(is_positive) - positives
    if not positives or not negatives:
        return None
    _, place, counts = np.unique(np.asarray(scores, np.float64), return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # equal scores share the mean of their ranks
    above = ranks[place][is_positive].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


@metric("auc", ONE_CLASS, greater_is_better=True, given="ranking")
def class_auc(scores: ArrayLike, classes: ArrayLike) -> float | None:
    """The area under the ROC curve for the second of two classes; for more, the mean of each class against the rest.

    The mean leaves out a class that all rows or no rows belong to; the result is None if no class remains.
    """
    given, truth = np.asarray(scores, np.float64), np.asarray(classes, np.intp)
    judged = np.unique(truth) if given.shape[1] > 2 else [1]
    areas = [area for each in judged if (area := auc(given[:, each], truth == each)) is not None]
    return float(np.mean(areas)) if areas else None


@metric("mae", ("values",), greater_is_better=False, saved=True)
def mean_absolute_error(predicted: ArrayLike, expected: ArrayLike) -> float:
    """The mean distance between prediction and target."""
    return _whole(_mean(np.abs(_quarter(predicted, expected)).ravel()))


@metric("rmse", ("values",), greater_is_better=False, saved=True)
def root_mean_square_error(predicted: ArrayLike, expected: ArrayLike) -> float:
    """The root of the mean squared distance between prediction and target."""
    return _whole(_norm(_quarter(predicted, expected).ravel()))


@metric("r2", ("values",), greater_is_better=True, naive=False, saved=True)  # the naive guess explains nothing
def r2(predicted: ArrayLike, expected: ArrayLike) -> float:
    """The share of the variance that is explained, averaged over targets.

    For a target that does not vary it is 0, or 1 if all predictions are exact.
    """
    truth = _columns(np.asarray(expected, np.float64))
    from_first = _quarter(truth, truth[:1])  # 0 all along where a column does not vary
    error = _norm(_columns(_quarter(predicted, expected)))
    variation = _norm(from_first - _mean(from_first))
    constant = variation == 0
    with np.errstate(over="ignore"):
        explained = 1 - np.square(error / np.where(constant, 1, variation))
    return float(_mean(np.where(constant, error == 0, explained.clip(-_MOST))))


@metric("precision", ONE_CLASS, greater_is_better=True, given="counts")
def precision(counts: ClassCounts) -> NDArray[np.float64]:
    """Share of the rows predicted as the class that belong to it; 0 if no row is predicted as the class."""
    return _ratio(counts.hits, counts.claimed)


@metric("recall", ONE_CLASS, greater_is_better=True, given="counts")
def recall(counts: ClassCounts) -> NDArray[np.float64]:
    """Share of the rows of the class that are predicted as it; 0 if no row belongs to the class."""
    return _ratio(counts.hits, counts.support)


@metric("f1", ONE_CLASS, greater_is_better=True, given="counts")
def class_f1(counts: ClassCounts) -> NDArray[np.float64]:
    """The harmonic mean of the precision and the recall of the class."""
    return _ratio(2 * counts.hits, counts.claimed + counts.support)


def _right(predicted: ArrayLike, expected: ArrayLike) -> NDArray[np.bool_]:
    same = np.asarray(predicted) == np.asarray(expected)
    right: NDArray[np.bool_] = same.reshape(len(same), -1).all(axis=1)
    return right


def _occurring(predicted: ArrayLike, expected: ArrayLike) -> ClassCounts:
    """Returns the counts of the classes that were predicted or expected."""
    both = np.stack([np.asarray(predicted), np.asarray(expected)])
    occurring, codes = np.unique(both, return_inverse=True)
    claims, truth = codes.reshape(both.shape)
    return class_counts(claims, truth, len(occurring))


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = part / np.maximum(whole, 1)
    return ratio


def _quarter(predicted: ArrayLike, expected: ArrayLike) -> NDArray[np.float64]:
    """Returns the difference divided by 4: neither the quotient nor its deviation from a mean can overflow float64."""
    difference: NDArray[np.float64] = np.asarray(predicted, np.float64) / 4 - np.asarray(expected, np.float64) / 4
    return difference


def _whole(quarter: Any) -> float:
    return min(4 * float(quarter), float(_MOST))


def _mean(values: NDArray[Any]) -> Any:
    """Returns the mean over rows, without overflow."""
    scale = _scale(values)
    return scale * (values / scale).mean(axis=0)


def _norm(values: NDArray[np.float64]) -> Any:
    """Returns the root of the mean square over rows, without overflow or underflow in between."""
    scale = _scale(values)
    return scale * np.sqrt(np.square(values / scale).mean(axis=0))


def _scale(values: NDArray[Any]) -> Any:
    """Returns a power of two for each column, close to its largest value; dividing by a power of two does not round."""
    _, exponent = np.frexp(np.abs(values).max(axis=0))
    return np.ldexp(1.0, exponent - 1)


def _columns(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values.reshape(len(values), -1)
