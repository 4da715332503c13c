"""A table on a disk is the table that is in memory otherwise, and nothing is left of its files."""

import gzip
import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from errno import ENOMEM, ENOSPC, EPERM
from itertools import pairwise
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from kerash_cli.errors import BadInput, KerashError, OutOfSpace
from kerash_cli.tables import reading, spool
from kerash_cli.tables.joining import Joined
from kerash_cli.tables.labels import read_labels
from kerash_cli.tables.spool import Spool
from kerash_cli.tables.table import Table

CELLS = [None, "a", "", "ä\ud800", 'say "no"', "two\nlines", "a"]


@pytest.fixture
def disk(tmp_path: Path) -> Spool:
    (tmp_path / "disk").mkdir()
    return Spool(str(tmp_path / "disk"))


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces and chunks of few rows, so that small tables have several."""
    monkeypatch.setattr(spool, "PIECE", 256)
    monkeypatch.setattr(spool, "CHUNK", 4)
    monkeypatch.setattr("kerash_cli.tables.table.FEW_CELLS", 0)


def lines(rows: Iterable[Iterable[object]], separator: str = ",") -> str:
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


NUMBERS = np.random.default_rng(0).normal(size=(3000, 3)).round(3)
WORDS = [[f"{a:g}", ("red", "", "blue")[k % 3], f"n{k}", k] for k, (a, *_) in enumerate(NUMBERS)]
LATE = [[k, f"{k}.{'0' * 200}5"] for k in range(2_000)] + [["word", 1], [1e300, "NA"]]
DAYS = [[f"2024-01-{1 + k % 28:02}", f"{k},5", "$1"] for k in range(50)]
FILES: dict[str, str | bytes] = {
    "plain.csv": "a,b,c\n" + lines(NUMBERS),
    "whole.csv": lines([[k % 256, 0] for k in range(40_000)] + [[2**60, 7], [0.5, -1]]),
    "words.csv": "a,colour,name,n\n" + lines(WORDS),
    "late.csv": "a,b\n" + lines(LATE),  # longer than a block
    "quoted.csv": 'a,b\n"1\n",x\n\n2,"y,\nz"\n3,w\n',
    "notations.csv": "day;amount;price\n" + lines(DAYS, ";"),
    "rows.jsonl": "".join(json.dumps({"a": k, "b": str(k % 3), "c": None}) + "\n" for k in range(100)),
    "rows.json": json.dumps([{"a": k, "b": k % 2 > 0} for k in range(100)]),
    "rows.arff": "@relation r\n@attribute a numeric\n@attribute b {x,y}\n@data\n1,x\n2,y\n?,x\n",
    "rows.svm": "1 1:0.5 3:2\n0 2:1\n",
    "zipped.csv.gz": gzip.compress(("a,b,c\n" + lines(NUMBERS)).encode(), mtime=0),
}
ARRAYS = {
    "plain.npy": NUMBERS,
    "first.npy": np.asfortranarray(NUMBERS),
    "big.npy": NUMBERS.astype(">f4"),
    "images.npy": np.arange(240, dtype=np.uint8).reshape(10, 2, 3, 4),
    "fortran.npy": np.asfortranarray(np.arange(240, dtype=">i8").reshape(10, 2, 3, 4)),
    "flags.npy": NUMBERS > 0,
    "empty_columns.npy": np.arange(6.0),
}


def same(one: Table, other: Table) -> None:
    """The second one is on a disk, and else they are equal."""
    assert one.spool is None
    assert other.spool is not None
    assert one.numbers.dtype == other.numbers.dtype
    np.testing.assert_array_equal(one.numbers, other.numbers)
    assert one.numbers.flags.c_contiguous == other.numbers.flags.c_contiguous
    for ours, theirs in ((one.texts, other.texts), (one.written, other.written)):
        assert {place: [*cells] for place, cells in ours.items()} == {
            place: [*cells] for place, cells in theirs.items()
        }
    assert [*one.lines] == [*other.lines]
    for name in ("names", "sha256", "sample_shape", "declared", "missing", "notations", "unclear", "notes", "aside"):
        assert getattr(one, name) == getattr(other, name), name


def _cells(columns: Mapping[int, Sequence[str | None]]) -> dict[int, list[str | None]]:
    return {place: [*cells] for place, cells in columns.items()}


@pytest.mark.parametrize("name", [*FILES, *ARRAYS])
def test_it_is_read_as_into_memory(tmp_path: Path, disk: Spool, name: str) -> None:
    path = tmp_path / name
    if name in FILES:
        content = FILES[name]
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    else:
        np.save(path, ARRAYS[name])
    words = {"label": "a"} if name in ("plain.csv", "words.csv") else {}
    same(reading.read(str(path), **words), reading.read(str(path), **words, spool=disk))
    assert os.listdir(disk.folder) == []


def test_words_stay_words(tmp_path: Path, disk: Spool) -> None:
    (tmp_path / "t.csv").write_text("a,b,c\n" + lines(NUMBERS))
    given = {"categories": ("b",), "missing": ("NA",)}
    same(*(reading.read(str(tmp_path / "t.csv"), **given, spool=where) for where in (None, disk)))


def test_parquet_and_arrow(tmp_path: Path, disk: Spool) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import feather, parquet

    columns = {"a": NUMBERS[:, 0], "b": [("x", None, "y")[k % 3] for k in range(len(NUMBERS))]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet", row_group_size=500)
    feather.write_feather(pyarrow.table(columns), str(tmp_path / "t.arrow"), "uncompressed")
    for name in ("t.parquet", "t.arrow"):
        same(*(reading.read(str(tmp_path / name), spool=where) for where in (None, disk)))


def test_several_files(tmp_path: Path, disk: Spool) -> None:
    for number, part in enumerate(np.array_split(NUMBERS, 3)):
        (tmp_path / f"p{number}.csv").write_text("a,b,c\n" + lines(part))
    same(*(reading.read(str(tmp_path / "p*.csv"), spool=where) for where in (None, disk)))


def test_a_folder_of_images(tmp_path: Path, disk: Spool) -> None:
    for kind in ("cat", "dog"):
        (tmp_path / "images" / kind).mkdir(parents=True)
        for number in range(3):
            pixels = bytes(range(number, number + 6))
            (tmp_path / "images" / kind / f"{number}.pgm").write_bytes(b"P5 3 2 255\n" + pixels)
    same(*(reading.read(str(tmp_path / "images"), spool=where) for where in (None, disk)))


def test_a_pipe_is_copied_first(tmp_path: Path, disk: Spool) -> None:
    """Also one that is compressed, and one whose late cells make a column text, so that it is read twice."""
    for name in ("late.csv", "zipped.csv.gz"):
        content = FILES[name]
        path, fifo = tmp_path / name, tmp_path / f"{name}.fifo"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.mkfifo(fifo)
        writer = threading.Thread(target=lambda to=fifo, of=path: to.write_bytes(of.read_bytes()))
        writer.start()
        table = reading.read(str(fifo), spool=disk)
        writer.join()
        same(reading.read(str(path)), table)


def test_labels_in_a_file_of_their_own(tmp_path: Path, disk: Spool) -> None:
    (tmp_path / "x.csv").write_text("a,b,c\n" + lines(NUMBERS[:60]))
    (tmp_path / "y.txt").write_text("kind\n" + "yes\nno\n" * 30)
    table = reading.read(str(tmp_path / "x.csv"))
    same(*(read_labels(str(tmp_path / "y.txt"), table, None, None, spool=where) for where in (None, disk)))


def test_an_archive_of_arrays_is_refused(tmp_path: Path, disk: Spool) -> None:
    np.savez(tmp_path / "t.npz", X=NUMBERS)
    with pytest.raises(BadInput, match=r"t\.npz: --stream .*; try unzip \S*t\.npz"):
        reading.read(str(tmp_path / "t.npz"), spool=disk)


def test_rows_are_taken_as_from_memory(tmp_path: Path, disk: Spool) -> None:
    (tmp_path / "t.csv").write_text('a,colour,name,n\n\n"1\n",x,y,2\n' + lines(WORDS))
    one, other = (reading.read(str(tmp_path / "t.csv"), label="n", spool=where) for where in (None, disk))
    rows = np.random.default_rng(0).permutation(one.rows)[:1000]
    taken = other.take(rows)
    same(one.take(rows), taken)
    same(one.take(rows).take(rows[rows < 1000]), taken.take(rows[rows < 1000]))
    assert os.listdir(disk.folder) == []


def test_few_rows_are_taken_into_memory(tmp_path: Path, disk: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kerash_cli.tables.table.FEW_CELLS", 100)
    (tmp_path / "t.csv").write_text("a,colour,name,n\n" + lines(WORDS))
    table = reading.read(str(tmp_path / "t.csv"), spool=disk)
    assert table.take(np.arange(25)).spool is None
    assert table.take(np.arange(26)).spool is disk


def test_cells_are_those_that_were_appended(disk: Spool) -> None:
    column, other, log = disk.log().column(), None, disk.log()
    column, other = log.column(), log.column()
    for part in (CELLS, [], CELLS[:1], ["z"] * 3):
        column.extend(part)
        other.extend(part[::-1])
    expected = [*CELLS, None, "z", "z", "z"]
    assert [*column] == expected
    assert len(column) == len(expected)
    assert [column[row] for row in (7, 8, 0, 4, -1, 10, 3)] == [expected[row] for row in (7, 8, 0, 4, -1, 10, 3)]
    assert column[1:9:3] == expected[1:9:3]
    assert [*other] == [*CELLS[::-1], None, "z", "z", "z"]
    assert None in column
    assert "no such" not in column
    for row in (11, -12):
        with pytest.raises(IndexError):
            column[row]


def test_numbers_that_need_another_kind_change_all(disk: Spool) -> None:
    joined = Joined(spool=disk)
    parts = [np.array([[1, 2], [3, 4]], np.uint8), np.array([[2**60, 0]], np.uint64), np.array([[0.5, -1.0]])]
    for number, part in enumerate(parts):
        joined.add(Table("t", None, part, {}, range(10 * number, 10 * number + len(part)), spool=None))
    table = joined.table()
    assert table is not None
    assert table.numbers.dtype == np.float64
    assert table.numbers.tolist() == [[1, 2], [3, 4], [float(2**60), 0], [0.5, -1]]
    assert [*table.lines] == [0, 1, 10, 20]


def test_columns_side_by_side(disk: Spool) -> None:
    columns = [np.arange(100, dtype=np.uint8), np.arange(100) / 8]
    stacked = disk.stacked(columns)
    assert stacked.dtype == np.float64
    np.testing.assert_array_equal(stacked, np.stack(columns, axis=1))


def test_pieces_have_all_rows_once() -> None:
    for rows, row_size in ((0, 8), (1, 8), (31, 8), (32, 8), (33, 8), (17, 1000), (5, 0)):
        parts = [*spool.pieces(rows, row_size)]
        assert [row for part in parts for row in range(part.start, part.stop)] == [*range(rows)]
        assert all(one.stop == two.start for one, two in pairwise(parts))
        assert all(part.stop - part.start <= max(1, 256 // max(1, row_size)) for part in parts)


def test_a_disk_without_room_is_told_before_rows_are_written(
    tmp_path: Path, disk: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.csv").write_text("a,b,c\n" + lines(NUMBERS))
    monkeypatch.setattr(Spool, "_free", lambda self: 1000)
    with pytest.raises(OutOfSpace, match=r"disk: expected room for [0-9.]+ kB of rows, got 1 kB free; try"):
        reading.read(str(tmp_path / "t.csv"), spool=disk)


@pytest.mark.parametrize("writes", [lambda disk: disk.copied([b"1"]), lambda disk: disk.log().append(["a"])])
def test_a_disk_that_becomes_full_is_told(
    disk: Spool, monkeypatch: pytest.MonkeyPatch, writes: Callable[[Spool], object]
) -> None:
    class Full:
        def write(self, content: bytes) -> int:
            raise OSError(ENOSPC, "full")

        def close(self) -> None:
            """Does nothing."""

    monkeypatch.setattr(Spool, "file", lambda self: Full())
    monkeypatch.setattr(Spool, "file_of", lambda self, owner: Full())
    with pytest.raises(OutOfSpace, match="disk: expected room"):
        writes(disk)


def test_cells_that_a_disk_loses_are_told(disk: Spool) -> None:
    log = disk.log()
    begin, _ = log.append(["a", "b"])
    os.truncate(log._file.fileno(), 20)
    with pytest.raises(KerashError, match="disk: the disk lost cells"):
        log.read(begin)


def test_an_array_has_its_room_before_it_is_written(disk: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int, size: int) -> None:
        raise OSError(ENOSPC, "full")

    monkeypatch.setattr(spool, "set_aside", full)
    with pytest.raises(OutOfSpace, match="disk: expected room for 800 bytes"):
        disk.array((100,), np.float64)


def test_an_array_may_have_no_rows(disk: Spool) -> None:
    assert disk.array((0, 3), np.uint8).shape == (0, 3)
    assert disk.taken(NUMBERS, np.arange(0)).tolist() == []


def test_limited_addresses_are_told(disk: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    code = ENOMEM

    def refused(file: IO[bytes], size: int) -> None:
        raise OSError(code, "no addresses")

    monkeypatch.setattr(spool.mmap, "mmap", refused)
    with pytest.raises(OutOfSpace, match=r"800 bytes .* address space .* larger ulimit -v"):
        disk.array((100,), np.float64)
    code = EPERM
    with pytest.raises(PermissionError):
        disk.array((100,), np.float64)


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(KerashError, match=r"gone: can't be written .*; try --mountpoint"):
        Spool(str(tmp_path / "gone")).file()
