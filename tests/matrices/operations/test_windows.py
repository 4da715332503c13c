"""Windows of 2019, by hand."""

import numpy as np
from operation_runs import NUMBERS, matrix, run


def test_the_example_of_2019() -> None:
    got = run("apply-convolution", NUMBERS, matrix([1, 0], [0, 1]), words="1 1 3 3 matrix_conv")
    assert got.array.ravel().tolist() == [6, 8, 3, 12, 14, 6, 7, 8, 9]


def test_windows_of_2019_go_layer_by_layer() -> None:
    a = np.stack([NUMBERS[0], 10 * NUMBERS[0]])
    got = run("apply-convreduce", a, words="2 1 2 2 2 max").array
    assert got.tolist() == [[[5, 6], [8, 9]], [[50, 60], [80, 90]]]
    kernel = np.stack([np.full((1, 1), 1.0), np.full((1, 1), -1.0)])
    assert run("apply-convolution", a, kernel, words="3 0 1 1 conv").array.ravel().tolist() == [1, -10]
