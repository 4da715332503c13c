import csv
import io
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from by_hand import MISSING
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamed import stream

from kerash_cli.errors import BadInput
from kerash_cli.tables import reading, source
from kerash_cli.tables.formats import records
from kerash_cli.tables.table import Schema, Table

IRIS = "5.1,3.5,setosa\n4.9,3,setosa\n6.4,3.2,versicolor\n"


pytestmark = pytest.mark.usefixtures("in_tmp_path")


def read(text: str | bytes, **options: object) -> Table:
    Path("t.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return reading.read("t.csv", **options)


def cells(table: Table) -> list[list[object]]:
    """Row by row, numbers and texts in their places."""
    columns = []
    for position in range(table.width):
        known = table.texts.get(position)
        columns.append(known if known is not None else table.numbers[:, table.number_index(position)].tolist())
    return [list(row) for row in zip(*columns, strict=True)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
def test_the_delimiter_is_found_out(delimiter: str) -> None:
    table = read("x,y,kind\n1,2.5,a\n-3,4,b\n".replace(",", delimiter))
    assert table.names == ("x", "y", "kind")
    assert cells(table) == [[1, 2.5, "a"], [-3, 4, "b"]]
    assert table.delimiter == delimiter


def test_the_delimiter_is_found_among_others_in_text() -> None:
    assert read("name;age;town\nSmith, John;5;Rome, Italy\nDoe, Jane;6;Ulm, Germany\n").width == 3


def test_words_with_spaces_are_one_column() -> None:
    assert cells(read("New York\nLos Angeles\nNew York\n")) == [["New York"], ["Los Angeles"], ["New York"]]


def test_aligned_columns_are_separated_by_any_number_of_spaces() -> None:
    assert cells(read("  1   2.5\n 30  4 \n")) == [[1, 2.5], [30, 4]]


@pytest.mark.parametrize("spelling", [":", "space", "tab", "\\t"])
def test_a_given_delimiter_is_taken(spelling: str) -> None:
    separator = {"space": " ", "tab": "\t", "\\t": "\t"}.get(spelling, spelling)
    assert read(f"1,2{separator}3\n4,5{separator}6\n", delimiter=spelling).width == 2


@pytest.mark.parametrize("delimiter", ["", "ab", "5", "-", ".", "e", '"', "\n", "é"])
def test_a_delimiter_that_numbers_or_quotes_use_is_refused(delimiter: str) -> None:
    with pytest.raises(BadInput, match="--delimiter: expected one ASCII character"):
        read("1,2\n", delimiter=delimiter)


def test_files_of_2019_have_no_header() -> None:
    table = read("0,0\n0,1\n1,1\n1,0\n1,0\n")
    assert table.names is None
    assert table.numbers.tolist() == [[0, 0], [0, 1], [1, 1], [1, 0], [1, 0]]


@pytest.mark.parametrize(
    "text", ["a\n1\n2\n", "a,b\n1,x\n2,y\n", ",a\n0,1\n1,2\n", "2nd,first\n1,2\n", "id, size \n1,2\n"]
)
def test_a_word_over_numbers_is_a_header(text: str) -> None:
    assert read(text).names == tuple(name.strip() for name in text.split("\n")[0].split(","))


def test_a_header_is_seen_where_rows_are_longer_than_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PIECE", 16)
    table = read("length,width\n\n\n1.0000000,2.0000000\n3.0000000,4.0000000\n")
    assert table.names == ("length", "width")
    assert list(table.lines) == [4, 5]


@pytest.mark.parametrize("text", [IRIS, "a\nb\na\n", "5\n", "x,1\ny,2\n", "?,1\n2,3\n", "1_0,2\n3,4\n", "inf\n3\n4\n"])
def test_a_first_row_that_has_values_is_no_header(text: str) -> None:
    table = read(text)
    assert table.names is None
    assert table.rows == text.count("\n")


@pytest.mark.parametrize(
    "text", ["species\nsetosa\nvirginica\n", "a,b\n", "name,2019\n1,2\n3,4\n", "x,setosa\n1,setosa\n2,b\n"]
)
def test_a_first_row_that_could_be_both_asks(text: str) -> None:
    with pytest.raises(BadInput, match=r"^t\.csv:1: .*; try --header if '.*' names a column, --no-header if"):
        read(text)


def test_header_and_no_header_settle_it() -> None:
    assert read("species\nsetosa\n", header=True).names == ("species",)
    assert cells(read("species\nsetosa\n", header=False)) == [["species"], ["setosa"]]
    assert read("1,2\n3,4\n", header=True).names == ("1", "2")


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("a,b,a", "a,b,a_2"),
        ("a,a,a", "a,a_2,a_3"),
        ("a,a_2,a", "a,a_2,a_3"),
        ("a,a,a_2", "a,a_3,a_2"),
        (",x,", ",x,_2"),
    ],
)
def test_a_name_that_was_there_before_gets_a_number_and_a_line(header: str, names: str) -> None:
    table = read(f"{header}\n1,2,3\n", header=True)
    assert table.names == tuple(names.split(","))
    assert "same name" in table.notes[0]


