"""A plan that is given arrays writes to these what it writes to its own."""

from collections.abc import Sequence

import numpy as np
import pytest

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import IDENTITY, BatchNormalization, Convolution, Dense, Dropout, Layer, Mode, OutputLayer
from kerash_cli.engine.network import Network
from kerash_cli.engine.plans import Given, Plan
from kerash_cli.engine.tensors import Array

RELU, TANH, SOFTMAX = Activation("relu"), Activation("tanh"), Activation("softmax")
CONVOLUTION = Convolution(RELU, filters=2, stride=1, pad=0, kernel_width=2, kernel_height=2)
N = 5


def run(plan: Plan, x: Array, slope: Array) -> None:
    plan.rows[:, :-1] = x
    plan.rows[:, -1] = 1
    for call in plan.forward:
        call()
    plan.da[...] = slope
    for call in plan.backward:
        call()


@pytest.mark.parametrize(
    "layers",
    [
        [Dense(8, RELU), Dense(3, IDENTITY)],
        [Dense(8, SOFTMAX), Dense(3, TANH)],
        [Dense(8, TANH), Dropout(0.3)],
        [BatchNormalization(RELU), Dense(8, TANH)],
        [OutputLayer(SOFTMAX)],
        [CONVOLUTION],
        [CONVOLUTION, BatchNormalization(TANH)],
        [CONVOLUTION, Dense(3, IDENTITY)],
    ],
    ids=str,
)
@pytest.mark.parametrize("depth", [1, 2])
def test_results_are_the_same(layers: Sequence[Layer], depth: int) -> None:
    network, rng = Network(layers, (depth, 3, 4)), np.random.default_rng(0)
    x, slope = rng.standard_normal((N, 12 * depth)), rng.standard_normal((network.outputs, N))
    params = rng.standard_normal(network.size)
    first, second = np.empty((2, network.size))
    expected = network.plan(params, N, Mode(training=True), first, with_dx=True)
    given = Given(*(np.full(each.shape, np.nan) for each in (expected.rows, expected.a, expected.da, expected.dx)))
    plan = network.plan(params, N, Mode(training=True), second, given=given)
    assert all(np.shares_memory(used, own) for used, own in zip(plan, given, strict=False))
    for each in (expected, plan):
        run(each, x, slope)
    assert np.array_equal(given.a, expected.a)
    assert np.array_equal(given.dx, expected.dx)
    assert np.array_equal(second, first)


def test_a_linear_layer_keeps_the_slope() -> None:
    network, rng = Network([Dense(8, RELU), Dense(3, IDENTITY)], (1, 1, 6)), np.random.default_rng(0)
    slope, params = rng.standard_normal((3, N)), rng.standard_normal(network.size)
    da = slope.copy()
    plan = network.plan(params, N, Mode(training=True), np.empty_like(params), given=Given(da=da))
    run(plan, rng.standard_normal((N, 6)), slope)
    assert np.array_equal(da, slope)
