"""Columns of the input before a prediction, from rows with their text and from tables without."""

from dataclasses import replace

import pytest
from small_tables import table

from kerash_cli.errors import BadInput
from kerash_cli.prediction.kept_columns import Kept
from kerash_cli.tables.table import BadRow, Schema

SCHEMA = Schema(("age", "town", "pay"), 3, frozenset({0, 1}), frozenset({1}), (2,))
NAMED = table([[30.0, 5.0], [float("nan"), 7.0]], {1: ["Ulm, Donau", None]}, "age town pay")
"""Two rows that have kept no text, as from a format without separators."""
WRITTEN = replace(NAMED, records=['030,"Ulm, Donau",5', "NA,,7"])


@pytest.mark.parametrize(
    ("chosen", "names", "rows"),
    [
        ((), ["age", "town", "pay"], [["030", "Ulm, Donau", "5"], ["NA", "", "7"]]),
        (("town",), ["town"], [["Ulm, Donau"], [""]]),
        (("3", "age"), ["pay", "age"], [["5", "030"], ["7", "NA"]]),
    ],
)
def test_cells_are_those_of_the_text(chosen: tuple[str, ...], names: list[str], rows: list[list[str]]) -> None:
    kept = Kept(WRITTEN, SCHEMA, chosen)
    assert kept.names == names
    assert list(kept.rows(WRITTEN)) == rows


def test_without_text_cells_are_those_of_the_table() -> None:
    assert list(Kept(NAMED, SCHEMA).rows(NAMED)) == [["30", "Ulm, Donau", "5"], ["", "", "7"]]
    spelt = replace(NAMED, written={0: ["030", None]})
    assert list(Kept(spelt, SCHEMA, ["age"]).rows(spelt)) == [["030"], [""]]
    assert Kept(NAMED, SCHEMA).texts(NAMED, ",") == ['30,"Ulm, Donau",5', ",,7"]


def test_a_row_that_is_kept_whole_stays_as_it_is() -> None:
    kept = Kept(WRITTEN, SCHEMA)
    assert kept.texts(WRITTEN, ",") == ['030,"Ulm, Donau",5', "NA,,7"]
    assert kept.texts(WRITTEN, "\t") == ["030\tUlm, Donau\t5", "NA\t\t7"]
    assert Kept(WRITTEN, SCHEMA, ["town"]).texts(WRITTEN, ",") == ['"Ulm, Donau"', ""]
    assert Kept(WRITTEN, SCHEMA, ["town"]).texts(WRITTEN, " ") == ['"Ulm, Donau"', '""']


def test_columns_without_names_have_those_of_training_or_numbers() -> None:
    rows = table([[1.0, 2.0, 3.0]])
    assert Kept(rows, SCHEMA).names == ["age", "town", "pay"]
    assert Kept(table([[1.0, 2.0]]), SCHEMA).names == ["age", "town"]
    assert Kept(table([[1.0] * 4]), SCHEMA).names == ["1", "2", "3", "4"]
    assert Kept(rows, SCHEMA._replace(names=None), ["2"]).names == ["2"]
    assert not Kept(rows, SCHEMA).are_named
    assert Kept(NAMED, SCHEMA).are_named


BAD = BadRow(BadInput("t.csv:2: …"), "x", ("age", "town", "pay"), ",", 3)


@pytest.mark.parametrize(
    ("record", "cells"),
    [
        ("1,2,3", ["1", "3"]),
        ('"1,5",2,?', ["1,5", "?"]),
        ("1,2", None),
        ("1,2,3,4", None),
        ('"1,2,3', None),
        ("", None),
    ],
)
def test_an_invalid_row_has_its_cells_if_it_has_as_many_as_columns(record: str, cells: list[str] | None) -> None:
    row = BAD._replace(record=record)
    kept = Kept(row, SCHEMA, ["age", "pay"])
    assert kept.bad_cells(row) == cells
    assert kept.bad_text(row, ";") == (";" if cells is None else ";".join(cells))
    assert Kept(row, SCHEMA).bad_text(row, ",") == record


@pytest.mark.parametrize("first", [NAMED, BAD])
@pytest.mark.parametrize("column", ["agee", "0", "4"])
def test_an_unknown_column_is_an_error(first: BadRow, column: str) -> None:
    with pytest.raises(BadInput, match=f"expected a column .*, got '{column}'"):
        Kept(first, SCHEMA, [column])


def test_without_quotes_a_quote_is_part_of_a_cell() -> None:
    whole = replace(NAMED, records=['1,"2,5', '3,"","'], quotes=False)
    assert list(Kept(whole, SCHEMA, ["town"]).rows(whole)) == [['"2'], ['""']]
    row = BadRow(BadInput("x"), '1,"2,x', NAMED.names, ",", 3, quotes=False)
    assert Kept(whole, SCHEMA, ["town"]).bad_cells(row) == ['"2']
