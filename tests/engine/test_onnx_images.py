"""Layers of images against the `onnx` package's node cases of convolution, pooling and batch normalization."""

from collections.abc import Callable, Mapping
from math import sqrt
from typing import Any

import numpy as np
import onnx
import pytest
from onnx_cases import ALL, WINDOWS, attributes, counted, load, one, operation_of, parametrized
from small import run

from kerash_cli.engine.layers import (
    IDENTITY,
    AveragePooling,
    BatchNormalization,
    Convolution,
    GlobalAveragePooling,
    InputLayer,
    Layer,
    MaxPooling,
    Mode,
)
from kerash_cli.engine.layers.batch_normalization import EPSILON
from kerash_cli.engine.layers.pooling import Pooling
from kerash_cli.engine.network import MOMENTUM, Network
from kerash_cli.engine.optimizers import OPTIMIZERS, OptimizerSettings
from kerash_cli.engine.tensors import Array

Attributes = dict[str, Any]

WHAT_A_LAYER_LACKS = {
    "test_averagepool_2d_ceil_last_window_starts_on_pad": "a mean that counts the padding (count_include_pad)",
    "test_averagepool_2d_dilations": "dilations",
    "test_averagepool_2d_pads_count_include_pad": "a mean that counts the padding (count_include_pad)",
    "test_averagepool_2d_precomputed_pads_count_include_pad": "a mean that counts the padding (count_include_pad)",
    "test_averagepool_3d_default": "3-D input",
    "test_averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_False": "3-D input and dilations",
    "test_averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_True": "3-D input and dilations",
    "test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_False": "3-D input and dilations",
    "test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True": "3-D input and dilations",
    "test_averagepool_3d_dilations_small": "3-D input and dilations",
    "test_maxpool_2d_dilations": "dilations",
    "test_maxpool_3d_default": "3-D input",
    "test_maxpool_3d_dilations": "3-D input and dilations",
    "test_maxpool_3d_dilations_use_ref_impl": "3-D input and dilations",
    "test_maxpool_3d_dilations_use_ref_impl_large": "3-D input and dilations",
}


def applied(layer: Layer, x: Array, tensors: Mapping[str, Array]) -> Array:
    """x (n, depth, height, width) through a trained layer with these tensors."""
    network = Network((InputLayer(), layer), x.shape[1:], bias="bias" in tensors)
    plan = network.plan(parameters(network, tensors), len(x), Mode())
    plan.rows[:, :-1] = x.reshape(len(x), -1)
    run(plan.forward)
    return plan.a.T.reshape(len(x), *network.shapes[-1])


def parameters(network: Network, tensors: Mapping[str, Array]) -> Array:
    params = np.empty(network.size, np.float32)
    views = network.tensors(params)[1]
    assert views.keys() == tensors.keys()
    for name, tensor in tensors.items():
        views[name][...] = tensor
    return params


def convolution(name: str, a: Attributes, x: Array, weights: Array, bias: Array | None = None) -> list[Array]:
    """Where one side is padded less than another, the kernel has as many zeros there."""
    assert a.keys() <= {"kernel_shape", "strides"} | ({"auto_pad"} if name in WINDOWS else {"pads"})
    pad, _ = WINDOWS.get(name) or (max(a["pads"]), ALL)
    top, left, bottom, right = pad - np.array(a.get("pads", [pad] * 4))
    weights = np.pad(weights, ((0, 0), (0, 0), (top, bottom), (left, right)))
    filters, _, height, width = weights.shape
    tensors = {"weights": weights} if bias is None else {"weights": weights, "bias": bias}
    return [applied(Convolution(IDENTITY, filters, one(a.get("strides", [1])), pad, width, height), x, tensors)]


def average_pooling(name: str, a: Attributes, x: Array) -> list[Array]:
    return [pooled(pooling(AveragePooling, name, a), name, x)]


def max_pooling(name: str, a: Attributes, x: Array) -> list[Array]:
    layer = pooling(MaxPooling, name, a)
    y = pooled(layer, name, x)
    if "argmax" not in name:
        return [y]
    places = np.unravel_index(origins(layer, x), x.shape)
    return [y, np.ravel_multi_index(places, x.shape, order="F" if a.get("storage_order") else "C").reshape(y.shape)]


def pooling(kind: type[Pooling], name: str, a: Attributes) -> Pooling:
    """A row of numbers is an image of height 1."""
    assert a.keys() <= {"kernel_shape", "strides", "storage_order"} | (
        {"auto_pad", "ceil_mode"} if name in WINDOWS else {"pads"}
    )
    pad = WINDOWS[name][0] if name in WINDOWS else one(a.get("pads", [0]))
    *_, height, width = 1, *a["kernel_shape"]
    return kind(IDENTITY, one(a.get("strides", [1])), pad, width, height)


