"""What a network knows of itself, the plans it makes, and how its parameters are updated, in parts and in stacks."""

from typing import Any

import numpy as np
import pytest
from small import TANH, run

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.allocation import Counter
from kerash_cli.engine.layers import (
    IDENTITY,
    BatchNormalization,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    InputLayer,
    Layer,
    MaxPooling,
    Mode,
    OutputLayer,
)
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import SGD, OptimizerSettings
from kerash_cli.engine.tensors import Array

RELU = Activation("relu")
NORMALIZED = [InputLayer(), Dense(3, TANH), BatchNormalization(), Dense(2, TANH)]


def gradient_of(network: Network, params: Array, x: Array, mode: Mode) -> tuple[Array, Array]:
    """The gradients of parameters and inputs where all outputs have a gradient of 1."""
    gradient = np.full(network.size, np.nan)
    plan = network.plan(params, len(x), mode, gradient, with_dx=True)
    plan.rows[:, :-1] = x
    run(plan.forward)
    plan.da[...] = 1
    run(plan.backward)
    assert plan.dx is not None
    return gradient, plan.dx


# Numbers of rows


def test_16_rows_are_predicted_at_a_time_and_with_a_convolution_one() -> None:
    assert Network([InputLayer(), Dense(3, TANH)], (1, 1, 4)).tile == 16
    assert Network([Convolution(TANH, 2, 1, 0, 1, 1), Dense(3, TANH)], (1, 2, 2)).tile == 1


@pytest.mark.parametrize(
    ("units", "rows"),
    [
        (2**18 - 2, 64),
        (2**19 - 1, 32),
        (2**19, 31),
        (2**23 - 1, 2),
        (2**23, 1),
        (2**24 - 1, 1),
        (2**24, 1),
        (2**30, 1),
    ],
)
def test_where_places_do_not_matter_as_many_rows_are_taken_as_make_16_million_numbers(units: int, rows: int) -> None:
    assert Network([Dense(units, TANH)], (1, 1, 1)).roomy_tile == rows


@pytest.mark.parametrize(
    ("layers", "least", "fewest"),
    [
        ([InputLayer(), Dense(3, TANH)], 1, 1),
        (NORMALIZED, 2, 8),
        ([Convolution(TANH, 3, 1, 0, 1, 1), BatchNormalization(), Dense(2, TANH)], 1, 8),
    ],
)
def test_the_most_demanding_layer_decides_on_the_rows_of_a_batch(layers: list[Layer], least: int, fewest: int) -> None:
    network = Network(layers, (1, 2, 2))
    assert (network.least_rows, network.fewest_rows) == (least, fewest)
    assert least == 1 or network.most_demanding == "batch_normalization"


def test_a_network_on_logits_takes_the_same_samples() -> None:
    network = Network([Dense(3, Activation("softmax"))], (1, 2, 2), bias=False)
    assert network.on_logits().layers == (Dense(3, IDENTITY),)
    assert network.on_logits().shapes == [(1, 2, 2), (1, 1, 3)]
    assert network.on_logits().size == 4 * 3


# Plans


def test_rows_begin_as_zeros_with_a_last_column_of_ones() -> None:
    plan = Network([Dense(3, TANH)], (1, 1, 2)).plan(np.zeros(9), 4, Mode())
    assert plan.rows.tolist() == [[0, 0, 1]] * 4


def test_a_plan_without_a_gradient_has_no_way_back() -> None:
    plan = Network([Dense(3, TANH)], (1, 1, 2)).plan(np.zeros(9), 4, Mode(training=True))
    assert plan.da.size == 0
    assert plan.backward == []
    assert plan.dx is None


@pytest.mark.parametrize("layers", [[], [InputLayer()], [InputLayer(), OutputLayer()]])
def test_a_network_that_computes_nothing_gives_what_it_is_given(layers: list[Layer]) -> None:
    network = Network([*layers, Flatten()], (1, 1, 3))
    x = np.arange(6.0).reshape(2, 3)
    plan = network.plan(np.empty(0), 2, Mode(training=True), np.empty(0), with_dx=True)
    plan.rows[:, :-1] = x
    run(plan.forward)
    assert plan.a.T.tolist() == x.tolist()
    plan.da[...] = x.T
    run(plan.backward)
    assert plan.dx is not None
    assert plan.dx.T.tolist() == x.tolist()
    assert network.plan(np.empty(0), 2, Mode(training=True), np.empty(0)).dx is None
    assert plan.describe() == ""


def test_what_a_batch_measures_stays_out_of_the_parameters_until_they_are_updated() -> None:
    network = Network(NORMALIZED, (1, 1, 4))
    params = np.random.default_rng(0).uniform(0.5, 1, network.size)
    before = params.copy()
    plan = network.plan(params, 5, Mode(training=True))
    plan.rows[:, :-1] = np.random.default_rng(1).standard_normal((5, 4))
    run(plan.forward)
    assert np.array_equal(params, before)
    gradient_of(network, params, plan.rows[:, :-1].copy(), Mode(training=True))
    assert np.array_equal(params, before)


