"""Each operation against NumPy, those of 2019 by hand, and what is refused."""

import numpy as np
import pytest
from operation_cases import CASES, EPS, drawn
from operation_runs import NUMBERS, A, B, matrix, run

from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, Mismatched, OutOfSpace
from kerash_cli.matrices.operation import BareValues, Picture
from kerash_cli.matrices.operations import OPERATIONS


def check(name: str, seed: int) -> None:
    operation, group, (operands, words) = drawn(name, seed)
    options = operation.bind(words, group).options
    got, expected = operation(*operands, **options), CASES[name].expected(*operands, **options)
    if isinstance(got, Picture):
        assert [[[float(cell) for cell in row] for row in layer] for layer in got.layers] == operands[0].tolist()
        return
    if isinstance(got, str):
        assert got.splitlines()[: len(expected)] == expected if isinstance(expected, list) else got == expected
        return
    got = got.array if isinstance(got, BareValues) else got
    if name == "mul":
        a, b = operands
        assert (np.abs(got - expected) <= 2 * a.shape[2] * EPS * (np.abs(a) @ np.abs(b))).all()
        return
    assert np.shape(got) == np.shape(expected)
    if tolerance := CASES[name].tolerance:
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance * scale(operands))
    else:
        assert np.array(got, float).tobytes() == np.array(expected, float).tobytes()


def scale(operands: list[Array]) -> float:
    """The largest that a product of the operands' numbers may be."""
    return float(np.prod([np.abs(operand).max() for operand in operands]) * max(operand.size for operand in operands))


def test_every_operation_has_a_case() -> None:
    assert CASES.keys() == OPERATIONS.keys()


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("count", [20, pytest.param(500, marks=pytest.mark.long)])
def test_an_operation_agrees_with_numpy(name: str, count: int) -> None:
    for seed in range(count):
        check(name, seed)


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_operation_changes_its_operands(name: str) -> None:
    operation, group, (operands, words) = drawn(name, 0)
    before = [operand.copy() for operand in operands]
    operation(*operands, **operation.bind(words, group).options)
    assert all((operand == old).all() for operand, old in zip(operands, before, strict=True))


@pytest.mark.parametrize(
    ("name", "operands", "words", "expected"),
    [
        ("fill", [], "2 1 1", [[1, 1]]),
        ("fill", [], "1 2 1 -3.5", [[-3.5], [-3.5]]),
        ("direct", [], "2 2 1 7 -8", [[7, -8], [0, 0]]),
        ("add", [A, B], "", [[6, 4], [-4, 12]]),
        ("sub", [A, B], "", [[-4, -8], [10, -4]]),
        ("mul", [A, B], "", [[19, -10], [-13, 50]]),
        ("mul-p2p", [A, B], "", [[5, -12], [-21, 32]]),
        ("transpose", [A], "", [[1, 3], [-2, 4]]),
        ("mul-scalar", [A], "-2", [[-2, 4], [-6, -8]]),
        ("mul-self-p2p", [A], "", [[1, 4], [9, 16]]),
        ("square", [A], "", [[-5, -10], [15, 10]]),
        ("apply", [A], "relu", [[1, 0], [3, 4]]),
        ("apply", [A], "activ_relu", [[1, 0], [3, 4]]),
        ("apply", [A], "activ_d_relu", [[1, 0], [1, 1]]),
        ("apply", [A], "prelu:0.5", [[1, -1], [3, 4]]),
        ("apply", [A], "activ_d_prelu:0.5", [[1, 0.5], [1, 1]]),
        ("resize", [A], "3 1 1", [[1, -2, 3]]),
        ("flatten", [A], "", [[1, -2, 3, 4]]),
        ("cost-mse", [A, B], "--batch 4", [[4, 16], [25, 4]]),
        ("cost-d-mse", [A, B], "", [[-4, -8], [10, -4]]),
        ("slice", [NUMBERS], "1 2 0 2 1 1 0", [[8, 9]]),
        ("slice", [NUMBERS], "1 2 0 3 2 1 1", [[8, 9, 0], [0, 0, 0]]),
    ],
)
def test_operations_of_2019_by_hand(name: str, operands: list[Array], words: str, expected: list[list[float]]) -> None:
    assert run(name, *operands, words=words).tolist() == [expected]


@pytest.mark.parametrize(
    ("name", "operands", "words", "expected"),
    [
        ("create", [], "4 3 2", "4 3 2"),
        ("conv", [A, B], "", 5 - 12 - 21 + 32),
        ("mean", [A], "", 1.5),
        ("reduce", [A], "max", 4),
        ("similar", [A, A + 0.1], "0.11", True),
        ("similar", [A, A + 0.1], "0.09", False),
        ("similar", [A, A], "0", True),
        ("determinant", [A], "", 10),
        ("norm", [matrix([3, -4])], "", 5),
        ("argmax", [A], "", 3),
    ],
)
def test_operations_with_a_single_answer_by_hand(
    name: str, operands: list[Array], words: str, expected: float | str
) -> None:
    assert run(name, *operands, words=words) == pytest.approx(expected)


def test_operations_of_matrices_go_over_the_layers_of_a_tensor() -> None:
    a = np.stack([A[0], 2 * A[0]])
    assert run("transpose", a).tolist() == [A[0].T.tolist(), (2 * A[0].T).tolist()]
    assert run("determinant", a).ravel() == pytest.approx([10, 40])
    assert run("mul", a, np.stack([B[0], B[0]]))[1] == pytest.approx(2 * A[0] @ B[0])


def test_softmax_of_large_numbers_is_finite() -> None:
    assert run("softmax", matrix([1e300, 1e300])).tolist() == [[[0.5, 0.5]]]
    assert run("apply", matrix([1, 1], [1, 1]), words="softmax").tolist() == [[[0.25, 0.25], [0.25, 0.25]]]


