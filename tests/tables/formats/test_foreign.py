"""Files are made by libraries that know their formats, else of their magic bytes; commands are run by a shell."""

import bz2
import csv
import gzip
import io
import json
import lzma
import pickle
import random
import shutil
import sqlite3
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from kerash_cli.tables.formats.foreign import Foreign, foreign
from kerash_cli.tables.formats.foreign.encodings import iconv, line_ends

ROWS = [["a", "b c", "y"], ["0", "red, or green", "0"], ["1.5", "grün", "1"], ["-2", 'say "x"', "0"], ["3e-5", "", "1"]]
RECORDS: list[dict[str, object]] = [
    {"a": 0, "b c": "red, or green", "y": 0},
    {"a": 1.5, "y": 1, "more": True},
    {"b c": "grün", "a": -2, "y": None},
]
RECORD_ROWS = [
    ["a", "b c", "y", "more"],
    ["0", "red, or green", "0", ""],
    ["1.5", "", "1", "True"],
    ["-2", "grün", "", ""],
]


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
    "a bzip2 file": bz2.compress,
    "an xz file": lzma.compress,
    "an lzma file": lambda content: lzma.compress(content, lzma.FORMAT_ALONE),
    "a zstd file": piped("zstd", "-qc"),
    "an lz4 file": piped("lz4", "-qc"),
    "a file from compress (.Z)": piped("compress", "-fc"),
    "an lzip file": piped("lzip", "-c"),
    "gzip within gzip": gzip.compress,
    "a zip archive": lambda content: zipped({"t.csv": content}),
    "UTF-16 text": lambda content: content.decode().encode("utf-16"),
    "UTF-32 text": lambda content: content.decode().encode("utf-32"),
}


@pytest.mark.parametrize("name", COMPRESSED)
def test_a_table_in_another_form_comes_out_of_its_command(name: str) -> None:
    content = COMPRESSED[name](text())
    assert named(content) == name
    assert run(foreign(content), content).decode().removeprefix("\ufeff") == text().decode()


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress])
def test_an_empty_compressed_file_is_told(compress: Callable[[bytes], bytes]) -> None:
    assert run(foreign(compress(b"")), compress(b"")) == b""


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_text_without_a_byte_order_mark_is_told(encoding: str) -> None:
    content = text().decode().encode(encoding)
    assert named(content) == f"{encoding[:6].upper()} text"
    assert table(run(foreign(content), content)) == ROWS


MAGIC = {
    "a file from compress (.Z)": b"\x1f\x9d\x90a",
    "an lzip file": b"LZIP\x01\x0c",
    "a 7z archive": b"7z\xbc\xaf\x27\x1c\0\4",
    "a RAR archive": b"Rar!\x1a\x07\x01\0",
    "an old Excel workbook (.xls)": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(24),
    "a Parquet file": b"PAR1\x15\x04\x15\x10",
    "an Arrow (Feather) file": b"ARROW1\0\0\xff\xff\xff\xff",
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
        ("a.npz", "an .npz archive"),
        ("-", "a zip archive"),
    ],
)
def test_a_beginning_of_a_zip_archive_is_told_by_its_path(path: str, name: str) -> None:
    assert named(b"PK\x03\x04abc", path) == name


def test_the_one_array_of_an_npz_archive_comes_out() -> None:
    file = io.BytesIO()
    np.savez(file, x=np.arange(6.0).reshape(2, 3))
    assert named(file.getvalue()) == "an .npz archive"
    array = run(foreign(file.getvalue()), file.getvalue())
    assert np.load(io.BytesIO(array)).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_an_archive_of_more_files_than_its_head_shows_gives_nothing_but_an_error() -> None:
    content = zipped({"a.csv": random.Random(0).randbytes(5000), "b.csv": b"2"})
    filter = told(content[:4096]).filter
    done = subprocess.run(["sh", "-c", filter], input=content, capture_output=True, check=False)
    assert done.returncode
    assert done.stdout == b""


JSON = {
    "JSON lines": "\n".join(map(json.dumps, RECORDS)),
    "JSON lines with blank lines": "\n" + "\n\n".join(json.dumps(each, ensure_ascii=False) for each in RECORDS) + "\n",
    "JSON lines of Windows": "\r\n".join(map(json.dumps, RECORDS)) + "\r\n",
    "JSON lines after a mark": "\ufeff" + "\n".join(map(json.dumps, RECORDS)),
    "an array": json.dumps(RECORDS),
    "an array over lines": json.dumps(RECORDS, indent=2) + "\n",
}


@pytest.mark.parametrize("name", JSON)
def test_json_objects_become_rows_with_a_column_for_each_key(name: str) -> None:
    content = JSON[name].encode()
    assert named(content) == ("a JSON array of objects" if "array" in name else "JSON lines")
    assert table(run(foreign(content), content)) == RECORD_ROWS
    if "array" in name:
        assert foreign(content[:60]) == foreign(content)


