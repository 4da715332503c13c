"""Permutation importance: scikit-learn's figures, cases by hand, and intervals that cover what is true."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from experiments import CLASSES, NUMBERS, concluded, prepared, table
from sklearn.base import BaseEstimator
from sklearn.inspection import permutation_importance

from kerash_cli.encoding.views import PIECEWISE
from kerash_cli.engine.optimizers import OptimizerSettings
from kerash_cli.errors import BadInput
from kerash_cli.model.description import ModelDescription
from kerash_cli.model.trained import TrainedModel
from kerash_cli.prediction import importance
from kerash_cli.prediction.importance import Importances, importances
from kerash_cli.system import cores
from kerash_cli.tables.table import Table

FAST = OptimizerSettings(0.1)
WORDS = ("Ulm", "Rom", "Bonn", "Wien")


def mixed(rows: int = 120, seed: int = 3) -> Table:
    """A table of a number, a word, a constant, a number and, last, an amount that follows from the first two."""
    rng = np.random.default_rng(seed)
    towns = rng.integers(4, size=rows)
    numbers = np.stack([rng.standard_normal(rows), np.ones(rows), rng.standard_normal(rows)], axis=1)
    pay = 3 * numbers[:, 0] + np.array([0.0, 2.0, -2.0, 5.0])[towns]
    texts: dict[int, list[str | None]] = {1: [WORDS[town] for town in towns]}
    return table(np.hstack([numbers, pay[:, None]]), "age town one luck pay", texts, sha256="d" * 64)


@pytest.fixture
def pay(tmp_path: Path) -> tuple[TrainedModel, Table]:
    """A model of `mixed` that sees numbers in pieces, and its table."""
    data = mixed()
    return concluded(tmp_path, prepared(NUMBERS, data, numbers=PIECEWISE, optimizer_settings=FAST), 60), data


def linear(weights: Sequence[float], data: Table, folder: Path) -> TrainedModel:
    """A model whose last column is predicted as the sum of the others, multiplied by these weights."""
    made = concluded(folder, prepared(NUMBERS, data, standardize=False, dtype="float64"), 1)
    scale = made.encoding.targets.scale
    shift = made.encoding.targets.mean
    params = np.append(np.array(weights) / float(scale[0]), -float(shift[0]) / float(scale[0]))
    return made._replace(params=params)


def by_name(found: Importances) -> dict[str, Any]:
    return {each.column: each for each in found}


class Wrapped(BaseEstimator):  # type: ignore[misc]
    """A model as scikit-learn takes it; it keeps the tables that it predicts."""

    def __init__(self, trained: TrainedModel, data: Table) -> None:
        self._trained, self._data = trained, data
        self.seen: list[Any] = []

    def fit(self) -> None: ...

    def predict(self, numbers: Any) -> Any:
        self.seen.append(numbers.copy())
        target = self._data.numbers[:, -1:]
        data = replace(self._data, numbers=np.hstack([numbers, target]))
        encoding = self._trained.encoding
        return encoding.targets.answers(self._trained.outputs(encoding.encode_inputs(data, self._trained.params.dtype)))


@pytest.mark.parametrize(("kind", "metric", "scoring"), [
    (NUMBERS, "rmse", "neg_root_mean_squared_error"), (NUMBERS, "r2", "r2"), (CLASSES, "accuracy", "accuracy"),
])  # fmt: skip
def test_scikit_learn_agrees_given_the_same_permutations(
    kind: str, metric: str, scoring: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_normal((60, 4))
    y = x @ [3.0, -1.0, 0.5, 0.0] + rng.standard_normal(60)
    data = table(np.hstack([x, y[:, None] if kind == NUMBERS else (y > 0)[:, None]]), "a b c d y", sha256="d" * 64)
    trained = concluded(tmp_path, prepared(kind, data), 5)
    wrapped = Wrapped(trained, data)
    expected = permutation_importance(wrapped, x, data.numbers[:, -1], scoring=scoring, n_repeats=3, random_state=7)
    permuted = [given[:, 0] for given in wrapped.seen[1:4]]  # the first column, three times; its values are different
    orders = [np.array([int(np.flatnonzero(x[:, 0] == value)[0]) for value in column]) for column in permuted]
    monkeypatch.setattr(importance, "permutations", lambda *sizes: orders)
    found = by_name(importances(trained, data, metric, 3))
    means = [found[name].mean for name in "abcd"]
    assert means == pytest.approx(expected.importances_mean.tolist(), abs=1e-9)


def test_a_case_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """y is 2a + b; with a in the order 2 1 3, two rows are 2 off, and with b so, two are 10 off."""
    data = table([[1, 10, 12], [2, 20, 24], [3, 30, 36]], "a b y", sha256="d" * 64)
    trained = linear([2, 1], data, tmp_path)
    monkeypatch.setattr(importance, "permutations", lambda *sizes: [np.array([1, 0, 2])])
    found = importances(trained, data, "mae", 1)
    assert found.value == pytest.approx(0, abs=1e-9)
    assert [(each.column, each.low, each.high) for each in found] == [("b", None, None), ("a", None, None)]
    assert [each.mean for each in found] == pytest.approx([20 / 3, 4 / 3])


def test_all_inputs_of_a_column_are_permuted_as_its_cells_would_be(
    pay: tuple[TrainedModel, Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    trained, data = pay
    order = np.random.default_rng(0).permutation(data.rows)
    monkeypatch.setattr(importance, "permutations", lambda *sizes: [order])
    found = by_name(importances(trained, data, "rmse", 1))
    assert {name: each.inputs for name, each in found.items()} == {"age": 9, "town": 4, "one": 1, "luck": 9}
    numbers, towns, expected = data.numbers, data.texts[1], data.numbers[:, -1]

    def rmse(changed: Table) -> float:
        answers = trained.encoding.targets.answers(trained.outputs(trained.encoding.encode_inputs(changed)))
        return float(np.sqrt(np.mean((answers.ravel() - expected) ** 2)))

    for name, place in {"age": 0, "luck": 2}.items():
        shuffled = numbers.copy()
        shuffled[:, place] = numbers[order, place]
        assert found[name].mean == pytest.approx(rmse(replace(data, numbers=shuffled)) - rmse(data), abs=1e-9)
    texts = {1: [towns[place] for place in order.tolist()]}
    assert found["town"].mean == pytest.approx(rmse(replace(data, texts=texts)) - rmse(data), abs=1e-9)
    assert found["one"].mean == 0


def test_columns_are_no_image(pay: tuple[TrainedModel, Table]) -> None:
    assert importances(*pay).image == ()


def test_what_matters_comes_first_and_what_does_not_is_not_told_from_none(pay: tuple[TrainedModel, Table]) -> None:
    found = importances(*pay)
    assert [each.column for each in found][:2] == ["age", "town"]
    assert by_name(found)["age"].low > 1
    assert by_name(found)["luck"].low < 0 < by_name(found)["luck"].high
    assert str(by_name(found)["one"][1:4]) == "(0.0, 0.0, 0.0)"


def test_intervals_cover_what_is_true_on_all_rows(tmp_path: Path) -> None:
    """y is 2a + b and noise of variance 1: without a, the mean square grows from 1 to 9, and without b to 3."""
    rng = np.random.default_rng(2)
    hits = {"a": 0, "b": 0}
    for sample in range(100):
        x = rng.standard_normal((150, 2))
        y = x @ [2.0, 1.0] + rng.standard_normal(150)
        data = table(np.hstack([x, y[:, None]]), "a b y", sha256="d" * 64)
        if not sample:
            trained = linear([2, 1], data, tmp_path)
        found = by_name(importances(trained, data, "rmse", seed=sample))
        for name, true in {"a": 9**0.5 - 1, "b": 3**0.5 - 1}.items():
            hits[name] += found[name].low <= true <= found[name].high
    assert all(count >= 91 for count in hits.values()), hits


def test_a_column_that_the_model_ignores_has_an_interval_of_nothing(tmp_path: Path) -> None:
    """However far the model is off: what the other columns give is the same with and without it."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((150, 2))
    data = table(np.hstack([x, 2 * x[:, :1] + 5 * rng.standard_normal((150, 1))]), "a b y", sha256="d" * 64)
    found = by_name(importances(linear([2, 0], data, tmp_path), data, "rmse"))
    assert found["b"][1:4] == (0, 0, 0)
    assert found["a"].low < found["a"].mean < found["a"].high