@pytest.mark.parametrize("table", ["a,b\n1,2\n3.5,4\n", IRIS, 'a,"b ""c"""\n1,x\n2,"y\nz"\n'])
def test_line_ends_marks_and_blank_lines_change_nothing(table: str) -> None:
    plain = read(table)
    quoted = '"' in table
    for other in (
        table[:-1],
        table.replace("\n", "\r\n"),
        "\ufeff" + table,
        "\n\n" + table,
        table + "\n  \n\r\n",
        table if quoted else table.replace("\n", "\n\n"),
        ("\ufeff\r\n" + table.replace("\n", "\r\n"))[:-2],
    ):
        same = read(other)
        assert same.names == plain.names
        assert same.numbers.tobytes() == plain.numbers.tobytes()
        assert same.texts == plain.texts


def test_rows_know_their_lines() -> None:
    assert list(read("\n\na,b\n\n1,2\n3,4\n\n5,6\n").lines) == [5, 6, 8]
    assert list(read('a,b\n1,"x\ny"\n2,z\n').lines) == [2, 4]


def test_quotes_are_those_of_rfc_4180() -> None:
    table = read('"a","b, ""c"""\r\n"1","x, y"\r\n2,"line\r\nbreak"\r\n"",""\r\n')
    assert table.names == ("a", 'b, "c"')
    assert cells(table)[:2] == [[1, "x, y"], [2, "line\nbreak"]]
    assert np.isnan(table.numbers[2, 0])
    assert table.texts[1][2] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('a,b\n1,x"y\n2,"z"w\n', "t.csv:3: expected the field to end at its closing quote, got more at byte 5"),
        ('a,b\n1,"x" \n', "t.csv:2: expected the field to end at its closing quote"),
        ('a,b\n1, "x"\n', "t.csv:2: expected a quote right after the separator, got a blank"),
        ('a,b\n1,2\n3,"x\n4,5\n', "t.csv:3: expected a closing quote, got the end of the file"),
        ("1,2\n3\n4,5\n", "t.csv:2: expected 2 fields as in the first row, got 1"),
        ("1,2\n3,4,5\n", "t.csv:2: expected 2 fields as in the first row, got 3"),
        ("é,2\n3,".encode() + b"\xff\n", "t.csv:2: expected UTF-8, got the byte 0xff at byte 3 of the line"),
        (b"1,2\n3,\x00\n", "t.csv:2: expected text, got a NUL byte at byte 3 of the line"),
        (b"", "t.csv: expected rows, got an empty file"),
        (b"\xef\xbb\xbf\r\n \n", "t.csv: expected rows, got an empty file"),
    ],
)
def test_what_is_no_table_is_refused_with_its_place(text: str | bytes, message: str) -> None:
    with pytest.raises(BadInput) as error:
        read(text)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_a_header_alone_is_no_table() -> None:
    with pytest.raises(BadInput, match=r"^t\.csv: expected rows after the header, got none"):
        read("a,b\n", header=True)


def test_missing_values_are_kept_as_missing() -> None:
    table = read("a,b\n1,x\nNA,null\n,?\nnan,N/A\n")
    assert np.isnan(table.numbers[:, 0]).tolist() == [False, True, True, True]
    assert table.texts == {1: ["x", None, None, None]}


@pytest.mark.parametrize("slip", ["1_0", "0x10", "inf", "1e999", "٣", "x"])
def test_a_column_with_a_slip_keeps_its_text(slip: str) -> None:
    assert read(f"1,2\n3,4\n{slip},6\n").texts == {0: ["1", "3", slip]}


def test_a_column_that_is_text_late_is_text_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PIECE", 64)
    rows = [f"{row:03},{row}" for row in range(100)]
    table = read("\n".join([*rows, "x,7"]))
    assert table.texts[0] == [*(f"{row:03}" for row in range(100)), "x"]
    assert table.numbers[:, 0].tolist() == [*range(100), 7]


