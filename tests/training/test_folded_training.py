"""Training in folds: a network for each, judged on the rows that it has not seen, and one network of all in the end."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from experiments import CLASSES, ROOM, begun, prepared, table
from pools import silent

from kerash_cli.engine.optimizers import OptimizerSettings
from kerash_cli.engine.randomness import Key, derived
from kerash_cli.engine.tensors import Array
from kerash_cli.model.trained import TrainedModel
from kerash_cli.store.stage import stage
from kerash_cli.tables import reading
from kerash_cli.tables.table import Rows, Table
from kerash_cli.training import experiment
from kerash_cli.training.experiment import Experiment, PreparedTraining
from kerash_cli.training.loop import train
from kerash_cli.training.validating import ValidateOn

DEEP = "? 1 1\ninput\ndense 6 tanh\ndense 5 relu\ndense ? softmax\n"
AMOUNTS = "? 1 1\ninput\ndense 4 tanh\ndense ? -\n"
EXACT = {"dtype": "float64", "standardize": False, "validation": 0.0}


def points(rows: int = 63, seed: int = 0) -> Table:
    """Two inputs, a weight from 0 to 3, a group of four rows, and one of three classes."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 2))
    classes = (x[:, 0] > 0).astype(int) + (x[:, 0] + x[:, 1] > 1.5)
    return table(np.column_stack([x, rng.integers(0, 4, rows), np.arange(rows) // 4, classes]), "a b w g y")


def done(ours: Experiment) -> Experiment:
    for _ in train(ours.run, ours.source, ours.validate):
        pass
    return ours


def trained(folder: Path, ready: PreparedTraining) -> tuple[Experiment, TrainedModel]:
    with stage(ROOM, str(folder), silent) as place:
        ours = done(experiment.start(ready, place))
        return ours, ours.conclude()


def rows_of(ready: PreparedTraining) -> list[tuple[Rows, Rows]]:
    """Rows of the table that train each network, and those of its fold, by the definition of folds in order."""
    bounds = np.cumsum([0, *ready.folds])
    own = [ready.training[start:stop] for start, stop in pairwise(bounds)]
    return [(ready.training[~np.isin(ready.training, each)], each) for each in own]


def logits(model: str, params: Array, x: Array, outputs: int) -> Array:
    """The outputs before the last activation, computed from the vector of parameters by the layout of the layers."""
    widths = [int(line.split()[1]) for line in model.splitlines() if line.startswith("dense") and "?" not in line]
    hidden = [line.split()[2] for line in model.splitlines() if line.startswith("dense") and "?" not in line]
    a, start = x, 0
    for units, name in zip([*widths, outputs], [*hidden, "-"], strict=True):
        size = (a.shape[1] + 1) * units
        matrix = params[start : start + size].reshape(-1, units)
        z = a @ matrix[:-1] + matrix[-1]
        a = np.tanh(z) if name == "tanh" else np.maximum(z, 0) if name == "relu" else z
        start += size
    assert start == len(params)
    return a


def cross_entropy(z: Array, classes: Array) -> Array:
    return np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), classes.astype(int)]


# Each network is the one that would be trained on its rows alone

GROUPS = {"validate_on": ValidateOn("groups", "g")}
CLIPPED = OptimizerSettings(clip_norm=0.2, weight_decay=0.01)
MOMENTUM = OptimizerSettings(0.05, momentum=0.9, clip_norm=0.1)

LIKE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({"drop": ["g", "w"]}, {}),
    "weights and balance": ({"drop": ["g"], "weights": "w", "balance": True}, {}),
    "groups": ({"drop": ["w"]}, GROUPS),
    "groups, weights, no bias": ({"weights": "w", "bias": False}, GROUPS),
    "clipped adamw": ({"optimizer": "adamw", "optimizer_settings": CLIPPED}, {}),
    "clipped sgd": ({"optimizer": "sgd", "optimizer_settings": MOMENTUM, "init": "he"}, {}),
}
"""Settings of both trainings, and those of the one in folds."""


@pytest.mark.parametrize("like", LIKE)
def test_each_network_is_the_one_that_its_rows_alone_would_train(tmp_path: Path, like: str) -> None:
    settings, more = LIKE[like]
    both = {**EXACT, "epochs": 6, "batch_size": 1000, **settings}
    ready = prepared(DEEP, points(), folds=4, **both, **more)
    ours, _ = trained(tmp_path, ready)
    if more:
        both["drop"] = [*settings.get("drop", []), "g"]
    losses = []
    for fold, (own, _) in enumerate(rows_of(ready)):
        alone = prepared(DEEP, points().take(own), **both)
        first = alone.network.initial(derived(0, Key.INITIAL, fold), np.dtype(np.float64), ready.settings.init)
        with begun(tmp_path, replace(alone, initial=first), ours.run.best_epoch) as (single, epochs):
            assert single.run.params == pytest.approx(ours.run.best_params[fold], rel=1e-8, abs=1e-11)
            losses.append([epoch.loss for epoch in epochs])
    told = [epoch.loss for epoch in ours.run.history[: ours.run.best_epoch]]
    assert told == pytest.approx(np.mean(losses, axis=0).tolist(), rel=1e-9)
    assert ours.run.best_epoch > 1


