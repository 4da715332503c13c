"""Windows that move over an image: how many there are, what each of their places meets, and which do not fit."""

from itertools import product

import numpy as np
import pytest

from kerash_cli.engine.layers import IDENTITY, AveragePooling, Convolution, Layer, MaxPooling
from kerash_cli.engine.layers.pooling import at, leave_out, overlap
from kerash_cli.engine.layers.window import Span, Windowed, spans
from kerash_cli.errors import BadInput

HEIGHT, WIDTH = 6, 7
SHAPE = (2, HEIGHT, WIDTH)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("pad", [-1, 0, 1, 2, 4])
def test_a_place_in_the_kernel_meets_the_input_in_the_windows_that_arithmetic_gives(stride: int, pad: int) -> None:
    for places, kernel in product(range(1, 7), range(1, 6)):
        count = (places - kernel + 2 * pad) // stride + 1
        if count < 1:
            continue
        found = list(spans(places, kernel, stride, pad, count))
        assert len(found) == kernel
        for offset, span in enumerate(found):
            meets = {window: window * stride + offset - pad for window in range(count)}
            meets = {window: place for window, place in meets.items() if 0 <= place < places}
            assert list(range(count))[span.windows] == list(meets), (places, kernel, offset)
            assert list(range(places))[span.places] == list(meets.values()), (places, kernel, offset)


@pytest.mark.parametrize(
    ("along", "overlaps", "leaves_out"),
    [
        ([Span(slice(0, 2), slice(0, 4, 2)), Span(slice(0, 2), slice(1, 5, 2))], False, True),
        ([Span(slice(0, 3), slice(0, 6, 2)), Span(slice(0, 2), slice(1, 5, 2))], False, False),
        ([Span(slice(0, 4), slice(0, 4, 1)), Span(slice(0, 4), slice(1, 5, 1))], True, False),
        ([Span(slice(0, 2), slice(0, 2, 1)), Span(slice(0, 2), slice(1, 3, 1))], True, True),
        ([Span(slice(0, 0), slice(0, 0)), Span(slice(0, 5), slice(0, 5, 1))], False, False),
    ],
)
def test_places_in_several_windows_and_in_none_are_told(along: list[Span], overlaps: bool, leaves_out: bool) -> None:
    assert overlap(along, 5) == overlaps
    assert leave_out(along, 5) == leaves_out


def test_places_are_taken_along_one_axis() -> None:
    x = np.arange(24).reshape(2, 3, 4)
    assert np.array_equal(at(x, 0, slice(1, 2)), x[1:2])
    assert np.array_equal(at(x, 2, slice(0, 4, 2)), x[:, :, ::2])


# How many there are


@pytest.mark.parametrize(
    ("layer", "down", "across"),
    [
        (Convolution(IDENTITY, 1, 1, 0, WIDTH, HEIGHT), 1, 1),
        (Convolution(IDENTITY, 1, 1, 1, WIDTH + 2, HEIGHT + 2), 1, 1),
        (Convolution(IDENTITY, 1, 1, 7, 1, 1), 20, 21),  # as much padding as the longer side
        (Convolution(IDENTITY, 1, 3, 0, 3, 2), 2, 2),
        (Convolution(IDENTITY, 1, 4, 1, 2, 3), 2, 2),
        (MaxPooling(IDENTITY, 1, 1, 2, 3), 6, 8),  # padding of one less than the shorter side of the kernel
        (AveragePooling(IDENTITY, 2, 2, 3, 3), 4, 5),
    ],
)
def test_windows_are_counted_by_hand(layer: Windowed, down: int, across: int) -> None:
    depth = 1 if isinstance(layer, Convolution) else 2
    assert layer.output_shape(SHAPE) == (depth, down, across)
    turned = Convolution(IDENTITY, 1, layer.stride, layer.pad, layer.kernel_height, layer.kernel_width)
    assert turned.output_shape((2, WIDTH, HEIGHT)) == (1, across, down)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            Convolution(IDENTITY, 1, 1, 8, 1, 1),
            "expected a padding no larger than the longer side of the input of 7x6, got 8",
        ),
        (Convolution(IDENTITY, 1, 1, 0, 8, 1), "expected a kernel that fits the input of 7x6, got 8x1"),
        (Convolution(IDENTITY, 1, 1, 0, 1, 7), "expected a kernel that fits the input of 7x6, got 1x7"),
        (
            Convolution(IDENTITY, 1, 1, 1, 10, 1),
            "expected a kernel that fits the input of 7x6, 9x8 with its padding, got 10x1",
        ),
        (
            Convolution(IDENTITY, 1, 1, 1, 1, 9),
            "expected a kernel that fits the input of 7x6, 9x8 with its padding, got 1x9",
        ),
        (
            MaxPooling(IDENTITY, 1, 2, 2, 3),
            "expected a padding smaller than the kernel of 2x3, got 2: some windows would lie beside the input of 7x6",
        ),
        (
            AveragePooling(IDENTITY, 1, 2, 3, 2),
            "expected a padding smaller than the kernel of 3x2, got 2: some windows would lie beside the input of 7x6",
        ),
    ],
)
def test_a_window_that_does_not_fit_is_one_line(layer: Layer, message: str) -> None:
    with pytest.raises(BadInput) as error:
        layer.output_shape(SHAPE)
    assert str(error.value) == message
