"""Predictions of a network: they depend neither on their company nor on how many networks are stacked."""

from typing import Any

import numpy as np
import pytest
from small import SHAPE, TANH, run

from kerash_cli.engine.activations import ACTIVATIONS, Activation
from kerash_cli.engine.layers import (
    IDENTITY,
    BatchNormalization,
    Convolution,
    Dense,
    Dropout,
    GlobalAveragePooling,
    InputLayer,
    MaxPooling,
    Mode,
)
from kerash_cli.engine.network import Network
from kerash_cli.engine.predictor import Predictor
from kerash_cli.model.description import ModelDescription


def in_splits_and_orders(network: Network, dtype: Any, trials: int, rng: np.random.Generator) -> None:
    """The same rows in many splits and orders, some of them many tiles at a time: each time the same outputs."""
    params = np.abs(rng.normal(0, 0.5, network.size)).astype(dtype)  # a variance is positive
    params[: network.learnt] *= rng.choice([-1, 1], network.learnt).astype(dtype)
    predict = Predictor(network, params)
    rows = int(rng.integers(1, 2000 if network.stacks else 201))
    x = rng.standard_normal((rows, network.features)).astype(dtype)
    expected = np.concatenate([predict(x[row : row + 1]) for row in range(rows)])
    assert np.array_equal(predict(x), expected)
    for _ in range(trials):
        order = rng.permutation(rows)
        cuts = np.sort(rng.integers(0, rows + 1, rng.integers(0, 5)))
        parts = [predict(part) for part in np.split(x[order], cuts)]
        assert np.array_equal(np.concatenate(parts), expected[order])


WIDTHS = [(5, (1, 7, 33)), pytest.param(50, (1, 2, 3, 5, 7, 13, 17, 31, 33, 65, 127, 301), marks=pytest.mark.long)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("trials", "widths"), WIDTHS)
def test_a_prediction_does_not_depend_on_its_company(
    activation: str, dtype: Any, trials: int, widths: tuple[int, ...]
) -> None:
    for width in widths:
        rng = np.random.default_rng([width, *activation.encode()])
        layers = [InputLayer(), Dense(width, Activation(activation)), Dense(width, Activation(activation))]
        in_splits_and_orders(Network(layers, (1, 1, width + 2)), dtype, trials, rng)


@pytest.mark.parametrize(
    "trial", [*range(10), *(pytest.param(each, marks=pytest.mark.long) for each in range(10, 400))]
)
def test_a_prediction_of_any_dense_network_does_not_depend_on_its_company(trial: int) -> None:
    rng = np.random.default_rng(trial)
    features = int(rng.integers(1, 60))
    first = rng.choice([f"dense 6 tanh 1-{features}:4,1-1:2", "scale", "dropout 0.5"])
    dense = [f"dense {rng.choice([1, 2, 6, 30, 130])} {rng.choice([*ACTIVATIONS])}" for _ in range(rng.integers(0, 4))]
    text = "\n".join([f"{features} 1 1", "input", first, *dense, f"dense {rng.integers(1, 12)} softmax", ""])
    description = ModelDescription.parse(text)
    network = Network(description.layers, description.known_shape, bias=bool(rng.integers(2)))
    in_splits_and_orders(network, rng.choice([np.float32, np.float64]), 3, rng)


def test_a_prediction_is_what_the_network_computes() -> None:
    network = Network([InputLayer(), Dense(5, TANH), Dropout(0.5), Dense(2, TANH)], SHAPE)
    rng = np.random.default_rng(3)
    params, x = rng.standard_normal(network.size), rng.standard_normal((130, 3))
    named = network.named(params)
    a = np.tanh(x @ named["layer1.dense.weights"] + named["layer1.dense.bias"])
    expected = np.tanh(a @ named["layer3.dense.weights"] + named["layer3.dense.bias"])
    assert np.allclose(Predictor(network, params)(x), expected, rtol=1e-12)


