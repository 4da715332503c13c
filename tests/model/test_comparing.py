import json
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as oracle
from statsmodels.stats.contingency_tables import mcnemar

from kerash_cli.encoding.targets import Classes, Values
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.model import resampling
from kerash_cli.model.comparing import comparison
from kerash_cli.model.metrics import METRICS
from kerash_cli.model.pairing import Pair, paired
from kerash_cli.model.scoring import Judged

NAMES = ("a.kerash", "b.kerash")
Array = np.ndarray[Any, Any]


def of_amounts(first: Array, second: Array, truth: Array, weights: Array | None = None) -> Pair:
    targets = Values.unscaled("any", truth.shape[1], tuple("xyz"[: truth.shape[1]]))
    return paired(*(Judged(targets, each, truth, weights=weights) for each in (first, second)), NAMES)


def of_classes(first: Array, second: Array, truth: Array, weights: Array | None = None) -> Pair:
    count = first.shape[1]
    targets = Classes.unscaled("distribution", count, ("y",), tuple(map(str, range(count))))
    return paired(*(Judged(targets, each, np.eye(count)[truth], weights=weights) for each in (first, second)), NAMES)


def guesses(seed: int, rows: int, classes: int) -> tuple[Array, Array, Array]:
    """Probabilities of a poorer and a better model, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, rows)
    poor, good = (np.exp(rng.normal(size=(rows, classes)) + sure * np.eye(classes)[truth]) for sure in (0.7, 1.6))
    return poor / poor.sum(axis=1, keepdims=True), good / good.sum(axis=1, keepdims=True), truth


def drawn(rows: int, seed: int) -> list[Array]:
    """The rows of each resample, as the generator gives them."""
    rng = generator(seed, Key.COMPARE)
    return [rng.integers(0, rows, rows) for _ in range(resampling.count(rows))]


def test_the_test_of_the_accuracy_is_mcnemars() -> None:
    first, second, truth = guesses(0, 120, 3)
    told = comparison(of_classes(first, second, truth), NAMES, 0)
    ours, theirs = (each.argmax(axis=1) == truth for each in (first, second))
    table = [[int((a & b).sum()) for b in (theirs, ~theirs)] for a in (ours, ~ours)]
    assert [
        list(row)
        for row in (
            (told["right"]["both"], told["right"]["first"]),
            (told["right"]["second"], told["right"]["neither"]),
        )
    ] == table
    figure = told["figures"]["accuracy"]
    assert figure["p"] == pytest.approx(mcnemar(table, exact=True).pvalue, rel=1e-9)
    assert figure["values"] == pytest.approx((ours.mean(), theirs.mean()))
    assert figure["difference"] == pytest.approx(theirs.mean() - ours.mean())
    assert figure["interval"][0] < figure["difference"] < figure["interval"][1]
    assert told["better"] == "b.kerash"


@pytest.mark.parametrize("name", ["auc", "log_loss", "f1", "average_precision", "brier", "balanced_accuracy"])
def test_resamples_of_classes_are_those_of_scikit_learn(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampling, "count", lambda rows: 60)
    first, second, truth = guesses(1, 50, 2)
    found = resampling.resamples(of_classes(first, second, truth), [METRICS[name]], 5)[name]
    score = {
        "auc": lambda y, p: oracle.roc_auc_score(y, p[:, 1]),
        "log_loss": lambda y, p: oracle.log_loss(y, p, labels=[0, 1]),
        "f1": lambda y, p: oracle.f1_score(y, p.argmax(axis=1), average="macro"),
        "average_precision": lambda y, p: oracle.average_precision_score(y, p[:, 1]),
        "brier": lambda y, p: oracle.brier_score_loss(y, p[:, 1]),
        "balanced_accuracy": lambda y, p: oracle.balanced_accuracy_score(y, p.argmax(axis=1)),
    }[name]
    known = [score(truth[rows], second[rows]) - score(truth[rows], first[rows]) for rows in drawn(50, 5)]
    assert found.tolist() == pytest.approx(known, abs=1e-12)


@pytest.mark.parametrize("name", ["mae", "rmse", "r2", "median_error", "mape"])
def test_resamples_of_amounts_are_those_of_scikit_learn(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampling, "count", lambda rows: 60)
    rng = np.random.default_rng(2)
    truth = rng.normal(10, 1, (40, 2))
    first, second = truth + rng.normal(size=truth.shape), truth + rng.normal(0, 0.7, truth.shape)
    found = resampling.resamples(of_amounts(first, second, truth), [METRICS[name]], 0)[name]
    score = {
        "mae": oracle.mean_absolute_error,
        "rmse": lambda y, p: oracle.mean_squared_error(y, p) ** 0.5,
        "r2": oracle.r2_score,
        "median_error": oracle.median_absolute_error,
        "mape": oracle.mean_absolute_percentage_error,
    }[name]
    known = [score(truth[rows], second[rows]) - score(truth[rows], first[rows]) for rows in drawn(40, 0)]
    assert found.tolist() == pytest.approx(known, abs=1e-12)


def test_the_interval_of_amounts_is_that_of_scipy() -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(size=(400, 1))
    first, second = truth + rng.normal(0, 1.0, truth.shape), truth + rng.normal(0, 0.8, truth.shape)
    figure = comparison(of_amounts(first, second, truth), NAMES, 0)["figures"]["mae"]
    off = np.abs(second - truth).ravel() - np.abs(first - truth).ravel()
    known = stats.bootstrap((off,), np.mean, n_resamples=20_000, method="percentile", rng=1).confidence_interval
    assert figure["interval"] == pytest.approx(tuple(known), abs=0.02 * (known.high - known.low) + 0.006)
    assert figure["p"] < 0.01
    assert figure["test"] == "bootstrap"


def test_the_same_seed_gives_the_same_bytes_and_another_one_others() -> None:
    first, second, truth = guesses(4, 100, 3)
    told = [json.dumps(comparison(of_classes(first, second, truth), NAMES, seed)) for seed in (0, 0, 1)]
    assert told[0] == told[1] != told[2]


def test_the_size_of_the_portions_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, truth = guesses(4, 64, 3)
    pair = of_classes(first, second, truth)
    whole = resampling.resamples(pair, [METRICS["f1"]], 0)["f1"]
    monkeypatch.setattr(resampling, "_AT_ONCE", 64 * 7)
    assert resampling.resamples(pair, [METRICS["f1"]], 0)["f1"].tolist() == whole.tolist()


def test_models_that_are_the_same_have_no_difference() -> None:
    first, _, truth = guesses(5, 60, 3)
    told = comparison(of_classes(first, first, truth), NAMES, 0)
    assert told["same"]
    assert told["better"] is None
    for figure in told["figures"].values():
        assert figure["difference"] == 0
        assert figure["p"] == 1


def test_the_better_model_is_the_one_with_the_smaller_distance() -> None:
    rng = np.random.default_rng(6)
    truth = rng.normal(size=(80, 1))
    near, far = truth + 0.1 * rng.normal(size=truth.shape), truth + rng.normal(size=truth.shape)
    assert comparison(of_amounts(near, far, truth), NAMES, 0)["better"] == "a.kerash"
    assert comparison(of_amounts(far, near, truth), NAMES, 0)["better"] == "b.kerash"


def test_few_rows_have_no_test() -> None:
    truth = np.arange(5.0)[:, None]
    told = comparison(of_amounts(truth, truth + 9, truth), NAMES, 0)
    assert told["better"] is None
    assert told["figures"]["rmse"]["p"] is None
    assert told["figures"]["rmse"]["difference"] == 9


def test_a_largest_error_has_a_difference_without_a_test() -> None:
    rng = np.random.default_rng(7)
    truth = rng.normal(size=(30, 1))
    figure = comparison(of_amounts(truth, truth + 1, truth), NAMES, 0)["figures"]["largest_error"]
    assert figure["difference"] == pytest.approx(1)
    assert (figure["interval"], figure["p"], figure["test"]) == (None, None, "")


def test_weighted_rows_are_compared_by_resamples_and_count_as_so_many() -> None:
    first, second, truth = guesses(8, 90, 3)
    weights = np.random.default_rng(8).integers(1, 4, 90).astype(float)
    told = comparison(of_classes(first, second, truth, weights), NAMES, 0)
    many = np.repeat(np.arange(90), weights.astype(int))
    plain = comparison(of_classes(first[many], second[many], truth[many]), NAMES, 0)
    for name, figure in told["figures"].items():
        assert figure["values"] == pytest.approx(plain["figures"][name]["values"]), name
        assert figure["test"] == "bootstrap"


def test_an_undefined_figure_has_no_difference() -> None:
    first, second, _ = guesses(9, 30, 2)
    told = comparison(of_classes(first, second, np.zeros(30, int)), NAMES, 0)
    assert told["figures"]["auc"]["difference"] is None
    assert told["figures"]["accuracy"]["difference"] is not None


@pytest.mark.parametrize("rows", [1, 150, 1797, 20_000, 10**6])
def test_the_number_of_resamples_is_bounded(rows: int) -> None:
    assert resampling.FEWEST <= resampling.count(rows) <= resampling.MOST
    assert resampling.count(rows) * rows <= max(resampling.DRAWN, resampling.FEWEST * rows)