def test_a_norm_overflows_only_where_it_is_too_large_itself() -> None:
    assert run("norm", matrix([3e200, -4e200])) == pytest.approx(5e200)
    assert run("norm", matrix([-3e-200])) == 3e-200


def test_rounding_keeps_what_has_no_such_digits() -> None:
    assert run("round", matrix([1e300, 0.125, -2.5]), words="--digits 20").tolist() == [[[1e300, 0.125, -2.5]]]
    assert run("round", matrix([2.5, 3.5, -0.4])).tolist() == [[[2, 4, 0]]]


def test_a_comparison_says_how_much_and_where() -> None:
    assert run("compare", A, A + matrix([0, 0], [0, 0.5])).splitlines() == [
        "sizes 2x2",
        "different 1 of 4",
        "largest 0.5 at x y z 1 1 0",
        "root mean square 0.25",
    ]


WIDE = matrix([1, 2, 3])
OF_TWO = [
    *("add", "sub", "mul-p2p", "div-p2p", "mul", "conv", "dot", "compare", "cost-mse", "cost-d-mse", "solve"),
    "concatenate",
]
MISMATCHED: dict[str, tuple[list[Array], str, str, str]] = {
    **dict.fromkeys(OF_TWO, ([A, WIDE], "", "2x2", "3x1")),
    **dict.fromkeys(("square", "determinant", "inverse"), ([WIDE], "", "a square matrix", "3x1")),
    "gemm": ([A, B, WIDE], "", "2x2", "3x1"),
    "similar": ([A, WIDE], "1", "2x2", "3x1"),
    "reshape": ([A], "3 1 1", "2x2", "3x1"),
    "split": ([A], "3 0", "2x2", "of 3"),
    "slice": ([A], "1 0 0 2 1 1 0", "2x2", "2x1x1 at 1 0 0"),
    "apply-convolution": ([A, WIDE], "1 0 1 1 conv", "2x2", "3x1"),
    "apply-convreduce": ([A], "1 0 2 2 2 max", "2x2", "2x2"),
    "windows": ([A], "1 0 2 2 2 2", "2x2", "2x2"),
    "max-pooling": ([A], "3 1", "2x2", "3x1"),
    "average-pooling": ([A], "1 1 --pad 1", "2x2", "1x1"),
    "convolution": ([np.zeros((2, 3, 3)), np.zeros((3, 2, 2))], "", "3x3x2", "2x2x3"),
}


@pytest.mark.parametrize("name", MISMATCHED)
def test_operands_that_do_not_fit_name_both_sizes(name: str) -> None:
    operands, words, *sides = MISMATCHED[name]
    with pytest.raises(Mismatched) as error:
        run(name, *operands, words=words)
    assert all(side in str(error.value) for side in sides)
    assert error.value.exit_code == 1


@pytest.mark.parametrize(
    ("name", "operands", "words"),
    [
        ("add", [matrix([1e308]), matrix([1e308])], ""),
        ("mul", [matrix([1e200]), matrix([1e200])], ""),
        ("mul-scalar", [matrix([1e200])], "1e200"),
        ("square", [matrix([1e200])], ""),
        ("div-p2p", [matrix([1]), matrix([0])], ""),
        ("div-p2p", [matrix([0]), matrix([0])], ""),
        ("power", [matrix([-1])], "0.5"),
        ("conv", [matrix([1e200]), matrix([1e200])], ""),
        ("sum", [matrix([1e308, 1e308])], ""),
        ("sum", [matrix([1e308, 1e308])], "--axis x"),
        ("norm", [matrix([1.7e308, 1.7e308])], ""),
        ("apply", [matrix([1e200])], "quadratic"),
        ("cost-mse", [matrix([1e200]), matrix([0])], ""),
        ("linspace", [], "-1.7e308 1.7e308 3"),
        ("info", [matrix([1.7e308, 1.7e308])], ""),
        ("compare", [matrix([1.7e308]), matrix([-1.7e308])], ""),
        ("determinant", [matrix([1e200, 0], [0, 1e200])], ""),
        ("apply-convolution", [matrix([1e200]), matrix([1e200])], "1 0 1 1 conv"),
        ("convolution", [matrix([1e200]), matrix([1e200])], ""),
    ],
)
def test_what_overflows_or_is_no_number_is_told(name: str, operands: list[Array], words: str) -> None:
    with pytest.raises(BadInput, match=f"{name}: expected .* that fit in 64 bits"):
        run(name, *operands, words=words)


def test_a_singular_matrix_has_no_inverse() -> None:
    with pytest.raises(BadInput, match="expected a matrix that has an inverse, got a singular one of 2x2"):
        run("inverse", matrix([1, 2], [2, 4]))


@pytest.mark.parametrize(
    ("line", "operands"),
    [
        ("random 999999999 999999999 1", []),
        ("fill 999999999999999999 999999999999999999 999999999999999999", []),
        ("direct 99999999999 9999 1", []),
        ("eye 999999999", []),
        ("linspace 0 1 999999999999999999", []),
        ("resize 99999999999 99999 1", [A]),
        ("outer", [np.zeros((1, 1, 10**6)), np.zeros((1, 1, 10**6))]),
        ("slice 0 0 0 999999999 999999999 1 9999999999", [A]),
        ("apply-convolution 1 999999999999 999999999 999999999 conv", [A, A]),
        ("apply-convreduce 1 999999999999 999999999 999999999 2 max", [A]),
    ],
)
def test_what_is_larger_than_memory_is_refused_before_it_is_made(line: str, operands: list[Array]) -> None:
    name, _, words = line.partition(" ")
    with pytest.raises(OutOfSpace):
        run(name, *operands, words=words)
