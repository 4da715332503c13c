"""Scores: the values of all metrics for a network's outputs, as JSON values by name."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.cells import Floats
from kerash_cli.encoding.targets import Targets
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import Diverged
from kerash_cli.model.metrics import METRICS, ClassCounts, Metric, class_counts, confusion

MOST_TABLED = 1000
"""Maximum number of classes for which a table of classes and a confusion matrix (classes, classes) are made."""

TABLES = {"confusion", "classes", "targets"}
"""Names of the scores by class or by target, which are not kept in saved models."""


class Judged:
    """A network's outputs for some rows, and the expected answers, in the forms that metrics take."""

    def __init__(self, targets: Targets, outputs: Array, encoded: Array, threshold: float | None = None) -> None:
        """Takes outputs and encoded targets, both (rows, outputs); raises Diverged if an output is infinite or NaN.

        With `threshold`, an answer is a yes if its probability is at least that.
        """
        if not targets.finite(outputs).all():
            raise Diverged("expected finite outputs, got one that overflows; try training with a lower learning rate")
        self.targets, self._outputs = targets, outputs
        self.answers = targets.answers(outputs) if threshold is None else targets.above(outputs, threshold)
        self.expected = targets.answers(encoded)

    @property
    def naive(self) -> NDArray[Any]:
        """Answers of the naive guess, which uses only the training rows' baseline."""
        return np.broadcast_to(self.targets.naive_answer, self.expected.shape)

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
        return class_counts(self.answers, self.expected, len(self.targets.classes))

    def figures(self, metrics: Iterable[Metric]) -> dict[str, Any]:
        """Returns the values of the metrics by name, with `interval` if one of them has a 95 % interval."""
        figures: dict[str, Any] = {}
        for each in metrics:
            figures[each.name] = each.function(getattr(self, each.given), self.expected)
            if each.interval:
                figures["interval"] = each.interval(self.answers, self.expected)
        return figures

    def naive_figures(self, metrics: Iterable[Metric]) -> dict[str, float]:
        """Returns the values of the naive guess by name, for those metrics that report it."""
        shown = (each for each in metrics if each.naive and each.given == "answers")
        return {each.name: each.function(self.naive, self.expected) for each in shown}


def scores(judged: Judged) -> dict[str, Any]:
    """Returns the cheap metrics that training measures, for the outputs and for a naive guess.

    The naive guess is the most frequent class of the training rows, or the mean of their targets.
    """
    metrics = _metrics(judged, saved=True)
    figures = {
        "rows": len(judged.expected),
        **judged.figures(each for each in metrics if each.given == "answers"),
        "baseline": judged.naive_figures(metrics),
        **judged.figures(each for each in metrics if each.given != "answers"),
    }
    targets = judged.targets
    if targets.scored_singly and len(targets.labels) > 1:
        figures["targets"] = _by_target(judged, metrics)
    if 0 < len(targets.classes) <= MOST_TABLED:
        matrix = confusion(judged.answers, judged.expected, len(targets.classes))
        figures.update(confusion=matrix.tolist(), classes=_by_class(judged))
    return figures


def all_scores(judged: Judged) -> dict[str, Any]:
    """Returns `scores` and the metrics that saved models do not have; a metric undefined for these rows is None."""
    figures, metrics = scores(judged), _metrics(judged, saved=False)
    figures["baseline"] |= judged.naive_figures(metrics)
    if "targets" in figures:
        more = _by_target(judged, metrics)
        figures["targets"] = {name: {**known, **more[name]} for name, known in figures["targets"].items()}
    return {**figures, **judged.figures(metrics)}


def _metrics(judged: Judged, saved: bool) -> list[Metric]:
    """Returns the metrics for these targets, except per class: with `saved`, those in saved models, else the others."""
    kind = judged.targets.kind
    return [each for each in METRICS.values() if kind in each.kinds and each.saved == saved and not each.of_class]


def _by_target(judged: Judged, metrics: Iterable[Metric]) -> dict[str, Any]:
    chosen = [each for each in metrics if each.given == "answers"]
    columns = zip(judged.targets.labels, judged.answers.T, judged.expected.T, strict=True)
    return {label: {each.name: each.function(*column) for each in chosen} for label, *column in columns}


def _by_class(judged: Judged) -> dict[str, dict[str, Any]]:
    metrics = [each for each in METRICS.values() if judged.targets.kind in each.kinds and each.of_class]
    columns = {each.name: each.function(judged.counts).tolist() for each in metrics}
    columns["support"] = judged.counts.support.tolist()
    rows = zip(*columns.values(), strict=True)
    return {name: dict(zip(columns, row, strict=True)) for name, row in zip(judged.targets.classes, rows, strict=True)}
