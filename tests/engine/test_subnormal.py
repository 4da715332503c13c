"""Sums that decay never stay subnormal, which would make each step many times as slow."""

from typing import Any

import numpy as np
import pytest
from test_optimizers import optimizer, stepped

from kerash_cli.engine.layers import IDENTITY, BatchNormalization, Dense
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import SWEEP, Optimizer, OptimizerSettings
from kerash_cli.engine.tensors import Array

MOMENTUM, DECAY = OptimizerSettings(0.1, momentum=0.9), OptimizerSettings(0.5, weight_decay=0.5)
DECAYING = [("sgd", MOMENTUM), ("rmsprop", OptimizerSettings(0.1)), ("adam", OptimizerSettings(0.1))]
SMALL = {np.float32: 5e-30, np.float64: 5e-300}
"""Above what is set to 0, but not by much."""


def is_subnormal(values: Array) -> bool:
    return bool(((values != 0) & (np.abs(values) < np.finfo(values.dtype).tiny)).any())


def steps_without_gradient(made: Optimizer, params: Array, count: int) -> None:
    """Asserts that no number is subnormal after any of these steps."""
    gradient = np.zeros_like(params)
    calls = made.plan(params, gradient)
    for _ in range(count):
        gradient[...] = 0
        for call in calls:
            call()
        assert not any(is_subnormal(each) for each in (params, *made.vectors.values()))


@pytest.mark.parametrize("dtype", SMALL)
@pytest.mark.parametrize(("name", "settings"), DECAYING, ids=str)
def test_what_an_optimizer_remembers_becomes_0_before_it_is_subnormal(
    name: str, settings: OptimizerSettings, dtype: Any
) -> None:
    made = optimizer(name, settings, 3, dtype)
    for vector in made.vectors.values():
        vector[...] = [SMALL[dtype], -SMALL[dtype] if name == "sgd" else SMALL[dtype], 1]
    steps_without_gradient(made, np.ones(3, dtype), 2000)
    assert all((vector[:2] == 0).all() for vector in made.vectors.values())


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_weights_that_decay_become_0_before_they_are_subnormal(name: str) -> None:
    params = np.array([SMALL[np.float32], -SMALL[np.float32]], np.float32)
    steps_without_gradient(optimizer(name, DECAY, 2, np.float32), params, 300)
    assert (params == 0).all()


def test_running_means_become_0_before_they_are_subnormal() -> None:
    network = Network([BatchNormalization(), Dense(1, IDENTITY)], (1, 1, 2))
    params, gradient = network.initial(0, np.dtype(np.float32)), np.zeros(network.size, np.float32)
    params[network.learnt :] = SMALL[np.float32]
    calls = network.update(optimizer("sgd", OptimizerSettings(0.1), network.size, np.float32), params, gradient)
    for _ in range(300):
        for call in calls:
            call()
        assert not is_subnormal(params)
    assert (params[network.learnt :] == 0).all()


@pytest.mark.parametrize(("name", "settings"), DECAYING, ids=str)
def test_other_numbers_keep_their_bits(name: str, settings: OptimizerSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    along = np.random.default_rng(0).standard_normal((3 * SWEEP, 50)).astype(np.float32)
    swept = stepped(optimizer(name, settings, 50, np.float32), along[0], along)
    monkeypatch.setattr(Optimizer, "swept", lambda self, decaying: [])
    assert np.array_equal(stepped(optimizer(name, settings, 50, np.float32), along[0], along), swept)


@pytest.mark.parametrize(("name", "settings"), DECAYING, ids=str)
def test_it_is_the_number_of_the_step_that_decides(name: str, settings: OptimizerSettings) -> None:
    """A run that goes on, and workers with a part of the vectors each, set the same numbers to 0."""
    along = np.zeros((SWEEP, 40), np.float32)
    whole, half = (optimizer(name, settings, 40, np.float32) for _ in range(2))
    for made in (whole, half):
        made.steps = SWEEP // 2
        for vector in made.vectors.values():
            vector[...] = np.geomspace(1e-28, 1e-32, 40)
    stepped(whole, along[0], along)
    for part in (slice(0, 16), slice(16, 40)):
        half.steps = SWEEP // 2
        calls = half.plan(np.zeros(40, np.float32), np.zeros(40, np.float32), part)
        for _ in along:
            for call in calls:
                call()
    for vector, other in zip(whole.vectors.values(), half.vectors.values(), strict=True):
        assert 0 < np.count_nonzero(vector) < 40
        assert np.array_equal(vector, other)