LATE = "".join(f"{row:03},{row}\n" for row in range(100)) + "x,7\n"


def test_a_pipe_keeps_its_text_for_a_column_that_is_text_late(
    pipe: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "PIECE", 64)
    path, writing = pipe
    os.write(writing, LATE.encode())
    os.close(writing)
    assert reading.read(path).texts[0] == [*(f"{row:03}" for row in range(100)), "x"]


def test_a_file_is_read_again_from_where_it_was_given() -> None:
    Path("t.csv").write_text("a line for somebody else\n" + LATE, encoding="utf-8")
    with Path("t.csv").open("rb", buffering=0) as file:
        file.readline()
        table = reading.delimited.read(source.Source("t.csv", file.fileno(), (), True), reading.Options())
    assert table.texts[0] == [*(f"{row:03}" for row in range(100)), "x"]


def test_a_file_that_changes_between_its_readings_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PIECE", 64)
    again = source.Source.again

    def changed(self: source.Source) -> source.Source:
        with Path("t.csv").open("r+b") as file:
            file.write(b"9")
        return again(self)

    monkeypatch.setattr(source.Source, "again", changed)
    with pytest.raises(BadInput, match=r"^t\.csv: changed while it was read; try again when nothing writes to it$"):
        read(LATE)


def test_rows_that_are_all_bad_are_an_error_even_where_bad_rows_are_skipped() -> None:
    with pytest.raises(BadInput, match="expected UTF-8"):
        read(b"\xff,1\n\xfe,2\n\xfd,3\n", skip=True, header=False, encoding="utf-8")


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("text", [IRIS, 'a,b\r\n1,"x\r\n,""y"""\r\n\r\n2,z', "1 2\n3 4\n", "\ufeffé,b\n1,2\n"])
def test_where_pieces_end_changes_nothing(piece: int, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read(text)
    monkeypatch.setattr(source, "PIECE", piece)
    assert cells(read(text, header=whole.names is not None, delimiter=whole.delimiter)) == cells(whole)
    assert read(text, header=whole.names is not None, delimiter=whole.delimiter).names == whole.names
    blocks = list(stream("t.csv", header=whole.names is not None, delimiter=whole.delimiter))
    assert [row for block in blocks for row in cells(block)] == cells(whole)
    assert [line for block in blocks for line in block.lines] == list(whole.lines)


def test_the_digest_is_that_of_the_bytes() -> None:
    assert read("1\n").sha256 == "4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865"


def test_a_long_line_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LONGEST_LINE", 4_000_000)
    monkeypatch.setattr(records, "_LOOK_AHEAD", 500_000)
    with Path("t.csv").open("wb") as file:
        file.write(b"1,")
        file.truncate(1 << 40)
    with pytest.raises(BadInput, match="expected lines of at most 4 MB"):
        reading.read("t.csv")


def test_a_line_that_is_only_just_short_enough_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PIECE", 64)
    monkeypatch.setattr(records, "LONGEST_LINE", 1000)
    monkeypatch.setattr(records, "_LOOK_AHEAD", 100)
    assert read("1," * 499 + "10\n" + "2," * 499 + "3\n").width == 500
    with pytest.raises(BadInput, match="a longer one"):
        read("1," * 500 + "10\n" + "2," * 500 + "3\n")


fields = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=6).filter(
    lambda text: text == text.strip(" \t")
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.lists(fields, min_size=2, max_size=2), min_size=1, max_size=6))
def test_what_the_csv_module_writes_is_read_back(rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["k", "l"], *rows])
    table = read(text.getvalue(), header=True, delimiter=",")
    assert table.rows == len(rows)
    for position, column in enumerate(zip(*rows, strict=True)):
        if position in table.texts:
            assert table.texts[position] == [None if cell.lower() in MISSING else cell for cell in column]
        else:
            expected = [np.nan if cell.lower() in MISSING else float(cell) for cell in column]
            assert np.array_equal(table.numbers[:, table.number_index(position)], expected, equal_nan=True)


SCHEMA = Schema(("a", "town", "size"), 3, frozenset({0, 1}), frozenset({1}), (2,))
UNNAMED = Schema(None, 2, frozenset({0, 1}), frozenset(), ())


def test_a_known_text_column_is_text_even_if_it_looks_like_numbers() -> None:
    assert read("a,town\n1,007\n2,08\n", schema=SCHEMA).texts == {1: ["007", "08"]}


