import csv
import io
import math
import random

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
DIGITS = "0123456789" * 3 + "..--+eE"


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


@pytest.mark.parametrize(
    "text", ["1,2\n3\n", "1\n2,3\n", "1,2\n3,x\n", "1,2\n3, 4\n", "1,2\n\n3,4\n", "1,2,3\n4,5\n", "-,1\n"]
)
def test_a_block_that_is_no_matrix_of_decimals_is_refused(text: str) -> None:
    assert decimals.block(text.encode(), b",", 2) is None


def test_a_block_of_small_integers_takes_little_room() -> None:
    assert decimals.block(b"0,255\n16,7\n", b",", 2).dtype == np.uint8
    assert decimals.block(b"0,256\n16,7\n", b",", 2).tolist() == [[0, 256], [16, 7]]


@pytest.mark.parametrize("count", [3000, pytest.param(100_000, marks=pytest.mark.long)])
def test_a_block_is_the_same_as_its_cells_one_by_one(count: int) -> None:
    rng = random.Random(count)
    taken = 0
    for _ in range(count):
        width = rng.randint(1, 3)
        rows = [[some_cell(rng) for _ in range(width)] for _ in range(rng.randint(1, 3))]
        block = decimals.block("".join(",".join(row) + "\n" for row in rows).encode(), b",", width)
        cells = [math.nan if cell == "" else decimals.number(cell) for row in rows for cell in row]
        if block is not None:
            assert None not in cells
            assert bits(block) == bits(cells)
            taken += 1
    assert taken > count / 2


def some_cell(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.1:
        return "".join(rng.choice(DIGITS) for _ in range(rng.randint(0, 5)))
    if kind < 0.4:
        return str(rng.randint(0, 10 ** rng.randint(1, 20)))
    if kind < 0.9:
        return repr(round(rng.uniform(-1, 1) * 10 ** rng.randint(-3, 9), rng.randint(0, 12)))
    return rng.choice(["", "-0", "-.5", ".5", "5.", "1e5"])


@given(st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=2), min_size=1))
def test_shortest_decimals_read_back_bit_for_bit(rows: list[list[float]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    block = decimals.block(text.getvalue().encode(), b",", 2)
    if block is not None:
        assert bits(block) == bits(rows)
    for column, cells in enumerate(zip(*(line.split(",") for line in text.getvalue().split()), strict=True)):
        assert bits(decimals.column(cells)) == bits([row[column] for row in rows])


def test_a_decimal_comma_is_seen() -> None:
    others = ["", "1", "1.5", ",5", "5,", "1,2,3", "1,5e3", "a,b", "Rome, 5", "٣,٣"]
    seen = ["1,5", "-0,25", "+3,0", " 20,2\t"]
    assert list(filter(decimals.has_comma, [*others, *seen])) == seen