def test_no_rows_have_no_outputs() -> None:
    network = Network([InputLayer(), Dense(2, TANH)], SHAPE)
    assert Predictor(network, np.zeros(network.size))(np.empty((0, 3))).shape == (0, 2)


def test_a_predictor_follows_the_parameters_it_was_made_with() -> None:
    network = Network([InputLayer(), Dense(2, TANH)], SHAPE)
    params = np.zeros(network.size)
    predict = Predictor(network, params)
    params[...] = 1
    assert np.allclose(predict(np.ones((1, 3))), np.tanh(4))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("trials", [5, pytest.param(50, marks=pytest.mark.long)])
def test_a_prediction_from_an_image_does_not_depend_on_its_company(dtype: str, trials: int) -> None:
    relu = Activation("relu")
    layers = [
        InputLayer(),
        Convolution(IDENTITY, 9, 1, 1, 3, 3),
        BatchNormalization(relu),
        MaxPooling(IDENTITY, 2, 0, 2, 2),
        Convolution(relu, 40, 2, 0, 2, 3),
        GlobalAveragePooling(),
        BatchNormalization(),
        Dense(5, Activation("softmax")),
    ]
    in_splits_and_orders(Network(layers, (2, 11, 13)), dtype, trials, np.random.default_rng(7))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    "lines",
    ["dense 5 tanh\ndense 3 softmax\ndense 2 -", "dense 4 relu\nflatten\ndense 1 -\noutput sigmoid", "dense 3 -"],
)
def test_a_stack_computes_what_its_networks_compute_one_by_one(lines: str, bias: bool) -> None:
    description = ModelDescription.parse(f"2 3 1\ninput\n{lines}\n")
    network = Network(description.layers, description.known_shape, bias)
    assert network.stacks
    rng = np.random.default_rng(3)
    count, n = 4, 7
    params = rng.standard_normal((count, network.size))
    gradient = np.empty_like(params)
    stack = network.plan(params, count * n, Mode(training=True), gradient, with_dx=True)
    x, da = rng.standard_normal((count, n, 6)), rng.standard_normal((network.outputs, count, n))
    stack.rows[:, :-1] = x.reshape(count * n, 6)
    run(stack.forward)
    stack.da[...] = da.reshape(network.outputs, -1)
    run(stack.backward)
    for k in range(count):
        own = np.empty(network.size)
        plan = network.plan(params[k].copy(), n, Mode(training=True), own, with_dx=True)
        plan.rows[:, :-1] = x[k]
        run(plan.forward)
        plan.da[...] = da[:, k]
        run(plan.backward)
        columns = slice(k * n, (k + 1) * n)
        np.testing.assert_allclose(stack.a[:, columns], plan.a, rtol=1e-13)
        np.testing.assert_allclose(gradient[k], own, rtol=1e-12, atol=1e-14)
        assert stack.dx is not None
        assert plan.dx is not None
        np.testing.assert_allclose(stack.dx[:, columns], plan.dx, rtol=1e-12, atol=1e-14)


def test_images_do_not_stack() -> None:
    description = ModelDescription.parse("8 8 1\ninput\nconvolution relu 2 1 1 3 3\ndense 2 softmax\n")
    assert not Network(description.layers, description.known_shape).stacks


def test_inputs_that_are_forgotten_have_no_weights_and_all_others_keep_theirs() -> None:
    network = Network(ModelDescription.parse("4 1 1\ninput\ndropout 0.2\ndense 3 tanh\ndense 4 -\n").layers, (1, 1, 4))
    params = network.initial(0, np.dtype(np.float64))
    before = network.tensors(params.copy())
    network.forget(params, np.array([0, 2]))
    first, last = (own for own in network.tensors(params) if own)
    assert (first["weights"][[0, 2]] == 0).all()
    assert (first["weights"][[1, 3]] == before[2]["weights"][[1, 3]]).all()
    assert (last["weights"] == before[3]["weights"]).all()
