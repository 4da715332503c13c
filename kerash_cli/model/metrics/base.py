"""The registry of metrics."""

from collections.abc import Callable, Mapping
from math import inf
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.cells import Floats
from kerash_cli.registry import Registry

F = TypeVar("F", bound=Callable[..., Any])

ONE_CLASS = ("classes", "one-hot", "binary")
"""Kinds of targets with one class per row; their answers are indexes of classes."""

LABELS = (*ONE_CLASS, "multilabel")
"""Kinds of targets with probabilities."""

SURE = 1.959963984540054
"""The normal quantile of 0.975: how many standard errors an interval of 95 % reaches to each side."""

SHARE = (0.0, 1.0)
"""The least and the greatest value of a metric that is a share."""

DISTANCE = (0.0, inf)
"""The least and the greatest value of a metric that is a distance."""

Given = Literal["answers", "probabilities", "ranking", "counts"]


class Metric(NamedTuple):
    """A metric, for some kinds of targets."""

    name: str
    function: Callable[..., Any]
    """Function of the values named by `given`, the expected answers and the weights; one per class of ClassCounts."""
    kinds: tuple[str, ...]
    """Kinds of targets that the metric is for, as named in encoding.targets.TARGETS."""
    greater_is_better: bool
    given: Given = "answers"
    """Kind of values that the function takes: answers, probabilities, a ranking, or ClassCounts."""
    naive: bool = True
    """True if saved models keep the naive guess's value beside it; reports show that of any metric."""
    saved: bool = False
    """True if saved models contain it; the other metrics appear in `kerash evaluate` only."""
    interval: Callable[..., tuple[float, float]] | None = None
    """Function of the same values that returns the metric's 95 % interval; None if it has none."""
    of_rows: Callable[..., NDArray[Any]] | None = None
    """Function of the same values, without weights, that returns each row's part (rows,) of a metric that is a mean."""
    more_classes_than: int = 0
    """The metric is only for models that have more classes than this."""
    bounds: tuple[float, float] = (-inf, inf)
    """The least and the greatest value that the metric can have; no interval reaches beyond them."""
    undefined: str = ""
    """The reason why the function returns None for some rows; empty if it never does."""

    @property
    def of_class(self) -> bool:
        """True if each class has its own value, with a name such as `recall:CLASS`."""
        return self.given == "counts"

    def suits(self, kind: str, classes: int) -> bool:
        """Returns whether the metric is for a model with this kind of targets and this number of classes."""
        return kind in self.kinds and (not self.more_classes_than or classes > self.more_classes_than)

    def within(self, interval: tuple[float, float]) -> tuple[float, float]:
        """Returns the part of an interval of the metric that is within its bounds."""
        least, greatest = self.bounds
        low, high = (min(max(end, least), greatest) for end in interval)
        return low, high

    def values(self, scores: Mapping[str, Any]) -> Mapping[str, float]:
        """Returns the metric's values in `scores` by class, or by label.

        A metric computed over all rows has a single value, under an empty name.
        """
        if self.of_class:
            table = scores.get("classes", scores.get("labels", {}))
            return {name: score[self.name] for name, score in table.items()}
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


def averaged(of_rows: NDArray[Any], weights: Floats | None) -> float:
    """Returns the mean over rows (rows,), with their weights."""
    return float(of_rows.mean() if weights is None else np.average(of_rows, weights=weights))


def alike_rows(weights: Floats) -> float:
    """Returns the number of rows of equal weight whose mean varies as much: Kish 1965, Survey Sampling"""
    return float(weights.sum() ** 2 / np.square(weights).sum())