def test_the_log_loss_is_measured_where_the_accuracy_is_saturated(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    x = np.round(rng.standard_normal((100, 2)), 3)
    easy = table(np.hstack([x, (x[:, :1] > 0)]), "a b y", sha256="d" * 64)
    trained = concluded(tmp_path, prepared(CLASSES, easy, optimizer_settings=FAST), 60)
    found = importances(trained, easy)
    assert (found.metric, found.greater_is_better) == ("log_loss", False)
    assert found.saturated is not None
    assert found.saturated >= 0.95
    asked = importances(trained, easy, "accuracy")
    assert (asked.metric, asked.saturated) == ("accuracy", None)
    hard = replace(easy, numbers=np.hstack([x, rng.integers(2, size=(100, 1))]))
    assert importances(trained, hard).metric == "accuracy"


def test_a_metric_of_other_models_is_refused_with_those_of_this_one(pay: tuple[TrainedModel, Table]) -> None:
    for name in ("accuracy", "recall", "nonsense"):
        with pytest.raises(BadInput, match=f"--metric {name}: .*; try one of .*rmse"):
            importances(*pay, name)


def test_a_metric_that_is_undefined_for_the_rows_is_refused(tmp_path: Path) -> None:
    data = table([[row, row % 2] for row in range(40)], "x y", sha256="d" * 64)
    trained = concluded(tmp_path, prepared(CLASSES, data))
    with pytest.raises(BadInput, match=r"auc is undefined for these rows; try another --metric"):
        importances(trained, table([[row, 1] for row in range(30)], "x y"), "auc")


def test_rows_of_a_large_table_are_drawn(pay: tuple[TrainedModel, Table], monkeypatch: pytest.MonkeyPatch) -> None:
    trained, data = pay
    monkeypatch.setattr(importance, "MOST_ROWS", 50)
    found = importances(trained, data)
    assert (found.rows, found.all_rows) == (50, 120)
    rows = importance.drawn(np.arange(120), 50, 0)
    assert len(np.unique(rows)) == 50
    assert (np.diff(rows) > 0).all()
    monkeypatch.undo()
    assert importances(trained, data.take(rows)).value == found.value
    assert importance.drawn(np.arange(120), 50, 1).tolist() != rows.tolist()


def test_fewer_rows_are_drawn_where_it_would_take_long(pay: tuple[TrainedModel, Table]) -> None:
    trained, _ = pay
    assert importance.fitting(trained, 10, 5, 10**6) == 10_000
    slow, quick = (
        trained._replace(network=SimpleNamespace(flops=10**6, stacks=stacks))  # type: ignore[arg-type]
        for stacks in (False, True)
    )
    assert importance.fitting(slow, 100, 5, 10**6) == 600  # 60 s of 2e10 operations, 4 times as slow in small tiles
    assert importance.fitting(quick, 100, 5, 10**6) == 2400
    assert importance.fitting(slow, 10**4, 5, 10**6) == 500
    assert importance.fitting(slow, 10**4, 5, 7) == 7


def test_few_rows_are_drawn_of_those_that_are_wide(pay: tuple[TrainedModel, Table]) -> None:
    """A table of 2 ** 18 inputs has 512 rows in 2 ** 27 numbers."""
    trained, _ = pay
    wide = trained._replace(encoding=SimpleNamespace(features=1 << 18))  # type: ignore[arg-type]
    assert importance.fitting(wide, 1, 1, 10**6) == 512


def test_a_long_run_is_told_with_its_time(pay: tuple[TrainedModel, Table], monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    importances(*pay, tell=told.append)
    assert told == []
    monkeypatch.setattr(importance, "LONG", 0)
    importances(*pay, tell=told.append)
    assert len(told) == 1
    assert re.fullmatch(r"4 columns, 5 times: about \d+ minutes on one core", told[0])


def test_json_values_have_all_that_was_measured(pay: tuple[TrainedModel, Table]) -> None:
    found = importances(*pay, repeats=2, seed=3)
    record = found.to_json()
    expected = {"metric": "rmse", "value": found.value, "rows": 120, "all_rows": 120, "repeats": 2, "seed": 3}
    assert {name: record[name] for name in expected} == expected
    first = found[0]
    assert record["columns"][0] == {
        "column": "age", "mean": first.mean, "low": first.low, "high": first.high, "inputs": 9,
    }  # fmt: skip
    assert len(record["columns"]) == 4
    assert record["correlated"] == []
    assert "of the 120 rows" in record["known"]


def test_the_seed_decides_and_the_number_of_workers_does_not(
    pay: tuple[TrainedModel, Table], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = importances(*pay)
    assert importances(*pay, seed=1) != one
    for workers in (2, 3):
        monkeypatch.setattr(cores, "worthwhile", lambda flops, most, workers=workers: workers)
        assert importances(*pay, mountpoint=str(tmp_path)) == one


def test_rows_that_the_model_knows_are_told(pay: tuple[TrainedModel, Table]) -> None:
    trained, data = pay
    assert "of the 120 rows are among those" in importances(trained, data).known
    assert importances(trained, replace(mixed(seed=4), sha256="e" * 64)).known == ""


def test_an_image_is_permuted_in_blocks(tmp_path: Path) -> None:
    """Pixels of 16x12: the blocks are 2x2, and one of them, which tells the class, is all that matters."""
    rng = np.random.default_rng(0)
    pixels, bright = rng.random((80, 12, 16)), rng.integers(2, size=80)
    pixels[:, 4:6, 10:12] += bright[:, None, None]
    data = table(np.hstack([pixels.reshape(80, -1), bright[:, None]]), sha256="d" * 64)
    trained = concluded(tmp_path, prepared("16 12 1\ninput\ndense ? softmax\n", data), 30)
    found = importances(trained, data)
    assert found.blocks == "blocks of 2x2 pixels"
    assert (len(found), sum(each.inputs for each in found)) == (8 * 6, 16 * 12)
    assert found[0].column == "rows 5-6, columns 11-12"
    assert (len(found.image), {len(row) for row in found.image}) == (6, {8})
    assert found.image[2][5] == found[0].mean
    assert found.related == ()


@pytest.mark.parametrize(("shape", "more"), [("16 2 1", {}), ("32 1 1", {"sample_shape": (1, 2, 16)})])
def test_a_network_or_a_file_says_what_an_image_is(shape: str, more: dict[str, Any], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    data = table(np.hstack([rng.random((6, 32)), rng.integers(2, size=(6, 1))]), sha256="d" * 64, **more)
    trained = concluded(tmp_path, prepared(f"{shape}\ninput\ndense ? softmax\n", data))
    found = importances(trained, data)
    assert (found.blocks, len(found)) == ("blocks of 2x1 pixels", 16)
    assert {each.column for each in found} >= {"rows 1, columns 1-2", "rows 2, columns 15-16"}


def test_columns_that_are_no_pixels_are_columns(tmp_path: Path) -> None:
    """Words, of which each is an input, in a network for images of 16x2."""
    words = {place: [f"{row % 2}x" for row in range(60)] for place in range(16)}
    data = table([[row % 2] for row in range(60)], texts=words, sha256="d" * 64)
    trained = concluded(tmp_path, prepared("16 2 1\ninput\ndense ? softmax\n", data))
    assert len(importances(trained, data)) == 16


def test_pixels_of_a_small_image_are_columns(tmp_path: Path) -> None:
    data = table([[*range(row, row + 16), row % 2] for row in range(6)], sha256="d" * 64)
    trained = concluded(tmp_path, prepared("4 4 1\ninput\ndense ? softmax\n", data))
    found = importances(trained, data)
    assert sorted(int(each.column) for each in found) == [*range(1, 17)]
    assert found.image == tuple(tuple(by_name(found)[str(4 * y + x + 1)].mean for x in range(4)) for y in range(4))
    assert isinstance(trained.description, ModelDescription)