def pooled(layer: Pooling, name: str, x: Array) -> Array:
    _, picked = WINDOWS.get(name, (0, ALL))
    image = x.reshape(*x.shape[:2], -1, x.shape[-1]).astype(np.float32)
    y = applied(layer, image, {})[:, :, picked, picked]
    return y if x.ndim == 4 else y[:, :, 0]


def origins(layer: Layer, x: Array) -> Array:
    """For each output of one sample, which number of the input has its gradient."""
    network = Network((InputLayer(), layer), x.shape[1:])
    params = parameters(network, {})
    plan = network.plan(params, network.outputs, Mode(), np.empty_like(params), with_dx=True)
    plan.rows[:, :-1] = x.reshape(1, -1)
    run(plan.forward)
    plan.da[...] = np.eye(network.outputs)
    run(plan.backward)
    assert plan.dx is not None
    assert (np.sort(plan.dx, axis=0)[-2:].T == [0, 1]).all()
    return plan.dx.argmax(axis=0)


def global_average_pooling(name: str, a: Attributes, x: Array) -> list[Array]:
    return [applied(GlobalAveragePooling(), x, {})]


def global_max_pooling(name: str, a: Attributes, x: Array) -> list[Array]:
    _, _, height, width = x.shape
    return [applied(MaxPooling(IDENTITY, 1, 0, width, height), x, {})]


def batch_normalization(
    name: str, a: Attributes, x: Array, weights: Array, bias: Array, mean: Array, variance: Array
) -> list[Array]:
    """The layer's epsilon suits an input on another scale, if it is not the case's."""
    assert a.keys() <= {"epsilon", "training_mode"}
    scale = np.float32(sqrt(EPSILON / a.get("epsilon", EPSILON)))
    tensors = {"weights": weights, "bias": bias, "mean": scale * mean, "variance": scale**2 * variance}
    if not a.get("training_mode"):
        return [applied(BatchNormalization(), scale * x, tensors)]
    network = Network((InputLayer(), BatchNormalization()), x.shape[1:])
    params = parameters(network, tensors)
    gradient = np.zeros_like(params)
    plan = network.plan(params, len(x), Mode(training=True), gradient)
    plan.rows[:, :-1] = scale * x.reshape(len(x), -1)
    run(plan.forward)
    numbers = x.size // x.shape[1]
    # PyTorch and kerash keep the unbiased variance, ONNX keeps the other one.
    network.tensors(gradient)[1]["variance"][...] *= (numbers - 1) / numbers
    sgd = OPTIMIZERS["sgd"](OptimizerSettings(), params.size, params.dtype, 1, 1)
    run(network.update(sgd, params, gradient))
    after = network.tensors(params)[1]
    return [plan.a.T.reshape(x.shape), after["mean"] / scale, after["variance"] / scale**2]


OPERATIONS: dict[str, Callable[..., list[Array]]] = {
    "AveragePool": average_pooling,
    "BatchNormalization": batch_normalization,
    "Conv": convolution,
    "GlobalAveragePool": global_average_pooling,
    "GlobalMaxPool": global_max_pooling,
    "MaxPool": max_pooling,
}


CASES = load(OPERATIONS)


@parametrized(CASES, WHAT_A_LAYER_LACKS)
def test_a_layer_agrees_with_onnx(case: Any) -> None:
    for inputs, expected in case.data_sets:
        found = OPERATIONS[operation_of(case)](case.name, attributes(case), *inputs)
        for y, wanted in zip(found, expected, strict=True):
            np.testing.assert_allclose(y, wanted, rtol=1e-3, atol=1e-7)


def test_as_many_cases_of_an_operation_as_there_are_run() -> None:
    assert counted(CASES, WHAT_A_LAYER_LACKS) == {
        **{"AveragePool": (10, 20), "BatchNormalization": (4, 4), "Conv": (6, 6), "GlobalAveragePool": (2, 2)},
        **{"GlobalMaxPool": (2, 2), "MaxPool": (14, 19)},
    }


def test_what_is_placed_by_hand_is_there_and_not_left_out() -> None:
    assert WINDOWS.keys() <= {case.name for case in CASES} - WHAT_A_LAYER_LACKS.keys()


def test_the_momentum_of_running_means_is_that_of_onnx() -> None:
    schema = onnx.defs.get_schema("BatchNormalization")
    assert 1 - schema.attributes["momentum"].default_value.f == pytest.approx(MOMENTUM)
