"""How much each row counts in the loss."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from experiments import CLASSES, NUMBERS, begun, prepared, table

from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput
from kerash_cli.tables.table import Table

WEIGHTS = [2, 0, 1, 3, 1, 1, 4, 0]
STEP = {"optimizer": "sgd", "standardize": False, "dtype": "float64", "batch_size": 1000, "validation": 0.0}
"""All rows are one batch, and a step follows the gradient."""


def rows(weights: list[float], classes: bool) -> Table:
    """Two inputs, a weight, and a class or an amount."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(len(weights), 2))
    y = np.arange(len(weights)) % 2 if classes else rng.normal(size=len(weights))
    return table(np.column_stack([x, weights, y]), "a b w y")


def after_steps(folder: Path, data: Table, model: str, **settings: Any) -> tuple[Array, list[float]]:
    """The parameters after two steps, and the loss before each; the targets are not scaled."""
    ready = prepared(model, data, **STEP, **settings)
    with begun(folder, ready, 2) as (ours, epochs):
        return ours.run.params.copy(), [epoch.loss for epoch in epochs]


@pytest.mark.parametrize("balance", [False, True])
@pytest.mark.parametrize("loss", ["categorical-cross-entropy", "mean-square"])
def test_a_whole_weight_is_a_repeated_row(tmp_path: Path, loss: str, balance: bool) -> None:
    weights = [2, 2, 1, 3, 3, 1] if balance else WEIGHTS  # the classes weigh the same
    data = rows(weights, classes=True)
    again = data.take(np.repeat(np.arange(len(weights)), weights))
    weighted = after_steps(tmp_path, data, CLASSES, loss=loss, weights="w", balance=balance)
    repeated = after_steps(tmp_path, again, CLASSES, loss=loss, drop=["w"], balance=balance)
    assert weighted[0] == pytest.approx(repeated[0], rel=1e-12)
    assert weighted[1] == pytest.approx(repeated[1], rel=1e-12)
    assert weighted[0] != pytest.approx(after_steps(tmp_path, data, CLASSES, loss=loss, drop=["w"])[0], rel=1e-3)


def test_the_gradient_of_a_weighted_loss_is_that_by_hand(tmp_path: Path) -> None:
    """A linear network: the loss is the weighted mean of (Xp - y)^2, the gradient 2 X' W (Xp - y) / sum W."""
    data = rows(WEIGHTS, classes=False)
    ready = prepared(NUMBERS, data, **STEP, weights="w")
    w = np.array(WEIGHTS, float)
    scaled = (data.numbers[:, 3] - data.numbers[:, 3].mean()) / data.numbers[:, 3].std()
    x = np.column_stack([data.numbers[:, :2], np.ones(len(w))])
    with begun(tmp_path, ready) as (ours, _):
        before = ours.run.params.copy()
        distance = x @ before - scaled
        loss = ours.source.step(0, len(w)) / len(w)
        assert loss == pytest.approx((w * distance**2).sum() / w.sum(), rel=1e-12)
        gradient = (before - ours.run.params) / ours.run.optimizer.rate
        assert gradient == pytest.approx(2 * x.T @ (w * distance) / w.sum(), rel=1e-9)


def test_the_weights_of_each_part_have_a_mean_of_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    data = rows((rng.random(100) * 1e300).tolist(), classes=True)
    ready = prepared(CLASSES, data, weights="3", balance=True, test=0.2, dtype="float64")
    with begun(tmp_path, ready) as (ours, _):
        for samples in (ours.training, ours.validation, ours.test):
            assert samples is not None
            assert samples.weight is not None
            assert samples.weight.mean() == pytest.approx(1)
        assert ours.training.weight is not None
        given = data.numbers[:, 2][np.isin(data.numbers[:, 0], ready.table.numbers[ready.training, 0])]
        assert ours.training.weight == pytest.approx(given / given.mean())  # there are as many of each class


def test_the_validation_loss_is_weighted(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    data = rows(rng.integers(0, 5, 60).tolist(), classes=True)
    ready = prepared(CLASSES, data, weights="w", dtype="float64", standardize=False)
    with begun(tmp_path, ready) as (ours, _):
        validation = data.numbers[ready.validation]
        logits = np.column_stack([validation[:, :2], np.ones(len(validation))]) @ ours.run.params.reshape(3, 2)
        losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(logits)), validation[:, 3].astype(int)]
        w = validation[:, 2]
        assert ours.validate is not None
        assert ours.validate() == pytest.approx((w * losses).sum() / w.sum())


