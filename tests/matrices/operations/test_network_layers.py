"""What layers do, by hand."""

import numpy as np
import pytest
from operation_runs import NUMBERS, A, matrix, run

from kerash_cli.errors import Mismatched


def test_a_convolution_of_networks_sums_over_channels_and_has_filters() -> None:
    a = np.stack([NUMBERS[0], 10 * NUMBERS[0]])
    kernel = np.array([1.0, 2, 3, 4]).reshape(4, 1, 1)
    bias = matrix([100, -1000])
    got = run("convolution", a, kernel, bias, words="--activation relu")
    assert got.tolist() == [(21 * NUMBERS[0] + 100).tolist(), np.maximum(43 * NUMBERS[0] - 1000, 0).tolist()]


def test_windows_are_one_place_apart_and_without_padding_where_nothing_else_is_said() -> None:
    image = matrix([1, 2, 4], [8, 16, 32], [64, 128, 256])
    corners = matrix([27, 54], [216, 432])  # 1 + 2 + 8 + 16 and so on
    assert np.array_equal(run("convolution", image, np.ones((1, 2, 2))), corners)
    assert np.array_equal(run("average-pooling", image, words="2 2"), corners / 4)
    assert np.array_equal(run("max-pooling", image, words="2 2"), matrix([16, 32], [128, 256]))


def test_a_kernel_that_does_not_fit_an_image_names_both_sizes() -> None:
    with pytest.raises(Mismatched, match="input of 2x2, got 3x1"):
        run("convolution", A, matrix([1, 2, 3]))
