"""Cells that are read as numbers or as text, which of them are missing, and what the numbers of a column come to."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_tables import table

from kerash_cli.encoding import cells
from kerash_cli.errors import BadInput

NAN, INFINITE = float("nan"), float("inf")

GAPS = table(
    [[1, NAN], [2, 5], [NAN, 6], [4, 7], [5, 8]],
    {1: ["a", "b", "c", None, "e"]},
    names="x word y",
    first=11,
)
"""Rows 0, 2 and 3 have a gap, in the last, the first and the second column."""

INTEGERS = table(np.array([[1, 2], [3, 4]]))


def test_the_first_text_that_is_no_number_is_told_by_columns() -> None:
    data = table(np.zeros((3, 0)), {0: ["1", None, "2"], 1: ["5", "x", "y"], 2: ["z", "1", "1"]})
    cells.check_numbers(data, [0])
    with pytest.raises(BadInput) as error:
        cells.check_numbers(data, [0, 1, 2], "; try something else")
    assert str(error.value) == "t.csv:2:2: expected a number, got 'x'; try something else"


@pytest.mark.parametrize("rows", [1, 3])
def test_there_is_a_label_for_each_row(rows: int) -> None:
    cells.check_rows(INTEGERS, INTEGERS)
    with pytest.raises(BadInput, match=rf"^t\.csv: {rows} labels for 2 rows of t\.csv; there must be one for each row"):
        cells.check_rows(INTEGERS, table(np.zeros((rows, 1))))


@pytest.mark.parametrize(
    ("positions", "place"), [([0, 1, 2], "11:3"), ([2, 1, 0], "11:3"), ([0, 1], "13:1"), ([1], "14:2")]
)
def test_the_first_gap_is_that_of_the_first_row(positions: list[int], place: str) -> None:
    with pytest.raises(BadInput) as error:
        cells.check_present(GAPS, positions, "; try to fill it in")
    assert str(error.value) == f"t.csv:{place}: expected a value, got a missing one; try to fill it in"


@pytest.mark.parametrize(("positions", "column"), [([0, 1, 2], 1), ([2, 1], 3)])
def test_of_gaps_in_the_same_row_the_first_of_the_columns_asked_for_is_told(positions: list[int], column: int) -> None:
    data = table([[NAN, NAN]], {1: [None]})
    with pytest.raises(BadInput, match=rf"^t\.csv:1:{column}: "):
        cells.check_present(data, positions, "")


def test_the_words_for_a_missing_value_are_told() -> None:
    told = replace(GAPS, missing={0: ("NA",), 1: ("?", "n/a")})
    assert cells.missing_word(told, 0) == "a missing one ('NA' means missing)"
    assert cells.missing_word(told, 1) == "a missing one ('?', 'n/a' means missing)"
    assert cells.missing_word(told, 2) == "a missing one"


@pytest.mark.parametrize(
    ("positions", "rows", "columns"),
    [
        ([0, 1, 2], [0, 2, 3], [0, 1, 2]),
        ([0, 2], [0, 2], [0, 2]),
        ([2, 0], [0, 2], [2, 0]),
        ([0], [2], [0]),
        ([1], [3], [1]),
        ([], [], []),
    ],
)
def test_gaps_are_found_by_rows_and_by_columns(positions: list[int], rows: list[int], columns: list[int]) -> None:
    assert np.flatnonzero(cells.absent(GAPS, positions)).tolist() == rows
    assert cells.incomplete(GAPS, positions) == columns


def test_columns_and_tables_without_gaps_have_none() -> None:
    whole = GAPS.take(np.array([1, 4]))
    for data, positions in ((whole, [0, 1, 2]), (INTEGERS, [0, 1])):
        assert not cells.absent(data, positions).any()
        assert cells.incomplete(data, positions) == []
        cells.check_present(data, positions, "")


def test_a_row_is_complete_where_neither_table_has_a_gap() -> None:
    labels = table([[NAN], [1], [1], [1], [NAN]])
    assert cells.complete(GAPS, [0, 1, 2], labels, [0]).tolist() == [1]
    assert cells.complete(GAPS, [0], labels, [0]).tolist() == [1, 3]
    assert cells.complete(GAPS, [], labels, [0]).tolist() == [1, 2, 3]
    assert cells.complete(GAPS, [1], labels, []).tolist() == [0, 1, 2, 4]


@pytest.mark.parametrize("shape", [(70_001, 3), (3, 70_001), (1, 1)])
@pytest.mark.parametrize("backwards", [False, True])
def test_tiles_are_all_of_the_columns_in_parts_of_limited_size(shape: tuple[int, int], backwards: bool) -> None:
    numbers = np.arange(shape[0] * shape[1]).reshape(shape)
    columns, rows = list(range(shape[1])), np.arange(0, shape[0], 2)
    if backwards:
        columns.reverse()
    parts = list(cells.tiles(numbers, columns))
    assert np.array_equal(np.concatenate([values for _, values in parts]), numbers[:, columns])
    assert all(np.array_equal(numbers[part][:, columns], values) for part, values in parts)
    assert {values.dtype for _, values in parts} == {np.dtype(np.float64)}
    assert max(values.size for _, values in parts) <= max(1 << 16, shape[1])
    chosen = list(cells.tiles(numbers, columns, rows))
    assert np.array_equal(np.concatenate([values for _, values in chosen]), numbers[rows][:, columns])
    assert all(np.array_equal(numbers[rows[part]][:, columns], values) for part, values in chosen)


@pytest.mark.parametrize("columns", [[1], [0, 1], [1, 2], [0, 2], [2, 1], [2, 0, 1], [1, 1]])
def test_tiles_are_of_the_columns_that_are_asked_for(columns: list[int]) -> None:
    numbers = np.arange(12).reshape(4, 3)
    ((_, values),) = cells.tiles(numbers, columns)
    assert values.tolist() == numbers[:, columns].tolist()


def test_a_matrix_is_of_finite_numbers_and_gaps() -> None:
    assert np.array_equal(cells.matrix(GAPS, [2, 0]), GAPS.numbers[:, [1, 0]], equal_nan=True)
    with pytest.raises(BadInput, match=r"^t\.csv:11:2: expected a number, got 'a'$"):
        cells.matrix(GAPS, [0, 1])
    data = table([[1, 2, 3], [4, 5, -INFINITE], [INFINITE, 8, INFINITE]])
    with pytest.raises(BadInput, match=r"^t\.csv:2:3: expected a number that float64 can hold, got -inf$"):
        cells.matrix(data, [0, 1, 2])
    with pytest.raises(BadInput, match=r"^t\.csv:3:1: expected a number that float64 can hold, got inf$"):
        cells.matrix(data, [1, 0])


def test_an_infinite_value_of_a_part_is_told_with_its_place_in_the_table() -> None:
    data = table(np.arange(12).reshape(4, 3), {1: ["a"] * 4})
    values = np.array([[0, 0], [0, INFINITE]], np.float32)
    with pytest.raises(BadInput, match=r"^t\.csv:4:3: expected a number that float32 can hold, got 10$"):
        cells.check_finite(data, [0, 2], values, 2)


def test_text_is_as_it_was_written_or_else_as_short_as_can_be() -> None:
    data = replace(table([[1, 0.5], [NAN, 1e300]], {1: ["a", None]}, "x t y"), written={0: ["1.0", None]})
    assert cells.words(data, 0) == ["1.0", None]
    assert cells.words(data, 1) == ["a", None]
    assert cells.words(data, 2) == ["0.5", str(int(1e300))]
    assert cells.words(replace(data, written={}), 0) == ["1", None]


@pytest.mark.parametrize(
    ("value", "name"), [(3.0, "3"), (-0.0, "0"), (2.5, "2.5"), (-7, "-7"), (np.float32(0.25), "0.25")]
)
def test_a_class_has_the_name_of_its_number(value: Any, name: str) -> None:
    assert cells.spelled(value) == name


def test_columns_of_words_that_are_numbers_become_numbers_in_their_places() -> None:
    data = table([[1.0, 2], [3, 4]], {1: ["5", None], 3: ["x", "6"], 4: ["7", "8"]})
    made = cells.retyped(data, [0, 1, 3])
    assert np.array_equal(made.numbers, [[1, 5, 2], [3, NAN, 4]], equal_nan=True)
    assert made.texts == {3: ["x", "6"], 4: ["7", "8"]}
    assert cells.retyped(made, [0, 1, 2, 3]) is made


@pytest.mark.parametrize("rows", [None, np.arange(1, 40_001, 3)])
def test_means_and_deviations_are_those_of_what_is_there(rows: Any) -> None:
    values = np.random.default_rng(0).normal([5, -1e6, 0], [2, 1e-3, 100], (40_001, 3))
    values[::5, 0] = NAN
    values[:36_000, 2] = NAN  # so that a whole tile has no value
    data = table(np.insert(values, 1, 7.0, axis=1))
    mean, deviation = cells.statistics(data, [3, 0, 2, 1], rows)
    chosen = values if rows is None else values[rows]
    assert mean == pytest.approx([*np.nanmean(chosen, axis=0)[[2, 0, 1]], 7], rel=1e-9)
    assert deviation == pytest.approx([*np.nanstd(chosen, axis=0)[[2, 0, 1]], 0], rel=1e-6)
    assert deviation[3] == 0


@pytest.mark.parametrize(
    ("column", "got"),
    [
        ([NAN, NAN, NAN], "t.csv: expected values with a mean in column 2, got missing values only; try --drop 2"),
        (
            [1e308, -1e308, NAN],
            "t.csv: expected values with a mean in column 2, got values too far apart; try --drop 2",
        ),
        (
            [1e200, -1e200, NAN],
            "t.csv: expected values with a mean in column 2, got values too far apart; try --drop 2",
        ),
        ([1, INFINITE, NAN], "t.csv:2:2: expected a number that float64 can hold, got inf"),
    ],
)
def test_a_column_without_a_mean_is_refused_with_what_is_wrong(column: list[float], got: str) -> None:
    data = table(np.stack([[1, 2, 3], column], axis=1))
    with pytest.raises(BadInput) as error:
        cells.statistics(data, [0, 1], None)
    assert str(error.value) == got


def test_other_advice_stands_in_for_dropping_the_column() -> None:
    with pytest.raises(BadInput, match=r"got missing values only; try smaller units$"):
        cells.statistics(table([[NAN]]), [0], None, "smaller units")
