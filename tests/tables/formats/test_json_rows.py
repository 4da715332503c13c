"""JSON is written by Python's json; the rows that should come out are written out by hand."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from streamed import stream

from kerash_cli.errors import BadInput
from kerash_cli.tables import reading, source
from kerash_cli.tables.formats import json_rows
from kerash_cli.tables.table import BadRow, Schema, Table

RECORDS: list[dict[str, object]] = [
    {"a": 0, "b c": "red, or green", "y": 0},
    {"a": 1.5, "y": 1, "more": True},
    {"b c": "grün\nweiß", "a": -2, "y": None},
]
LINES = "\n".join(map(json.dumps, RECORDS))
FORMS = {
    "lines": (LINES, [1, 2, 3]),
    "lines of Windows": (LINES.replace("\n", "\r\n") + "\r\n", [1, 2, 3]),
    "blank lines": ("\n" + LINES.replace("\n", "\n\n") + "\n\n", [2, 4, 6]),
    "letters as they are": ("\n".join(json.dumps(each, ensure_ascii=False) for each in RECORDS), [1, 2, 3]),
    "a mark": ("\ufeff" + LINES, [1, 2, 3]),
    "an array": (json.dumps(RECORDS), [1, 1, 1]),
    "an array over lines": (json.dumps(RECORDS, indent=2) + "\n", [2, 7, 12]),
    "an array with a row in a line": ("[" + LINES.replace("\n", ",\n") + "]", [1, 2, 3]),
    "objects over lines": ("\n".join(json.dumps(each, indent=1) for each in RECORDS), [1, 6, 11]),
}


def read(text: str | bytes, **options: object) -> Table:
    Path("t").write_bytes(text if isinstance(text, bytes) else text.encode())
    return reading.read("t", **options)


pytestmark = pytest.mark.usefixtures("in_tmp_path")


def check(parts: list[Table], lines: list[int]) -> None:
    rows = []
    for part in parts:
        assert part.names == ("a", "b c", "y", "more")
        numbers = {place: part.numbers[:, part.number_index(place)].tolist() for place in {0, 2} - part.texts.keys()}
        columns = [part.texts.get(place) or numbers.get(place) or [None] * part.rows for place in range(4)]
        rows += list(zip(*columns, strict=True))
    expected = [(0, "red, or green", 0, None), (1.5, None, 1, "true"), (-2, "grün\nweiß", None, None)]
    assert [tuple(None if cell != cell else cell for cell in row) for row in rows] == expected
    assert [line for part in parts for line in part.lines] == lines


@pytest.mark.parametrize("piece", [1, 3, 17, 1 << 18])
@pytest.mark.parametrize("name", FORMS)
def test_objects_are_rows_with_a_column_for_each_key(name: str, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_rows, "_SAMPLE", 2)
    text, lines = FORMS[name]
    Path("t").write_text(text, encoding="utf-8")
    monkeypatch.setattr(source, "PIECE", piece)
    check([reading.read("t")], lines)
    if piece == 1 << 18:
        parts = list(stream("t"))
        assert [line for part in parts for line in part.lines] == lines
        assert all(part.names == ("a", "b c", "y", "more") for part in parts)


def test_arrays_are_rows_in_their_order() -> None:
    numbers = [[1, 2.5, "x"], [3, -4, "y, z"], [5, 6e-7, ""]]
    for text in (json.dumps(numbers), json.dumps(numbers, indent=1), "\n".join(map(json.dumps, numbers))):
        table = read(text)
        assert table.names is None
        assert table.numbers.tolist() == [[1, 2.5], [3, -4], [5, 6e-7]]
        assert table.texts == {2: ["x", "y, z", None]}


@pytest.mark.parametrize(
    "text", ['["a","b"]\n[1,"x"]\n[2,"y"]\n', '[["a","b"],[1,"x"],[2,"y"]]', '[\n["a","b"],\n[1,"x"],[2,"y"]]']
)
def test_a_first_array_of_words_is_a_header_above_values_that_are_none(text: str) -> None:
    table = read(text)
    assert table.names == ("a", "b")
    assert table.numbers.tolist() == [[1], [2]]
    assert [part.names for part in stream("t")] == [("a", "b")]
    assert read(text, header=False).rows == 3


@pytest.mark.parametrize(
    "text", ['["a","b"]\n[1,"x"]', '["a","b"]\n\n[1,"x"]', '[["a","b"],\n[1,"x"]]', '[["a","b"],[1,"x"]]']
)
def test_a_header_that_arrives_alone_is_one_as_well(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("t").write_text(text, encoding="ascii")
    monkeypatch.setattr(source, "PIECE", 11)
    (part,) = stream("t")
    assert (part.names, part.numbers.tolist(), list(part.lines)) == (("a", "b"), [[1]], [text.count("\n") + 1])


def test_arrays_of_words_have_no_header_unless_it_is_said() -> None:
    text = '["a","b"]\n["x","y"]\n'
    assert read(text).names is None
    table = read(text, header=True)
    assert (table.names, table.rows, list(table.lines)) == (("a", "b"), 1, [2])


def test_true_and_false_are_words_and_null_is_missing() -> None:
    table = read('{"a":true,"b":1}\n{"a":false,"b":null}\n{"a":null,"b":2}\n')
    assert table.texts == {0: ["true", "false", None]}
    assert np.isnan(table.numbers[1, 0])


def test_numbers_keep_their_spelling_as_labels() -> None:
    table = read('{"a":1,"v":1.1}\n{"a":2,"v":1.10}\n', label="v")
    assert table.written == {1: ["1.1", "1.10"]}


def test_a_column_that_is_text_late_is_text_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PIECE", 64)
    rows = [{"a": f"{row}" if row == 99 else row, "b": row} for row in range(100)]
    rows[50]["a"] = "x"
    table = read("\n".join(map(json.dumps, rows)))
    assert table.texts[0] == [*map(str, range(50)), "x", *map(str, range(51, 100))]
    assert table.numbers[:, 0].tolist() == [*range(100)]


def test_a_pipe_is_read_like_a_file(pipe: tuple[str, int]) -> None:
    path, writing = pipe
    os.write(writing, b'{"a":1}\n{"b":"x"}\n')
    os.close(writing)
    table = reading.read(path)
    assert (table.names, table.texts) == (("a", "b"), {1: [None, "x"]})


def test_numbers_in_quotes_are_numbers_and_a_line_says_so() -> None:
    text = '{"zip":"01234","n":1,"w":"x"}\n{"zip":"5","n":2,"w":"7"}\n'
    table = read(text)
    assert table.numbers.tolist() == [[1234, 1], [5, 2]]
    assert table.notes == ("t: column 'zip' has numbers in quotes, read as numbers; --categories makes them names",)
    table = read(text, categories=("zip",))
    assert table.texts == {0: ["01234", "5"], 2: ["x", "7"]}
    assert table.notes == ()


WRONG = {
    '{"a":{"b":1}}': "t:2: expected a number, a word or null in 'a', got an object",
    '{"a":[1]}': "t:2: expected a number, a word or null in 'a', got an array",
    '{"a":01}': "t:2:7: invalid JSON: ",
    '{"a":1': "t:2:7: invalid JSON: ",
    "{'a':1}": "t:2:2: invalid JSON: ",
    '{"a":NaN}': "t:2: expected JSON, which has no NaN; write null for a missing value",
    '{"a":-Infinity}': "t:2: expected JSON, which has no -Infinity; write null for a missing value",
    '{"a":1,"a":2}': "t:2: expected each key once, got 'a' twice",
    '{"a":"\\ud800"}': "t:2: expected text in UTF-8, got a letter that is none",
    '{"a":"\\u0000"}': "t:2: expected text, got a NUL",
    "[1]": "t:2: expected an object, got an array",
    "5": "t:2: expected an object, got a value",
    '{"a":2} {"a":3}': "t:2:9: invalid JSON: extra data",
    '{"a":2},{"a":3}': "t:2:8: invalid JSON: extra data",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_line_that_is_no_row_is_placed(line: str) -> None:
    text = f'{{"a":1}}\n{line}\n{{"a":3}}\n'
    with pytest.raises(BadInput) as error:
        read(text)
    assert str(error.value).startswith(WRONG[line])
    before, bad, after = stream("t")
    assert isinstance(bad, BadRow)
    assert str(bad.error).startswith(WRONG[line])
    assert (bad.record, bad.names) == ("", ("a",))  # an empty cell
    assert [before.numbers.tolist(), after.numbers.tolist()] == [[[1]], [[3]]]
    table = read(text, skip=True)
    assert (table.numbers.tolist(), list(table.lines), len(table.bad)) == ([[1], [3]], [1, 3], 1)


def test_ten_wrong_lines_are_told_at_once() -> None:
    with pytest.raises(BadInput) as error:
        read('{"a":1}\n' + "{]\n" * 30)
    assert len(error.value.complaints) == 10


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"a":1},\n{"a":', "t:2: invalid JSON: expecting value"),
        ('[{"a":1},\n{"a":2}', "t:2: invalid JSON: the file is truncated"),
        ('[{"a":1}\n,,{"a":2}]', "t:2: invalid JSON: got ',' where a row should begin"),
        ('[{"a":1}\n{"a":2}]', "t:2: invalid JSON: got '{' where a comma should be"),
        ('[{"a":1},\n]', "t:2: invalid JSON: got ']' where a row should begin"),
        ('[{"a":1}]\n[{"a":2}]', "t:2: invalid JSON: got '[' after the end of the array"),
        ("[[1,2],\n[3]]", "t:2: expected 2 values, got 1"),
        ("[]", "t: expected at least one row, got none"),
        ("{}\n{}\n", "t: expected objects with keys and values, got empty ones"),
        ("[]\n[]\n", "t:2: invalid JSON: got '[' after the end of the array"),
        ('{"a":1}\n{"a":"' + "x" * (1 << 20) + '"}', "t:2: expected lines of at most 1 MiB"),
        ('[{"a":1},\n{"a":"' + "x" * (2 << 20), "t:2: invalid JSON: unterminated string starting at"),
    ],
)
def test_a_document_that_is_no_table_is_placed(text: str, message: str) -> None:
    with pytest.raises(BadInput) as error:
        read(text)
    assert str(error.value).startswith(message)


def test_many_keys_that_few_rows_have_are_refused_before_memory_is_taken() -> None:
    with pytest.raises(BadInput, match=r"t: 3000 rows of 3000 columns would take \d+ times the memory"):
        read("".join(f'{{"k{row}":1}}\n' for row in range(3000)))


@pytest.mark.parametrize(
    "name", ["a,b\n1,2\n", '{"a": 1},5\n{"a": 2},6\n', "[[1 2]\n [3 4]]\n", "[1],2\n", "{a},b\n1,2\n"]
)
def test_other_text_is_no_json(name: str) -> None:
    assert not json_rows.begins(name)


SCHEMA = Schema(("a", "town", "size"), 3, frozenset({0, 1}), frozenset({1}), (2,))


def test_rows_come_out_of_a_stream_as_they_go_in(pipe: tuple[str, int]) -> None:
    path, writing = pipe
    os.write(writing, b'{"town":"7","a":1}\n{"a":')
    parts = stream(path, schema=SCHEMA)
    assert next(parts).texts == {0: ["7"]}
    os.write(writing, b'2,"other":[1]}\n')
    assert next(parts).numbers.tolist() == [[2]]
    os.close(writing)
    assert list(parts) == []


def test_a_stream_has_the_columns_of_its_first_rows_and_those_of_the_model(pipe: tuple[str, int]) -> None:
    path, writing = pipe
    os.write(writing, b'{"town":"7","new":2}\n')
    found = reading.blocks(path, schema=SCHEMA)
    layout, block = next(found)
    assert layout.notes == (f"{path}: no row here has 'a'; without a value it is a missing one",)
    (part,) = layout.rows(block)
    assert part.names == ("town", "new", "a")
    assert part.texts == {0: ["7"]}
    os.write(writing, b'{"a":3,"newer":4}\n')
    layout, block = next(found)
    (part,) = layout.rows(block)
    assert part.names == ("town", "new", "a")
    assert part.numbers[0, 1] == 3
    os.close(writing)


def test_the_cells_of_a_row_can_be_kept_as_csv() -> None:
    Path("t").write_text(LINES, encoding="utf-8")
    records = [record for part in stream("t", records=True) for record in part.records]
    assert records == ['0,"red, or green",0,', "1.5,,1,true", '-2,"grün\nweiß",,']


def test_a_layout_survives_the_way_to_a_worker() -> None:
    Path("t").write_text(LINES, encoding="utf-8")
    layout, block = next(reading.blocks("t"))
    again = reading.layout(type(layout).__name__, json.loads(json.dumps(layout.to_json())))
    assert again == layout._replace(notes=())
    assert [part.texts for part in again.rows(block)] == [part.texts for part in layout.rows(block)]