@pytest.mark.parametrize(
    ("schema", "text", "header"),
    [
        *((SCHEMA, "town,a\nUlm,1\n", True), (SCHEMA, "1,Ulm\n", False), (SCHEMA, "1,Ulm,5\n", False)),
        *((UNNAMED, "p,q\n1,2\n", True), (UNNAMED, "x,2\n", False), (UNNAMED, "1,2\n", False)),
    ],
)
def test_known_names_or_columns_of_numbers_tell_whether_there_is_a_header(
    schema: Schema, text: str, header: bool
) -> None:
    assert (read(text, schema=schema).names is not None) == header


def test_rows_come_out_of_a_stream_as_they_go_in(pipe: tuple[str, int]) -> None:
    path, writing = pipe
    os.write(writing, b"a,b\n1,2\n3,")
    blocks = stream(path)
    assert cells(next(blocks)) == [[1, 2]]
    os.write(writing, b"4\n5,6\n7")
    assert cells(next(blocks)) == [[3, 4], [5, 6]]
    os.write(writing, b",8")
    os.close(writing)
    assert cells(next(blocks)) == [[7, 8]]
    assert list(blocks) == []


def test_a_stream_without_rows_has_no_blocks() -> None:
    for text in ("", "\n", "a,b\n"):
        Path("t.csv").write_text(text, encoding="utf-8")
        assert list(stream("t.csv", header=True)) == []


def test_a_stream_can_keep_the_text_of_rows() -> None:
    Path("t.csv").write_text('a,b\n\n1.50, 2\n"3","x\ny"\n', encoding="utf-8")
    (block,) = stream("t.csv", records=True)
    assert block.records == ["1.50, 2", '"3","x\ny"']
    Path("t.csv").write_text("1.50,2\n3e0,4\n", encoding="utf-8")
    (block,) = stream("t.csv", records=True)
    assert block.records == ["1.50,2", "3e0,4"]


def test_reading_a_pipe_fills_its_pieces(pipe: tuple[str, int]) -> None:
    path, writing = pipe

    def write() -> None:
        for row in range(1000):
            os.write(writing, b"%d,1\n" % row)
        os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    table = reading.read(path)
    writer.join()
    assert table.numbers[:, 0].tolist() == list(range(1000))
    assert table.lines == range(1, 1001)


SEMICOLONS = Schema(None, 2, frozenset({0, 1}), frozenset(), (), ";")


@pytest.mark.parametrize("text", ["20,2;33,5\n", "1;2\n3;4\n"])
def test_the_delimiter_of_the_table_learnt_from_is_taken_where_it_fits(text: str) -> None:
    table = read(text, schema=SEMICOLONS)
    assert (table.delimiter, table.width, table.names) == (";", 2, None)


def test_the_delimiter_of_the_table_learnt_from_is_taken_where_its_names_are() -> None:
    schema = Schema(("a, b", "c"), 2, frozenset({0, 1}), frozenset(), (), ";")
    assert read("a, b;c\n1,2;3\n", schema=schema).names == ("a, b", "c")


@pytest.mark.parametrize("text", ["1,2\n3,4\n", '1,"2;3"\n'])
def test_another_delimiter_than_that_learnt_with_is_still_found(text: str) -> None:
    assert read(text, schema=SEMICOLONS).delimiter == ","


def test_decimal_commas_are_evidence_for_the_other_delimiter() -> None:
    assert cells(read("1;2,5;0\n2;3,5;1\n"))[0] == [1, 2.5, 0]
    assert read("5,1;3,5;1,4;0,2;setosa\n4,9;3,0;1,4;0,2;setosa\n").delimiter == ";"


@pytest.mark.parametrize("text", ["1,2;3,4\n5,6;7,8\n", "a,b;c\nd,e;f\n", "1,2|x,3\n4,5|y,6\n", "a\tb,c\nd\te,f\n"])
def test_two_delimiters_that_fit_alike_ask(text: str) -> None:
    with pytest.raises(BadInput) as error:
        read(text)
    message = str(error.value)
    assert message.startswith("t.csv:1: both ")
    for delimiter in set(text) & set(",;\t|"):
        assert f"--delimiter {delimiter!r}" in message
        assert read(text, header=False, delimiter=delimiter).delimiter == delimiter


def test_a_mark_in_the_text_of_every_row_is_no_rival() -> None:
    assert read("1,2,a;b\n3,4,c;d\n", header=False).delimiter == ","
