"""Compressed files are made by the modules of Python, by the package `zstandard` and by the programs of that name."""

import bz2
import gzip
import lzma
import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from packed import COMPRESSIONS, packed
from streamed import stream
from test_source import needs_proc, refused_by_another

from kerash_cli.errors import BadInput
from kerash_cli.tables import compression, reading, source

TABLE = b"1,2\n3,4\n"


@pytest.fixture(params=COMPRESSIONS)
def codec(request: pytest.FixtureRequest) -> str:
    """The name of each compression."""
    name: str = request.param
    packed(name, b"")  # skips what is not installed
    return name


def read(path: Path, content: bytes) -> list[list[float]]:
    path.write_bytes(content)
    numbers: list[list[float]] = reading.read(str(path)).numbers.tolist()
    return numbers


def test_every_compression_is_tested() -> None:
    assert {codec.name for codec in compression.CODECS} == COMPRESSIONS.keys(), "write how such a file is made"


@pytest.mark.parametrize("name", ["t.csv.packed", "t.csv"])
def test_a_compression_is_known_by_its_bytes(codec: str, tmp_path: Path, name: str) -> None:
    assert read(tmp_path / name, packed(codec, TABLE)) == [[1, 2], [3, 4]]


@pytest.mark.parametrize("piece", [1, 7, 1 << 18])
def test_several_files_put_together_are_one(
    codec: str, tmp_path: Path, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "PIECE", piece)
    parts = packed(codec, b"1,2\n3,") + packed(codec, b"") + packed(codec, b"4\n")
    assert read(tmp_path / "t", parts + b"\0" * 20) == [[1, 2], [3, 4]]


def test_a_large_table_comes_out_whole(codec: str, tmp_path: Path) -> None:
    rows = [[row, row * row] for row in range(100_000)]
    assert read(tmp_path / "t", packed(codec, "".join(f"{a},{b}\n" for a, b in rows).encode())) == rows


@pytest.mark.parametrize("cut", [-9, -1])
def test_a_file_that_stops_early_is_refused(codec: str, tmp_path: Path, cut: int) -> None:
    with pytest.raises(BadInput, match=rf"t: the {codec} file is truncated; try another copy of it$"):
        read(tmp_path / "t", packed(codec, b"1,2\n" * 100)[:cut])


def test_a_damaged_file_is_refused(codec: str, tmp_path: Path) -> None:
    content = bytearray(packed(codec, b"".join(b"%d,2\n" % row for row in range(3000))))
    content[20:40] = b"\xff" * 20
    with pytest.raises(BadInput, match=rf"t: the {codec} file is damaged"):
        read(tmp_path / "t", content)


def test_other_bytes_behind_are_refused(codec: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=rf"t: the {codec} file is damaged"):
        read(tmp_path / "t", packed(codec, TABLE) + b"more of something else")


def test_rows_of_a_compressed_stream_are_there_when_they_arrive(codec: str, pipe: tuple[str, int]) -> None:
    path, writing = pipe
    os.write(writing, packed(codec, TABLE))
    blocks = stream(path)
    assert next(blocks).numbers.tolist() == [[1, 2], [3, 4]]
    os.write(writing, packed(codec, b"5,6\n"))
    assert next(blocks).numbers.tolist() == [[5, 6]]
    os.close(writing)
    assert list(blocks) == []


@pytest.mark.parametrize("outer", ["gzip", "bzip2"])
def test_a_file_compressed_twice_has_the_command_for_the_outer_one(codec: str, outer: str, tmp_path: Path) -> None:
    path, content = tmp_path / "t", packed(outer, packed(codec, TABLE))
    with pytest.raises(BadInput, match=rf"t: expected a table, got {codec} within {outer}$") as error:
        read(path, content)
    (repair,) = error.value.repairs
    if shutil.which(repair.filter.split()[0]) is None:
        pytest.skip(f"{repair.filter} is not installed")
    once = subprocess.run(["sh", "-c", repair.filter], input=content, capture_output=True, check=True).stdout
    assert once == packed(codec, TABLE)


BOMBS: dict[str, Callable[[], bytes]] = {
    "bzip2": lambda: bz2.compress(b"0\n" * (64 << 20)),
    "xz": lambda: lzma.compress(b"0\n" * (64 << 20), preset=0),
    "zstd": lambda: packed("zstd", b"0\n" * (64 << 20)),
    "zstd of blocks that repeat a byte": lambda: rle_blocks(1000),
}


def rle_blocks(count: int) -> bytes:
    """A zstd frame by RFC 8878: a window of 128 KiB, then blocks of 4 bytes, each a newline that many times."""
    packed("zstd", b"")  # skips where zstd can't be read
    header = b"\x28\xb5\x2f\xfd\x00\x38"
    return header + b"".join(
        ((128 << 10) << 3 | 1 << 1 | (number == count - 1)).to_bytes(3, "little") + b"\n" for number in range(count)
    )


@pytest.mark.parametrize("name", [pytest.param("bzip2", marks=pytest.mark.long), *[*BOMBS][1:]])
@needs_proc
def test_a_bomb_is_refused_in_little_memory(tmp_path: Path, environment: dict[str, str], name: str) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(BOMBS[name]())
    message, megabytes = refused_by_another(path, environment)
    assert message == f"{path}: decompresses to more than 256 times its size, as no table does; if that is right"
    assert megabytes < 64


def test_an_xz_file_that_needs_much_memory_is_refused(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 256 << 20, "mode": lzma.MODE_FAST, "mf": lzma.MF_HC3}]
    content = bytearray(lzma.compress(TABLE, filters=[{**filters[0], "dict_size": 1 << 16}]))
    place = content.index(b"\x21\x01\x08")  # LZMA2, a property of one byte, 2^16
    content[place + 2] = 32  # 2^28, by the table of the .xz format
    header = (content[12] + 1) * 4
    content[12 + header - 4 : 12 + header] = zlib.crc32(content[12 : 12 + header - 4]).to_bytes(4, "little")
    with pytest.raises(BadInput, match="needs more than 128 MiB of memory") as error:
        read(tmp_path / "t", bytes(content))
    assert error.value.repairs[0].filter == "xz -dc"


def test_zstd_without_its_package_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("zstandard", "compression", "compression.zstd"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        BadInput, match=r"t: a zstd file needs a package: pip install 'kerash\[zstd\]' installs it$"
    ) as e:
        read(tmp_path / "t", b"\x28\xb5\x2f\xfd" + bytes(30))
    assert e.value.repairs[0].filter == "zstd -dc"


@pytest.mark.parametrize("start", [b"BZh9,1\n2,3\n", b"P,Q\n1,2\n", b"]\n1\n", b"(,)\n1,2\n", b"BZh9", b"\xfd"])
def test_text_that_begins_like_a_compressed_file_is_text(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "t").write_bytes(start)
    with source.opened(str(tmp_path / "t")) as opened:
        assert opened.codec is None
        assert b"".join(opened) == start


def test_the_digest_is_that_of_the_compressed_bytes(tmp_path: Path) -> None:
    """Computed by sha256sum of the file that `printf '1\\n' | gzip -n` writes."""
    path = tmp_path / "t"
    path.write_bytes(gzip.compress(b"1\n", mtime=0))
    told = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout
    assert reading.read(str(path)).sha256 == told.split()[0]