def test_batches_are_those_of_the_rows_alone(tmp_path: Path) -> None:
    """Small batches in the same random order, in the number type of the defaults."""
    settings = {"epochs": 3, "batch_size": 8, "standardize": False, "drop": ["g", "w"]}
    ready = prepared(CLASSES, points(), folds=3, **settings)
    ours, _ = trained(tmp_path, ready)
    for fold, (own, _) in enumerate(rows_of(ready)):
        alone = prepared(CLASSES, points().take(own), validation=0.0, **settings)
        first = alone.network.initial(derived(0, Key.INITIAL, fold), np.dtype(np.float32))
        with begun(tmp_path, replace(alone, initial=first), ours.run.best_epoch) as (single, _):
            assert single.run.params == pytest.approx(ours.run.best_params[fold], rel=1e-4, abs=1e-6)


def test_masks_of_dropout_are_each_networks_own(tmp_path: Path) -> None:
    """With the same initial weights and the same rows, only the masks are different."""
    model = "? 1 1\ninput\ndense 32 tanh\ndropout 0.5\ndense ? softmax\n"
    data = points(60).take(np.tile(np.arange(20), 3))
    ready = prepared(model, data, folds=3, epochs=1, batch_size=1000, **EXACT)
    ready = replace(ready, training=np.arange(60), validation=np.arange(60), folds=(20, 20, 20))
    with stage(ROOM, str(tmp_path), silent) as place:
        ours = experiment.start(ready, place)
        ours.run.params[...] = ours.run.params[0]
        ours.source.step(0, 40)
        first, second, third = ours.run.params
        assert not np.allclose(first, second)
        assert not np.allclose(second, third)
        with begun(tmp_path, prepared(model, data, folds=3, epochs=1, batch_size=1000, **EXACT)) as (again, _):
            again.source.step(0, 40)
        with begun(tmp_path, prepared(model, data, folds=3, epochs=1, batch_size=1000, **EXACT)) as (other, _):
            other.source.step(0, 40)
        assert np.array_equal(again.run.params, other.run.params)


@pytest.mark.parametrize("balance", [False, True])
def test_a_whole_weight_is_a_repeated_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, balance: bool) -> None:
    """In training and in judging. Each fold has as many rows when rows are repeated, by the same way of dividing."""
    cut = [np.arange(20), np.arange(20, 40), np.arange(40, 60)]
    monkeypatch.setattr(ValidateOn, "folds", lambda *_: cut)
    weights = np.tile([2, 2, 1, 0, 0], 12)
    data = points(60)
    data.numbers[:, 2], data.numbers[:, 4] = weights, np.arange(60) // 2 % 2  # as many of each class in each fold
    again = data.take(np.repeat(np.arange(60), weights))
    settings = {**EXACT, "optimizer": "sgd", "batch_size": 1000, "folds": 3, "epochs": 5, "balance": balance}
    weighted, _ = trained(tmp_path, prepared(CLASSES, data, weights="w", drop=["g"], **settings))
    repeated, _ = trained(tmp_path, prepared(CLASSES, again, drop=["w", "g"], **settings))
    alike, _ = trained(tmp_path, prepared(CLASSES, data, drop=["w", "g"], **settings))
    for one, other, third in zip(weighted.run.history, repeated.run.history, alike.run.history, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-12)
        assert one.validation_loss == pytest.approx(other.validation_loss, rel=1e-12)
        assert one.validation_loss != pytest.approx(third.validation_loss, rel=1e-4)
    assert weighted.run.best_params == pytest.approx(repeated.run.best_params, rel=1e-11)


# Judging


@pytest.mark.parametrize(
    "more",
    [
        {"drop": ["w", "g"]},
        {"weights": "w", "drop": ["g"]},
        {"weights": "w", "balance": True, "drop": ["g"]},
        {**GROUPS, "drop": ["w"]},
    ],
    ids=["plain", "weights", "weights and balance", "groups"],
)
def test_every_row_is_judged_by_the_network_that_has_not_seen_it(tmp_path: Path, more: dict[str, Any]) -> None:
    """The loss, the metrics and the weights are computed here from the parameters and the numbers of the table."""
    ready = prepared(DEEP, points(), folds=4, epochs=7, patience=3, **EXACT, **more)
    ours, model = trained(tmp_path, ready)
    judged = [own for _, own in rows_of(ready)]
    z = np.concatenate([
        logits(DEEP, params, points().numbers[own, :2], 3)
        for params, own in zip(ours.run.best_params, judged, strict=True)
    ])  # fmt: skip
    rows = np.concatenate(judged)
    assert len(set(rows.tolist())) == len(rows) == (63 if "validate_on" in more else 60)
    w, classes = points().numbers[rows, 2], points().numbers[rows, 4].astype(int)
    weight = w if "weights" in more else np.ones(len(rows))
    if more.get("balance"):
        weight = weight / np.bincount(points().numbers[:, 4].astype(int))[classes]
    losses = cross_entropy(z, classes)
    assert ours.run.best_loss == pytest.approx((weight * losses).sum() / weight.sum(), rel=1e-9)
    metrics = model.training["metrics"]
    assert metrics["rows"] == len(rows)
    assert metrics["accuracy"] == pytest.approx((z.argmax(axis=1) == classes).mean())
    assert metrics["log_loss"] == pytest.approx(losses.mean(), rel=1e-9)
    assert model.training["scored_on"] == "validation"


