"""The figures of predictions as scikit-learn and statsmodels have them, or as they follow from what they have."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn import metrics as oracle
from statsmodels.stats.proportion import proportion_confint

Array = np.ndarray[Any, Any]


def of_classes(answers: Array, probabilities: Array, truth: Array, weights: Array | None) -> dict[str, Any]:
    """All figures of answers (rows,) that are indexes of classes, with probabilities (rows, classes)."""
    count = probabilities.shape[1]
    classes = range(count)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given: dict[str, Any] = {"sample_weight": weights}
        macro = oracle.precision_recall_fscore_support(truth, answers, average="macro", zero_division=0, **given)
        each = oracle.precision_recall_fscore_support(truth, answers, labels=classes, zero_division=0, **given)
        figures = {
            "accuracy": oracle.accuracy_score(truth, answers, **given),
            "interval": interval(answers == truth, weights),
            "balanced_accuracy": oracle.balanced_accuracy_score(truth, answers, **given),
            **dict(zip(("precision", "recall", "f1"), macro, strict=False)),
            "log_loss": oracle.log_loss(truth, probabilities, labels=classes, **given),
            "auc": over_classes(area, probabilities, truth, weights),
            "average_precision": over_classes(precision, probabilities, truth, weights),
            "calibration_error": calibration_error(
                probabilities.max(axis=1), probabilities.argmax(axis=1) == truth, weights
            ),
            "brier": oracle.brier_score_loss(truth, probabilities, labels=classes, **given),
            "confusion": oracle.confusion_matrix(truth, answers, labels=classes, **given).tolist(),
            "classes": np.array(each),
        }
        for k in (3, 5):
            if count > k:  # of equal scores scikit-learn takes the last class, and kerash the first
                mirrored = (count - 1 - truth, probabilities[:, ::-1])
                figures[f"top_{k}_accuracy"] = oracle.top_k_accuracy_score(*mirrored, k=k, labels=classes, **given)
    return figures


def of_labels(answers: Array, probabilities: Array, truth: Array, weights: Array | None) -> dict[str, Any]:
    """All figures of a yes or no for each label: (rows, labels)."""
    given: dict[str, Any] = {"sample_weight": weights}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        each = oracle.precision_recall_fscore_support(truth, answers, zero_division=0, **given)
        macro = oracle.precision_recall_fscore_support(truth, answers, average="macro", zero_division=0, **given)
        columns = list(zip(truth.T, probabilities.T, strict=True))
        right = (answers == truth).all(axis=1)
        return {
            "accuracy": oracle.accuracy_score(truth, answers, **given),
            "interval": interval(right, weights),
            "label_accuracy": 1 - oracle.hamming_loss(truth, answers, **given),
            **dict(zip(("precision", "recall", "f1"), macro, strict=False)),
            "log_loss": np.mean([oracle.log_loss(yes, p, labels=[False, True], **given) for yes, p in columns]),
            "auc": mean(area(yes, p, weights) for yes, p in columns),
            "average_precision": mean(precision(yes, p, weights) for yes, p in columns),
            "calibration_error": calibration_error(
                probabilities.ravel(),
                truth.ravel(),
                None if weights is None else np.repeat(weights, truth.shape[1]),
            ),
            "brier": np.mean([oracle.brier_score_loss(yes, p, pos_label=True, **given) for yes, p in columns]),
            "labels": np.array(each),
        }


def of_amounts(predicted: Array, truth: Array, weights: Array | None) -> dict[str, Any]:
    """All figures of amounts (rows, targets)."""
    given: dict[str, Any] = {"sample_weight": weights}
    pairs = list(zip(truth.T, predicted.T, strict=True))
    return {
        "mae": oracle.mean_absolute_error(truth, predicted, **given),
        "rmse": oracle.mean_squared_error(truth, predicted, **given) ** 0.5,
        "r2": oracle.r2_score(truth, predicted, **given),
        "median_error": oracle.median_absolute_error(truth, predicted, **given),
        "largest_error": max(oracle.max_error(*pair) for pair in pairs),
        "mape": oracle.mean_absolute_percentage_error(truth, predicted, **given),
    }


def over_classes(
    figure: Callable[[Array, Array, Array | None], float | None],
    probabilities: Array,
    truth: Array,
    weights: Array | None,
) -> float | None:
    """The figure of the second of two classes, else its mean over the classes for which there is one."""
    if probabilities.shape[1] == 2:
        return figure(truth == 1, probabilities[:, 1], weights)
    return mean(figure(truth == each, probabilities[:, each], weights) for each in np.unique(truth))


def area(yes: Array, scores: Array, weights: Array | None) -> float | None:
    """The area under the ROC curve; None if all rows that count are of one kind."""
    counting = yes if weights is None else yes[weights > 0]
    if counting.all() or not counting.any():
        return None
    return float(oracle.roc_auc_score(yes, scores, sample_weight=weights))


def precision(yes: Array, scores: Array, weights: Array | None) -> float | None:
    """The average precision; None if there is no yes that counts."""
    counting = yes if weights is None else yes[weights > 0]
    return float(oracle.average_precision_score(yes, scores, sample_weight=weights)) if counting.any() else None


def mean(figures: Any) -> float | None:
    """The mean of the figures that there are."""
    found = [each for each in figures if each is not None]
    return sum(found) / len(found) if found else None


def calibration_error(chances: Array, right: Array, weights: Array | None) -> float:
    """By hand, one row after the other: ten bins, each with its upper border."""
    bins: list[list[tuple[float, float, bool]]] = [[] for _ in range(10)]
    borders = np.linspace(0, 1, 11)
    for chance, good, weight in zip(chances, right, np.ones(len(right)) if weights is None else weights, strict=True):
        place = next(each for each in range(10) if chance <= borders[each + 1] or each == 9)
        bins[place].append((weight, chance, good))
    total = sum(weight for each in bins for weight, *_ in each)
    return float(sum(abs(sum(weight * (chance - good) for weight, chance, good in each)) for each in bins) / total)


def interval(right: Sequence[bool] | Array, weights: Array | None) -> tuple[float, float]:
    """Wilson's interval of the share of right rows; of weighted rows, with the effective number of them."""
    own = np.ones(len(right)) if weights is None else weights
    rows = own.sum() ** 2 / (own**2).sum()
    low, high = proportion_confint(rows * np.average(right, weights=own), rows, method="wilson")
    return float(low), float(high)
