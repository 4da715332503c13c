"""Each operation against NumPy, those of 2019 by hand, and what is refused."""

from typing import Any

import numpy as np
import pytest
from operation_cases import CASES, EPS, drawn

from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, KerashError, Mismatched, OutOfSpace
from kerash_cli.matrices.operation import Picture, Values
from kerash_cli.matrices.operations import OPERATIONS

NUMBERS = np.arange(1.0, 10).reshape(1, 3, 3)


def matrix(*rows: list[float]) -> Array:
    return np.array([rows], float)


def run(name: str, *operands: Array, words: str = "", group: Any = "tensor") -> Any:
    operation = OPERATIONS[name]
    bound = operation.bind(words.split(), group)
    assert not bound.operands
    return operation(*operands, **bound.options)


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
    got = got.array if isinstance(got, Values) else got
    if name == "mul":
        a, b = operands
        assert (np.abs(got - expected) <= 2 * a.shape[2] * EPS * (np.abs(a) @ np.abs(b))).all()
        return
    assert np.shape(got) == np.shape(expected)
    if CASES[name].tolerance:
        np.testing.assert_allclose(
            got, expected, rtol=CASES[name].tolerance, atol=CASES[name].tolerance * scale(operands)
        )
    else:
        assert np.array(got, float).tobytes() == np.array(expected, float).tobytes()


def scale(operands: list[Array]) -> float:
    """The largest that a product of the operands' numbers may be."""
    return float(np.prod([np.abs(operand).max() for operand in operands]) * max(operand.size for operand in operands))


def test_every_operation_has_a_case() -> None:
    assert CASES.keys() == OPERATIONS.keys()


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_agrees_with_numpy(name: str) -> None:
    for seed in range(20):
        check(name, seed)


