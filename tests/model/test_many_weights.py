"""Metrics of many sets of weights at once are those of each set."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from kerash_cli.encoding.targets import Classes, Multilabel, Targets, Values
from kerash_cli.model.many_weights import WAYS
from kerash_cli.model.metrics import METRICS
from kerash_cli.model.scoring import Judged, suitable


def judged(kind: str, seed: int) -> Judged:
    """Guesses for few rows, with ties and, for classes, with one that no row has."""
    rng = np.random.default_rng(seed)
    rows, width = int(rng.integers(20, 60)), 2 + seed % 3
    chances = rng.integers(1, 6, (rows, width)).astype(float)
    if kind == "classes":
        targets: Targets = Classes.unscaled("distribution", width, ("y",), tuple("abcd"[:width]))
        truth = rng.integers(0, max(2, width - 1), rows)
        return Judged(targets, chances / chances.sum(axis=1, keepdims=True), np.eye(width)[truth])
    if kind == "multilabel":
        targets = Multilabel.unscaled("probability", width, tuple("abcd"[:width]))
        return Judged(targets, chances / 7, (rng.random((rows, width)) < 0.4).astype(float))
    targets = Values.unscaled("any", width, tuple("abcd"[:width]))
    truth = rng.integers(1, 9, (rows, width)) + 0.5
    return Judged(targets, truth + rng.integers(-2, 3, (rows, width)), truth)


def cases() -> Iterator[tuple[str, Any]]:
    for kind in ("classes", "multilabel", "values"):
        for metric in METRICS.values():
            if kind in metric.kinds and not metric.of_class:
                yield kind, metric


@pytest.mark.parametrize(("kind", "metric"), [*cases()], ids=lambda case: getattr(case, "name", case))
@pytest.mark.parametrize("seed", range(6))
def test_a_metric_of_many_sets_is_that_of_each(kind: str, metric: Any, seed: int) -> None:
    own = judged(kind, seed)
    if metric not in suitable(own.targets):
        return
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(own.expected), np.ones(len(own.expected)) / len(own.expected), 20).astype(float)
    weights = weights if seed % 2 else weights * rng.random(len(own.expected))
    given = getattr(own, metric.given)
    if metric.of_rows:
        found = weights @ metric.of_rows(given, own.expected) / weights.sum(axis=1)
    elif metric.name in WAYS:
        found = WAYS[metric.name](given, own.expected)(weights)
    else:
        assert metric.name in {"largest_error", "mape"}, "it is slow for many sets: write it into WAYS"
        return
    known = [metric.function(given, own.expected, each) for each in weights]
    assert found.tolist() == pytest.approx(known, abs=1e-12)


def test_no_function_is_for_a_metric_that_is_not_there() -> None:
    assert set(WAYS) <= {metric.name for metric in METRICS.values()}


def test_what_is_undefined_is_nan() -> None:
    weights = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    ranking, truth = np.array([[0.8, 0.2], [0.4, 0.6], [0.1, 0.9]]), np.array([0, 0, 1])
    for name, value in (("auc", 1.0), ("average_precision", 1.0)):
        with np.errstate(invalid="ignore"):
            assert WAYS[name](ranking, truth)(weights).tolist() == pytest.approx([np.nan, value], nan_ok=True)