def test_the_figure_of_an_epoch_is_in_the_targets_own_unit(tmp_path: Path) -> None:
    data = points()
    data.numbers[:, 4] = 1000 + 50 * data.numbers[:, 0]
    ready = prepared(AMOUNTS, data, folds=5, epochs=3, drop=["w", "g"], **EXACT)
    with begun(tmp_path, ready, 2) as (ours, epochs):
        figure = ours.measure(epochs[-1]).figure
        assert figure is not None
        z = [
            logits(AMOUNTS, own, data.numbers[rows, :2], 1)[:, 0]
            for own, (_, rows) in zip(ours.run.params, rows_of(ready), strict=True)
        ]
        amounts = data.numbers[:, 4]
        found = np.concatenate(z) * amounts.std() + amounts.mean()
        expected = np.sqrt(np.mean((found - amounts[ready.validation]) ** 2))
        assert figure == ("validation_rmse", pytest.approx(expected, rel=1e-9))


# The network that is saved


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dropout", ["", "dropout 0.2\n"])
def test_the_saved_network_computes_the_mean_of_all_networks(tmp_path: Path, bias: bool, dropout: str) -> None:
    model = DEEP.replace("dense 5", f"{dropout}dense 5")
    ready = prepared(model, points(), folds=3, epochs=3, drop=["w", "g"], bias=bias, test=0.1, **EXACT)
    ours, saved = trained(tmp_path, ready)
    x = np.random.default_rng(1).normal(size=(40, 2))
    padded = np.zeros((3, 3 * 6 + 7 * 5 + 6 * 3))
    wanted = [layer for layer in ready.network.tensors(ours.run.best_params) if layer]
    start = 0
    for layer in wanted:
        _, inputs, units = layer["weights"].shape
        padded[:, start : start + inputs * units] = layer["weights"].reshape(3, -1)
        start += inputs * units
        padded[:, start : start + units] = layer.get("bias", 0)
        start += units
    z = np.mean([logits(DEEP, own, x, 3) for own in padded], axis=0)
    expected = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert saved.outputs(x) == pytest.approx(expected, rel=1e-9)
    assert saved.network.bias is bias
    assert ours.test is not None
    assert ready.test is not None
    tested = saved.outputs(ours.test.x[:, :-1])
    classes = ours.test.y.argmax(axis=1)
    assert saved.training["test"]["accuracy"] == pytest.approx((tested.argmax(axis=1) == classes).mean())
    assert saved.training["test"]["loss"] == pytest.approx(-np.log(tested[np.arange(len(classes)), classes]).mean())


def test_the_record_says_how_many_networks_there_were(tmp_path: Path) -> None:
    ours, saved = trained(tmp_path, prepared(DEEP, points(), folds=4, epochs=3, validation=0.0))
    assert saved.training["settings"]["folds"] == 4
    assert saved.summary().startswith("4 networks averaged; accuracy ")
    assert " on 60 validation rows, each predicted by networks that have not seen it (naive guess " in saved.summary()
    assert saved.knows("", ours.training.x[:, :-1], ours.training.y).startswith("all rows are among those")
    assert len(ours.training.x) == 63
    _, one = trained(tmp_path, prepared(DEEP, points(), epochs=3))
    assert "folds" not in one.training["settings"]
    assert "averaged" not in one.summary()


def test_an_input_that_is_the_same_in_all_rows_counts_for_nothing(tmp_path: Path) -> None:
    data = points()
    data.numbers[:, 2] = 5
    ours, _ = trained(tmp_path, prepared(CLASSES, data, folds=3, epochs=2, drop=["g"]))
    weights = ours.run.best_params[:, : 3 * 3].reshape(3, 3, 3)
    assert np.count_nonzero(weights[:, 2]) == 0
    assert np.count_nonzero(weights[:, :2]) == 18


def test_it_learns_flowers(tmp_path: Path) -> None:
    data = reading.read(str(ROOT / "data" / "iris.csv"))
    model = "? 1 1\ninput\ndense 16 tanh\ndense ? softmax\n"
    _, saved = trained(tmp_path, prepared(model, data, targets=["species"], folds=5, epochs=100))
    assert saved.training["metrics"]["accuracy"] > 0.93
