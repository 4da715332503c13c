"""Every figure of `kerash evaluate`, beside scikit-learn's of the same predictions."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scikit_figures import of_amounts, of_classes, of_labels

from kerash_cli.encoding.targets import Binary, Classes, Multilabel, Values
from kerash_cli.model.metrics import METRICS
from kerash_cli.model.scoring import Judged, all_scores, suitable

CLOSE = 1e-9
SEEDS = [*range(40), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(40, 200))]
Array = np.ndarray[Any, Any]


def weights(rng: np.random.Generator, rows: int, yes: bool) -> Array | None:
    return rng.choice([0.5, 1.0, 2.0, rng.exponential()], rows) if yes else None


def chances(rng: np.random.Generator, rows: int, classes: int, ties: bool) -> Array:
    """Probabilities (rows, classes), with many that are equal if there are to be ties."""
    given = rng.integers(1, 4, (rows, classes)) if ties else rng.exponential(size=(rows, classes)) + 1e-6
    return given / given.sum(axis=1, keepdims=True)


def agree(ours: dict[str, Any], theirs: dict[str, Any], kind: str) -> None:
    """Fails unless all metrics for a kind of targets are the same in both."""
    for name, expected in theirs.items():
        if name in ("classes", "labels"):
            columns = [[row[each] for row in ours[name].values()] for each in ("precision", "recall", "f1", "support")]
            assert np.array(columns) == pytest.approx(expected, abs=CLOSE)
        elif expected is None:
            assert ours[name] is None, name
        else:
            assert np.array(ours[name]) == pytest.approx(np.array(expected), abs=CLOSE, rel=CLOSE), name
    known = {each.name for each in METRICS.values() if kind in each.kinds and not each.of_class}
    assert known & ours.keys() <= theirs.keys(), "a metric without a reference: write it into tests/scikit_figures.py"


@pytest.mark.parametrize("seed", SEEDS)
def test_figures_of_classes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, rows = int(rng.integers(2, 9)), int(rng.integers(1, 60))
    occurring = rng.permutation(count)[: int(rng.integers(1, count + 1))]  # the others are absent; or there is only one
    truth, given = rng.choice(occurring, rows), chances(rng, rows, count, ties=seed % 3 == 0)
    own = weights(rng, rows, seed % 2 == 1)
    shares = rng.dirichlet(np.ones(count)) + 1e-9
    if count == 2 and seed % 4:
        targets: Classes = Binary.unscaled("probability", 1, ("y",), ("no", "yes"))
        outputs, encoded = given[:, 1:], truth[:, None].astype(float)
        given = np.column_stack([1 - outputs[:, 0], outputs[:, 0]])
        answers = (outputs[:, 0] > 0.5).astype(int)
    else:
        targets = Classes.unscaled("distribution", count, ("y",), tuple(map(str, range(count))))
        outputs, encoded, answers = given, np.eye(count)[truth], given.argmax(axis=1)
    targets = replace(targets, baseline=shares / shares.sum())
    judged = Judged(targets, outputs, encoded, weights=own)
    scores = all_scores(judged)
    agree(scores, of_classes(answers, given, truth, own), targets.kind)
    naive = of_classes(np.full(rows, shares.argmax()), np.tile(targets.baseline, (rows, 1)), truth, own)
    assert {each.name for each in suitable(targets)} == scores["baseline"].keys()
    agree(scores["baseline"], {name: naive[name] for name in scores["baseline"]}, targets.kind)


@pytest.mark.parametrize("seed", SEEDS)
def test_figures_of_labels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, rows = int(rng.integers(2, 6)), int(rng.integers(1, 50))
    truth = rng.random((rows, labels)) < rng.choice([0, 0.2, 0.5, 1], labels)
    outputs = rng.integers(1, 8, (rows, labels)) / 8 if seed % 3 else rng.random((rows, labels))
    own = weights(rng, rows, seed % 2 == 1)
    targets = Multilabel.unscaled("probability", labels, tuple("abcde"[:labels]))
    targets = replace(targets, baseline=rng.uniform(0.01, 0.99, labels))
    scores = all_scores(Judged(targets, outputs, truth.astype(float), weights=own))
    agree(scores, of_labels(outputs > 0.5, outputs, truth, own), "multilabel")
    shares = np.tile(targets.baseline, (rows, 1))
    naive = of_labels(shares > 0.5, shares, truth, own)
    assert {each.name for each in suitable(targets)} == scores["baseline"].keys()
    agree(scores["baseline"], {name: naive[name] for name in scores["baseline"]}, "multilabel")


@pytest.mark.parametrize("seed", SEEDS)
def test_figures_of_amounts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, rows = int(rng.integers(1, 4)), int(rng.integers(2, 50))
    truth = rng.normal(rng.normal(10), size=(rows, count))
    outputs = truth * rng.normal(1, 0.1, truth.shape)
    if seed % 3 == 0:
        outputs, truth = np.round(4 * outputs) / 4, np.round(4 * truth) / 4  # equal distances
    truth[0] += 1  # a target that is the same in all rows has a test of its own
    outputs, truth = (each * 10.0 ** rng.integers(-6, 6, count) for each in (outputs, truth))
    own = weights(rng, rows, seed % 2 == 1)
    targets = replace(Values.unscaled("any", count, tuple("abc"[:count])), baseline=truth.mean(axis=0) * 1.1)
    scores = all_scores(Judged(targets, outputs, truth, weights=own))
    known = of_amounts(outputs, truth, own)
    naive = of_amounts(np.tile(targets.baseline, (rows, 1)), truth, own)
    if (np.abs(truth) <= np.abs(truth).mean(axis=0) / 100).any():
        known["mape"] = naive["mape"] = None
    agree(scores, known, "values")
    assert {each.name for each in suitable(targets)} == scores["baseline"].keys()
    agree(scores["baseline"], naive, "values")
    for place, each in enumerate(scores.get("targets", {}).values()):
        pair = (outputs[:, [place]], truth[:, [place]])
        alone = of_amounts(*pair, own)
        if (np.abs(pair[1]) <= np.abs(pair[1]).mean() / 100).any():
            alone["mape"] = None
        agree(each, alone, "values")
