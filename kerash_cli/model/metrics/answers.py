"""Metrics of answers that are classes, or yes or no for each label."""

from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kerash_cli.encoding.cells import Floats
from kerash_cli.model.metrics.base import LABELS, ONE_CLASS, SHARE, SURE, alike_rows, averaged, metric


def wilson(correct: float, total: float) -> tuple[float, float]:
    """The 95 % interval of a share of `correct` in `total`: Wilson 1927, doi 10.1080/01621459.1927.10502953"""
    share, weight = correct / total, SURE**2 / total
    center = (share + weight / 2) / (1 + weight)
    half = SURE / (1 + weight) * sqrt(share * (1 - share) / total + weight / (4 * total))
    return max(0.0, center - half), min(1.0, center + half)


def right_rows(predicted: ArrayLike, expected: ArrayLike) -> NDArray[np.bool_]:
    """Returns whether all outputs of each row are as expected, (rows,)."""
    same = np.asarray(predicted) == np.asarray(expected)
    right: NDArray[np.bool_] = same.reshape(len(same), -1).all(axis=1)
    return right


def right_labels(predicted: ArrayLike, expected: ArrayLike) -> Floats:
    """Returns the share of each row's labels that are as expected, (rows,)."""
    share: Floats = (np.asarray(predicted) == np.asarray(expected)).mean(axis=1)
    return share


def accuracy_interval(predicted: ArrayLike, expected: ArrayLike, weights: Floats | None = None) -> tuple[float, float]:
    """The 95 % interval of the accuracy.

    With weights it is that of as many rows of equal weight as vary as much.
    """
    right = right_rows(predicted, expected)
    if weights is None:
        return wilson(int(right.sum()), len(right))
    rows = alike_rows(weights)
    return wilson(rows * averaged(right, weights), rows)


@metric(
    "accuracy", LABELS, greater_is_better=True, bounds=SHARE, saved=True, interval=accuracy_interval, of_rows=right_rows
)
def accuracy(predicted: ArrayLike, expected: ArrayLike, weights: Floats | None = None) -> float:
    """The share of rows in which all outputs are as expected."""
    return averaged(right_rows(predicted, expected), weights)


@metric("label_accuracy", ("multilabel",), greater_is_better=True, bounds=SHARE, of_rows=right_labels)
def label_accuracy(predicted: ArrayLike, expected: ArrayLike, weights: Floats | None = None) -> float:
    """The share of labels that are as expected, over all rows."""
    return averaged(right_labels(predicted, expected), weights)


def confusion(
    predicted: ArrayLike, expected: ArrayLike, classes: int, weights: Floats | None = None
) -> NDArray[np.intp] | Floats:
    """Returns the confusion matrix: counts, or sums of weights, by [expected, predicted], given indexes of classes."""
    cells = np.asarray(expected, np.intp) * classes + np.asarray(predicted, np.intp)
    return np.bincount(cells.ravel(), weights, classes * classes).reshape(classes, classes)


class ClassCounts(NamedTuple):
    """Counts of rows per class (classes,): `claimed` are predicted as it, `support` belong to it, `hits` do both.

    With weights, they are sums of weights.
    """

    hits: NDArray[Any]
    claimed: NDArray[Any]
    support: NDArray[Any]


def class_counts(predicted: ArrayLike, expected: ArrayLike, classes: int, weights: Floats | None = None) -> ClassCounts:
    """Counts how often each class was predicted and expected, given indexes of classes.

    Given a yes or no for each label, (rows, labels), it counts each label.
    """
    claims, truth = np.asarray(predicted), np.asarray(expected)
    if truth.ndim == 2:
        counted = np.ones(len(truth), np.intp) if weights is None else weights
        return ClassCounts(*(counted @ each.astype(np.intp) for each in (claims & truth, claims, truth)))
    right = claims == truth
    some = None if weights is None else weights[right]
    pairs = ((truth[right], some), (claims, weights), (truth, weights))
    return ClassCounts(*(np.bincount(each.astype(np.intp), own, classes) for each, own in pairs))


@metric("balanced_accuracy", ONE_CLASS, greater_is_better=True, bounds=SHARE)
def balanced_accuracy(predicted: ArrayLike, expected: ArrayLike, weights: Floats | None = None) -> float:
    """The mean recall over the classes that occur in `expected`."""
    counts = _occurring(predicted, expected, weights)
    return float(np.mean(recall(counts)[counts.support > 0]))


@metric("precision", LABELS, greater_is_better=True, bounds=SHARE)
def macro_precision(predicted: ArrayLike, expected: ArrayLike, weights: Floats | None = None) -> float:
    """The mean precision of the classes that were predicted or expected; of labels, that of all."""
    return float(np.mean(precision(_occurring(predicted, expected, weights))))


@metric("recall", LABELS, greater_is_better=True, bounds=SHARE)
def macro_recall(predicted: ArrayLike, expected: ArrayLike, weights: Floats | None = None) -> float:
    """The mean recall of the classes that were predicted or expected; of labels, that of all."""
    return float(np.mean(recall(_occurring(predicted, expected, weights))))


@metric("f1", LABELS, greater_is_better=True, bounds=SHARE)
def macro_f1(predicted: ArrayLike, expected: ArrayLike, weights: Floats | None = None) -> float:
    """The mean F1 of the classes that were predicted or expected; of labels, that of all."""
    return float(np.mean(class_f1(_occurring(predicted, expected, weights))))


@metric("precision", LABELS, greater_is_better=True, bounds=SHARE, given="counts")
def precision(counts: ClassCounts) -> NDArray[np.float64]:
    """Share of the rows predicted as the class that belong to it; 0 if no row is predicted as the class."""
    return _ratio(counts.hits, counts.claimed)


@metric("recall", LABELS, greater_is_better=True, bounds=SHARE, given="counts")
def recall(counts: ClassCounts) -> NDArray[np.float64]:
    """Share of the rows of the class that are predicted as it; 0 if no row belongs to the class."""
    return _ratio(counts.hits, counts.support)


@metric("f1", LABELS, greater_is_better=True, bounds=SHARE, given="counts")
def class_f1(counts: ClassCounts) -> NDArray[np.float64]:
    """The harmonic mean of the precision and the recall of the class."""
    return _ratio(2 * counts.hits, counts.claimed + counts.support)


def _occurring(predicted: ArrayLike, expected: ArrayLike, weights: Floats | None) -> ClassCounts:
    """Returns the counts of the classes that were predicted or expected, or of all labels."""
    both = np.stack([np.asarray(predicted), np.asarray(expected)])
    if both.ndim == 3:
        return class_counts(both[0], both[1], both.shape[2], weights)
    occurring, codes = np.unique(both, return_inverse=True)
    claims, truth = codes.reshape(both.shape)
    return class_counts(claims, truth, len(occurring), weights)


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    """Returns the quotients; 0 where the whole is 0."""
    ratio: Floats = np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
    return ratio
