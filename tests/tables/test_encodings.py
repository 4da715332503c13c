"""Encoded texts are made by Python's codecs; the rows are written out by hand."""

import os
from pathlib import Path

import pytest
from streamed import stream

from kerash_cli.errors import BadInput
from kerash_cli.tables import encodings, reading, source
from kerash_cli.tables.table import BadRow, Table

TEXT = "name,n\ngrün,1\nnaïve,2\n"
ROWS = ["grün", "naïve"]


def read(tmp_path: Path, content: bytes, **options: object) -> Table:
    (tmp_path / "t.csv").write_bytes(content)
    return reading.read(str(tmp_path / "t.csv"), **options)


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 1 << 18])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\r\r\n"], ids=["LF", "CRLF", "CR", "CRCRLF"])
@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "cp1252", "latin-1"],
)
def test_an_encoding_is_detected_wherever_pieces_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, line_end: str, piece: int
) -> None:
    content = TEXT.replace("\n", line_end).encode(encoding)
    if "bom" not in encoding and piece < 8 and encoding.endswith("e"):
        piece = 8  # without a mark, two letters are needed
    monkeypatch.setattr(source, "PIECE", piece)
    table = read(tmp_path, content)
    assert table.names == ("name", "n")
    assert table.texts == {0: ROWS}
    assert list(table.lines) == [2, 3]
    parts = list(stream(str(tmp_path / "t.csv"), header=True))
    assert [cell for part in parts for cell in part.texts[0]] == ROWS
    assert [line for part in parts for line in part.lines] == [2, 3]


def test_utf8_and_marked_text_are_not_worth_a_remark(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le"):
        assert read(tmp_path, TEXT.encode(encoding)).notes == ()


@pytest.mark.parametrize(
    ("letters", "name"),
    [
        (b"x \x80", "Windows-1252"),
        (b"\x93x\x94", "Windows-1252"),
        (b"gr\xfcn", "Windows-1252"),
        (b"\x81", "ISO-8859-1"),
    ],
)
def test_text_that_is_not_utf8_is_told_in_one_line(tmp_path: Path, letters: bytes, name: str) -> None:
    table = read(tmp_path, b"a,b\n1," + letters + b"\n")
    path = tmp_path / "t.csv"
    assert table.notes == (f"{path}: read as {name}; if letters look wrong, use --encoding",)
    assert table.texts[1] == [letters.decode("latin-1" if name == "ISO-8859-1" else "cp1252")]


def test_a_table_of_numbers_with_one_byte_too_many_is_told_too(tmp_path: Path) -> None:
    table = read(tmp_path, b"1,2\n3,4\xfc\n5,6\n")
    assert table.texts == {1: ["2", "4ü", "6"]}
    assert len(table.notes) == 1


def test_the_first_letter_that_is_not_ascii_may_come_late_in_a_pipe(pipe: tuple[str, int]) -> None:
    path, writing = pipe
    os.write(writing, b"a,b\n1,x\n")
    found = reading.blocks(path)
    layout, block = next(found)
    assert layout.notes == ()
    assert [part.texts for part in layout.rows(block)] == [{1: ["x"]}]
    os.write(writing, b"2,gr\xfcn\n3,y\n")
    layout, block = next(found)
    assert layout.notes == (f"{path}: read as Windows-1252; if letters look wrong, use --encoding",)
    assert [part.texts for part in layout.rows(block)] == [{1: ["grün", "y"]}]
    os.write(writing, b"4,\x81\xfc\n")
    layout, block = next(found)
    assert layout.notes == ()
    assert [part.texts for part in layout.rows(block)] == [{1: ["\x81ü"]}]
    os.close(writing)


@pytest.mark.parametrize("rest", [b"\xfc\n", b"\xfc,\xc3\xbc\n"])
def test_bytes_that_are_wrong_in_utf8_are_placed(tmp_path: Path, rest: bytes) -> None:
    with pytest.raises(BadInput, match=r"t\.csv:3: expected UTF-8, got the byte 0xfc at byte 3 of the line$"):
        read(tmp_path, "a,b\ngrün,größer\n3,".encode() + rest, header=True, delimiter=",")


def test_a_row_with_bytes_that_are_wrong_in_utf8_is_a_bad_row_of_a_stream(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("a,b\n1,grün\n2,".encode() + b"\xfc\n3,x\n")
    parts = list(stream(str(tmp_path / "t.csv")))
    assert [isinstance(part, BadRow) for part in parts] == [False, True, False]


def test_control_characters_are_no_text_of_windows(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"t\.csv:2: expected UTF-8, got the byte 0xfc"):
        read(tmp_path, b"a\n\xfc\x01\n")


@pytest.mark.parametrize("encoding", ["cp1251", "shift-jis", "utf-16", "cp037", "iso2022_jp", "gb18030", "mac_roman"])
def test_an_encoding_can_be_given(tmp_path: Path, encoding: str) -> None:
    text = {"cp1251": "имя,n\nдва,1\n", "cp037": "abc,n\ngrün,1\n", "mac_roman": "é,n\nü,1\n"}.get(
        encoding, "名,n\n二,1\n"
    )
    table = read(tmp_path, text.encode(encoding), encoding=encoding, header=True)
    assert ",".join(table.names) == text.split("\n")[0]
    assert table.texts[0] == [text.split("\n")[1].split(",")[0]]
    assert table.notes == ()


def test_a_given_encoding_is_that_of_a_stream_too(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("a,b\n1,два\n".encode("cp1251"))
    assert [part.texts for part in stream(str(tmp_path / "t.csv"), encoding="cp1251")] == [{1: ["два"]}]


@pytest.mark.parametrize(
    ("content", "encoding", "line"),
    [
        (b"a,b\n1,2\n3,\x82\n", "shift-jis", 3),
        ("a,b\n1,2\n".encode("utf-16-le") + b"\0\xd8\n\0", "utf-16-le", 3),
        ("a,b\n1,2".encode("utf-16")[:-1], "utf-16", 2),
        (b"a,b\n1,\xff\n", "ascii", 2),
    ],
)
def test_bytes_that_a_given_encoding_does_not_have_are_placed(
    tmp_path: Path, content: bytes, encoding: str, line: int
) -> None:
    with pytest.raises(
        BadInput, match=rf"t\.csv:{line}: expected text in {encoding.replace('-jis', '_jis')}, got other"
    ):
        read(tmp_path, content, encoding=encoding)


@pytest.mark.parametrize(
    "name", ["nonsense", "", "rot13", "idna", "unicode_escape", "hex", "zip", "a\0b", "../x", "undefined"]
)
def test_a_name_that_is_no_encoding_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match=r"^--encoding: expected the name of an encoding, got"):
        read(tmp_path, b"1,2\n", encoding=name)


def test_windows_1252_is_that_of_browsers() -> None:
    """https://encoding.spec.whatwg.org/index-windows-1252.txt: all but five bytes are those of Python's cp1252."""
    decode = encodings.Text("t", bytes(range(1, 256)), [], "cp1252")
    text = b"".join(decode).decode()
    assert text[0x80] == "\x81"
    assert text[0x7F] == "€"
    assert len(text) == 255
