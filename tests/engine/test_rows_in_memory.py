"""Between two dense layers that are trained samples are rows in memory, if products are large; nothing else changes."""

from collections.abc import Sequence

import numpy as np
import pytest

from kerash_cli.engine import plans
from kerash_cli.engine.activations import ACTIVATIONS, Activation
from kerash_cli.engine.layers import IDENTITY, BatchNormalization, Dense, Dropout, InputLayer, Layer, Mode, OutputLayer
from kerash_cli.engine.network import Network
from kerash_cli.engine.plans import Plan
from kerash_cli.engine.tensors import Array, is_by_row

RELU, TANH, SOFTMAX = Activation("relu"), Activation("tanh"), Activation("softmax")
NEVER = 10**9


def run(plan: Plan, x: Array, slope: Array) -> None:
    plan.rows[:, :-1] = x
    for call in plan.forward:
        call()
    plan.da[...] = slope
    for call in plan.backward:
        call()


def results(
    monkeypatch: pytest.MonkeyPatch, layers: Sequence[Layer], much: int, bias: bool, is_hidden: bool = False
) -> list[Array]:
    """Outputs, the gradients of parameters and inputs, with rows in products of at least `much` multiplications."""
    monkeypatch.setattr(plans, "MUCH", much)
    network, rng = Network(layers, (1, 1, 6), bias), np.random.default_rng(0)
    params = rng.standard_normal(network.size) / 2
    gradient = np.empty_like(params)
    plan = network.plan(params, 5, Mode(training=True), gradient, with_dx=True, is_hidden=is_hidden)
    run(plan, rng.standard_normal((5, 6)), rng.standard_normal((network.outputs, 5)))
    assert plan.dx is not None
    assert is_by_row(plan.a) == (is_hidden and much == 0)
    return [plan.a, gradient, plan.dx]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    "layers",
    [
        [Dense(8, RELU), Dense(3, SOFTMAX)],
        [InputLayer(), Dense(8, TANH), Dense(7, RELU), Dense(9, IDENTITY), Dense(3, TANH), OutputLayer(SOFTMAX)],
        [Dense(8, SOFTMAX), Dense(7, RELU), Dense(3, TANH)],
        [Dense(8, TANH), Dropout(0.3), Dense(7, RELU), Dense(6, TANH), BatchNormalization(RELU), Dense(3, TANH)],
        [Dense(8, TANH), Dropout(0), Dense(1, RELU), Dense(3, TANH)],
        *([Dense(8, Activation(name)), Dense(7, Activation(name)), Dense(3, TANH)] for name in ACTIVATIONS),
    ],
    ids=str,
)
def test_outputs_and_gradients_are_the_same(
    monkeypatch: pytest.MonkeyPatch, layers: Sequence[Layer], bias: bool
) -> None:
    for got, expected in zip(*(results(monkeypatch, layers, much, bias) for much in (0, NEVER)), strict=True):
        assert got == pytest.approx(expected, rel=1e-11, abs=1e-13)


def test_outputs_that_go_to_a_dense_layer_are_rows_too(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [Dense(8, TANH), Dense(7, RELU)]
    for got, expected in zip(*(results(monkeypatch, layers, much, True, True) for much in (0, NEVER)), strict=True):
        assert got == pytest.approx(expected, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize(("n", "by_row"), [(53, False), (54, True)])
def test_rows_are_for_large_products(n: int, by_row: bool) -> None:
    """70 * 70 * 54 multiplications are more than 2^18, 70 * 70 * 53 are not."""
    network = Network([Dense(70, TANH), Dense(70, TANH), Dense(3, TANH)], (1, 1, 70))
    params = np.empty(network.size, np.float32)
    plan = network.plan(params, n, Mode(training=True), np.empty_like(params), with_dx=True, is_hidden=True)
    assert (f"dot({n}x71, 71x70, {n}x70)" in plan.describe()) == by_row


@pytest.mark.parametrize("training", [True, False])
def test_predictions_keep_their_order(monkeypatch: pytest.MonkeyPatch, training: bool) -> None:
    """Their last digits are those that earlier versions printed."""
    monkeypatch.setattr(plans, "MUCH", 0)
    network = Network([Dense(8, TANH), Dense(3, TANH)], (1, 1, 6))
    assert "dot(8x7, 7x5, 8x5)" in network.plan(np.empty(network.size), 5, Mode(training)).describe()


def test_stacks_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "MUCH", 0)
    network = Network([Dense(8, TANH), Dense(3, TANH)], (1, 1, 6))
    params = np.empty((2, network.size))
    plan = network.plan(params, 10, Mode(training=True), np.empty_like(params))
    assert "matmul(2x8x7, 2x7x5, 2x8x5)" in plan.describe()
