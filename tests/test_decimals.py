import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerash_cli import decimals

NUMBERS = {
    **{"1": 1.0, "-1.5": -1.5, "+3": 3.0, "2.": 2.0, ".5": 0.5, "7.0e+00": 7.0, "1E-2": 0.01, " 4 ": 4.0, "\t5": 5.0},
    **{"007": 7.0, "9007199254740993": 9007199254740992.0, "1e-999": 0.0},
}
NO_NUMBERS = [
    *("", ".", "-", "1_0", "0x10", "nan", "inf", "-Infinity", "1e999", "1e", "e5", "1,5", "1 2", "--1", "1.2.3", "٣"),
]


def bits(values: np.ndarray) -> list[str]:
    return [value.hex() for value in np.asarray(values, np.float64).ravel().tolist()]


@pytest.mark.parametrize(("text", "value"), NUMBERS.items())
def test_a_decimal_has_its_value(text: str, value: float) -> None:
    assert decimals.number(text) == value


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_anything_else_is_no_number(text: str) -> None:
    assert decimals.number(text) is None


@pytest.mark.parametrize("text", ["", "NA", "n/a", "NaN", "NULL", "?", " na "])
def test_missing_values_have_many_names(text: str) -> None:
    assert decimals.is_missing(text)


def test_a_column_keeps_missing_values_as_nan() -> None:
    assert bits(decimals.column(["1", "NA", " 2.5", ""])) == bits([1, math.nan, 2.5, math.nan])


@pytest.mark.parametrize("slip", ["1_0", "x", "inf", "1e999", "1 2", "٣"])
def test_a_column_with_a_slip_is_no_column_of_numbers(slip: str) -> None:
    assert decimals.column(["1", slip, "2"]) is None


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_shortest_decimals_read_back_bit_for_bit(numbers: list[float]) -> None:
    assert bits(decimals.column(list(map(str, numbers)))) == bits(numbers)


def test_a_decimal_comma_is_seen() -> None:
    others = ["", "1", "1.5", ",5", "5,", "1,2,3", "1,5e3", "a,b", "Rome, 5", "٣,٣"]
    seen = ["1,5", "-0,25", "+3,0", " 20,2\t"]
    assert list(filter(decimals.has_comma, [*others, *seen])) == seen
