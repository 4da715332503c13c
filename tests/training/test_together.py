"""Trainings that take each step together: against `train`, which trains them one by one."""

from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from experiments import ROOM, prepared, table
from pools import silent

from kerash_cli.engine.optimizers import OptimizerSettings
from kerash_cli.engine.schedules import Schedule
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import Diverged
from kerash_cli.store.stage import stage
from kerash_cli.training import experiment, together
from kerash_cli.training.experiment import PreparedTraining
from kerash_cli.training.loop import train

STACKS = "? 1 1\ninput\ndense 6 tanh\ndropout 0.3\ndense ? softmax\n"
APART = "? 1 1\ninput\ndense 6 tanh\nbatch_normalization\ndropout 0.3\ndense ? softmax\n"
"""A network that can be stacked, and one that can't, since a normalization is about the rows of one network."""


def some(model: str, seed: int, rows: int = 60, **settings: Any) -> PreparedTraining:
    """A training of points of two classes, with a weight from 1 to 3."""
    x = np.random.default_rng(seed).normal(size=(rows, 2))
    data = table(np.column_stack([x, np.arange(rows) % 3 + 1, x[:, 0] * x[:, 1] > 0]), "a b w y")
    return prepared(model, data, **{"targets": ["y"], "drop": ["w"], "batch_size": 16, **settings})


def alone(folder: Path, ready: PreparedTraining) -> tuple[Array, int, int]:
    """The best parameters by `train`, the number of epochs, and the best one."""
    with stage(ROOM, str(folder), silent) as place:
        ours = experiment.start(ready, place)
        for _ in train(ours.run, ours.source, ours.validate):
            pass
        return ours.run.best_params.copy(), ours.run.epoch, ours.run.best_epoch


def groups(
    folder: Path, trainings: list[PreparedTraining], seconds: float, others: int = 0
) -> tuple[Array, list[int], list[int]]:
    """The same of trainings that are trained together, for so many seconds at a time, here and in other processes."""
    with stage(ROOM, str(folder), silent) as place:
        params = [experiment.initial_params(each) for each in trainings]
        members = {f"fold {number}": each for number, each in enumerate(trainings, 1)}
        record = together.begin(place.inner("group"), members, params, trainings[0].settings.epochs)
        processes = cycle({} for _ in range(others + 1))
        while not together.Standing(**record["standing"]).is_over:
            together._left = next(processes)
            before = max(record["standing"]["epochs"])
            record = together.advance(record, seconds)
            assert max(record["standing"]["epochs"]) > before, "it goes on from where the other one was"
        standing = together.Standing(**record["standing"])
        return together.best_params(record), standing.epochs, standing.best_epochs


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"validation": 0.0, "epochs": 7},
        {"optimizer": "sgd", "optimizer_settings": OptimizerSettings(schedule=Schedule("cosine")), "epochs": 9},
        {"weights": "w", "drop": []},
        {"balance": True, "dtype": "float64"},
    ],
)
def test_a_training_that_can_not_be_stacked_is_that_of_train_bit_by_bit(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    ready = some(APART, 0, **{"epochs": 30, "patience": 4, **settings})
    params, epochs, best_epoch = alone(tmp_path, ready)
    found, *counts = groups(tmp_path, [ready], 60)
    assert counts == [[epochs], [best_epoch]]
    np.testing.assert_array_equal(found[0], params)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_stacked_trainings_are_those_of_train_but_for_the_last_digits(tmp_path: Path, optimizer: str) -> None:
    """Without dropout, whose masks are others; they stop at different epochs, so that one goes on alone."""
    model = STACKS.replace("dropout 0.3\n", "")
    both = [
        some(model, seed, epochs=60, patience=5, dtype="float64", optimizer=optimizer, weights="w") for seed in (1, 2)
    ]
    singles = [alone(tmp_path, each) for each in both]
    found, *counts = groups(tmp_path, both, 60)
    assert counts == [list(each) for each in zip(*(single[1:] for single in singles), strict=True)]
    assert len({*counts[0]}) == 2, "one stops before the other"
    for own, (params, *_) in zip(found, singles, strict=True):
        np.testing.assert_allclose(own, params, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("model", [STACKS, APART])
def test_the_result_does_not_depend_on_how_often_another_process_goes_on(tmp_path: Path, model: str) -> None:
    trainings = [some(model, seed, epochs=25, patience=6) for seed in ((3, 4) if model == STACKS else (3,))]
    whole = groups(tmp_path, trainings, 60)
    for others in (0, 1, 2, 100):  # with 100, none of them takes it up a second time
        parts = groups(tmp_path, trainings, 0, others)
        assert whole[1:] == parts[1:]
        np.testing.assert_array_equal(whole[0], parts[0])


def test_only_networks_of_one_form_can_be_stacked() -> None:
    first = together.form(some(STACKS, 1))
    assert together.form(some(STACKS, 2)) == first
    assert together.form(some(STACKS, 1, rows=63)) != first
    assert together.form(some(STACKS.replace("6", "7"), 1)) != first
    assert together.form(some(APART, 1)) != together.form(some(APART, 1))


def test_a_training_that_diverges_is_named(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(60, 2))
    data = table(np.column_stack([x, x[:, 0] * 1e3]), "a b y")
    wild = {"optimizer": "sgd", "optimizer_settings": OptimizerSettings(learning_rate=1e6), "standardize": False}
    ready = prepared("? 1 1\ninput\ndense 6 relu\ndense 1 -\n", data, targets=["y"], **wild)
    with pytest.raises(Diverged, match=r"^fold 1( and fold 2)?: training diverged: .* in epoch 1, batch "):
        groups(tmp_path, [ready, ready], 60)
