"""Files are made by libraries that know their formats, else of their magic bytes; commands are run by a shell."""

import csv
import io
import json
import pickle
import random
import shutil
import sqlite3
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from kerash_cli.tables.formats.foreign import Foreign, binaries, texts

ROWS = [["a", "b c", "y"], ["0", "red, or green", "0"], ["1.5", "grün", "1"], ["-2", 'say "x"', "0"], ["3e-5", "", "1"]]


def foreign(head: bytes, path: str = "") -> Foreign | None:
    """What a file is recognised as that begins with these bytes."""
    return binaries.binary(head, path) or texts.text(head)


def text(rows: Sequence[Sequence[str]] = ROWS) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue().encode()


def table(made: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(made.decode(), newline="")))


def told(content: bytes, path: str = "") -> Foreign:
    found = foreign(content, path)
    assert found is not None
    return found


def named(content: bytes, path: str = "") -> str:
    return told(content, path).name


def run(found: Foreign | None, content: bytes) -> bytes:
    assert found is not None
    assert found.filter
    if shutil.which(found.filter.split()[0]) is None:
        pytest.skip(f"{found.filter.split()[0]} is not installed")
    done = subprocess.run(["sh", "-c", found.filter], input=content, capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def piped(*command: str) -> Callable[[bytes], bytes]:
    """What a program makes of a text; a skip where it is not installed."""

    def made(content: bytes) -> bytes:
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not installed")
        return subprocess.run(command, input=content, capture_output=True, check=True).stdout

    return made


COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "an lz4 file": piped("lz4", "-qc"),
    "a file from compress (.Z)": piped("compress", "-fc"),
    "an lzip file": piped("lzip", "-c"),
    "a zip archive": lambda content: zipped({"t.csv": content}),
}


@pytest.mark.parametrize("name", COMPRESSED)
def test_a_table_in_another_form_comes_out_of_its_command(name: str) -> None:
    content = COMPRESSED[name](text())
    assert named(content) == name
    assert run(foreign(content), content).decode().removeprefix("\ufeff") == text().decode()


MAGIC = {
    "a file from compress (.Z)": b"\x1f\x9d\x90a",
    "an lzip file": b"LZIP\x01\x0c",
    "a 7z archive": b"7z\xbc\xaf\x27\x1c\0\4",
    "a RAR archive": b"Rar!\x1a\x07\x01\0",
    "an old Excel workbook (.xls)": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(24),
    "a Feather file of version 1": b"FEA1\0\0\0\0",
    "an ORC file": b"ORC\0\x11\0\0",
    "an Avro file": b"Obj\x01\x04\x14avro.codec",
    "a MATLAB file (.mat)": b"MATLAB 5.0 MAT-file, Platform: GLNXA64",
    "an HDF5 file": b"\x89HDF\r\n\x1a\n\0\0",
    "a NetCDF file": b"CDF\x01\0\0\0\0",
    "a PDF document": b"%PDF-1.7\n%\xb5\xb5",
    "an SPSS file (.sav)": b"$FL2@(#) SPSS DATA FILE",
    "a Stata file (.dta)": b"<stata_dta><header><release>118",
    "a SAS file (.sas7bdat)": bytes(12) + b"\xc2\xea\x81\x60\xb3\x14\x11\xcf",
    "an image": b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR",
    "an HTML page": b"\n<!DOCTYPE html>\n<html><body>404</body></html>",
    "an XML file": b'<?xml version="1.0"?>\n<rows><row a="1"/></rows>',
    "an RTF document": b"{\\rtf1\\ansi 1 2 3}",
    "a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n",
}


@pytest.mark.parametrize("name", MAGIC)
def test_a_format_is_told_by_its_first_bytes_and_has_a_way_out(name: str) -> None:
    found = told(MAGIC[name])
    assert found.name == name
    assert found.filter or found.advice


@pytest.mark.parametrize(
    "page", ["<html>", "  <HTML lang=en>", "<table border=1>", "<!-- saved --><html>", '<?xml version="1.0"?><html>']
)
def test_web_pages_are_told(page: str) -> None:
    assert named(page.encode()) == "an HTML page"


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickles_are_told(protocol: int) -> None:
    assert named(pickle.dumps({"a": [1, 2]}, protocol)) == "a Python pickle"


@pytest.mark.parametrize("head", [b"X\n\0\0\0\2\0\3", b"RDX3\nX\n\0\0\0\3", b"A\n3\n263168\n197888\n5\n"])
def test_files_from_r_are_told(head: bytes) -> None:
    assert named(head) == "a file from R (.rds, .RData)"


def test_a_database_of_sqlite_is_told(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "d") as connection:
        connection.execute("create table t (a, b)")
    connection.close()
    assert named((tmp_path / "d").read_bytes()) == "an SQLite database"


def test_a_tar_archive_is_told() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("t.csv"), io.BytesIO(b""))
    assert named(file.getvalue()) == "a tar archive"


ZIPPED = {
    "an Excel workbook": {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"},
    "a Word document": {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<document/>"},
    "an OpenDocument file": {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b""},
    "a PyTorch file": {"model/data.pkl": b"\x80\x02}", "model/data/0": b"1"},
    "a zip archive": {"a.csv": b"1", "b.csv": b"2"},
}


@pytest.mark.parametrize("name", ZIPPED)
def test_zip_archives_are_told_by_what_is_in_them(name: str) -> None:
    method = zipfile.ZIP_STORED if name == "an OpenDocument file" else zipfile.ZIP_DEFLATED
    found = told(zipped(ZIPPED[name], method))
    assert (found.name, found.filter) == (name, "")
    assert found.advice


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("d/a.xlsx", "an Excel workbook"),
        ("A.ODS", "an OpenDocument file"),
        ("-", "a zip archive"),
    ],
)
def test_a_beginning_of_a_zip_archive_is_told_by_its_path(path: str, name: str) -> None:
    assert named(b"PK\x03\x04abc", path) == name


