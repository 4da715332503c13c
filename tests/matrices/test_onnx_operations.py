"""Operations as text commands against the `onnx` package's node cases."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from onnx_cases import ALL, WINDOWS, attributes, counted, load, one, operation_of, parametrized

from kerash_cli.cli import program
from kerash_cli.engine.tensors import Array
from kerash_cli.tables.formats import tensor_text

Attributes = dict[str, Any]

WHAT_AN_OPERATION_LACKS = {
    "test_add_bcast": "broadcasting",
    "test_averagepool_2d_ceil_last_window_starts_on_pad": "a mean that counts the padding (count_include_pad)",
    "test_averagepool_2d_dilations": "dilations",
    "test_averagepool_2d_pads_count_include_pad": "a mean that counts the padding (count_include_pad)",
    "test_averagepool_2d_precomputed_pads_count_include_pad": "a mean that counts the padding (count_include_pad)",
    "test_maxpool_2d_dilations": "dilations",
    "test_maxpool_with_argmax_2d_precomputed_pads": "the place of the largest number",
    "test_maxpool_with_argmax_2d_precomputed_strides": "the place of the largest number",
    "test_mul_bcast": "broadcasting",
    "test_sub_bcast": "broadcasting",
}
"""Besides windows of three dimensions."""


pytestmark = pytest.mark.usefixtures("in_tmp_path")


def run(*words: object, operands: tuple[Array, ...]) -> Array:
    """What `kerash tensor` makes of operands of at most three dimensions, through text files."""
    files = []
    for i, operand in enumerate(operands):
        files.append(f"operand{i}")
        Path(files[-1]).write_bytes(tensor_text.render(operand))
    result = CliRunner().invoke(program, ["tensor", *map(str, words), *files], catch_exceptions=False)
    assert result.exit_code == 0
    lines = result.stdout.split("\n")
    if len(lines) == 2:
        return np.array(float(lines[0]))
    width, height, depth = map(int, lines[0].split())
    return np.array(lines[1:-1], float).reshape(depth, height, width)


def each(x: Array, dimensions: int = 3) -> list[Array]:
    """The tensors of so many dimensions that x has."""
    return list(x.reshape(-1, *x.shape[-dimensions:]))


def elementwise(name: str) -> Callable[..., Array]:
    def compute(case: str, a: Attributes, x: Array, y: Array) -> Array:
        return run(name, operands=(x, y)).reshape(x.shape)

    return compute


def matmul(case: str, a: Attributes, x: Array, y: Array) -> Array:
    """Matrix by matrix; a vector is a row on the left and a column on the right."""
    rows, columns = x if x.ndim > 1 else x[np.newaxis], y if y.ndim > 1 else y[:, np.newaxis]
    stack = np.broadcast_shapes(rows.shape[:-2], columns.shape[:-2])
    pairs = (np.broadcast_to(operand, (*stack, *operand.shape[-2:])) for operand in (rows, columns))
    products = [run("mul", operands=pair) for pair in zip(*(each(operand, 2) for operand in pairs), strict=True)]
    return np.array(products).reshape(np.matmul(x, y).shape)


def gemm(case: str, a: Attributes, *operands: Array) -> Array:
    words = [f"--{name}={a[name]}" for name in ("alpha", "beta") if name in a]
    words += [f"--transpose-{side.lower()}" for side in "AB" if a.get(f"trans{side}")]
    return run("gemm", *words, operands=operands)[0]


def transpose(case: str, a: Attributes, x: Array) -> Array:
    return run("transpose", f"--axes={''.join('zyx'[axis] for axis in a.get('perm', (2, 1, 0)))}", operands=(x,))


def reduce_mean(case: str, a: Attributes, x: Array, axes: Array) -> Array:
    letters = "".join("zyx"[axis] for axis in axes) or "zyx"
    means = run("mean", f"--axis={letters}", operands=(x,))
    return means if a["keepdims"] else means.squeeze(tuple("zyx".index(letter) for letter in letters))


def softmax(case: str, a: Attributes, x: Array) -> Array:
    letter = "zyx"[3 - x.ndim :][a.get("axis", -1)]
    return run("softmax", f"--axis={letter}", operands=(x,)).reshape(x.shape)


def convolution(case: str, a: Attributes, x: Array, weights: Array) -> Array:
    """Where one side is padded less than another, the kernel has as many zeros there."""
    pad, _ = WINDOWS.get(case) or (max(a["pads"]), ALL)
    top, left, bottom, right = pad - np.array(a.get("pads", [pad] * 4))
    kernel = np.pad(weights, ((0, 0), (0, 0), (top, bottom), (left, right)))
    words = (f"--stride={one(a.get('strides', [1]))}", f"--pad={pad}")
    operands = each(kernel.reshape(-1, *kernel.shape[2:]))
    return np.array([run("convolution", *words, operands=(image, *operands)) for image in each(x)])


def pooling(name: str) -> Callable[..., Array]:
    def compute(case: str, a: Attributes, x: Array) -> Array:
        """A row of numbers is an image of height 1."""
        pad, picked = WINDOWS.get(case) or (one(a.get("pads", [0])), ALL)
        *_, height, width = 1, *a["kernel_shape"]
        words = (width, height, f"--stride={one(a.get('strides', [1]))}", f"--pad={pad}")
        images = each(x.reshape(*x.shape[:2], -1, x.shape[-1]))
        y = np.array([run(name, *words, operands=(image,)) for image in images])[:, :, picked, picked]
        return y if x.ndim == 4 else y[:, :, 0]

    return compute


OPERATIONS: dict[str, Callable[..., Array]] = {
    "Add": elementwise("add"),
    "AveragePool": pooling("average-pooling"),
    "Conv": convolution,
    "Gemm": gemm,
    "MatMul": matmul,
    "MaxPool": pooling("max-pooling"),
    "Mul": elementwise("mul-p2p"),
    "ReduceMean": reduce_mean,
    "Softmax": softmax,
    "Sub": elementwise("sub"),
    "Transpose": transpose,
}


CASES = [case for case in load(OPERATIONS) if case.data_sets[0][0][0].ndim < 5]


@parametrized(CASES, WHAT_AN_OPERATION_LACKS)
def test_an_operation_agrees_with_onnx(case: Any) -> None:
    operation = operation_of(case)
    for inputs, (expected,) in case.data_sets:
        operands = [np.asarray(x) if operation == "ReduceMean" else np.asarray(x, float) for x in inputs]
        got = OPERATIONS[operation](case.name, attributes(case), *operands)
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-7)


def test_as_many_cases_of_an_operation_as_there_are_run() -> None:
    assert counted(CASES, WHAT_AN_OPERATION_LACKS) == {
        **{"Add": (7, 8), "Sub": (8, 9), "Mul": (8, 9), "MatMul": (7, 7), "Gemm": (11, 11), "Transpose": (7, 7)},
        **{"ReduceMean": (8, 8), "Softmax": (7, 7), "Conv": (6, 6), "AveragePool": (10, 14), "MaxPool": (12, 15)},
    }
