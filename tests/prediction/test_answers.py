"""Rows as CSV; what is printed of answers is in tests/commands/test_predict_formats.py."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerash_cli.prediction.answers import table_lines

ROWS = st.lists(st.lists(st.text(alphabet='ab",; \t\n\r|é', max_size=4), min_size=1, max_size=4), max_size=4)


@given(ROWS, st.sampled_from(",;\t| "))
def test_a_reader_of_csv_gets_each_cell_back(rows: list[list[str]], delimiter: str) -> None:
    lines = table_lines(rows, delimiter)
    assert len(lines) == len(rows)
    read = csv.reader(StringIO("".join(lines), newline=""), delimiter=delimiter, strict=True)
    assert list(read) == rows


@pytest.mark.parametrize(
    ("cells", "delimiter", "line"),
    [
        (["a", "b"], ",", "a,b"),
        (["a,b", 'c"d'], ",", '"a,b","c""d"'),
        (["a,b", "c\td"], "\t", 'a,b\t"c\td"'),
        (["a", "", "b"], " ", '"a" "" "b"'),
        (["a", "", "b"], ",", "a,,b"),
        (["a\rb", "c"], ",", '"a\rb","c"'),
    ],
)
def test_cells_are_quoted_where_they_must_be(cells: list[str], delimiter: str, line: str) -> None:
    assert table_lines([cells], delimiter) == [f"{line}\n"]
