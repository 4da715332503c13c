"""Which layers can read the output of which, and where a relu may wait for a pooling."""

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
    GlobalAveragePooling,
    Layer,
    MaxPooling,
)
from kerash_cli.engine.plans import Signal, deferred
from kerash_cli.engine.tensors import Shape

RELU, TANH = Activation("relu"), Activation("tanh")


@pytest.mark.parametrize(
    ("shape", "imaged", "row", "image"),
    [
        # (height, depth, width) and (depth, height, width) are the same numbers where there is one channel or one row.
        ((1, 3, 4), True, True, True),
        ((3, 1, 4), True, True, True),
        ((3, 4, 1), True, False, True),
        ((2, 3, 4), True, False, True),
        ((1, 3, 4), False, True, True),
        ((3, 1, 4), False, True, True),
        ((3, 4, 1), False, True, False),
        ((2, 3, 4), False, True, False),
    ],
)
def test_a_layer_reads_numbers_in_its_own_order(shape: Shape, imaged: bool, row: bool, image: bool) -> None:
    signal = Signal(np.zeros((25, 5)), shape, imaged)
    assert signal.serves("row", shape) == row
    assert signal.serves("image", shape) == image
    assert signal.serves("any", shape)


def test_an_image_is_read_as_it_is_only_in_its_own_shape_and_without_gaps() -> None:
    assert not Signal(np.zeros((13, 5)), (1, 3, 4), True).serves("image", (1, 4, 3))
    assert Signal(np.zeros((13, 5)), (1, 1, 12), False).serves("image", (1, 4, 3))
    assert not Signal(np.zeros((13, 5)), (1, 1, 12), False).serves("image", (3, 2, 2))
    assert not Signal(np.zeros((5, 13)).T, (1, 3, 4), False).serves("image", (1, 3, 4))
    assert Signal(np.zeros((5, 13)).T, (1, 3, 4), False).serves("row", (1, 3, 4))


CONVOLUTION, POOLING = Convolution(RELU, 4, 1, 1, 3, 3), MaxPooling(IDENTITY, 2, 0, 2, 2)
LINEAR, WAITING = Convolution(IDENTITY, 4, 1, 1, 3, 3), MaxPooling(RELU, 2, 0, 2, 2)


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([CONVOLUTION, POOLING], [LINEAR, WAITING]),
        ([BatchNormalization(RELU), POOLING], [BatchNormalization(), WAITING]),
        ([CONVOLUTION, POOLING, CONVOLUTION, POOLING], [LINEAR, WAITING, LINEAR, WAITING]),
        ([CONVOLUTION, CONVOLUTION, POOLING], [CONVOLUTION, LINEAR, WAITING]),
        ([CONVOLUTION, POOLING, POOLING], [LINEAR, WAITING, POOLING]),
    ],
)
def test_a_relu_before_a_maximum_waits_for_it(layers: list[Layer], expected: list[Layer]) -> None:
    assert deferred(layers) == expected


@pytest.mark.parametrize(
    "layers",
    [
        [CONVOLUTION],
        [Convolution(TANH, 4, 1, 1, 3, 3), POOLING],
        [LINEAR, POOLING],
        [CONVOLUTION, MaxPooling(TANH, 2, 0, 2, 2)],
        [CONVOLUTION, WAITING],
        [CONVOLUTION, AveragePooling(IDENTITY, 2, 0, 2, 2)],
        [CONVOLUTION, GlobalAveragePooling()],
        [CONVOLUTION, Dropout(0.5), POOLING],
        [Dense(4, RELU), POOLING],
        [POOLING, CONVOLUTION],
    ],
)
def test_everything_else_stays_where_it_is(layers: list[Layer]) -> None:
    assert deferred(layers) == layers
