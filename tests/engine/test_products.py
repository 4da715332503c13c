"""A dense layer that is trained takes large batches of wide samples as rows; nothing but the last digits changes."""

import numpy as np
import pytest

from kerash_cli.engine.activations import ACTIVATIONS, Activation
from kerash_cli.engine.layers import Dense, Mode
from kerash_cli.engine.layers import dense as module
from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Array

TANH = Activation("tanh")
NEVER = 10**9


def results(monkeypatch: pytest.MonkeyPatch, network: Network, much: int) -> list[Array]:
    """Outputs and the gradient, with rows in products of at least `much` multiplications."""
    monkeypatch.setattr(module, "MUCH", much)
    rng, gradient = np.random.default_rng(0), np.empty(network.size)
    plan = network.plan(rng.standard_normal(network.size), 5, Mode(training=True), gradient)
    plan.rows[:, :-1] = rng.standard_normal((5, network.features))
    for call in plan.forward:
        call()
    plan.da[...] = rng.standard_normal((network.outputs, 5))
    for call in plan.backward:
        call()
    assert ("dot(5x" in plan.describe()) == (much == 0)
    return [plan.a, gradient]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_outputs_and_gradients_are_the_same(monkeypatch: pytest.MonkeyPatch, name: str, bias: bool) -> None:
    network = Network([Dense(6, Activation(name)), Dense(3, TANH)], (1, 1, 40), bias)
    for got, expected in zip(*(results(monkeypatch, network, much) for much in (0, NEVER)), strict=True):
        assert got == pytest.approx(expected, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize(
    ("features", "units", "n", "rows"),
    [(1023, 64, 16, True), (1022, 64, 16, False), (511, 128, 100, True), (510, 128, 100, False)],
)
def test_rows_are_for_large_products_of_wide_samples(features: int, units: int, n: int, rows: bool) -> None:
    """With the ones for the bias, 1024 * 64 * 16 multiplications are 2^20, and 512 features are 4 * 128."""
    network = Network([Dense(units, TANH), Dense(3, TANH)], (1, 1, features))
    params = np.empty(network.size, np.float32)
    plan = network.plan(params, n, Mode(training=True), np.empty_like(params))
    assert (f"dot({n}x{features + 1}, {features + 1}x{units}, {n}x{units})" in plan.describe()) == rows


@pytest.mark.parametrize("training", [True, False])
def test_predictions_keep_their_order(monkeypatch: pytest.MonkeyPatch, training: bool) -> None:
    """Their last digits are those that earlier versions printed."""
    monkeypatch.setattr(module, "MUCH", 0)
    network = Network([Dense(8, TANH), Dense(3, TANH)], (1, 1, 60))
    plan = network.plan(np.empty(network.size), 5, Mode(training))
    assert ("dot(5x61, 61x8, 5x8)" in plan.describe()) == training


def test_stacks_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MUCH", 0)
    network = Network([Dense(8, TANH), Dense(3, TANH)], (1, 1, 60))
    params = np.empty((2, network.size))
    plan = network.plan(params, 10, Mode(training=True), np.empty_like(params))
    assert "matmul(2x8x61, 2x61x5, 2x8x5)" in plan.describe()
