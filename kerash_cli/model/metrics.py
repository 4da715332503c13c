"""How good predictions are: plain functions of what was predicted and what was expected, and their names.

A further figure is a function here, a key of `TrainedModel.judge`, and a row of FIGURES.
"""

from collections.abc import Mapping
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kerash_cli.registry import Registry

_SURE = 1.959963984540054  # normal quantile of 0.975
_LEAST = np.finfo(np.float64).tiny
_MOST = np.finfo(np.float64).max  # what is reported for more than float64 holds


def accuracy(predicted: ArrayLike, expected: ArrayLike) -> float:
    """The share of rows in which all outputs are as expected."""
    same = np.asarray(predicted) == np.asarray(expected)
    return float(same.reshape(len(same), -1).all(axis=1).mean())


def wilson(correct: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share of `correct` in `total`: Wilson 1927, doi 10.1080/01621459.1927.10502953"""
    share, weight = correct / total, _SURE**2 / total
    center = (share + weight / 2) / (1 + weight)
    half = _SURE / (1 + weight) * sqrt(share * (1 - share) / total + weight / (4 * total))
    return max(0.0, center - half), min(1.0, center + half)


def mean_absolute_error(predicted: ArrayLike, expected: ArrayLike) -> float:
    """The mean distance, over rows and outputs."""
    return _whole(_mean(np.abs(_quarter(predicted, expected)).ravel()))


def root_mean_square_error(predicted: ArrayLike, expected: ArrayLike) -> float:
    """The root of the mean squared distance, over rows and outputs."""
    return _whole(_norm(_quarter(predicted, expected).ravel()))


def r2(predicted: ArrayLike, expected: ArrayLike) -> float:
    """The share of the variance that is explained, averaged over outputs; 0 for one that does not vary, 1 if exact."""
    truth = _columns(np.asarray(expected, np.float64))
    from_first = _quarter(truth, truth[:1])  # 0 all along where a column does not vary
    error = _norm(_columns(_quarter(predicted, expected)))
    variation = _norm(from_first - _mean(from_first))
    constant = variation == 0
    with np.errstate(over="ignore"):
        explained = 1 - np.square(error / np.where(constant, 1, variation))
    return float(_mean(np.where(constant, error == 0, explained.clip(-_MOST))))


def log_loss(probabilities: ArrayLike, classes: ArrayLike) -> float:
    """The mean of -log of the probability given to the class that was right; probabilities (rows, classes)."""
    given = np.asarray(probabilities, np.float64)
    right = given[np.arange(len(given)), np.asarray(classes, np.intp)]
    return float(-np.log(np.maximum(right, _LEAST)).mean())


def confusion(predicted: ArrayLike, expected: ArrayLike, classes: int) -> NDArray[np.intp]:
    """[expected, predicted]: how often; of indexes of classes."""
    cells = np.asarray(expected, np.intp) * classes + np.asarray(predicted, np.intp)
    return np.bincount(cells.ravel(), minlength=classes * classes).reshape(classes, classes)


class ClassScore(NamedTuple):
    """How well one class is recognised; 0 where there is nothing to divide by."""

    precision: float
    recall: float
    f1: float
    support: int


def class_scores(predicted: ArrayLike, expected: ArrayLike, classes: int) -> list[ClassScore]:
    """The scores of each class; of indexes of classes."""
    claims, truth = np.asarray(predicted, np.intp), np.asarray(expected, np.intp)
    hits, claimed, support = (np.bincount(each, minlength=classes) for each in (truth[claims == truth], claims, truth))
    precision, recall = _ratio(hits, claimed), _ratio(hits, support)
    f1 = _ratio(2 * hits, claimed + support)
    columns = (precision.tolist(), recall.tolist(), f1.tolist(), support.tolist())
    return [ClassScore(*scores) for scores in zip(*columns, strict=True)]


def balanced_accuracy(predicted: ArrayLike, expected: ArrayLike) -> float:
    """The mean recall of the classes that occur among the expected ones."""
    return float(np.mean([each.recall for each in _occurring(predicted, expected) if each.support]))


def macro_f1(predicted: ArrayLike, expected: ArrayLike) -> float:
    """The mean F1 of the classes that occur, predicted or expected."""
    return float(np.mean([each.f1 for each in _occurring(predicted, expected)]))


def auc(scores: ArrayLike, positive: ArrayLike) -> float | None:
    """The area under the ROC curve; None unless there are rows of both kinds.

    That is the chance that a positive row has a higher score than a negative one, ties counting half: from the ranks,
    as Mann & Whitney 1947, doi 10.1214/aoms/1177730491
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


def class_auc(scores: ArrayLike, classes: ArrayLike) -> float | None:
    """The AUC of scores (rows, classes): of the second of two classes, else the mean of each one against the rest.

    Classes that all rows have, or none, are left out of the mean; None if that leaves none.
    """
    given, truth = np.asarray(scores, np.float64), np.asarray(classes, np.intp)
    judged = np.unique(truth) if given.shape[1] > 2 else [1]
    areas = [area for each in judged if (area := auc(given[:, each], truth == each)) is not None]
    return float(np.mean(areas)) if areas else None


class Figure(NamedTuple):
    """A figure that can be held against a bound; one of a class is written `recall:CLASS`."""

    name: str
    greater_is_better: bool
    of_class: bool = False

    def values(self, scores: Mapping[str, Any]) -> Mapping[str, float]:
        """What scores have of it: by the name of the class, or for one of all rows under the empty name."""
        if self.of_class:
            return {name: score[self.name] for name, score in scores.get("classes", {}).items()}
        value = scores.get(self.name)
        return {} if value is None else {"": value}


FIGURES: Registry[Figure] = Registry("figure")
for _name in ("accuracy", "balanced_accuracy", "f1", "auc", "r2"):
    FIGURES.add(_name, Figure(_name, greater_is_better=True))
for _name in ("log_loss", "rmse", "mae"):
    FIGURES.add(_name, Figure(_name, greater_is_better=False))
for _name in ("recall", "precision", "f1"):
    FIGURES.add(f"{_name}:CLASS", Figure(_name, greater_is_better=True, of_class=True))


def _occurring(predicted: ArrayLike, expected: ArrayLike) -> list[ClassScore]:
    """The scores of the classes that occur."""
    both = np.stack([np.asarray(predicted), np.asarray(expected)])
    occurring, codes = np.unique(both, return_inverse=True)
    claims, truth = codes.reshape(both.shape)
    return class_scores(claims, truth, len(occurring))


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = part / np.maximum(whole, 1)
    return ratio


def _quarter(predicted: ArrayLike, expected: ArrayLike) -> NDArray[np.float64]:
    """A fourth of the difference, which float64 can hold whatever the two are, and so can its deviation from a mean."""
    difference: NDArray[np.float64] = np.asarray(predicted, np.float64) / 4 - np.asarray(expected, np.float64) / 4
    return difference


def _whole(quarter: Any) -> float:
    return min(4 * float(quarter), float(_MOST))


def _mean(values: NDArray[Any]) -> Any:
    """The mean over rows, without overflow."""
    scale = _scale(values)
    return scale * (values / scale).mean(axis=0)


def _norm(values: NDArray[np.float64]) -> Any:
    """The root of the mean square over rows, without overflow or underflow on the way."""
    scale = _scale(values)
    return scale * np.sqrt(np.square(values / scale).mean(axis=0))


def _scale(values: NDArray[Any]) -> Any:
    """A power of two close to the largest of each column: dividing by it rounds nothing."""
    _, exponent = np.frexp(np.abs(values).max(axis=0))
    return np.ldexp(1.0, exponent - 1)


def _columns(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values.reshape(len(values), -1)
