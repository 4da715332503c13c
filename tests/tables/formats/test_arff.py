"""The rows are those of the description of the format, written out by hand."""

import json
import os
from pathlib import Path

import pytest
from hostile import deadline
from streamed import stream

from kerash_cli.errors import BadInput
from kerash_cli.tables import reading, source
from kerash_cli.tables.formats import arff
from kerash_cli.tables.table import BadRow, Table

pytestmark = pytest.mark.usefixtures("in_tmp_path")

ARFF = """\
% about

@RELATION 'the relation'
@attribute a numeric
@Attribute 'b c' {red,'light green', "it's"}
@attribute\t"d, e"\tSTRING
  @attribute y{0,1}
@attribute when date "yyyy-MM-dd"

@DATA
% more
1,red,'x, y',0,"2020-01-01"
2.5, 'light green' , ?,1 ,?

-3,"it's",'say \\'50%\\'',0, 2021-02-03
"""
PLAIN = """\
@relation iris
@attribute length REAL
@attribute width integer
@attribute class {0,1}
@data
5.1,3,0
4.9 , ?,1

6,2,0
"""


def read(text: str, **options: object) -> Table:
    Path("t").write_text(text, encoding="utf-8", newline="")
    return reading.read("t", **options)


@pytest.mark.parametrize("piece", [1, 7, 64, 1 << 18])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_attributes_are_columns(line_end: str, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("t").write_text(ARFF.replace("\n", line_end), encoding="utf-8", newline="")
    monkeypatch.setattr(source, "PIECE", max(piece, 40))  # the first piece has @relation
    table = reading.as_written("t", reading.Options())
    assert table.names == ("a", "b c", "d, e", "y", "when")
    assert table.numbers.tolist() == [[1], [2.5], [-3]]
    assert table.texts == {
        1: ["red", "light green", "it's"],
        2: ["x, y", None, "say '50%'"],
        3: ["0", "1", "0"],
        4: ["2020-01-01", None, "2021-02-03"],
    }
    assert list(table.lines) == [12, 13, 15]
    parts = list(stream("t"))
    assert [cell for part in parts for cell in part.texts[1]] == table.texts[1]
    assert [line for part in parts for line in part.lines] == [12, 13, 15]


def test_rows_without_quotes_are_the_same() -> None:
    table = read(PLAIN)
    assert table.numbers[[0, 2]].tolist() == [[5.1, 3], [6, 2]]
    assert table.numbers[1, 1] != table.numbers[1, 1]
    assert table.texts == {2: ["0", "1", "0"]}
    assert list(table.lines) == [6, 7, 9]
    assert table.declared == {2}
    quoted = read(PLAIN.replace("6,", "'6',"))
    assert quoted.texts == table.texts
    assert quoted.numbers[[0, 2]].tolist() == table.numbers[[0, 2]].tolist()


def test_a_row_by_indices_has_zeros_and_first_words() -> None:
    head = "@relation r\n@attribute a numeric\n@attribute b {x,'y z'}\n@attribute c numeric\n@data\n"
    table = read(head + "{0 1.5, 1 'y z'}\n{ 2 7 }\n{}\n{1 ?}\n")
    assert table.numbers.tolist() == [[1.5, 0], [0, 7], [0, 0], [0, 0]]
    assert table.texts == {1: ["y z", "x", "x", None]}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1", "t:5: expected 2 values, one for each attribute, got 1"),
        ("1,x,2", "t:5: expected 2 values, one for each attribute, got 3"),
        ("one,x", "t:5:1: expected a number in 'a', got 'one'"),
        ("1,z", "t:5:2: expected one of 'x', 'y' in 'b', got 'z'"),
        ("1,'x", 't:5: expected values in quotes if they have quotes, braces or % in them, got "\'x"'),
        ("50%,x", "t:5: expected values in quotes if they have quotes, braces or % in them, got '50%,x'"),
        ("1,x 'y'", "t:5: expected values in quotes"),
        ("{0 1, 0 2}", "t:5: expected an index below 2 and a value, by ascending indices, got '0 2'"),
        ("{2 1}", "t:5: expected an index below 2"),
        ("{x 1}", "t:5: expected an index below 2"),
        ("{0 x}", "t:5:1: expected a number in 'a', got 'x'"),
    ],
)
def test_a_row_that_does_not_fit_its_attributes_is_placed(row: str, message: str) -> None:
    text = f"@relation r\n@attribute a numeric\n@attribute b {{x,y}}\n@data\n{row}\n3,y\n"
    with pytest.raises(BadInput) as error:
        read(text)
    assert str(error.value).startswith(message)
    bad, good = stream("t")
    assert isinstance(bad, BadRow)
    assert str(bad.error).startswith(message)
    assert (good.numbers.tolist(), good.texts) == ([[3]], {1: ["y"]})
    assert read(text, skip=True).rows == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@relation r\n@attribute a numeric\n", "t:2: expected @data below the attributes, got the end of the file"),
        ("@relation r\n@data\n1\n", "t:2: expected an @attribute for each column above @data, got none"),
        ("@relation r\n@attribute a\n@data\n1\n", "t:2: expected a name and then numeric, string, date or words"),
        ("@relation r\n@attribute a complex\n@data\n1\n", "t:2: expected a name and then numeric"),
        ("@relation r\n@attribute a relational\n@data\n1\n", "t:2: expected a name and then numeric"),
        ("@relation r\n@attribute a {x,'y}\n@data\n1\n", "t:2: expected values in quotes"),
        (
            "@relation r\n@attribute a real\n@attribute a real\n@data\n1\n",
            "t:4: expected different names of attributes",
        ),
        ("@relation r\n@attribute a real\n1\n2\n", "t:3: expected @attribute or @data, got '1'"),
        ("@relation r\n@attribute a real\n@data\n", "t: expected at least one row, got none"),
    ],
)
def test_a_header_that_is_none_is_placed(text: str, message: str) -> None:
    with pytest.raises(BadInput) as error:
        read(text)
    assert str(error.value).startswith(message)


