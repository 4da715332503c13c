"""Two models' guesses for the same rows, in one order of classes and targets, so that they can be compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.cells import Floats
from kerash_cli.encoding.targets import OneClass, Targets
from kerash_cli.errors import BadInput
from kerash_cli.model.metrics import METRICS, ClassCounts, Metric, class_counts
from kerash_cli.model.scoring import Guess, Judged
from kerash_cli.tables.table import Rows

_CLOSE = 1e-9  # relative distance of two targets that are the same number, each scaled and back


@dataclass(frozen=True, eq=False)
class Pair:
    """Two guesses for the same rows."""

    kind: str
    """Kind of targets whose metrics suit both."""
    classes: tuple[str, ...]
    """Names of the classes of both, in the order of their indexes; empty for a kind without classes."""
    labels: tuple[str, ...]
    expected: NDArray[Any]
    """Expected answers."""
    weights: Floats | None
    guesses: tuple[Guess, Guess]
    main_metric: str

    def metrics(self) -> list[Metric]:
        """Returns the metrics that suit both, except per class."""
        return [row for row in METRICS.values() if row.suits(self.kind, len(self.classes)) and not row.of_class]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes, or of the labels, by which a metric per class is found."""
        return self.classes or self.labels

    def values(self, metric: Metric, class_name: str = "") -> tuple[Any, Any]:
        """Returns both values of a metric, or of a class: None if undefined. Raises ValueError for another class."""
        if not metric.of_class:
            first, second = (
                metric.function(getattr(guess, metric.given), self.expected, self.weights) for guess in self.guesses
            )
            return first, second
        place = self.names.index(class_name)
        first, second = (float(metric.function(guess.counts)[place]) for guess in self.guesses)
        return first, second


def paired(first: Judged, second: Judged, names: tuple[str, str]) -> Pair:
    """Returns the guesses of two models, called `names`, for the same rows.

    Classes are matched by name, as numbers if they are numbers; targets and labels by name, or else by their order.
    Raises BadInput if the models predict different things.
    """
    ours, theirs = first.targets, second.targets
    if isinstance(ours, OneClass) and isinstance(theirs, OneClass):
        return _of_classes(first, second, names)
    if ours.kind != theirs.kind or len(ours.labels) != len(theirs.labels):
        raise BadInput(_apart(first, second, names))
    order = _order(ours, theirs)
    guesses = (_Arranged(first, None), _Arranged(second, order))
    expected = (first.expected, second.expected[:, order])
    if ours.has_probabilities:
        same = np.array_equal(*expected)
    else:
        size = np.abs(first.expected).max(axis=0, initial=0)
        same = bool((np.abs(expected[0] - expected[1]) <= _CLOSE * np.maximum(np.abs(expected[0]), size)).all())
    if not same:
        raise BadInput(_apart(first, second, names))
    for guess in guesses:
        guess.expected = first.expected
    return Pair(ours.kind, (), ours.labels, first.expected, first.weights, guesses, ours.main_metric)


def _of_classes(first: Judged, second: Judged, names: tuple[str, str]) -> Pair:
    numeric = first.targets.numeric and second.targets.numeric
    places: dict[object, int] = {}
    owns = []
    for judged in (first, second):
        keys = [float(name) if numeric else name for name in judged.targets.classes]
        owns.append(np.array([places.setdefault(key, len(places)) for key in keys], np.intp))
    if not np.array_equal(owns[0][first.expected], owns[1][second.expected]):
        raise BadInput(_apart(first, second, names))
    new = [name for name, own in zip(second.targets.classes, owns[1].tolist(), strict=True) if own >= len(owns[0])]
    classes = (*first.targets.classes, *new)
    one, other = (_Arranged(judged, own, len(classes)) for judged, own in zip((first, second), owns, strict=True))
    main = first.targets.main_metric
    return Pair("classes", classes, first.targets.labels, one.expected, first.weights, (one, other), main)


def _order(ours: Targets, theirs: Targets) -> Rows:
    """Returns the place of each of our labels among theirs."""
    if set(ours.labels) == set(theirs.labels):
        return np.array([theirs.labels.index(label) for label in ours.labels], np.intp)
    return np.arange(len(ours.labels))


def _apart(first: Judged, second: Judged, names: Sequence[str]) -> str:
    """Returns a message about models that predict different things."""
    ours, theirs = (
        f"{name} predicts {each.targets.describe()}" for name, each in zip(names, (first, second), strict=True)
    )
    return f"these models can't be compared: {ours}, but {theirs}; try two models of the same answers"


class _Arranged:
    """A model's guess in the order of both models' classes or labels."""

    def __init__(self, judged: Judged, own: Rows | None, classes: int = 0) -> None:
        """`own` has the places of the model's classes among all `classes`, or of all labels among the model's."""
        self._judged, self._own, self._classes = judged, own, classes
        self.expected: NDArray[Any] = own[judged.expected] if classes and own is not None else judged.expected

    @property
    def answers(self) -> NDArray[Any]:
        """Answers, with indexes of all classes."""
        if self._classes and self._own is not None:
            answers: NDArray[Any] = self._own[self._judged.answers]
            return answers
        return self._arranged(self._judged.answers, 0)

    @cached_property
    def probabilities(self) -> Floats:
        """Probabilities (rows, classes or labels); 0 for a class that the model does not have."""
        return self._arranged(self._judged.probabilities, 0)

    @cached_property
    def ranking(self) -> Floats:
        """Ranking (rows, classes or labels); a class that the model does not have is the least likely one."""
        return self._arranged(self._judged.ranking, -np.inf)

    @property
    def counts(self) -> ClassCounts:
        """Counts of how often each class was predicted and expected."""
        return class_counts(self.answers, self.expected, self._classes, self._judged.weights)

    def _arranged(self, values: NDArray[Any], absent: float) -> NDArray[Any]:
        if self._own is None:
            return values
        if not self._classes:
            return values[:, self._own]
        everything = np.full((len(values), self._classes), absent, np.float64)
        everything[:, self._own] = values
        return everything
