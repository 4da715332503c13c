"""The text that rows keep, and its fields."""

import csv
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamed import stream

from kerash_cli.tables.formats import records
from kerash_cli.tables.table import BadRow, Table

ENDED = {
    "quotes": ('1,"x",\n2,y,\n', ['1,"x"', "2,y"]),
    "an empty cell in quotes": ('1,"x",""\n2,y,\n', ['1,"x"', "2,y"]),
    "blanks": ('1,"x", \n2,y,\n', ['1,"x"', "2,y"]),
    "a separator in the last cell": ('1,"x,",\n2,y,\n', ['1,"x,"', "2,y"]),
    "no quotes": ("1,x,\n2,y,\n", ["1,x", "2,y"]),
    "numbers": ("1,3,\n2,4,\n", ["1,3", "2,4"]),
}


@pytest.mark.parametrize("name", ENDED)
def test_a_row_is_kept_without_the_separator_at_its_end(in_tmp_path: None, name: str) -> None:
    text, expected = ENDED[name]
    Path("t.csv").write_text("a,b\n" + text, encoding="ascii")
    (block,) = stream("t.csv", records=True)
    assert isinstance(block, Table)
    assert block.records == expected


def test_a_bad_row_knows_how_wide_a_row_is(in_tmp_path: None) -> None:
    Path("t.csv").write_text("a,b\n1,2\n1,2,3\n4\n", encoding="ascii")
    bad = [each for each in stream("t.csv", records=True) if isinstance(each, BadRow)]
    assert [(each.record, each.width) for each in bad] == [("1,2,3", 2), ("4", 2)]


CELLS = st.lists(st.text(alphabet='ab",;\n \t1.|', max_size=5), min_size=1, max_size=4)


@given(st.lists(CELLS, min_size=1, max_size=4), st.sampled_from(",;\t|"))
def test_fields_are_the_cells_that_were_written(rows: list[list[str]], delimiter: str) -> None:
    texts = []
    for row in rows:
        file = StringIO(newline="")
        csv.writer(file, delimiter=delimiter, lineterminator="\n").writerow(row)
        texts.append(file.getvalue()[:-1])
    assert list(records.fields(texts, delimiter, 4)) == rows


def test_fields_between_blanks() -> None:
    assert [each[:3] for each in records.fields(["1  2 x", ' "a b" "" 3 ', "1\t2 3"], " ", 3)] == [
        ["1", "2", "x"],
        ["a b", "", "3"],
        ["1", "2", "3"],
    ]


def test_no_more_fields_than_wanted_are_cut() -> None:
    assert list(records.fields(["1,2,3,4", "5,6", ""], ",", 2)) == [["1", "2", "3,4"], ["5", "6"], [""]]