@pytest.mark.long
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_agrees_with_numpy_500_times(name: str) -> None:
    for seed in range(500):
        check(name, seed)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_has_a_sentence_of_help_and_says_what_comes_out(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation.sentence.endswith(".")
    assert operation.result in ("array", "number", "array or number", "values", "text", "verdict")
    assert all(each.expected or each.kind is None for each in operation.parameters)


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_operation_changes_its_operands(name: str) -> None:
    operation, group, (operands, words) = drawn(name, 0)
    before = [operand.copy() for operand in operands]
    operation(*operands, **operation.bind(words, group).options)
    assert all((operand == old).all() for operand, old in zip(operands, before, strict=True))


def test_the_example_of_2019() -> None:
    got = run("apply-convolution", NUMBERS, matrix([1, 0], [0, 1]), words="1 1 3 3 matrix_conv")
    assert got.array.ravel().tolist() == [6, 8, 3, 12, 14, 6, 7, 8, 9]


A, B = matrix([1, -2], [3, 4]), matrix([5, 6], [-7, 8])


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


def test_new_cells_of_a_resized_matrix_are_random_and_the_old_keep_their_order() -> None:
    (first, second) = (run("resize", A, words="3 2 1") for _ in range(2))
    assert first.shape == (1, 2, 3)
    assert first.ravel()[:4].tolist() == [1, -2, 3, 4]
    assert ((first.ravel()[4:] >= 0) & (first.ravel()[4:] < 1)).all()
    assert (first != second).any()


def test_random_is_uniform_in_0_to_1_and_fresh_unless_there_is_a_seed() -> None:
    x = run("random", words="50 40 3")
    assert x.shape == (3, 40, 50)
    assert 0 <= x.min() < 0.01
    assert 0.99 < x.max() < 1
    assert abs(x.mean() - 0.5) < 0.02
    assert (x != run("random", words="50 40 3")).any()
    assert (run("random", words="3 3 3 --seed 0") == run("random", words="3 3 3 --seed=0")).all()


def test_windows_of_2019_go_layer_by_layer() -> None:
    a = np.stack([NUMBERS[0], 10 * NUMBERS[0]])
    got = run("apply-convreduce", a, words="2 1 2 2 2 max").array
    assert got.tolist() == [[[5, 6], [8, 9]], [[50, 60], [80, 90]]]
    kernel = np.stack([np.full((1, 1), 1.0), np.full((1, 1), -1.0)])
    assert run("apply-convolution", a, kernel, words="3 0 1 1 conv").array.ravel().tolist() == [1, -10]


def test_a_convolution_of_networks_sums_over_channels_and_has_filters() -> None:
    a = np.stack([NUMBERS[0], 10 * NUMBERS[0]])
    kernel = np.array([1.0, 2, 3, 4]).reshape(4, 1, 1)
    bias = matrix([100, -1000])
    got = run("convolution", a, kernel, bias, words="--activation relu")
    assert got.tolist() == [(21 * NUMBERS[0] + 100).tolist(), np.maximum(43 * NUMBERS[0] - 1000, 0).tolist()]


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


def test_info_says_what_is_in_a_tensor() -> None:
    assert run("info", matrix([0, 4], [-2, 2])).splitlines() == [
        "sizes 2x2",
        "least -2",
        "greatest 4",
        "mean 1",
        "deviation 2.23606797749979",
        "zeros 1 of 4",
    ]


def test_a_picture_has_heat_only_where_it_is_asked_for() -> None:
    assert run("print", A).heat is None
    assert run("print", matrix([1, 2, 3]), words="--heat").heat.tolist() == [[[0, 0.5, 1]]]
    assert run("print", matrix([7, 7]), words="--heat").heat.tolist() == [[[0.5, 0.5]]]
    assert run("print", matrix([-1.7e308, 1.7e308]), words="--heat").heat.tolist() == [[[0, 1]]]


WIDE = matrix([1, 2, 3])
MISMATCHED: dict[str, tuple[list[Array], str, str, str]] = {
    "add": ([A, WIDE], "", "2x2", "3x1"),
    "sub": ([A, WIDE], "", "2x2", "3x1"),
    "mul-p2p": ([A, WIDE], "", "2x2", "3x1"),
    "div-p2p": ([A, WIDE], "", "2x2", "3x1"),
    "mul": ([A, WIDE], "", "2x2", "3x1"),
    "gemm": ([A, B, WIDE], "", "2x2", "3x1"),
    "conv": ([A, WIDE], "", "2x2", "3x1"),
    "dot": ([A, WIDE], "", "2x2", "3x1"),
    "similar": ([A, WIDE], "1", "2x2", "3x1"),
    "compare": ([A, WIDE], "", "2x2", "3x1"),
    "cost-mse": ([A, WIDE], "", "2x2", "3x1"),
    "cost-d-mse": ([A, WIDE], "", "2x2", "3x1"),
    "square": ([WIDE], "", "as high as wide", "3x1"),
    "determinant": ([WIDE], "", "as high as wide", "3x1"),
    "inverse": ([WIDE], "", "as high as wide", "3x1"),
    "solve": ([A, WIDE], "", "2x2", "3x1"),
    "reshape": ([A], "3 1 1", "2x2", "3x1"),
    "concatenate": ([A, WIDE], "", "2x2", "3x1"),
    "split": ([A], "3 0", "2x2", "of 3"),
    "slice": ([A], "1 0 0 2 1 1 0", "2x2", "2x1x1 at 1 0 0"),
    "apply-convolution": ([A, WIDE], "1 0 1 1 conv", "2x2", "3x1"),
    "apply-convreduce": ([A], "1 0 2 2 2 max", "2x2", "2x2"),
    "windows": ([A], "1 0 2 2 2 2", "2x2", "2x2"),
    "max-pooling": ([A], "3 1", "2x2", "3x1"),
    "average-pooling": ([A], "1 1 --pad 1", "2x2", "1x1"),
    "convolution": ([np.zeros((2, 3, 3)), np.zeros((3, 2, 2))], "", "3x3x2", "2x2x3"),
}


def test_windows_are_one_place_apart_and_without_padding_where_nothing_else_is_said() -> None:
    image = matrix([1, 2, 4], [8, 16, 32], [64, 128, 256])
    corners = matrix([27, 54], [216, 432])  # 1 + 2 + 8 + 16 and so on
    assert np.array_equal(run("convolution", image, np.ones((1, 2, 2))), corners)
    assert np.array_equal(run("average-pooling", image, words="2 2"), corners / 4)
    assert np.array_equal(run("max-pooling", image, words="2 2"), matrix([16, 32], [128, 256]))


def test_a_kernel_that_does_not_fit_an_image_names_both_sizes() -> None:
    with pytest.raises(Mismatched, match="input of 2x2, got 3x1"):
        run("convolution", A, WIDE)


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
    "line",
    [
        *("random 999999999 999999999 1", "fill 999999999999999999 999999999999999999 999999999999999999"),
        *("direct 99999999999 9999 1", "eye 999999999", "linspace 0 1 999999999999999999"),
    ],
)
def test_what_is_larger_than_memory_is_refused_before_it_is_made(line: str) -> None:
    name, _, words = line.partition(" ")
    with pytest.raises(OutOfSpace):
        run(name, words=words)


