"""Comparison of two models on the same rows: the difference of each metric, with an interval and a test."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from kerash_cli.model.metrics import METRICS, Metric
from kerash_cli.model.metrics.answers import right_rows
from kerash_cli.model.metrics.base import alike_rows
from kerash_cli.model.pairing import Pair
from kerash_cli.model.resampling import UNSETTLED, count, resamples
from kerash_cli.model.significance import by_resampling, discordant, mcnemar, tango

SIGNIFICANT = 0.05
"""Largest p-value of a difference that is told."""

MCNEMAR, BOOTSTRAP = "McNemar", "bootstrap"


class Compared(NamedTuple):
    """A metric of two models; the difference is the second model's value less the first's."""

    values: tuple[float | None, float | None]
    """Both values; None where the metric is undefined for the rows."""
    difference: float | None
    interval: tuple[float, float] | None = None
    """95 % interval of the difference; None if the rows can't tell."""
    p: float | None = None
    """P-value of there being no difference."""
    test: str = ""
    """Name of the test; empty if there is none."""

    @property
    def significant(self) -> bool:
        """True if there is a difference, as far as 95 % are sure."""
        return self.p is not None and self.p < SIGNIFICANT


def compared(pair: Pair, metrics: Sequence[Metric], class_name: str = "", seed: int = 0) -> dict[str, Compared]:
    """Compares both models by each of the metrics, by their names; those per class are of the class `class_name`.

    The test of the accuracy is McNemar's, if all rows count the same, that of other metrics a paired bootstrap.
    """
    found = {metric.name: _plain(pair.values(metric, class_name)) for metric in metrics}
    exact = {"accuracy"} & found.keys() if pair.weights is None else set()
    if exact:
        found["accuracy"] = _by_mcnemar(pair, found["accuracy"])
    drawn = [
        metric
        for metric in metrics
        if found[metric.name].difference is not None and metric.name not in UNSETTLED | exact and not metric.of_class
    ]
    rows = len(pair.expected) if pair.weights is None else alike_rows(pair.weights)
    for name, differences in resamples(pair, drawn, seed).items():
        own = found[name]
        assert own.difference is not None, "only these are drawn"
        if told := by_resampling(differences, own.difference, rows):
            found[name] = own._replace(interval=told[0], p=told[1], test=BOOTSTRAP)
    return found


def comparison(pair: Pair, models: tuple[str, str], seed: int) -> dict[str, Any]:
    """Returns the comparison of two models, called `models`, by all metrics that suit both, as JSON values."""
    figures = compared(pair, pair.metrics(), seed=seed)
    main, (first, second) = figures[pair.main_metric], pair.guesses
    winner = better(main, METRICS[pair.main_metric]) if main.significant else None
    result: dict[str, Any] = {
        "rows": len(pair.expected),
        "models": list(models),
        "main": pair.main_metric,
        "better": None if winner is None else models[winner],
        "same": bool(np.array_equal(first.answers, second.answers)),
        "resamples": count(len(pair.expected)),
        "figures": {name: each._asdict() for name, each in figures.items()},
    }
    if "accuracy" in figures:
        counts = discordant(*(right_rows(guess.answers, pair.expected) for guess in pair.guesses))
        result["right"] = counts._asdict()
        result["mid_p"] = mcnemar(counts.first, counts.second)[1]
    return result


def better(figure: Compared, metric: Metric) -> int | None:
    """Returns 0 if the first model is better in a metric, 1 if the second one is; None if they are equal."""
    if not figure.difference:
        return None
    return int((figure.difference > 0) == metric.greater_is_better)


def _plain(values: tuple[Any, Any]) -> Compared:
    first, second = (None if value is None else float(value) for value in values)
    return Compared((first, second), None if first is None or second is None else second - first)


def _by_mcnemar(pair: Pair, plain: Compared) -> Compared:
    counts = discordant(*(right_rows(guess.answers, pair.expected) for guess in pair.guesses))
    interval = tango(counts.first, counts.second, len(pair.expected))
    return plain._replace(interval=interval, p=mcnemar(counts.first, counts.second)[0], test=MCNEMAR)
