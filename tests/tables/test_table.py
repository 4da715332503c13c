import numpy as np
import pytest

from kerash_cli.errors import BadInput
from kerash_cli.tables.table import Schema, Table, separates


def table(**changes: object) -> Table:
    """Columns age, town, size, of which town is text."""
    numbers = np.array([[30.0, 1.0], [40.0, 2.0], [50.0, 3.0]])
    fields = {"names": ("age", "town", "size"), "texts": {1: ["Ulm", None, "Rom"]}, "lines": range(2, 5)}
    return Table(source="people.csv", numbers=numbers, **{**fields, **changes})


def test_a_column_is_found_by_its_name_or_its_number() -> None:
    assert table().find("size") == table().find("3") == 2


def test_a_name_comes_before_a_number() -> None:
    assert table(names=("3", "town", "size")).find("3") == 0


@pytest.mark.parametrize("column", ["sizes", "0", "4", "-1", "٣", "1" * 30])
def test_a_column_that_is_not_there_is_named(column: str) -> None:
    with pytest.raises(BadInput, match=r"^people\.csv: expected a column (such as|among) '.*', got '"):
        table().find(column)


def test_without_names_columns_have_numbers() -> None:
    with pytest.raises(BadInput, match="expected a column from 1 to 3, got 'age'"):
        table(names=None).find("age")


def test_a_cell_is_placed_by_line_and_column_from_one() -> None:
    assert table().at(2, 1) == "people.csv:4:2: "


def test_taken_rows_keep_their_lines() -> None:
    taken = table(records=["a", "b", "c"]).take(np.array([2, 0]))
    assert taken.numbers.tolist() == [[50, 3], [30, 1]]
    assert taken.texts == {1: ["Rom", "Ulm"]}
    assert list(taken.lines) == [4, 2]
    assert taken.records == ["c", "a"]


def test_columns_are_located_by_name_in_any_order() -> None:
    schema = Schema(("a", "b", "c"), 3, frozenset({0, 1}), frozenset(), (2,))
    assert schema.locate(("x", "b", "a"), 3) == {0: 2, 1: 1}


def test_columns_without_names_are_located_with_the_label_or_without() -> None:
    schema = Schema(None, 3, frozenset({0, 2}), frozenset(), (1,))
    assert schema.locate(None, 3) == {0: 0, 1: 1, 2: 2}
    assert schema.locate(("p", "q"), 2) == {0: 0, 2: 1}
    assert schema.locate(None, 4) == {}


@pytest.mark.parametrize("character", list(",;|: \t_"))
def test_marks_and_spaces_separate(character: str) -> None:
    assert separates(character)


@pytest.mark.parametrize("character", ["", ",,", "é", *'a5.+-"\n\r\0'])
def test_what_numbers_quotes_and_lines_are_made_of_does_not(character: str) -> None:
    assert not separates(character)
