"""A glimpse at a table, compared with the whole table as it is read."""

import gzip
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT

from kerash_cli.tables import reading
from kerash_cli.tables.glimpse import MOST_BYTES, NONE, Glimpse, columns

TABLES = {
    "commas": "a,b,y\n1,2,x\n3,4,z\n5,6,x\n",
    "semicolons and decimal commas": "a;b;y\n1,5;2,5;x\n3,5;4,5;z\n5,5;6,5;x\n",
    "tabs": "a\tb c\ty\n1\t2\tx\n3\t4\tz\n5\t6\tz\n",
    "pipes": "a|b|y\n1|2|x\n3|4|z\n5|6|z\n",
    "blanks": "a b y\n1 2 3\n3 4 5\n",
    "no header": "1,2,x\n3,4,z\n5,6,x\n",
    "numbers alone": "1 2 3\n4 5 6\n7 8 9\n",
    "quotes": '"a, b","c ""d""",y\n1,2,x\n3,4,z\n5,6,x\n',
    "a name on two lines": '"a\nb",y\n1,2\n3,4\n5,6\n',
    "blank lines and carriage returns": "\r\n\r\na,b\r\n1,2\r\n3,4\r\n",
    "comments": "# made by hand\n# twice\na,b\n1,2\n3,4\n",
    "a header with a number sign": "#a,b\n1,2\n3,4\n",
    "the separator in the first line": "sep=;\na;b\n1;2\n3;4\n",
    "names twice": "a,a,b,a_2\n1,2,3,4\n3,4,5,6\n",
    "blanks and single quotes around names": " a ,'b c'\n1,2\n3,4\n",
    "names of rows": "a,b\nr1,1,2\nr2,3,4\nr3,5,6\n",
    "a separator at the end of rows": "a,b,\n1,2,\n3,4,\n",
    "dates": "day,y\n2024-01-02,1\n2024-01-03,2\n",
    "money": "price,y\n$1.50,a\n$2.50,b\n$1.50,a\n",
    "gaps": "a,b\n,1\nNA,2\n3,4\n",
    "letters": "größe,año\n1,2\n3,4\n",
    "JSON lines": '{"a b": 1, "c": "x"}\n{"a b": 2, "d": null}\n',
    "one JSON array": '[{"a": 1, "b": "x"},\n {"a": 2, "b": "y"}]\n',
    "JSON arrays with a header": '["a", "b"]\n[1, 2]\n[3, 4]\n',
    "JSON arrays": "[1, 2]\n[3, 4]\n",
    "ARFF": "% about\n@relation r\n@attribute 'a b' numeric\n@ATTRIBUTE c {x, y}\n@data\n1,x\n2,y\n",
}


def whole(path: Path, **options: Any) -> Glimpse:
    table = reading.read(str(path), **options)
    return Glimpse(table.names, table.width)


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES)
def test_the_columns_are_those_of_the_table(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t"
    path.write_bytes(text.encode())
    assert columns(str(path)) == whole(path)


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "data").glob("*.[cd]*")))
def test_the_columns_of_the_bundled_tables(name: str) -> None:
    path = ROOT / "data" / name
    assert columns(str(path)) == whole(path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings_are_recognised(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("größe,b\n1,2\n3,4\n".encode(encoding))
    assert columns(str(path)) == (("größe", "b"), 2)


def test_compressed_files_patterns_and_arrays(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"part-{number}.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n3,4\n"))
    np.save(tmp_path / "x.npy", np.zeros((3, 4)))
    assert columns(str(tmp_path / "part-1.csv.gz")) == (("a", "b"), 2)
    assert columns(str(tmp_path / "part-*.csv.gz")) == (("a", "b"), 2)
    assert columns(str(tmp_path / "x.npy")) == (None, 4)


def test_the_options_of_the_line_count(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("about this\n'a,b';c\n1;2\n3;4\n")
    assert columns(str(path), skip_rows=1, delimiter="semicolon") == (("a,b", "c"), 2)
    path.write_text("1990,1991\n3,4\n")
    assert columns(str(path), header=True) == (("1990", "1991"), 2)
    path.write_text("a,b\n3,4\n")
    assert columns(str(path), header=False) == (None, 2)
    path.write_text('"a,b"\n1,2\n')
    assert columns(str(path), quotes=False).names == ('"a', 'b"')


def test_what_is_no_table_has_no_columns_and_is_no_error(tmp_path: Path) -> None:
    for name, content in {
        "empty": b"",
        "binary": b"PK\x03\x04\0\0\0",
        "page": b"<!DOCTYPE html><p>a,b</p>\n",
        "sparse": b"1 1:0.5 3:2\n0 2:1\n",
        "deep": b"[" * 100_000,
        "truncated.gz": gzip.compress(os.urandom(100))[:20],
    }.items():
        (tmp_path / name).write_bytes(content)
        assert columns(str(tmp_path / name)) == NONE, name
    (tmp_path / "loop").symlink_to("loop")
    for name in ("none", "loop", "", "\0", "x" * 10_000):
        assert columns(str(tmp_path / name)) == NONE
    assert columns(str(tmp_path), encoding="no-such") == NONE


def test_a_pipe_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    asking = threading.Thread(target=columns, args=[str(tmp_path / "pipe")], daemon=True)
    asking.start()
    asking.join(20)
    assert not asking.is_alive()


def test_no_more_than_the_beginning_is_read(tmp_path: Path) -> None:
    """A file of a terabyte, most of it a hole, and 64 MB in a small gzip file."""
    with (tmp_path / "long.csv").open("wb") as file:
        file.write(b"a,b\n" + b"1,2\n" * 100)
        file.truncate(1 << 40)
    assert columns(str(tmp_path / "long.csv"), encoding="utf-8") == (("a", "b"), 2)
    with gzip.open(tmp_path / "bomb.gz", "wb", compresslevel=1) as file:
        for _ in range(64):
            file.write(b"7" * MOST_BYTES)
    assert columns(str(tmp_path / "bomb.gz")).width <= 1


def test_a_few_rows_tell_the_columns_of_a_wide_table(tmp_path: Path) -> None:
    names = [f"gene{number}" for number in range(20_000)]
    rows = [",".join([f"row{place}", *["0.25"] * len(names)]) for place in range(9)]
    path = tmp_path / "wide.csv"
    path.write_text("\n".join([",".join(names), *rows]), encoding="ascii")
    assert columns(str(path)) == (("", *names), 20_001)
    path.write_text("\n".join([",".join(["name", *names]), *rows]), encoding="ascii")
    assert columns(str(path)) == (("name", *names), 20_001)
    path.write_text("\n".join(rows), encoding="ascii")
    assert columns(str(path)) == (None, 20_001)
