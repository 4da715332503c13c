"""Scores: the values of all metrics for a network's outputs, as JSON values by name."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.cells import Floats
from kerash_cli.encoding.targets import Targets
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import Diverged
from kerash_cli.model.metrics import METRICS, ClassCounts, Metric, class_counts, confusion
from kerash_cli.model.residuals import residuals

MOST_TABLED = 1000
"""Maximum number of classes for which a table of classes and a confusion matrix (classes, classes) are made."""

TABLES = {"confusion", "classes", "labels", "targets", "residuals"}
"""Names of the scores by class or by target, which are not kept in saved models."""


class Guess(Protocol):
    """Predictions beside the expected answers, in the forms that they take; each has an attribute of that name.

    A metric takes the form that `Metric.given` names.
    """

    @property
    def answers(self) -> NDArray[Any]:
        """Answers, as from `Targets.answers`."""

    @property
    def probabilities(self) -> Floats:
        """Probabilities, as from `Targets.probabilities`."""

    @property
    def ranking(self) -> Floats:
        """Ranking, as from `Targets.ranking`."""

    @property
    def counts(self) -> ClassCounts:
        """Counts of how often each class was predicted and expected."""


class Judged:
    """A network's outputs for some rows, and the expected answers, in the forms that metrics take."""

    def __init__(
        self,
        targets: Targets,
        outputs: Array,
        encoded: Array,
        threshold: float | None = None,
        weights: Floats | None = None,
    ) -> None:
        """Takes outputs and encoded targets, both (rows, outputs); raises Diverged if an output is infinite or NaN.

        With `threshold`, an answer is a yes if its probability is at least that. With `weights` (rows,), rows count as
        much as their weights.
        """
        if not targets.finite(outputs).all():
            raise Diverged("expected finite outputs, got one that overflows; try training with a lower learning rate")
        self.targets, self.weights, self._outputs = targets, weights, outputs
        self.answers = targets.answers(outputs) if threshold is None else targets.above(outputs, threshold)
        self.expected = targets.answers(encoded)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the outputs, in which probabilities are compared with a threshold."""
        return self._outputs.dtype

    @cached_property
    def naive(self) -> "NaiveGuess":
        """The naive guess for the same rows."""
        return NaiveGuess(self)

    @cached_property
    def probabilities(self) -> Floats:
        """Probabilities, as from `Targets.probabilities`."""
        return self.targets.probabilities(self._outputs)

    @cached_property
    def ranking(self) -> Floats:
        """Ranking, as from `Targets.ranking`."""
        return self.targets.ranking(self._outputs)

    @cached_property
    def counts(self) -> ClassCounts:
        """Counts of how often each class was predicted and expected."""
        return self.counts_of(self.answers)

    def counts_of(self, answers: NDArray[Any]) -> ClassCounts:
        """Returns the counts of these answers to the rows."""
        return class_counts(answers, self.expected, len(self.targets.classes), self.weights)

    def value(self, metric: Metric, guess: Guess | None = None) -> Any:
        """Returns the metric's value for the network's guess, or another one; None if it is undefined."""
        given = getattr(guess or self, metric.given)
        return metric.function(given) if metric.of_class else metric.function(given, self.expected, self.weights)

    def figures(self, metrics: Iterable[Metric]) -> dict[str, Any]:
        """Returns the values of the metrics by name, with `interval` if one of them has a 95 % interval."""
        figures: dict[str, Any] = {}
        for each in metrics:
            figures[each.name] = self.value(each)
            if each.interval:
                figures["interval"] = each.interval(getattr(self, each.given), self.expected, self.weights)
        return figures

    def naive_figures(self, metrics: Iterable[Metric]) -> dict[str, Any]:
        """Returns the values of the naive guess by name, for those metrics that it has."""
        shown = (each for each in metrics if self.naive.knows or each.given == "answers")
        return {each.name: self.value(each, self.naive) for each in shown}


class NaiveGuess:
    """The naive guess for some rows: the same for each, from the baseline of the training rows alone."""

    def __init__(self, judged: Judged) -> None:
        self._judged = judged

    @property
    def knows(self) -> bool:
        """True if there are probabilities: shares of the classes in the training rows, which a genome may not have."""
        targets = self._judged.targets
        return targets.has_probabilities and bool(targets.baseline.sum() or not targets.classes)

    @property
    def answers(self) -> NDArray[Any]:
        """The most frequent class of the training rows, or the mean of their targets."""
        return np.broadcast_to(self._judged.targets.naive_answer, self._judged.expected.shape)

    @property
    def probabilities(self) -> Floats:
        """The share of each class, or of each label, in the training rows."""
        baseline = self._judged.targets.baseline
        return np.broadcast_to(baseline, (len(self._judged.expected), len(baseline)))

    @property
    def ranking(self) -> Floats:
        """A ranking in which all rows are equal."""
        return self.probabilities

    @property
    def counts(self) -> ClassCounts:
        """Counts of how often each class was guessed and expected."""
        return self._judged.counts_of(self.answers)


def scores(judged: Judged) -> dict[str, Any]:
    """Returns the cheap metrics that training measures, for the outputs and for a naive guess.

    The naive guess is the most frequent class of the training rows, or the mean of their targets.
    """
    metrics = suitable(judged.targets, saved=True)
    figures = {
        "rows": len(judged.expected),
        **judged.figures(each for each in metrics if each.given == "answers"),
        "baseline": judged.naive_figures(each for each in metrics if each.naive and each.given == "answers"),
        **judged.figures(each for each in metrics if each.given != "answers"),
    }
    targets = judged.targets
    if targets.scored_singly and len(targets.labels) > 1:
        figures["targets"] = _by_target(judged, metrics)
    if 0 < len(targets.classes) <= MOST_TABLED:
        matrix = confusion(judged.answers, judged.expected, len(targets.classes), judged.weights)
        figures.update(confusion=matrix.tolist(), classes=_by_class(judged, targets.classes))
    return figures


def all_scores(judged: Judged) -> dict[str, Any]:
    """Returns `scores` and the metrics that saved models do not have; a metric undefined for these rows is None."""
    figures, metrics, targets = scores(judged), suitable(judged.targets, saved=False), judged.targets
    every = suitable(targets)
    figures["baseline"] = judged.naive_figures(every)
    if "targets" in figures:
        figures["targets"] = _by_target(judged, every)
    if targets.scored_singly:
        figures["residuals"] = _residuals(judged)
    if not targets.classes and targets.has_probabilities and len(targets.labels) <= MOST_TABLED:
        figures["labels"] = _by_class(judged, targets.labels)
    return {**figures, **judged.figures(metrics)}


def suitable(targets: Targets, saved: bool | None = None) -> list[Metric]:
    """Returns the metrics for these targets, except per class: all, those in saved models, or those that are not."""
    rows = (each for each in METRICS.values() if each.suits(targets.kind, len(targets.classes)) and not each.of_class)
    return [each for each in rows if saved is None or each.saved == saved]


def _by_target(judged: Judged, metrics: Iterable[Metric]) -> dict[str, Any]:
    """Returns the metrics of answers for each target on its own."""
    chosen = [each for each in metrics if each.given == "answers"]
    columns = zip(judged.targets.labels, judged.answers.T, judged.expected.T, strict=True)
    return {label: {each.name: each.function(*column, judged.weights) for each in chosen} for label, *column in columns}


def _by_class(judged: Judged, names: Iterable[str]) -> Mapping[str, Mapping[str, Any]]:
    """Returns the metrics per class, or per label, and how many rows belong to it."""
    metrics = [each for each in METRICS.values() if judged.targets.kind in each.kinds and each.of_class]
    columns = {each.name: judged.value(each).tolist() for each in metrics}
    columns["support"] = judged.counts.support.tolist()
    rows = zip(*columns.values(), strict=True)
    return {name: dict(zip(columns, row, strict=True)) for name, row in zip(names, rows, strict=True)}


def _residuals(judged: Judged) -> dict[str, Any]:
    """Returns a histogram of the residuals of each target."""
    columns = zip(judged.targets.labels, judged.answers.T, judged.expected.T, strict=True)
    return {label: residuals(answers, expected, judged.weights)._asdict() for label, answers, expected in columns}
