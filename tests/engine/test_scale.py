"""A scale: one factor for each input."""

import numpy as np
import pytest
from small import TANH, check_stack, run

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import (
    IDENTITY,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    InputLayer,
    Layer,
    Mode,
    Scale,
)
from kerash_cli.engine.layers.grouping import Groups
from kerash_cli.engine.network import Network
from kerash_cli.engine.predictor import Predictor

SHAPE = (1, 1, 3)


def test_each_input_is_multiplied_by_its_factor() -> None:
    network = Network([Scale()], SHAPE)
    assert network.param_shapes == [{"weights": (3,)}]
    x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, -6.0]])
    assert Predictor(network, np.array([2.0, -1.0, 0.5]))(x).tolist() == [[2, -2, 1.5], [8, -5, -3]]


def test_the_gradients_are_those_of_a_product() -> None:
    network, gradient = Network([Scale()], SHAPE), np.empty(3)
    plan = network.plan(np.array([2.0, -1.0, 0.5]), 2, Mode(training=True), gradient, with_dx=True)
    plan.rows[:, :-1] = [[1, 2, 3], [4, 5, -6]]
    run(plan.forward)
    plan.da[...] = [[1, 2], [3, 4], [5, 6]]
    run(plan.backward)
    assert gradient.tolist() == [1 * 1 + 4 * 2, 2 * 3 + 5 * 4, 3 * 5 - 6 * 6]
    assert plan.dx is not None
    assert plan.dx.tolist() == [[2, 4], [-3, -4], [2.5, 3]]


@pytest.mark.parametrize("law", [None, "he", "zeros", "uniform"])
def test_factors_are_1_at_first(law: str | None) -> None:
    network = Network([InputLayer(), Scale(), Dense(4, TANH)], SHAPE)
    assert network.tensors(network.initial(5, np.dtype(np.float64), law))[1]["weights"].tolist() == [1, 1, 1]


def test_an_image_is_scaled_in_the_order_of_a_tensor_file() -> None:
    layers: list[Layer] = [Convolution(IDENTITY, 2, 1, 0, 1, 1), Scale(), Convolution(IDENTITY, 2, 1, 0, 1, 1)]
    network = Network(layers, (2, 2, 3))
    params = np.zeros(network.size)
    tensors = network.tensors(params)
    for i in (0, 2):
        tensors[i]["weights"][...] = np.eye(2).reshape(2, 2, 1, 1)
    tensors[1]["weights"][...] = np.arange(12.0)
    assert Predictor(network, params)(np.ones((1, 12))).tolist() == [list(range(12))]


def test_inputs_that_are_forgotten_have_a_factor_of_0_and_keep_it() -> None:
    network = Network([InputLayer(), Scale(), Dense(4, TANH)], SHAPE)
    params = network.initial(0, np.dtype(np.float64))
    network.forget(params, np.array([1]))
    assert network.tensors(params)[1]["weights"].tolist() == [1, 0, 1]
    assert network.tensors(params)[2]["weights"].all()
    gradient = np.empty_like(params)
    plan = network.plan(params, 2, Mode(training=True), gradient)
    plan.rows[:, :-1] = [[1, 0, 3], [4, 0, 6]]  # what is to be ignored is 0 in training
    run(plan.forward)
    plan.da[...] = 1
    run(plan.backward)
    tensors = network.tensors(gradient)
    assert tensors[1]["weights"][1] == 0
    assert not tensors[2]["weights"][1].any()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("stack", [(), (5,)], ids=["one", "stack"])
@pytest.mark.parametrize(
    "behind",
    [
        [Dense(4, TANH), Dense(2, IDENTITY)],
        [Flatten(), Dropout(0), Dense(3, Activation("softmax"))],
        [Dense(40, Activation("silu")), Scale(), Dense(2, IDENTITY)],
    ],
    ids=["dense", "flat", "wide"],
)
def test_a_scale_that_is_trained_within_a_dense_layer_has_the_same_gradients(
    behind: list[Layer], stack: tuple[int, ...], bias: bool
) -> None:
    network = Network([InputLayer(), Scale(), *behind], (2, 1, 3), bias)
    rng = np.random.default_rng(3)
    params, n = rng.standard_normal((*stack, network.size)), 7 * (stack or (1,))[0]
    x, da = rng.standard_normal((n, 6)), rng.standard_normal((network.outputs, n))
    found = []
    for apart in (True, False):
        gradient = np.full_like(params, np.nan)
        plan = network.plan(params, n, Mode(training=True), gradient, with_dx=apart)
        assert (" scale, dense " in plan.describe()) is not apart
        for _ in range(2):  # the second time, its memory is full
            plan.rows[:, :-1] = x
            run(plan.forward)
            outputs = plan.a.copy()
            plan.da[...] = da
            run(plan.backward)
        found.append((outputs, gradient))
    np.testing.assert_allclose(found[1][0], found[0][0], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(found[1][1], found[0][1], rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    "layers",
    [
        [Dense(4, TANH), Scale(), Dense(2, TANH)],
        [Scale(), Dropout(0.5), Dense(2, TANH)],
        [Scale(), Dense(2, TANH, Groups(2))],
        [Scale(), Scale(), Dense(2, TANH)],
        [Scale()],
    ],
)
def test_no_other_scale_is_trained_within_a_dense_layer(layers: list[Layer]) -> None:
    network = Network(layers, (1, 1, 4))
    params = np.ones(network.size)
    assert "scale, " not in network.plan(params, 3, Mode(training=True), np.empty_like(params)).describe()
    assert "scale, " not in Network([Scale(), Dense(2, TANH)], (1, 1, 4)).plan(np.ones(14), 3, Mode()).describe()


@pytest.mark.parametrize("bias", [True, False])
def test_a_stack_of_scales_computes_what_its_networks_compute_one_by_one(bias: bool) -> None:
    network = Network([Scale(), Dense(4, TANH), Scale(), Dense(2, Activation("softmax"))], SHAPE, bias)
    assert network.stacks
    check_stack(network, 5, 7)