def test_without_running_means_a_plan_takes_the_same_memory_in_training() -> None:
    network = Network([InputLayer(), Dense(3, TANH), Dense(2, RELU)], (1, 1, 4))
    taken = []
    for training in (False, True):
        counter = Counter()
        network.plan(np.zeros(network.size), 10, Mode(training=training), allocator=counter)
        taken.append(counter.bytes)
    assert taken[0] == taken[1]


@pytest.mark.parametrize(
    "layers",
    [
        [Convolution(TANH, 3, 1, 1, 3, 2), MaxPooling(TANH, 1, 0, 2, 2), Dense(2, TANH)],
        [Convolution(TANH, 3, 2, 0, 2, 2), Dense(2, TANH), OutputLayer(TANH)],
        [Dense(4, RELU), Dense(2, TANH)],
    ],
)
def test_a_gradient_may_be_asked_for_without_training(layers: list[Layer]) -> None:
    network = Network(layers, (2, 4, 5))
    rng = np.random.default_rng(2)
    params, x = rng.normal(0, 0.5, network.size), rng.standard_normal((3, 40))
    for trained, not_trained in zip(
        gradient_of(network, params, x, Mode(training=True)), gradient_of(network, params, x, Mode()), strict=True
    ):
        assert np.array_equal(trained, not_trained)


def test_dropout_between_images_takes_from_each_what_its_mask_says() -> None:
    network = Network([Convolution(IDENTITY, 2, 1, 0, 1, 1), Dropout(0.5), Flatten()], (2, 3, 4))
    params = np.array([1.0, 0, 0, 1, 0, 0])  # each filter takes one channel as it is
    x = np.arange(1.0, 49).reshape(2, 24)
    plan = network.plan(params, 2, Mode(training=True), np.empty_like(params), with_dx=True)
    plan.rows[:, :-1] = x
    run(plan.forward)
    a = plan.a.T
    assert 0 < (a == 0).mean() < 1
    assert np.array_equal(a, np.where(a == 0, 0, 2 * x))
    plan.da[...] = 1
    run(plan.backward)
    assert plan.dx is not None
    assert np.array_equal(plan.dx.T, np.where(a == 0, 0, 2))


def test_dropout_may_come_first() -> None:
    network = Network([Dropout(0.5), Dense(2, IDENTITY)], (1, 1, 40))
    params = np.zeros(network.size)
    network.tensors(params)[1]["weights"][...] = 1
    plan = network.plan(params, 3, Mode(training=True))
    plan.rows[:, :-1] = 1
    run(plan.forward)
    assert np.array_equal(plan.a[0], plan.a[1])
    assert set(plan.a[0] % 2) == {0}
    assert 0 < plan.a[0].min() < plan.a[0].max() < 80


def test_an_image_at_the_end_may_be_larger_than_all_before() -> None:
    network = Network([Convolution(IDENTITY, 2, 1, 0, 1, 1), Convolution(IDENTITY, 9, 1, 0, 1, 1)], (1, 3, 4))
    rng = np.random.default_rng(6)
    params, x = rng.standard_normal(network.size), rng.standard_normal((5, 12))
    first, last = network.tensors(params)
    gradient, dx = gradient_of(network, params, x, Mode(training=True))
    plan = network.plan(params, 5, Mode())
    plan.rows[:, :-1] = x
    run(plan.forward)
    hidden = np.einsum("np,f->nfp", x, first["weights"].ravel()) + first["bias"][:, np.newaxis]
    images = np.einsum("nfp,gf->ngp", hidden, last["weights"][:, :, 0, 0]) + last["bias"][:, np.newaxis]
    assert np.allclose(plan.a.T, images.reshape(5, -1), rtol=1e-12)
    assert np.allclose(dx, (last["weights"][:, :, 0, 0].sum(axis=0) * first["weights"].ravel()).sum(), rtol=1e-12)
    assert np.allclose(network.tensors(gradient)[1]["bias"], 5 * 12, rtol=1e-12)


def test_a_sketch_is_of_training_unless_it_is_told_otherwise() -> None:
    network = Network([InputLayer(), Dense(3, TANH)], (1, 1, 4))
    assert network.sketch(5, 4).backward
    assert not network.sketch(5, 4, gradient=False).backward
    assert network.plan_bytes(5, 4) == network.plan_bytes(5, 4, gradient=True) > network.plan_bytes(5, 4, False)


@pytest.mark.parametrize(("rows", "listed"), [(2**35, True), (2**35 + 1, False)])
def test_beyond_a_tebibyte_of_signals_only_these_are_counted(rows: int, listed: bool) -> None:
    network = Network([Dense(2, IDENTITY)], (1, 1, 2))
    signals = 8 * (2 + 2) * rows
    told = network.plan_bytes(rows, 8)
    assert told > signals if listed else told == signals


