"""Several files that are read as one: the rows of all, a header once, and messages that name the file."""

import gzip
import time
from pathlib import Path

import pytest

from kerash_cli.encoding.learning import learn
from kerash_cli.errors import BadInput, SeveralFiles, at
from kerash_cli.tables import reading, source
from kerash_cli.tables.table import Table

pytestmark = pytest.mark.usefixtures("in_tmp_path")


def files(**texts: str) -> None:
    """Files of these names, with the ending .csv."""
    for name, text in texts.items():
        Path(f"{name}.csv").write_text(text, encoding="utf-8", newline="")


def read(pattern: str = "t*.csv", **options: object) -> Table:
    return reading.read(pattern, **options)  # type: ignore[arg-type]


def test_a_header_counts_once_and_files_come_in_order_of_their_names() -> None:
    files(t2="a,b\n5,6\n", t1="a,b\n1,2\n3,4", t3="a,b\n\n7,8\n")
    table = read()
    assert (table.names, table.numbers.tolist()) == (("a", "b"), [[1, 2], [3, 4], [5, 6], [7, 8]])
    assert [table.at(row) for row in range(4)] == ["t1.csv:2: ", "t1.csv:3: ", "t2.csv:2: ", "t3.csv:3: "]
    assert table.notes == ("t*.csv: 3 files, from t1.csv to t3.csv",)


def test_without_headers_all_lines_are_rows() -> None:
    files(t1="1,2\n3,4\n", t2="1,2\n5,6\n")
    assert read().numbers.tolist() == [[1, 2], [3, 4], [1, 2], [5, 6]]
    files(t1="a,x\nb,y\n", t2="a,x\n")
    assert read(header=False).texts == {0: ["a", "b", "a"], 1: ["x", "y", "x"]}


def test_a_header_may_be_in_the_first_file_alone() -> None:
    files(t1="a,b\n1,2\n", t2="3,4\n5,6\n")
    table = read()
    assert table.numbers.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert table.at(1) == "t2.csv:1: "


def test_columns_in_another_order_are_an_error() -> None:
    files(t1="a,b\n1,2\n", t2="# here\nb,a\n3,4\n")
    with pytest.raises(BadInput, match=r"^t2\.csv:2: expected the header of t1\.csv, 'a,b', got 'b,a'$"):
        read()
    files(t2="c,d\n3,4\n")
    with pytest.raises(BadInput, match=r"^t2\.csv:1: expected the header of t1\.csv, 'a,b', got 'c,d'$"):
        read(header=True)


def test_comments_and_lines_to_skip_are_those_of_each_file() -> None:
    files(t1="# one\na,b\n1,2\n", t2="# two\n#\na,b\n3,4\n")
    assert read().numbers.tolist() == [[1, 2], [3, 4]]
    assert read().at(1) == "t2.csv:4: "
    files(t1="x\ny\na,b\n1,2\n", t2="z\n\na,b\n3,4\n")
    table = read(skip_rows=2)
    assert (table.names, table.numbers.tolist(), table.at(0)) == (("a", "b"), [[1, 2], [3, 4]], "t1.csv:4: ")
    assert table.at(1) == "t2.csv:4: "


def test_a_column_with_text_in_one_file_is_text_in_all() -> None:
    files(t1="a,b\n1,2\n", t2="a,b\nred,4\n")
    assert read().texts == {0: ["1", "red"]}


def test_errors_name_the_file_and_suggest_no_filter() -> None:
    files(t1="a,b\n1,2\n3,4\n", t2="a,b\n5,6\n7,8,9\n")
    with pytest.raises(BadInput, match=r"^t2\.csv:3: expected 2 fields as in the first row, got 3$") as error:
        read()
    assert not error.value.repairs
    files(t2="a,b\n5,6\nx,8\n")
    with pytest.raises(BadInput, match=r"^t2\.csv:3:1: expected a number as in most of column 'a', got 'x'$") as error:
        learn(read(), targets=["b"])
    assert not error.value.repairs


def test_files_may_be_compressed_and_in_other_encodings() -> None:
    files(t1="a,b\n1,ä\n")
    Path("t2.csv").write_bytes("a,b\n2,ö\n".encode("utf-16"))
    Path("t3.csv").write_bytes(gzip.compress("a,b\n3,ü\n".encode()))
    assert read().texts == {1: ["ä", "ö", "ü"]}


def test_json_lines_are_joined_as_well() -> None:
    files(t1='{"a": 1}\n', t2='{"a": 1}\n{"a": 3}\n')
    assert read().numbers.tolist() == [[1], [1], [3]]


def test_a_stream_is_that_of_all_files() -> None:
    files(t1="a,b\n1,2\n", t2="a,b\n3,4\n")
    parts = [part for layout, block in reading.blocks("t?.csv") for part in layout.rows(block)]
    assert [row for part in parts if isinstance(part, Table) for row in part.numbers.tolist()] == [[1, 2], [3, 4]]


def test_arrays_are_not_joined() -> None:
    files(t1="1,2\n")
    Path("t2.csv").write_bytes(b"\x93NUMPY\x01\x00")
    with pytest.raises(BadInput, match=r"^t2\.csv: expected text, as of several files that are read as one"):
        read()


def test_a_file_of_that_very_name_is_the_one() -> None:
    files(t1="1,2\n")
    Path("t[1].csv").write_text("5,6\n")
    assert read("t[1].csv").numbers.tolist() == [[5, 6]]
    assert source.matching("t[1].csv") == []
    assert source.matching("-") == source.matching("t1.csv") == source.matching("none*") == []
    with pytest.raises(BadInput, match=r"^none\*\.csv: no such file"):
        read("none*.csv")


def test_folders_are_no_files() -> None:
    files(t1="1,2\n")
    Path("t2.csv").mkdir()
    assert source.matching("t*.csv") == ["t1.csv"]
    assert read().numbers.tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("line", "expected"), [(1, "a:5: "), (2, "a:6: "), (3, "b:1: "), (9, "b:7: ")], ids=["first", "next", "b", "end"]
)
def test_a_line_is_one_of_a_file(line: int, expected: str) -> None:
    name = SeveralFiles("*", [(1, "a", 5), (3, "b", 1)])
    assert at(name, line) == expected
    assert at(name) == "*: "


def test_many_lines_above_a_header_take_no_longer_than_reading_them() -> None:
    above = 1_000_000
    files(t1="# log\n" * above + "a,b\n1,2\n", t2="# log\n" * above + "a,b\n3,4\n")
    start = time.process_time()
    table = read(skip_rows=above)
    assert time.process_time() - start < 20  # copying what is left at each line took minutes
    assert (table.names, table.numbers.tolist(), table.at(1)) == (
        ("a", "b"), [[1, 2], [3, 4]], f"t2.csv:{above + 2}: "
    )  # fmt: skip