def test_one_attribute_has_no_empty_cells_in_blank_lines() -> None:
    assert read("@relation r\n@attribute a real\n@data\n\n1\n\n% x\n2\n").numbers.tolist() == [[1], [2]]


def test_a_pipe_is_read_as_it_arrives(pipe: tuple[str, int]) -> None:
    path, writing = pipe
    os.write(writing, PLAIN.partition("4.9")[0].encode())
    parts = stream(path)
    assert next(parts).numbers.tolist() == [[5.1, 3]]
    os.write(writing, b"1,2,1\n")
    assert next(parts).texts == {2: ["1"]}
    os.close(writing)
    assert list(parts) == []


def test_a_whole_pipe_is_read(pipe: tuple[str, int]) -> None:
    path, writing = pipe
    os.write(writing, PLAIN.encode())
    os.close(writing)
    assert reading.read(path).rows == 3


def test_zeros_that_a_file_does_not_have_are_bounded() -> None:
    head = "@relation r\n" + "".join(f"@attribute a{i} real\n" for i in range(3000)) + "@data\n"
    with pytest.raises(BadInput, match=r"t: \d+ rows of 3000 columns would take \d+ times the memory"):
        read(head + "{}\n" * 20_000)


def test_a_layout_survives_the_way_to_a_worker() -> None:
    Path("t").write_text(ARFF, encoding="utf-8")
    layout, block = next(reading.blocks("t"))
    again = reading.layout(type(layout).__name__, json.loads(json.dumps(layout.to_json())))
    assert again == layout._replace(notes=())
    assert [part.texts for part in again.rows(block)] == [part.texts for part in layout.rows(block)]


@pytest.mark.parametrize(
    "text", ["% made by hand\n1 2\n", "@id,@type\n1,2\n", "@relation,b\n1,2\n", " \n" * 3000 + "%  \n" * 3000]
)
def test_other_text_is_no_arff(text: str) -> None:
    assert not arff.begins(text)


@pytest.mark.parametrize(
    "row", [" " * 500_000 + "'", "'" + "\\" * 500_001, "1," * 200_000 + "%", "{" + "0 " * 300_000 + "}"]
)
def test_a_long_line_takes_no_longer_than_its_length(row: str) -> None:
    with deadline(2), pytest.raises(BadInput):
        read("@relation r\n@attribute a real\n@attribute b string\n@data\n" + row + "\n")