def test_a_summary_tells_the_memory_of_outputs_and_of_what_is_kept() -> None:
    layers = [
        InputLayer(),
        Convolution(TANH, 3, 1, 0, 1, 1),
        MaxPooling(IDENTITY, 1, 0, 2, 2),
        Dropout(0.5),
        Flatten(),
        Dense(4, TANH),
        Dense(2, RELU),
        OutputLayer(),
    ]
    records = Network(layers, (2, 3, 5)).summary(7, 8)
    assert [record["layer"] for record in records] == list(map(str, layers))
    sizes = [(5, 3, 2), (5, 3, 3), (4, 2, 3), (4, 2, 3), (24, 1, 1), (4, 1, 1), (2, 1, 1), (2, 1, 1)]
    assert [tuple(record["output"]) for record in records] == sizes
    assert [record["parameters"] for record in records] == [0, 3 * 2 + 3, 0, 0, 0, 24 * 4 + 4, 4 * 2 + 2, 0]
    numbers = [
        0,
        7 * 45 + 7 * 15 * (2 + 1) + 3 * (2 + 1) + 7 * 45,  # outputs, patches and ones, kernel, weighted sums
        7 * 24 + 7 * 3 * 3 * 4,  # outputs, and windows that were reduced across alone
        7 * 24 + 7 * 24,
        0,
        7 * 4 + 7 * 4,
        7 * 2,
        0,
    ]
    assert [record["memory"] for record in records] == [8 * number for number in numbers]


# Updates


def updated(network: Network, params: Array, gradient: Array, *parts: Any) -> Array:
    """The parameters after a step of plain descent, made in parts."""
    params, gradient = params.copy(), gradient.copy()
    optimizer = SGD(OptimizerSettings(0.5), params.size, params.dtype, 1, 1)
    for part in parts:
        run(network.update(optimizer, params, gradient, part))
    return params


def test_what_is_learnt_takes_a_step_and_running_means_go_a_tenth_of_the_way() -> None:
    network = Network(NORMALIZED, (1, 1, 4))
    rng = np.random.default_rng(3)
    params, gradient = rng.standard_normal((2, network.size))
    learnt = network.size - 6  # the means and variances of three channels
    expected = np.concatenate(
        [params[:learnt] - 0.5 * gradient[:learnt], 0.9 * params[learnt:] + 0.1 * gradient[learnt:]]
    )
    assert np.allclose(updated(network, params, gradient, None), expected, rtol=1e-14)


@pytest.mark.parametrize("cut", [0, 1, 20, 28, 29, 30, 32, 35])
def test_parts_are_updated_as_the_whole(cut: int) -> None:
    network = Network(NORMALIZED, (1, 1, 4))
    assert (network.learnt, network.size) == (4 * 3 + 3 + 3 + 3 + 3 * 2 + 2, 35)
    params, gradient = np.random.default_rng(4).standard_normal((2, 35))
    whole = updated(network, params, gradient, None)
    assert np.array_equal(updated(network, params, gradient, slice(0, cut), slice(cut, 35)), whole)
    assert np.array_equal(updated(network, params, gradient, slice(0, cut))[cut:], params[cut:])
    assert np.array_equal(updated(network, params, gradient, slice(cut, 35))[:cut], params[:cut])


def test_each_network_of_a_stack_takes_its_own_step() -> None:
    network = Network([InputLayer(), Dense(2, TANH)], (1, 1, 3))
    params, gradient = np.random.default_rng(5).standard_normal((2, 4, network.size))
    assert np.array_equal(updated(network, params, gradient, None), params - gradient * 0.5)
    half = updated(network, params, gradient, slice(0, 16))
    assert np.array_equal(half[:2], params[:2] - gradient[:2] * 0.5)
    assert np.array_equal(half[2:], params[2:])


def test_each_network_of_a_stack_is_clipped_by_its_own_norm() -> None:
    network = Network([InputLayer(), Dense(2, TANH)], (1, 1, 3))
    params, gradient = np.zeros((2, 8)), np.zeros((2, 8))
    gradient[0, :2], gradient[1, 3] = (30, 40), 0.25
    run(network.update(SGD(OptimizerSettings(1.0, clip_norm=0.5), 16, params.dtype, 1, 1), params, gradient))
    expected = np.zeros((2, 8))
    expected[0, :2], expected[1, 3] = (-0.3, -0.4), -0.25
    np.testing.assert_allclose(params, expected, rtol=1e-6)


def test_networks_with_running_means_do_not_stack() -> None:
    network = Network(NORMALIZED, (1, 1, 4))
    assert not network.stacks
    params = np.zeros((2, network.size))
    with pytest.raises(AssertionError, match="buffers"):
        updated(network, params, params, None)