def test_the_column_of_weights_is_no_input_and_is_told() -> None:
    ready = prepared(CLASSES, rows(WEIGHTS, classes=True), weights="w")
    assert ready.encoding.features == 2
    assert ready.describe().endswith("; loss categorical-cross-entropy, weighted by w")
    assert ready.identity()["settings"]["weights"] == "w"
    assert "weights" not in prepared(CLASSES, rows(WEIGHTS, classes=True)).identity()["settings"]


WRONG = {
    "negative": ([1.0, -0.5, 1], "t.csv:2:3: expected a weight, a number from 0 on, got -0.5"),
    "missing": ([1.0, 1, np.nan], "t.csv:3:3: expected a value, got a missing one; a weight of 0 leaves a row out"),
    "infinite": ([1.0, np.inf, 1], "t.csv:2:3: expected a weight, a number from 0 on, got inf"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_weight_is_refused_in_its_place(name: str) -> None:
    weights, message = WRONG[name]
    with pytest.raises(BadInput) as caught:
        prepared(CLASSES, rows(weights, classes=True), weights="w")
    assert str(caught.value) == message


def test_words_and_zeros_are_no_weights(tmp_path: Path) -> None:
    words: list[str | None] = ["1", "2", "x", "3"]
    data = table([[1, 0], [2, 1], [3, 0], [4, 1]], "a w y", {1: words})
    with pytest.raises(BadInput, match=r"^t\.csv:3:2: expected a number, got 'x'; this column has the weights$"):
        prepared(CLASSES, data, weights="w")
    named = table([[1, 0], [2, 1]], "a w y", {1: ["1", "2"]}, declared=frozenset([1]))
    with pytest.raises(BadInput, match=r"^t\.csv: column 'w' has names by --categories; weights are numbers$"):
        prepared(CLASSES, named, weights="w")
    zeros = prepared(CLASSES, rows([0.0] * 4, classes=True), weights="w")
    with pytest.raises(
        BadInput, match=r"^t\.csv: column 'w': expected a weight above 0 in a row that trains, got none"
    ):
        begun(tmp_path, zeros).__enter__()


def test_a_target_has_no_weights() -> None:
    with pytest.raises(BadInput, match=r"^--weights y: expected a column other than the label"):
        prepared(CLASSES, rows(WEIGHTS, classes=True), weights="y")
    with pytest.raises(BadInput, match=r"^t\.csv: expected a column among 'a', 'b', 'w', 'y', got 'v'"):
        prepared(CLASSES, rows(WEIGHTS, classes=True), weights="v")


def test_weights_and_balanced_classes_are_multiplied(tmp_path: Path) -> None:
    """Three rows of one class and one of the other: their factors are 4 / (2 * 3) and 4 / (2 * 1)."""
    data = table([[1, 2, 0], [2, 1, 0], [3, 0, 0], [4, 5, 1]], "a w y")
    expected = np.array([2 * 2 / 3, 1 * 2 / 3, 0, 5 * 2])
    with begun(tmp_path, prepared(CLASSES, data, weights="w", balance=True, dtype="float64")) as (ours, _):
        assert ours.training.weight == pytest.approx(expected / expected.mean())
    with begun(tmp_path, prepared(CLASSES, data, drop=["w"], balance=True, dtype="float64")) as (ours, _):
        assert ours.training.weight == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2])


def test_weights_may_be_huge_and_the_first_wrong_one_is_told(tmp_path: Path) -> None:
    huge = [1.7e308, 1.7e308, 0.85e308, 0.0]
    with begun(tmp_path, prepared(CLASSES, rows(huge, True), weights="w", dtype="float64")) as (ours, _):
        assert ours.training.weight == pytest.approx([1.6, 1.6, 0.8, 0])
    with pytest.raises(BadInput, match=r"^t\.csv:2:3: expected a weight, a number from 0 on, got -1$"):
        prepared(CLASSES, rows([1.0, -1, 2, -3], True), weights="w")