@pytest.mark.parametrize(
    ("name", "words", "operands"),
    [
        ("resize", "99999999999 99999 1", [A]),
        ("outer", "", [np.zeros((1, 1, 10**6)), np.zeros((1, 1, 10**6))]),
        ("slice", "0 0 0 999999999 999999999 1 9999999999", [A]),
        ("apply-convolution", "1 999999999999 999999999 999999999 conv", [A, A]),
        ("apply-convreduce", "1 999999999999 999999999 999999999 2 max", [A]),
    ],
)
def test_a_result_larger_than_memory_is_refused_too(name: str, words: str, operands: list[Array]) -> None:
    with pytest.raises(OutOfSpace):
        run(name, *operands, words=words)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("random 2", "random: expected H, got nothing; the line is 'random W H'"),
        ("random 2 x", "H: expected a whole number from 1, got 'x'"),
        ("random 2 0", "H: expected a whole number from 1, got '0'"),
        ("random 2 2.0", "H: expected a whole number from 1, got '2.0'"),
        ("random 2 ٣", "H: expected a whole number from 1, got '٣'"),
        ("random 2 2 2", "random: expected no operands, got '2' too; the line is 'random W H'"),
        ("random 2 2 --seed", "--seed: expected a whole number from 0 to 9223372036854775807, got nothing"),
        ("random 2 2 --seed -1", "--seed: expected a whole number from 0"),
        ("random 2 2 --sed 1", "random: unknown option '--sed'; did you mean '--seed'?"),
        ("add a b --axis x", "add: unknown option '--axis'; it has none"),
        ("add a b c", "add: expected 2 operands, got 'c' too; the line is 'add [A B]'"),
        ("fill 2 2 x", "VALUE: expected a decimal number, got 'x'"),
        ("fill 2 2 nan", "VALUE: expected a decimal number, got 'nan'"),
        ("direct 2 2 1 x", "VALUES: expected decimal numbers, got 'x'"),
        ("direct 1 1 1 2", "direct: expected at most as many values as 1x1 has, got 2"),
        ("mul-scalar 1_0", "FACTOR: expected a decimal number, got '1_0'"),
        ("sum --axis w", "--axis: expected some of x (along rows), y (down columns) and z, got 'w'"),
        ("sum --axis xx", "--axis: expected some of x"),
        ("argmax --axis xy", "--axis: expected one of x (along a row), y (down a column) and z, got 'xy'"),
        ("gemm --transpose-a=1", "--transpose-a: expected no value, got '1'"),
        ("gemm --alpha x", "--alpha: expected a decimal number, got 'x'"),
        ("apply sigmiod", "unknown activation 'sigmiod'; did you mean 'sigmoid'?"),
        ("apply activ_", "unknown activation ''"),
        ("clip 2 1", "clip: expected LOW up to HIGH, got 2 and 1"),
        ("print --precision 99", "--precision: expected a whole number from 1 to 17, got '99'"),
    ],
)
def test_words_that_are_wrong_are_told(line: str, expected: str) -> None:
    name, *words = line.split()
    operation = OPERATIONS[name]

    def call() -> None:
        operation(*[A] * len(operation.operands), **operation.bind(words, "matrix").options)

    with pytest.raises(KerashError) as error:
        call()
    assert str(error.value).startswith(expected)


def test_an_unknown_function_of_numbers_is_told() -> None:
    for word in ("frobnicate", "matrix_reduce max", "tensor_reduce", ""):
        with pytest.raises(BadInput):
            OPERATIONS["reduce"].bind([word], "tensor")


def test_after_two_dashes_a_word_is_no_option() -> None:
    assert OPERATIONS["load"].bind(["--", "--x"], "matrix").operands == ["--x"]
