"""A block of cells has the values that its cells have one by one, or is left to others."""

import csv
import io
import math
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerash_cli import decimals
from kerash_cli.tables.formats.decimal_block import Question, Values, decode, decode_few

DIGITS = "0123456789" * 3 + "..--+eE"


def block(text: str, width: int, delimiter: str = ",") -> Values | None:
    """What `decode` says; `decode_few` must say the same."""
    question = Question(text.encode("utf-8"), delimiter.encode(), width)
    values, few = decode(question), decode_few(question)
    if values is not None:
        assert few is not None
        assert few.shape == values.shape
        assert bits(few) == bits(values)
    return values


def bits(values: object) -> list[str]:
    return [value.hex() for value in np.asarray(values, np.float64).ravel().tolist()]


@pytest.mark.parametrize(
    "text",
    [
        *("1,2\n3\n", "1\n2,3\n", "1,2\n3,x\n", "1,2\n3, 4\n", "1,2\n\n3,4\n", "1,2,3\n4,5\n", "1,2\n3,٣\n"),
        *(f"1,{cell}\n" for cell in ("-", ".", "-.", "--1", "+-1", "1-", "1_0", "1/2", "1:2", "inf", "1e999", "1e")),
        *(f"1,{cell}\n" for cell in ("1..2", "1.2.3", "1234567.1.3", "1.234567.3", "1.2345678.9", "..", "12345678..9")),
    ],
)
def test_what_is_no_matrix_of_decimals_is_refused(text: str) -> None:
    assert block(text, 2) is None
    assert decode_few(Question(text.encode("utf-8"), b",", 2)) is None


def test_small_integers_take_little_room() -> None:
    assert block("0,255\n16,7\n", 2).dtype == np.uint8
    assert block("0,256\n16,7\n", 2).tolist() == [[0, 256], [16, 7]]


@pytest.mark.parametrize("cell", ["-1", "1.", "", "1e5", "1234567890123456", "+1"])
def test_other_numbers_are_floats_even_if_they_are_whole(cell: str) -> None:
    values = block(f"1,2\n3,4\n5,6\n7,{cell}\n", 2)
    assert values.dtype == np.float64
    assert bits(values[3]) == bits([7, float(cell or "nan")])


@pytest.mark.parametrize("length", range(1, 20))
def test_a_point_may_be_anywhere(length: int) -> None:
    digits = "98765432109876543210"[:length]
    for place in range(length + 1):
        for sign in ("", "-"):
            cell = f"{sign}{digits[:place]}.{digits[place:]}"
            expected = float(Fraction(cell if place < length else cell + "0"))
            assert bits(block(f"1,{cell}\n2,3\n4,5\n", 2)[0]) == bits([1, expected])


@pytest.mark.parametrize("length", range(1, 16))
def test_any_other_byte_is_seen_in_any_place(length: int) -> None:
    for place in range(length):
        for other in set(range(256)) - set(b"0123456789,\n-+.eE"):
            cell = bytearray(b"1" * length)
            cell[place] = other
            question = Question(b"1,%s\n2,3\n4,5\n" % cell, b",", 2)
            assert decode(question) is None
            assert decode_few(question) is None


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " ", ":", "/", "_"])
def test_any_delimiter_separates(delimiter: str) -> None:
    assert block(f"1.5{delimiter}-2\n30{delimiter}4444444.5\n", 2, delimiter).tolist() == [[1.5, -2], [30, 4444444.5]]


@pytest.mark.parametrize("count", [3000, pytest.param(100_000, marks=pytest.mark.long)])
def test_a_block_is_the_same_as_its_cells_one_by_one(count: int) -> None:
    rng = random.Random(count)
    taken = 0
    for _ in range(count):
        width = rng.randint(1, 3)
        rows = [[some_cell(rng) for _ in range(width)] for _ in range(rng.randint(1, 3))]
        values = block("".join(",".join(row) + "\n" for row in rows), width)
        cells = [math.nan if cell == "" else decimals.number(cell) for row in rows for cell in row]
        if values is not None:
            assert None not in cells
            assert bits(values) == bits(cells)
            taken += 1
    assert taken > count / 2


def some_cell(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.1:
        return "".join(rng.choice(DIGITS) for _ in range(rng.randint(0, 17)))
    if kind < 0.4:
        return str(rng.randint(0, 10 ** rng.randint(1, 20)))
    if kind < 0.9:
        return repr(round(rng.uniform(-1, 1) * 10 ** rng.randint(-3, 9), rng.randint(0, 12)))
    return rng.choice(["", "-0", "-.5", ".5", "5.", "1e5"])


@given(st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=2), min_size=1))
def test_shortest_decimals_read_back_bit_for_bit(rows: list[list[float]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    values = block(text.getvalue(), 2)
    if values is not None:
        assert bits(values) == bits(rows)