def test_an_archive_of_more_files_than_its_head_shows_gives_nothing_but_an_error() -> None:
    content = zipped({"a.csv": random.Random(0).randbytes(5000), "b.csv": b"2"})
    filter = told(content[:4096]).filter
    done = subprocess.run(["sh", "-c", filter], input=content, capture_output=True, check=False)
    assert done.returncode
    assert done.stdout == b""


NUMBERS = [[1, 2.5, "x"], [3, -4, "y, z"], [5, 6e-7, ""]]
NUMBER_ROWS = [["1", "2.5", "x"], ["3", "-4", "y, z"], ["5", "6e-07", ""]]


def test_json_by_columns_becomes_rows() -> None:
    for column in (lambda values: values, lambda values: {str(row): value for row, value in enumerate(values)}):
        content = json.dumps(
            {name: column(values) for name, values in zip("abc", zip(*NUMBERS, strict=True), strict=True)}
        )
        assert named(content.encode()) == "JSON by columns"
        assert table(run(foreign(content.encode()), content.encode())) == [["a", "b", "c"], *NUMBER_ROWS]


@pytest.mark.parametrize(
    "content",
    [
        '{"type": "x", "features": [{"a": 1}]}',
        '{\n "a": 1,\n "b": [',
        "[]",
        "[" * 99999,
    ],
    ids=["nested", "cut", "empty", "deep"],
)
def test_json_that_is_no_table_has_advice_only(content: str) -> None:
    found = foreign(content.encode())
    assert found is None or (found.name.startswith("JSON") and not found.filter and found.advice)
    assert found is not None or content.startswith("[[")


TABLES = {
    "quoted": b'"a","b c",y\n1,"x, y",0\n',
    "tabs": b"a\tb\n1\t2\n",
    "numbers": b"1,2,3\n4,5,6\n",
    "one number": b"5",
    "sep": b"sep=;\na;b\n1;2\n",
    "comment": b"# made by hand\na,b\n1,2\n",
    "percent sign": b"% made by hand\n1 2\n",
    "at signs": b"@id,@type\n1,2\n",
    "a relation": b"@relation,b\n1,2\n",
    "a brace": b"{a},b\n1,2\n",
    "JSON in a cell": b'{"a": 1},5\n{"a": 2},6\n',
    "quoted JSON": b'"{""a"": 1}",5\n',
    "brackets of NumPy": b"[[1 2]\n [3 4]]\n",
    "a bracket": b"[1],2\n",
    "tensor": b"2 2 1\n1 2 3 4\n",
    "times": b"12:30 1 2\n12:31 3 4\n",
    "times behind": b"5 12:30 13:45\n6 12:31 14:00\n",
    "one time": b"5 12:30\n6 13:31\n",
    "pairs that go down": b"1 3:0.5 2:0.5\n",
    "words with colons": b"a:b c:d\n",
    "a mark": b"\xef\xbb\xbfa,b\n1,2\n",
    "names of formats": b"PAR1,PAR2,ORC,FEA1\n1,2,3,4\n",
    "PAR1": b"PAR1\n1\n2\n",
    "BZh": b"BZh9,PK,7z,CDF\n1,2,3,4\n",
    "a letter as header": b"A\n2\n123456\n123457\n",
    "less than": b"<5,>6\n1,2\n",
    "Windows-1252": b"a,b\n1,gr\xfc\n",
    "euro sign of Windows-1252": b"\x80 5,\x80 6\n",
    "lone CR": b"a,b\r1,2\r",
    "empty": b"",
    "blank": b"\n\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_no_foreign_format(name: str) -> None:
    assert foreign(TABLES[name]) is None
    assert foreign(TABLES[name] * 500) is None


def test_random_bytes_never_raise() -> None:
    rng = random.Random(5)
    starts = [*MAGIC.values(), *TABLES.values()]
    starts += [b"PK\x03\x04", b"[", b"{", b'{"a":', b"@relation x\n", b"1 1:"]
    for _ in range(2000):
        start = bytearray(rng.choice(starts))
        for _ in range(rng.randrange(3)):
            if start:
                start[rng.randrange(len(start))] = rng.randrange(256)
        letters = rng.choice([bytes(range(256)), b'{}[]",:\n 01.a\\', b"1:2 \n", b"\0a"])
        content = bytes(start) + bytes(rng.choices(letters, k=rng.randrange(200)))
        found = foreign(content, rng.choice(["", "a.xlsx", "-"]))
        assert found is None or found.filter or found.advice


def test_lines_that_could_be_matched_in_many_ways_take_no_longer() -> None:
    assert foreign(b" \n" * 3000 + b"%  \n" * 3000 + b"x") is None


def test_commands_are_short_and_can_be_pasted() -> None:
    contents = ['{"a": [1], "b": [2]}', '{"a": {"0": 1}}']
    for content in [*map(str.encode, contents), zipped({"a": b"1"})]:
        command = told(content).filter
        assert len(command) <= 300
        assert command.count("'") == 2
        assert command.isprintable()
