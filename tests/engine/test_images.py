"""Layers for images: what they make of them, by nested loops and by hand."""

from typing import Any

import numpy as np
import pytest
from images import windows
from small import run

from kerash_cli.engine import plans
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import (
    IDENTITY,
    AveragePooling,
    BatchNormalization,
    Convolution,
    Dense,
    Flatten,
    GlobalAveragePooling,
    Layer,
    MaxPooling,
    Mode,
    convolution,
)
from kerash_cli.engine.layers.window import Windowed
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import SGD, OptimizerSettings
from kerash_cli.engine.plans import Plan
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput

SHAPE = (3, 6, 7)
WINDOWS = [(1, 0, 3, 2), (2, 1, 2, 3), (3, 1, 3, 3), (2, 0, 2, 2), (1, 1, 2, 2), (1, 0, 7, 6), (9, 2, 3, 3)]
"""Stride, padding, kernel width and height."""


def drawn(network: Network, seed: int = 0) -> tuple[Array, Array]:
    """Parameters and five samples."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.5, network.size), rng.standard_normal((5, network.features))


def ran(network: Network, params: Array, x: Array, training: bool = True, gradient: Array | None = None) -> Plan:
    """A plan whose `forward`, and with a gradient whose `backward` for outputs of gradient 1, has run."""
    plan = network.plan(params, len(x), Mode(training=training), gradient, with_dx=gradient is not None)
    plan.rows[:, :-1] = x
    run(plan.forward)
    if gradient is not None:
        plan.da[...] = 1
        run(plan.backward)
    return plan


def gradients(network: Network, params: Array, x: Array) -> list[Array]:
    """Outputs, and the gradients of parameters and inputs."""
    gradient = np.full(network.size, np.nan)
    plan = ran(network, params, x, gradient=gradient)
    assert plan.dx is not None
    return [plan.a.copy(), gradient, plan.dx.copy()]


def outputs(layer: Layer, shape: tuple[int, int, int] = SHAPE, **kwargs: Any) -> tuple[Array, Array, Array]:
    """Samples (5, depth, height, width), what a layer makes of them, (5, outputs), and its parameters."""
    network = Network([layer], shape)
    params, x = drawn(network)
    return x.reshape(5, *shape), ran(network, params, x, **kwargs).a.T.copy(), params


@pytest.mark.parametrize("window", WINDOWS)
def test_a_convolution_is_a_weighted_sum_of_each_window_of_all_channels(window: tuple[int, int, int, int]) -> None:
    layer = Convolution(Activation("tanh"), 4, *window)
    x, a, params = outputs(layer)
    tensors = Network([layer], SHAPE).tensors(params)[0]
    weights = tensors["weights"].reshape(4, 3, -1)
    z = np.einsum("ndyxk,fdk->nfyx", windows(x, layer, 0), weights) + tensors["bias"][:, np.newaxis, np.newaxis]
    assert np.allclose(a, np.tanh(z).reshape(5, -1), rtol=1e-12)


@pytest.mark.parametrize("window", WINDOWS)
def test_the_gradients_of_a_convolution_are_sums_over_the_same_windows(window: tuple[int, int, int, int]) -> None:
    layer = Convolution(IDENTITY, 4, *window)
    network = Network([layer], SHAPE)
    params, x = drawn(network)
    gradient = np.full(network.size, np.nan)
    plan = ran(network, params, x, gradient=gradient)
    da = np.random.default_rng(8).standard_normal((5, network.outputs))
    plan.da[...] = da.T
    run(plan.backward)
    seen = windows(x.reshape(5, *SHAPE), layer, 0)
    images = da.reshape(5, *layer.output_shape(SHAPE))
    (tensors,) = network.tensors(gradient)
    expected = np.einsum("nfyx,ndyxk->fdk", images, seen).ravel()
    assert np.allclose(tensors["weights"].ravel(), expected, rtol=1e-10, atol=1e-12)
    assert np.allclose(tensors["bias"], images.sum(axis=(0, 2, 3)), rtol=1e-10)
    # The way back is the transpose of the way there: <dx, v> = <da, convolved v> for any v.
    direction = np.random.default_rng(9).standard_normal(x.shape)
    (learnt,) = network.tensors(params)
    taken = windows(direction.reshape(5, *SHAPE), layer, 0)
    there = np.einsum("ndyxk,fdk->nfyx", taken, learnt["weights"].reshape(4, 3, -1))
    assert plan.dx is not None
    assert (plan.dx.T * direction).sum() == pytest.approx((images * there).sum(), rel=1e-10)


@pytest.mark.parametrize("window", WINDOWS)
def test_max_pooling_takes_the_largest_of_each_window(window: tuple[int, int, int, int]) -> None:
    layer = MaxPooling(Activation("tanh"), *window)
    x, a, _ = outputs(layer)
    assert np.array_equal(a, np.tanh(windows(x, layer, -np.inf).max(axis=-1)).reshape(5, -1))


@pytest.mark.parametrize("window", WINDOWS)
def test_average_pooling_takes_the_mean_of_what_is_there(window: tuple[int, int, int, int]) -> None:
    layer = AveragePooling(Activation("tanh"), *window)
    x, a, _ = outputs(layer)
    assert np.allclose(a, np.tanh(np.nanmean(windows(x, layer, np.nan), axis=-1)).reshape(5, -1), rtol=1e-12)


def given_back(layer: Windowed | GlobalAveragePooling) -> tuple[Array, Array, Array]:
    """Samples (5, depth, height, width), gradients of the outputs, and those that come back to the samples."""
    network = Network([layer], SHAPE)
    _, x = drawn(network)
    plan = ran(network, np.empty(0), x, gradient=np.empty(0))
    da = np.random.default_rng(8).standard_normal((5, network.outputs))
    plan.da[...] = da.T
    run(plan.backward)
    assert plan.dx is not None
    return x.reshape(5, *SHAPE), da.reshape(5, *layer.output_shape(SHAPE)), plan.dx.T.reshape(5, *SHAPE)


@pytest.mark.parametrize("window", WINDOWS)
def test_the_gradient_of_a_maximum_goes_to_where_it_was(window: tuple[int, int, int, int]) -> None:
    layer = MaxPooling(IDENTITY, *window)
    x, da, dx = given_back(layer)
    largest = windows(x, layer, -np.inf).max(axis=-1)
    expected = np.zeros_like(x)
    for n, depth, down, across in np.ndindex(largest.shape):
        expected[n, depth][x[n, depth] == largest[n, depth, down, across]] += da[n, depth, down, across]
    assert np.allclose(dx, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("window", WINDOWS)
def test_the_gradient_of_a_mean_is_shared_out_among_what_is_there(window: tuple[int, int, int, int]) -> None:
    layer = AveragePooling(IDENTITY, *window)
    x, da, dx = given_back(layer)
    places = windows(np.arange(1.0, x[0].size + 1).reshape(1, *SHAPE), layer, 0)[0].astype(int)
    expected = np.zeros((5, x[0].size + 1))  # the first place is that of all padding
    for depth, down, across in np.ndindex(places.shape[:-1]):
        window_places = places[depth, down, across]
        expected[:, window_places] += da[:, depth, down, across, np.newaxis] / np.count_nonzero(window_places)
    assert np.allclose(dx.reshape(5, -1), expected[:, 1:], rtol=1e-12, atol=1e-14)


def test_the_gradient_of_the_mean_of_a_channel_is_the_same_everywhere() -> None:
    _, da, dx = given_back(GlobalAveragePooling())
    assert np.allclose(dx, np.broadcast_to(da / (6 * 7), dx.shape), rtol=1e-12)


def test_global_average_pooling_takes_the_mean_of_each_channel() -> None:
    x, a, _ = outputs(GlobalAveragePooling(Activation("tanh")))
    assert np.allclose(a, np.tanh(x.mean(axis=(2, 3))), rtol=1e-12)


def test_softmax_goes_over_the_filters_of_each_place() -> None:
    _, a, _ = outputs(Convolution(Activation("softmax"), 4, 1, 0, 3, 3))
    _, z, _ = outputs(Convolution(IDENTITY, 4, 1, 0, 3, 3))
    e = np.exp(z.reshape(5, 4, -1))
    assert np.allclose(a.reshape(5, 4, -1), e / e.sum(axis=1, keepdims=True), rtol=1e-12)


def test_the_first_of_equals_row_by_row_has_the_gradient() -> None:
    network = Network([MaxPooling(IDENTITY, 2, 0, 2, 2)], (1, 2, 4))
    x = np.array([[1.0, 3, 2, 2, 3, 1, 2, 2]])
    dx = ran(network, np.empty(0), x, gradient=np.empty(0)).dx
    assert dx is not None
    assert dx.T.tolist() == [[0, 1, 1, 0, 0, 0, 0, 0]]


@pytest.mark.parametrize("window", WINDOWS)
def test_the_memory_for_patches_and_shares_does_not_matter(
    window: tuple[int, int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = [Convolution(IDENTITY, 2, 1, 1, 3, 3), Convolution(Activation("tanh"), 4, *window), Dense(2, IDENTITY)]
    network = Network(layers, SHAPE)
    params, x = drawn(network)
    roomy = gradients(network, params, x)
    for most in (1, 200, 400, 600, 900, 1300, 1700):
        monkeypatch.setattr(convolution, "MOST", most)
        assert all(map(np.array_equal, gradients(network, params, x), roomy))


def test_a_dense_layer_takes_an_image_as_a_tensor_file_has_it() -> None:
    network = Network([Convolution(IDENTITY, 3, 1, 0, 1, 1), Dense(4, IDENTITY)], SHAPE)
    params, x = drawn(network)
    first, second = network.tensors(params)
    image = np.einsum("ndyx,fd->nfyx", x.reshape(5, *SHAPE), first["weights"][:, :, 0, 0])
    flat = (image + first["bias"][:, np.newaxis, np.newaxis]).reshape(5, -1)
    expected = flat @ second["weights"] + second["bias"]
    flattened = Network([Convolution(IDENTITY, 3, 1, 0, 1, 1), Flatten(), Dense(4, IDENTITY)], SHAPE)
    assert np.allclose(ran(network, params, x).a.T, expected, rtol=1e-12)
    assert np.array_equal(ran(flattened, params, x).a, ran(network, params, x).a)


@pytest.mark.parametrize("window", WINDOWS)
def test_relu_may_come_after_pooling_without_a_bit_of_difference(
    window: tuple[int, int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = [Convolution(Activation("relu"), 4, 1, 1, 3, 3), MaxPooling(IDENTITY, *window), Dense(2, IDENTITY)]
    network = Network(layers, SHAPE)
    params, x = drawn(network)
    x[0] = 0  # whose places are all equal
    after = gradients(network, params, x)
    monkeypatch.setattr(plans, "deferred", lambda layers: layers)
    assert all(map(np.array_equal, gradients(network, params, x), after))


# Batch normalization


@pytest.mark.parametrize(("shape", "axes"), [(SHAPE, (0, 2, 3)), ((1, 4, 3), (0, 2, 3)), ((1, 1, 6), (0,))])
def test_while_training_each_channel_has_the_mean_and_deviation_that_are_learnt(
    shape: tuple[int, int, int], axes: tuple[int, ...]
) -> None:
    network = Network([BatchNormalization()], shape)
    params, x = drawn(network)
    weights, bias = (network.tensors(params)[0][name].reshape(-1) for name in ("weights", "bias"))
    a = ran(network, params, 3 * x + 2).a.T.reshape(5, *shape)
    assert np.allclose(a.mean(axis=axes).reshape(-1), bias)
    assert np.allclose(a.std(axis=axes).reshape(-1), abs(weights), rtol=1e-5)


def test_softmax_after_it_goes_over_the_numbers_of_a_row() -> None:
    networks = [Network([BatchNormalization(Activation.parse(each))], (1, 1, 6)) for each in ("-", "softmax")]
    z, a = (ran(network, *drawn(network)).a for network in networks)
    assert np.allclose(a, np.exp(z) / np.exp(z).sum(axis=0), rtol=1e-12)


def test_a_running_mean_goes_a_tenth_of_the_way() -> None:
    network = Network([BatchNormalization()], SHAPE)
    params, x = drawn(network)
    before = params.copy()
    gradient = np.empty(network.size)
    ran(network, params, x, gradient=gradient)
    run(network.update(SGD(OptimizerSettings(), network.size, params.dtype, 1, 1), params, gradient))
    (old,), (new,) = network.tensors(before), network.tensors(params)
    images = x.reshape(5, *SHAPE)
    assert np.allclose(new["mean"], 0.9 * old["mean"] + 0.1 * images.mean(axis=(0, 2, 3)))
    assert np.allclose(new["variance"], 0.9 * old["variance"] + 0.1 * images.var(axis=(0, 2, 3), ddof=1))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("learns_before", [True, False])
@pytest.mark.parametrize(("shape", "axes"), [(SHAPE, (0, 2, 3)), ((1, 1, 6), (0, 1, 2))])
def test_its_gradients_are_those_of_the_paper(
    shape: tuple[int, int, int], axes: tuple[int, ...], learns_before: bool, bias: bool
) -> None:
    network = Network([BatchNormalization()], shape, bias)
    params, x = drawn(network)
    gradient = np.full(network.size, np.nan)
    plan = network.plan(params, 5, Mode(training=True), gradient, with_dx=learns_before)
    plan.rows[:, :-1] = x
    run(plan.forward)
    da = np.random.default_rng(9).standard_normal((5, *shape))
    plan.da[...] = da.reshape(5, -1).T
    run(plan.backward)
    images = x.reshape(5, *shape)
    deviation = np.sqrt(images.var(axis=axes, keepdims=True) + 1e-5)
    normal = (images - images.mean(axis=axes, keepdims=True)) / deviation
    (tensors,) = network.tensors(gradient)
    assert np.allclose(tensors["weights"], (da * normal).sum(axis=axes).ravel(), rtol=1e-10)
    assert not bias or np.allclose(tensors["bias"], da.sum(axis=axes).ravel(), rtol=1e-10)
    assert (plan.dx is not None) == learns_before
    if plan.dx is not None:
        centred = da - da.mean(axis=axes, keepdims=True) - normal * (da * normal).mean(axis=axes, keepdims=True)
        weights = network.tensors(params)[0]["weights"].reshape(deviation.shape[1:])
        assert np.allclose(plan.dx.T.reshape(5, *shape), weights / deviation * centred, rtol=1e-9, atol=1e-12)


def test_the_variance_of_two_rows_is_half_the_square_of_their_difference() -> None:
    network = Network([BatchNormalization()], (1, 1, 3))
    params, gradient = network.initial(0, np.dtype("f8")), np.empty(network.size)
    ran(network, params, np.array([[1.0, 2, 5], [4, 2, -1]]), gradient=gradient)
    assert gradient[6:9].tolist() == [2.5, 2, 2]
    assert gradient[9:] == pytest.approx([9 / 2, 0, 36 / 2], rel=1e-12)


def test_a_trained_network_goes_by_what_it_learnt() -> None:
    network = Network([BatchNormalization()], SHAPE)
    params, x = drawn(network)
    (learnt,) = network.tensors(params)
    learnt["variance"][...] = [1, 2, 3]
    weights, bias, mean, variance = (
        learnt[name][:, np.newaxis, np.newaxis] for name in ("weights", "bias", "mean", "variance")
    )
    expected = weights * (x.reshape(5, *SHAPE) - mean) / np.sqrt(variance + 1e-5) + bias
    assert np.allclose(ran(network, params, x, training=False).a.T, expected.reshape(5, -1), rtol=1e-12)


def test_it_begins_as_no_change_but_the_scale() -> None:
    network = Network([BatchNormalization()], SHAPE)
    (tensors,) = network.tensors(network.initial(0, np.dtype("f8")))
    begun = {name: set(tensor.tolist()) for name, tensor in tensors.items()}
    assert begun == {"weights": {1.0}, "bias": {0.0}, "mean": {0.0}, "variance": {1.0}}


# Initial weights


def test_the_fans_of_a_convolution_are_those_of_its_windows() -> None:
    layer = Convolution(Activation("relu"), 50, 1, 0, 5, 3)
    weights = Network([layer], (20, 9, 9)).initial(0, np.dtype("f8"))[: 50 * 20 * 15]
    assert weights.var() == pytest.approx(2 / (20 * 15), rel=0.03)  # He's law
    weights = Network([layer.linear()], (20, 9, 9)).initial(0, np.dtype("f8"))[: 50 * 20 * 15]
    assert weights.var() == pytest.approx(2 / (20 * 15 + 50 * 15), rel=0.03)  # Glorot's


# What does not fit


@pytest.mark.parametrize(
    ("layer", "named"),
    [
        (Convolution(IDENTITY, 1, 1, 0, 8, 2), "8x2"),
        (Convolution(IDENTITY, 1, 1, 1, 3, 9), "9x8 with its padding"),
        (MaxPooling(IDENTITY, 1, 0, 2, 7), "2x7"),
        (AveragePooling(IDENTITY, 1, 2, 2, 2), "beside the input of 7x6"),
        (Convolution(IDENTITY, 1, 1, 8, 3, 3), "8"),
        (MaxPooling(IDENTITY, 1, 2, 2, 2), "beside the input of 7x6"),
    ],
)
def test_what_does_not_fit_names_both_shapes(layer: Layer, named: str) -> None:
    with pytest.raises(BadInput, match="7x6") as error:
        layer.output_shape(SHAPE)
    assert named in str(error.value)


def test_a_convolution_of_padding_alone_gives_its_bias() -> None:
    network = Network([Convolution(IDENTITY, 1, 1, 2, 2, 2)], (1, 3, 3))
    params, x = drawn(network)
    assert ran(network, params, x).a[0].tolist() == [params[-1]] * 5
