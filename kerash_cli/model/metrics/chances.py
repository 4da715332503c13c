"""Metrics of probabilities, and of the order in which they put rows or classes."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kerash_cli.encoding.cells import Floats
from kerash_cli.model import operating
from kerash_cli.model.metrics.base import DISTANCE, LABELS, ONE_CLASS, SHARE, averaged, metric

_LEAST = np.finfo(np.float64).tiny
_ROUNDING = 1e-12  # a distance between means of probabilities that is less is none
_ONE_KIND = "all rows are of one class"


def losses(probabilities: ArrayLike, expected: ArrayLike) -> Floats:
    """Returns -log p of each row's right class, or its mean over labels, (rows,)."""
    given, truth = np.asarray(probabilities, np.float64), np.asarray(expected)
    right = np.where(truth, given, 1 - given) if truth.ndim == 2 else _of_right(given, truth)
    loss: Floats = 0 - np.log(np.maximum(right, _LEAST))
    return loss.mean(axis=1) if truth.ndim == 2 else loss


@metric("log_loss", LABELS, greater_is_better=False, bounds=DISTANCE, given="probabilities", saved=True, of_rows=losses)
def log_loss(probabilities: ArrayLike, expected: ArrayLike, weights: Floats | None = None) -> float:
    """The mean of -log p, where p is the predicted probability of the right class."""
    return averaged(losses(probabilities, expected), weights)


@metric("auc", LABELS, greater_is_better=True, bounds=SHARE, given="ranking", undefined=_ONE_KIND)
def class_auc(scores: ArrayLike, expected: ArrayLike, weights: Floats | None = None) -> float | None:
    """The area under the ROC curve for the second of two classes; for more, the mean of each class against the rest.

    The mean leaves out a class that all rows or no rows belong to; the result is None if no class remains.
    """
    return _mean_over_classes(auc, scores, expected, weights)


def auc(scores: ArrayLike, positive: ArrayLike, weights: Floats | None = None) -> float | None:
    """The area under the ROC curve; None unless there are rows of both kinds.

    That is the chance that a positive row has a higher score than a negative one, where ties count half.
    """
    if not operating.has_both(positive, weights):
        return None
    _, right, wrong = operating.yeses(scores, positive, weights)
    before = np.concatenate([[0.0], right[:-1]])
    above = np.diff(wrong, prepend=0.0) @ (before + right) / 2
    return float(above / (right[-1] * wrong[-1]))


@metric(
    "average_precision",
    LABELS,
    greater_is_better=True,
    bounds=SHARE,
    given="ranking",
    undefined="no row is of the second class",
)
def average_precision(scores: ArrayLike, expected: ArrayLike, weights: Floats | None = None) -> float | None:
    """The mean precision over recall for the second of two classes; for more, the mean of each class against the rest.

    Each precision has the weight of the recall that it adds. The mean leaves out a class that no row belongs to.
    """
    return _mean_over_classes(area_of_precision, scores, expected, weights)


def area_of_precision(scores: ArrayLike, positive: ArrayLike, weights: Floats | None = None) -> float | None:
    """The sum of each precision times the recall that it adds; None if no row is positive."""
    _, right, wrong = operating.yeses(scores, positive, weights)
    if not len(right) or not right[-1]:
        return None
    return float(np.diff(right, prepend=0.0) @ (right / (right + wrong)) / right[-1])


def among(probabilities: ArrayLike, classes: ArrayLike, k: int) -> NDArray[np.bool_]:
    """Returns whether each row's class is among the k likeliest; of equal ones the first comes first, as in predict."""
    given, truth = np.asarray(probabilities, np.float64), np.asarray(classes, np.intp)
    right = _of_right(given, truth)[:, None]
    before = np.arange(given.shape[1]) < truth[:, None]
    found: NDArray[np.bool_] = ((given > right) | (given == right) & before).sum(axis=1) < k
    return found


_TOP: dict[str, Any] = {"kinds": ONE_CLASS, "greater_is_better": True, "bounds": SHARE, "given": "probabilities"}


