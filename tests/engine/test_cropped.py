"""Rows and columns of images that no window reaches are not computed, and nothing else changes."""

from collections.abc import Sequence

import numpy as np
import pytest

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import (
    IDENTITY,
    AveragePooling,
    BatchNormalization,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    InputLayer,
    Layer,
    MaxPooling,
    Mode,
)
from kerash_cli.engine.network import Network
from kerash_cli.engine.plans import cropped
from kerash_cli.engine.tensors import Array

RELU, TANH = Activation("relu"), Activation("tanh")
CONVOLUTION, PADDED = Convolution(TANH, 3, 1, 0, 3, 3), Convolution(TANH, 3, 1, 1, 3, 3)
POOLING, AVERAGE = MaxPooling(IDENTITY, 2, 0, 2, 2), AveragePooling(IDENTITY, 3, 0, 2, 2)
END = [Flatten(), Dense(4, TANH)]


@pytest.mark.parametrize(
    ("layers", "shape", "expected"),
    [
        # 12x13 -> 10x11, of which pooling takes 10x10 to 5x5; the image has (depth, height, width).
        ([CONVOLUTION, POOLING, *END], (2, 12, 13), [(2, 12, 12), (3, 10, 10), (3, 5, 5)]),
        # MNIST: 28 -> 26 -> 13 -> 11 -> 5; backwards 10, 12, 24, 26.
        (
            [InputLayer(), CONVOLUTION, POOLING, CONVOLUTION, POOLING, *END],
            (1, 28, 28),
            [(1, 26, 26), (1, 26, 26), (3, 24, 24), (3, 12, 12), (3, 10, 10), (3, 5, 5)],
        ),
        # Windows of 2 that are 3 apart leave out the place between, and the last ones: 8 -> 3, which reach 8.
        ([AVERAGE, *END], (2, 9, 10), [(2, 8, 8), (2, 3, 3)]),
        ([CONVOLUTION, *END], (2, 6, 5), [(2, 6, 5), (3, 4, 3)]),
        ([CONVOLUTION, Dropout(0.5), POOLING, *END], (2, 5, 5), [(2, 5, 5), (3, 3, 3), (3, 3, 3), (3, 1, 1)]),
        ([CONVOLUTION, BatchNormalization(), POOLING, *END], (2, 5, 5), [(2, 5, 5), (3, 3, 3), (3, 3, 3), (3, 1, 1)]),
        ([PADDED, POOLING, *END], (2, 5, 5), [(2, 5, 5), (3, 5, 5), (3, 2, 2)]),
        ([Dense(4, TANH), Dense(3, TANH)], (1, 1, 6), [(1, 1, 6)]),
    ],
    ids=str,
)
def test_the_images_become_as_small_as_the_output_allows(
    layers: Sequence[Layer], shape: tuple[int, int, int], expected: list[tuple[int, int, int]]
) -> None:
    network = Network(layers, shape)
    found = cropped(network.layers, network.shapes)
    assert found[: len(expected)] == expected
    assert found[len(expected) :] == network.shapes[len(expected) :]


def results(network: Network, params: Array, x: Array, slope: Array, with_dx: bool) -> tuple[Array, Array]:
    """The outputs and the gradient; with the gradient of the input, images stay whole."""
    gradient = np.empty_like(params)
    plan = network.plan(params, len(x), Mode(training=True), gradient, with_dx)
    plan.rows[:, :-1] = x
    for call in plan.forward:
        call()
    plan.da[...] = slope
    for call in plan.backward:
        call()
    return plan.a.copy(), gradient


@pytest.mark.parametrize(
    "layers",
    [
        [CONVOLUTION, POOLING, CONVOLUTION, POOLING, *END],
        [POOLING, CONVOLUTION, AVERAGE, *END],
        [Convolution(RELU, 3, 2, 0, 3, 2), MaxPooling(RELU, 2, 0, 3, 2), *END],
        [CONVOLUTION, AVERAGE, Dropout(0.5), PADDED, POOLING, *END],
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", [(1, 16, 17), (2, 17, 16)])
def test_outputs_and_gradients_are_those_of_whole_images(layers: Sequence[Layer], shape: tuple[int, int, int]) -> None:
    network, rng = Network(layers, shape), np.random.default_rng(0)
    assert cropped(network.layers, network.shapes) != network.shapes
    params, x = network.initial(0, np.dtype(np.float64)), rng.standard_normal((5, network.features))
    slope = rng.standard_normal((network.outputs, 5))
    for got, expected in zip(*(results(network, params, x, slope, whole) for whole in (False, True)), strict=True):
        assert got == pytest.approx(expected, rel=1e-11, abs=1e-13)