NUMBERS = [[1, 2.5, "x"], [3, -4, "y, z"], [5, 6e-7, ""]]
NUMBER_ROWS = [["1", "2.5", "x"], ["3", "-4", "y, z"], ["5", "6e-07", ""]]


def test_json_arrays_become_rows() -> None:
    for content in (json.dumps(NUMBERS), json.dumps(NUMBERS, indent=1), "\n".join(map(json.dumps, NUMBERS))):
        assert table(run(foreign(content.encode()), content.encode())) == NUMBER_ROWS


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
        '{"a": {"b": 1}}\n{"a": {"b": 2}}\n',
        '{"type": "x", "features": [{"a": 1}]}',
        '{\n "a": 1,\n "b": [',
        "[]",
        "[" * 99999,
    ],
    ids=["nested lines", "nested", "cut", "empty", "deep"],
)
def test_json_that_is_no_table_has_advice_only(content: str) -> None:
    found = foreign(content.encode())
    assert found is None or (found.name.startswith("JSON") and not found.filter and found.advice)
    assert found is not None or content.startswith("[[")


ARFF = """\
% about

@RELATION 'the relation'
@attribute a numeric
@Attribute 'b c' {red,'light green'}
@attribute\t"d, e"\tSTRING
  @attribute y {0,1}

@DATA
% more
1,red,'x, y',0
2.5, 'light green' , ?,1

-3,red,"it's",0
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_an_arff_file_becomes_a_table_with_its_attributes_as_header(line_end: str) -> None:
    content = ARFF.replace(" , ?", ", ?").replace("\n", line_end).encode()
    assert named(content) == "an ARFF file"
    rows = table(run(foreign(content), content))
    assert rows == [
        ["a", "b c", "d, e", "y"],
        ["1", "red", "x,y", "0"],
        ["2.5", "light green", "?", "1"],
        ["-3", "red", "it's", "0"],
    ]


def test_a_sparse_arff_file_has_advice_only() -> None:
    sparse = b"@relation r\n@attribute a numeric\n@attribute b numeric\n@data\n% x\n{0 1, 1 2}\n"
    assert named(sparse) == "a sparse ARFF file"
    filter = told(sparse[:30]).filter
    done = subprocess.run(["sh", "-c", filter], input=sparse, capture_output=True, check=False)
    assert table(done.stdout) == [["a", "b"]]


@pytest.mark.parametrize("zero_based", [True, False])
def test_libsvm_lines_become_a_dense_table_with_its_labels_first(zero_based: bool) -> None:
    rng = np.random.default_rng(3)
    values = np.where(rng.random((9, 6)) < 0.5, rng.standard_normal((9, 6)).round(3), 0)
    values[0, [0, 5]] = 1
    file = io.BytesIO()
    dump_svmlight_file(values, rng.integers(0, 2, 9), file, zero_based=zero_based)
    assert named(file.getvalue()) == "LIBSVM's format"
    header, *rows = table(run(foreign(file.getvalue()), file.getvalue()))
    assert header == ["label", *(f"x{index}" for index in range(1 - zero_based, 7 - zero_based))]
    inputs, labels = load_svmlight_file(io.BytesIO(file.getvalue()), zero_based=zero_based)
    assert np.array(rows, float).tolist() == np.column_stack([labels, inputs.toarray()]).tolist()


def test_libsvm_lines_may_have_signs_comments_and_no_pairs() -> None:
    content = b"+1 1:0.5 3:1e-3 # first\n-1 \n\n+1 2:-7\n"
    assert foreign(b"# made by hand\n" + content) is None
    assert table(run(foreign(content), content)) == [
        ["label", "x1", "x2", "x3"],
        ["+1", "0.5", "0", "1e-3"],
        ["-1", "0", "0", "0"],
        ["+1", "0", "-7", "0"],
    ]


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
    starts = [*MAGIC.values(), *TABLES.values(), ARFF.encode()]
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
    assert foreign(b"1 " + b"1:12345678 " * 3000 + b"x\n") is None


def test_commands_are_short_and_can_be_pasted() -> None:
    contents = [*JSON.values(), ARFF, "1 1:0.5\n", json.dumps(NUMBERS), '{"a": [1], "b": [2]}', '{"a": {"0": 1}}']
    for content in [*map(str.encode, contents), zipped({"a": b"1"})]:
        command = told(content).filter
        assert len(command) <= 300
        assert command.count("'") == 2
        assert command.isprintable()


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_a_text_of_one_byte_a_letter_becomes_utf8(encoding: str) -> None:
    letters = "grün, 5 €, naïve" if encoding == "cp1252" else "grün\x81\x8d\x90"
    content = letters.encode(encoding)
    assert run(Foreign("", iconv(content)), content).decode() == letters


@pytest.mark.parametrize("content", [b"a,b\r1,2\r3,4\r", b"a,b\r1,2\r\n3,4\n"], ids=["CR", "mixed"])
def test_cr_line_ends_become_lf(content: bytes) -> None:
    assert run(Foreign("", line_ends(content)), content) == b"a,b\n1,2\n3,4\n"