@metric("top_3_accuracy", **_TOP, more_classes_than=3, of_rows=partial(among, k=3))
def top_3_accuracy(probabilities: ArrayLike, classes: ArrayLike, weights: Floats | None = None) -> float:
    """The share of rows whose class is among the three likeliest, for models of more than three classes."""
    return averaged(among(probabilities, classes, 3), weights)


@metric("top_5_accuracy", **_TOP, more_classes_than=5, of_rows=partial(among, k=5))
def top_5_accuracy(probabilities: ArrayLike, classes: ArrayLike, weights: Floats | None = None) -> float:
    """The share of rows whose class is among the five likeliest, for models of more than five classes."""
    return averaged(among(probabilities, classes, 5), weights)


@metric("calibration_error", LABELS, greater_is_better=False, bounds=SHARE, given="probabilities")
def calibration_error(probabilities: ArrayLike, expected: ArrayLike, weights: Floats | None = None) -> float:
    """The mean distance between the probability of the likeliest class and the share of rows where it is right.

    It is measured in ten bins of equal width, and averaged over rows: Guo et al. 2017, https://arxiv.org/abs/1706.04599
    Of labels that are yes or no, it is the distance between the probability of a yes and the share of yeses.
    """
    given, truth = np.asarray(probabilities, np.float64), np.asarray(expected)
    if truth.ndim == 2:
        chance, right = given.ravel(), truth.ravel()
        counted = None if weights is None else np.repeat(weights, truth.shape[1])
    else:
        chance, right, counted = given.max(axis=1), given.argmax(axis=1) == truth, weights
    bins = operating.calibration(chance, right, weights=counted)
    distances = np.abs(bins.probability - bins.right)
    return float(np.average(np.where(distances < _ROUNDING, 0, distances), weights=bins.counts))


def squares(probabilities: ArrayLike, expected: ArrayLike) -> Floats:
    """Returns each row's squared distance between its probabilities and what is right, (rows,)."""
    given, truth = np.asarray(probabilities, np.float64), np.asarray(expected)
    if truth.ndim == 2:
        of_labels: Floats = np.square(given - truth).mean(axis=1)
        return of_labels
    if given.shape[1] == 2:
        of_second: Floats = np.square(given[:, 1] - truth)
        return of_second
    right = _of_right(given, truth)
    others: Floats = np.einsum("rc,rc->r", given, given) - np.square(right)
    return others.clip(0) + np.square(1 - right)


@metric("brier", LABELS, greater_is_better=False, bounds=(0.0, 2.0), given="probabilities", of_rows=squares)
def brier(probabilities: ArrayLike, expected: ArrayLike, weights: Floats | None = None) -> float:
    """The mean squared distance between the probability of the second of two classes and 1 or 0, whether it is right.

    With more classes, the squares of all classes are added up. Brier 1950
    """
    return averaged(squares(probabilities, expected), weights)


def _of_right(probabilities: Floats, classes: NDArray[Any]) -> Floats:
    """Returns the probability of each row's right class, (rows,)."""
    return probabilities[np.arange(len(probabilities)), classes.astype(np.intp)]


def _mean_over_classes(
    of_two: Callable[..., float | None], scores: ArrayLike, expected: ArrayLike, weights: Floats | None
) -> float | None:
    """Returns the mean of a figure of two kinds of rows, over the classes or labels for which it is not None."""
    found = [of_two(*pair, weights) for pair in against_the_rest(np.asarray(scores, np.float64), np.asarray(expected))]
    areas = [area for area in found if area is not None]
    return float(np.mean(areas)) if areas else None


def against_the_rest(scores: Floats, expected: NDArray[np.generic]) -> Iterator[tuple[Floats, NDArray[np.bool_]]]:
    """Yields the scores of the second of two classes, or of each class or label, and whether rows belong to it."""
    if expected.ndim == 2:
        yield from zip(scores.T, expected.astype(np.bool_).T, strict=True)
        return
    for each in np.unique(expected) if scores.shape[1] > 2 else [1]:
        yield scores[:, int(each)], expected == each
