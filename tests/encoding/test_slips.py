"""What is said about the cells of each column that can't be used, and what gets around it."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerash_cli.encoding import slips
from kerash_cli.errors import BadInput
from kerash_cli.tables import reading
from kerash_cli.tables.table import Table

needs_perl = pytest.mark.skipif(shutil.which("perl") is None, reason="the commands are in Perl, which is not installed")


def table(folder: Path, text: str) -> Table:
    """The table of a file with a header."""
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8")
    return reading.read(str(path), header=True)


def column_of(folder: Path, *cells: str) -> Table:
    """A table with a column `a` of these cells, and `b` of numbers."""
    return table(folder, "a,b\n" + "".join(f"{cell},{i}\n" for i, cell in enumerate(cells)))


def filtered(error: BadInput, folder: Path) -> str:
    """What the file is after the filter of the repair."""
    (repair,) = error.repairs
    assert repair.path == str(folder / "t.csv")
    with (folder / "t.csv").open("rb") as file:
        done = subprocess.run(["bash", "-c", repair.filter], stdin=file, capture_output=True, check=True)
    return done.stdout.decode()


def test_a_word_among_numbers_is_told_with_its_place_and_its_line_can_go(tmp_path: Path) -> None:
    found = column_of(tmp_path, "1", "2", "oops", "4")
    (error,) = slips.of_inputs(found, [0, 1], "error")
    assert str(error) == f"{tmp_path}/t.csv:4:1: expected a number as in most of column 'a', got 'oops'"
    assert filtered(error, tmp_path) == "a,b\n1,0\n2,1\n4,3\n"
    (same,) = slips.of_numbers(found, [0, 1], "; instead")
    assert str(same) == str(error)
    assert [str(each) for each in slips.of_two(found, 0)] == [str(error)]
    assert [str(each) for each in slips.of_names(found, 0)] == [str(error)]
    assert slips.of_two(found, 1) == slips.of_names(found, 1) == []


def test_different_words_among_numbers_are_counted_and_their_lines_can_go(tmp_path: Path) -> None:
    (error,) = slips.of_inputs(column_of(tmp_path, "1", "oops", "3", "ouch", "5"), [0, 1], "error")
    assert "t.csv:3:1: " in str(error)
    assert str(error).endswith("got 'oops' (2 cells in all are not numbers)")
    assert filtered(error, tmp_path) == "a,b\n1,0\n3,2\n5,4\n"
    assert error.repairs[0].words == ()


def test_one_word_again_and_again_may_stand_for_what_is_missing(tmp_path: Path) -> None:
    """The words that do so already are kept."""
    found = table(tmp_path, "a,b\n1,0\noops,1\noops,NA\n4,3\n5,?\n")
    (error,) = slips.of_inputs(found, [0, 1], "mean")
    assert str(error).endswith("got 'oops' (2 cells in all are not numbers)")
    (repair,) = error.repairs
    assert (repair.filter, repair.words) == ("", ("--missing-values", "?,NA,oops"))
    assert repair.meaning == "if that is a missing value"
    read = reading.read(str(tmp_path / "t.csv"), missing=("?", "NA", "oops"))
    assert np.isnan(read.numbers).tolist() == [
        [False, False],
        [True, False],
        [True, True],
        [False, False],
        [False, True],
    ]


def test_as_many_words_as_numbers_are_slips_and_more_are_names(tmp_path: Path) -> None:
    assert len(slips.of_inputs(column_of(tmp_path, "1", "x", "3", "y"), [0, 1], "error")) == 1
    assert slips.of_inputs(column_of(tmp_path, "1", "x", "z", "y"), [0, 1], "error") == []


@pytest.mark.parametrize(
    ("cells", "slip"), [("1 2 3 x y z", True), ("1 2 x y z", False), ("1 2 3 4 x x", False), ("1 2 3 4 x", True)]
)
def test_names_with_numbers_among_them_are_slips_where_each_word_occurs_once(
    tmp_path: Path, cells: str, slip: bool
) -> None:
    assert bool(slips.of_names(column_of(tmp_path, *cells.split()), 0)) == slip


def test_many_lines_and_records_of_several_are_not_left_out(tmp_path: Path) -> None:
    words = [f"w{i}" for i in range(11)]
    (error,) = slips.of_inputs(column_of(tmp_path, *map(str, range(20)), *words), [0, 1], "error")
    assert error.repairs == ()
    (error,) = slips.of_inputs(column_of(tmp_path, *map(str, range(20)), *words[1:]), [0, 1], "error")
    assert len(filtered(error, tmp_path).splitlines()) == 21
    (error,) = slips.of_inputs(table(tmp_path, 'a,b\n1,0\noops,"x\ny"\n3,x\n4,x\n'), [0], "error")
    assert error.repairs == ()


def test_words_where_numbers_should_be_are_told_once_with_what_to_try_instead(tmp_path: Path) -> None:
    found = column_of(tmp_path, "", "x", "y", "z")
    assert [str(each) for each in slips.of_numbers(found, [0, 1], "; try softmax")] == [
        f"{tmp_path}/t.csv:3:1: expected a number, got 'x'; try softmax"
    ]


def test_any_number_of_different_words_is_right(tmp_path: Path) -> None:
    assert slips.of_inputs(column_of(tmp_path, *(f"w{i}" for i in range(101))), [0, 1], "error") == []


@pytest.mark.parametrize(("cells", "more"), [(["1", "", "3"], ""), (["", "2", ""], ", and 1 more in that column")])
def test_a_gap_is_told_with_the_first_place_and_how_many_more(tmp_path: Path, cells: list[str], more: str) -> None:
    found = column_of(tmp_path, *cells)
    (error,) = slips.of_inputs(found, [0, 1], "error")
    assert str(error) == (
        f"{tmp_path}/t.csv:{2 + cells.index('')}:1: expected a value, got a missing one{more}; "
        "--missing drop leaves such rows out"
    )
    assert error.repairs[0].words == ("--missing", "mean")
    assert slips.of_inputs(found, [0, 1], "mean") == []
    (label,) = slips.of_labels(found, [0, 1])
    count = more.removesuffix(" in that column")
    assert str(label) == (
        f"{tmp_path}/t.csv:{2 + cells.index('')}:1: expected a label, got a missing one{count}; "
        "--missing drop leaves such rows out"
    )
    assert label.repairs == ()


def test_a_word_for_a_missing_label_may_be_a_class(tmp_path: Path) -> None:
    (error,) = slips.of_labels(table(tmp_path, "a,b\nx,1\nNA,2\ny,?\n"), [0])
    assert str(error) == f"{tmp_path}/t.csv:3:1: expected a label, got a missing one ('NA' means missing)"
    assert [(repair.words, repair.meaning) for repair in error.repairs] == [
        (("--missing-values", "?"), "if 'NA' is a class"),
        (("--missing", "mean"), "if these rows have no label"),
    ]


def test_a_column_of_gaps_can_be_left_out(tmp_path: Path) -> None:
    (error,) = slips.of_inputs(column_of(tmp_path, "", "", ""), [0, 1], "error")
    assert str(error) == f"{tmp_path}/t.csv: column 'a' has missing values only"
    assert error.repairs[0].words == ("--missing", "mean")


@needs_perl
def test_labels_of_two_names_each_become_zeros_and_ones(tmp_path: Path) -> None:
    found = table(tmp_path, "a,b,c\nno,no,1\nyes,no,0\nno,yes,1\n")
    (error,) = slips.of_yes_or_no(found, [0, 1, 2])
    assert str(error) == f"{tmp_path}/t.csv:2:1: expected 0 or 1 in each of 3 columns of labels, got 'no'"
    assert filtered(error, tmp_path) == "a,b,c\n0,0,1\n1,0,0\n0,1,1\n"
    assert slips.of_yes_or_no(found, [2]) == []


@pytest.mark.parametrize("rows", ["no,maybe\nyes,no\nno,yes\n", "yes,no\nyes,yes\n", "no,yes\nyes,zero\n"])
def test_labels_whose_names_do_not_pair_up_have_no_way_out(tmp_path: Path, rows: str) -> None:
    (error,) = slips.of_yes_or_no(table(tmp_path, f"a,b\n{rows}"), [0, 1])
    assert "expected 0 or 1 in each of 2 columns" in str(error)
    assert error.repairs == ()


def test_a_column_goes_by_its_name_or_else_its_number() -> None:
    numbers = np.zeros((2, 3))
    assert slips.column(Table("t", ("a", "", "c"), numbers, {}, range(2)), 0) == "a"
    assert slips.column(Table("t", ("a", "", "c"), numbers, {}, range(2)), 1) == "2"
    assert slips.column(Table("t", None, numbers, {}, range(2)), 2) == "3"


def plain_table(columns: dict[int, list[str | None]], **options: Any) -> Table:
    """A table of text columns, in the file `t`."""
    rows = len(next(iter(columns.values())))
    return Table("t", tuple("abc"[: len(columns)]), np.zeros((rows, 0)), columns, range(1, rows + 1), **options)


def test_a_cell_that_is_not_written_as_most_are_is_told(tmp_path: Path) -> None:
    found = column_of(tmp_path, "5%", "6%", "7.5", "8%")
    message = f"{tmp_path}/t.csv:4:1: expected a number like '5%' as in most of column 'a', got '7.5'"
    for errors in (slips.of_inputs(found, [0, 1], "mean"), slips.of_numbers(found, [0, 1], ""), slips.of_two(found, 0)):
        assert [str(each) for each in errors] == [message]


def test_cells_of_two_meanings_have_a_way_for_each(tmp_path: Path) -> None:
    text = 'a;b\n"1,500";01/02/2024\n"2,250";03/04/2024\n'
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    found = reading.read(str(tmp_path / "t.csv"), header=True)
    number, day = slips.of_inputs(found, [0, 1], "error")
    start = f"{tmp_path}/t.csv:2:1: column 'a' has numbers with thousands separators, such as '1,500' and '2,250'"
    assert str(number) == start
    assert [(repair.meaning, repair.words) for repair in number.repairs] == [
        ("if 1,500 is 1500", ("--decimal", ".")),
        ("if 1,500 is 1.5", ("--decimal", ",")),
    ]
    assert [(repair.meaning, repair.words) for repair in day.repairs] == [
        ("if the day comes first", ("--dates", "dmy")),
        ("if the month does", ("--dates", "mdy")),
    ]
    for words, expected in (((".", "mdy"), [1500, 19724]), ((",", "dmy"), [1.5, 19754])):
        read = reading.read(str(tmp_path / "t.csv"), decimal=words[0], dates=words[1])
        assert read.numbers[0].tolist() == expected
        assert slips.of_inputs(read, [0, 1], "error") == []


def test_gaps_are_neither_words_nor_numbers() -> None:
    few = plain_table({0: ["1", None, None, "x", "y"]})
    assert slips.of_inputs(few, [0], "mean") == []
    half = plain_table({0: [None, "1", None, "x"]})
    (error,) = slips.of_inputs(half, [0], "mean")
    assert str(error) == "t:4:1: expected a number as in most of column 'a', got 'x'"
    assert [str(each) for each in slips.of_names(half, 0)] == [str(error)]
    assert slips.of_names(plain_table({0: ["1", "2", None, None]}), 0) == []


def test_ten_columns_are_told_at_most() -> None:
    words: list[str | None] = ["1", "2", "x"]
    rows = Table("t", None, np.zeros((3, 0)), dict.fromkeys(range(12), words), range(1, 4))
    assert len(slips.of_inputs(rows, range(12), "error")) == 10
    assert len(slips.of_inputs(rows, range(9), "error")) == 9
    gaps = Table("t", None, np.array([[1.0] * 12, [float("nan")] * 12]), {}, range(1, 3))
    assert [str(each)[:7] for each in slips.of_inputs(gaps, range(12), "error")] == [
        f"t:2:{column}: "[:7] for column in range(1, 11)
    ]
    assert len(slips.of_labels(gaps, range(12))) == 10


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["x", None, None], "t:2:1: expected a label, got a missing one ('NA', '?' means missing), and 1 more"),
        (["x", "y", None], "t:3:1: expected a label, got a missing one ('NA', '?' means missing)"),
        ([None, None, None], "t:1:1: expected a label, got a missing one ('NA', '?' means missing), and 2 more"),
    ],
)
def test_missing_labels_are_told_with_the_words_for_them(cells: list[str | None], message: str) -> None:
    (error,) = slips.of_labels(plain_table({0: cells, 1: ["x", "y", "z"]}, missing={0: ("NA", "?")}), [0, 1])
    assert str(error) == message
    assert error.repairs[0].words == ("--missing-values", "")


@needs_perl
def test_labels_between_tabs_become_zeros_and_ones(tmp_path: Path) -> None:
    found = table(tmp_path, "a\tb\nno\tyes\nyes\tno\n")
    assert found.delimiter == "\t"
    (error,) = slips.of_yes_or_no(found, [0, 1])
    assert filtered(error, tmp_path) == "a\tb\n0\t1\n1\t0\n"


def test_labels_of_which_one_column_has_a_single_name_have_no_way_out() -> None:
    (error,) = slips.of_yes_or_no(plain_table({0: [None, "no"], 1: ["no", "yes"]}), [0, 1])
    assert str(error) == "t:2:1: expected 0 or 1 in each of 2 columns of labels, got 'no'"
    assert error.repairs == ()


def test_the_last_row_can_go(tmp_path: Path) -> None:
    (error,) = slips.of_inputs(column_of(tmp_path, "1", "2", "oops"), [0, 1], "error")
    assert filtered(error, tmp_path) == "a,b\n1,0\n2,1\n"
    (error,) = slips.of_inputs(column_of(tmp_path, "1", "oops", "3"), [0, 1], "error")
    assert filtered(error, tmp_path) == "a,b\n1,0\n3,2\n"


@pytest.mark.parametrize("rows", ['oops,"x\ny"\n3,x\n', '3,x\noops,"x\ny"\n'])
def test_a_row_of_several_lines_is_not_left_out_by_the_first_of_them(tmp_path: Path, rows: str) -> None:
    (error,) = slips.of_inputs(table(tmp_path, f"a,b\n1,0\n2,0\n{rows}"), [0], "error")
    assert str(error).endswith("got 'oops'")
    assert error.repairs == ()


@pytest.mark.parametrize(("lines", "mend"), [([1, 2, 3, 4], "sed 3d"), ([1, 3, 5, 7], None), ([1, 2, 3, 5], None)])
def test_a_row_can_go_where_the_next_one_follows_in_the_next_line(lines: list[int], mend: str | None) -> None:
    found = Table("t", None, np.zeros((4, 0)), {0: ["1", "2", "x", "4"], 1: ["a", None, "b", None]}, lines)
    (error,) = slips.of_inputs(found, [0], "error")
    assert [repair.filter for repair in error.repairs] == ([mend] if mend else [])


def test_the_last_row_can_go_where_a_value_is_missing_in_it() -> None:
    (error,) = slips.of_inputs(plain_table({0: ["1", "2", "x"], 1: ["a", "b", None]}), [0], "error")
    assert [repair.filter for repair in error.repairs] == ["sed 3d"]
