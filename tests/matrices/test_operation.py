"""How the words of an operation are read, and what its help says."""

import re

import pytest
from operation_runs import A

from kerash_cli.errors import BadInput, KerashError
from kerash_cli.matrices.operations import OPERATIONS


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_has_a_sentence_of_help_and_says_what_comes_out(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation.sentence.endswith(".")
    assert operation.result in ("array", "number", "array or number", "values", "text", "verdict")
    for each in operation.parameters:
        assert each.help, f"write Help(...) beside the type of {each.name}"
        assert re.fullmatch(r"[A-Z].*\.", each.description)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("random 2", "random: expected H, got nothing; usage: random W H"),
        ("random 2 x", "H: expected a whole number of 1 or more, got 'x'"),
        ("random 2 0", "H: expected a whole number of 1 or more, got '0'"),
        ("random 2 2.0", "H: expected a whole number of 1 or more, got '2.0'"),
        ("random 2 ٣", "H: expected a whole number of 1 or more, got '٣'"),
        ("random 2 2 2", "random: expected no operands, got '2' too; usage: random W H"),
        ("random 2 2 --seed", "--seed: expected a whole number from 0 to 9223372036854775807, got nothing"),
        ("random 2 2 --seed -1", "--seed: expected a whole number from 0"),
        ("random 2 2 --sed 1", "random: unknown option '--sed'; did you mean '--seed'?"),
        ("add a b --axis x", "add: unknown option '--axis'; it has none"),
        ("add a b c", "add: expected 2 operands, got 'c' too; usage: add [A B]"),
        ("fill 2 2 x", "VALUE: expected a decimal number, got 'x'"),
        ("fill 2 2 nan", "VALUE: expected a decimal number, got 'nan'"),
        ("direct 2 2 1 x", "VALUES: expected decimal numbers, got 'x'"),
        ("direct 1 1 1 2", "direct: expected at most 1 values for 1x1, got 2"),
        ("mul-scalar 1_0", "FACTOR: expected a decimal number, got '1_0'"),
        ("sum --axis w", "--axis: expected some of x (along rows), y (down columns) and z, got 'w'"),
        ("sum --axis xx", "--axis: expected some of x"),
        ("argmax --axis xy", "--axis: expected one of x (along a row), y (down a column) and z, got 'xy'"),
        ("gemm --transpose-a=1", "--transpose-a: expected no value, got '1'"),
        ("gemm --alpha x", "--alpha: expected a decimal number, got 'x'"),
        ("apply sigmiod", "unknown activation 'sigmiod'; did you mean 'sigmoid'?"),
        ("apply activ_", "unknown activation ''"),
        ("clip 2 1", "clip: expected LOW to be at most HIGH, got 2 and 1"),
        ("print --precision 99", "--precision: expected a whole number from 1 to 17, got '99'"),
    ],
)
def test_words_that_are_wrong_are_told(line: str, expected: str) -> None:
    name, *words = line.split()
    operation = OPERATIONS[name]
    with pytest.raises(KerashError) as error:
        operation(*[A] * len(operation.operands), **operation.bind(words, "matrix").options)
    assert str(error.value).startswith(expected)


def test_an_unknown_function_of_numbers_is_told() -> None:
    for word in ("frobnicate", "matrix_reduce max", "tensor_reduce", ""):
        with pytest.raises(BadInput):
            OPERATIONS["reduce"].bind([word], "tensor")


def test_after_two_dashes_a_word_is_no_option() -> None:
    assert OPERATIONS["load"].bind(["--", "--x"], "matrix").operands == ["--x"]
