"""NumPy's .npz, a zip archive of .npy files: one array, or the inputs and the labels of the same rows.

Inputs are called X, x or data; labels are called y, label, labels, target or targets. Columns of the inputs are then
called x1, x2, ..., and the labels like their array. All sizes are checked before anything is decompressed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from shlex import join
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kerash_cli.errors import BadInput, at, listed, shown
from kerash_cli.system import memory
from kerash_cli.tables.compression import FREE_EXPANSION, LARGEST_EXPANSION
from kerash_cli.tables.formats import npy
from kerash_cli.tables.formats.arrays import ArrayHeader, ArrayLayout, content
from kerash_cli.tables.formats.base import Format
from kerash_cli.tables.formats.records import Block
from kerash_cli.tables.options import Options
from kerash_cli.tables.source import PIECE, Source
from kerash_cli.tables.table import Table

if TYPE_CHECKING:
    import zipfile

MAGIC = b"PK\x03\x04"
INPUTS = frozenset({"X", "x", "data"})
LABELS = frozenset({"y", "label", "labels", "target", "targets"})

_NAME = 30  # offset of the first member's name; its length is in the 4 bytes before
_DIRECTORY = 1 << 20
"""Maximum size of an archive's directory in bytes: that of some 10,000 arrays."""
_ADVICE = "try fewer rows or columns"


def begins(head: bytes, name: str) -> bool:
    """Returns whether a file that begins with `head` is an archive of arrays."""
    length = int.from_bytes(head[_NAME - 4 : _NAME - 2], "little")
    return head.startswith(MAGIC) and (head[_NAME : _NAME + length].endswith(b".npy") or name.endswith(".npz"))


class _Array(NamedTuple):
    """An array in an archive, whose sizes were checked."""

    name: str
    header: ArrayHeader
    values: bytearray

    def table(self) -> Table:
        """Returns the rows."""
        return self.header.table(self.values, 1)


class _Member:
    """First bytes of an array in an archive, which contain its header."""

    def __init__(self, name: str, file: Any) -> None:
        self.name = name
        self.taken = 0
        self._file = file

    def take(self, length: int) -> bytes:
        """Returns the next `length` bytes; raises BadInput if there are fewer."""
        taken: bytes = self._file.read(length)
        if len(taken) < length:
            raise BadInput(f"{at(self.name)}an array is truncated within its header; try another copy of the file")
        self.taken += length
        return taken


def read(source: Source, options: Options) -> Table:
    """Reads all rows; raises BadInput if they are to be kept on a disk."""
    if options.spool:
        advice = f"try {join(['unzip', source.name])}, and the .npy files in it"
        raise BadInput(f"{at(source.name)}--stream can't read arrays within an archive; {advice}")
    inputs, labels = _arrays(source)
    table = inputs.table()
    if labels is None:
        return table
    other = labels.table()
    if other.rows != table.rows:
        raise BadInput(
            f"{at(source.name)}expected as many rows in {shown(labels.name)} as in {shown(inputs.name)}, "
            f"{table.rows}, got {other.rows}"
        )
    kind = np.result_type(table.numbers, other.numbers)
    memory.require(table.rows * (table.width + other.width) * kind.itemsize, at(source.name), _ADVICE)
    own = [labels.name] if other.width == 1 else [f"{labels.name}{place}" for place in range(1, other.width + 1)]
    names = (*(f"x{place}" for place in range(1, table.width + 1)), *own)
    return replace(table, names=names, numbers=np.hstack([table.numbers, other.numbers], dtype=kind))


def blocks(source: Source, options: Options) -> Iterator[tuple[ArrayLayout, Block]]:
    """Yields the rows of the inputs in blocks."""
    header, values = _arrays(source)[0][1:]
    layout = ArrayLayout(header, options.records)
    if header.columns_first:
        yield layout, Block(bytes(values), 1)
        return
    rows = max(1, PIECE // header.row_size)
    for first in range(0, header.shape[0], rows):
        yield layout, Block(bytes(values[first * header.row_size : (first + rows) * header.row_size]), first + 1)


def _arrays(source: Source) -> tuple[_Array, _Array | None]:
    """Returns the inputs, or the only array, and the labels; raises BadInput if it is not clear which they are."""
    packed = bytes(content(source))
    with _archive(source.name, packed) as archive:
        names = [each.filename for each in archive.infolist()]
        arrays = {each.filename.removesuffix(".npy"): each for each in archive.infolist()}
        if len(arrays) < len(names) or not all(name.endswith(".npy") for name in names):
            raise BadInput(
                f"{at(source.name)}expected .npy files of different names in the archive, got {listed(names)}"
            )
        inputs, labels = ([name for name in arrays if name in known] for known in (INPUTS, LABELS))
        if len(arrays) == 1:
            inputs, labels = [*arrays], []
        if (len(inputs), len(labels)) not in ((1, 0), (1, 1)) or len(inputs) + len(labels) < len(arrays):
            raise BadInput(
                f"{at(source.name)}expected one array, or two called X and y, got {listed([*arrays])}; "
                "try numpy.savez with those that belong together"
            )
        found = [_array(source.name, archive, name, arrays[name], len(packed)) for name in (*inputs, *labels)]
    return found[0], found[1] if labels else None


@contextmanager
def _archive(name: str, packed: bytes) -> "Iterator[zipfile.ZipFile]":
    """Opens an archive; raises BadInput if it is damaged, also while it is read."""
    import io
    import struct
    import zipfile
    import zlib

    end = packed.rfind(b"PK\5\6", max(0, len(packed) - (1 << 17)))
    if end < 0 or int.from_bytes(packed[end + 12 : end + 16], "little") > _DIRECTORY:
        raise BadInput(f"{at(name)}the archive is truncated or damaged; try another copy of it")
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError) as error:
        raise BadInput(f"{at(name)}the archive is damaged ({error}); try another copy of it") from None


def _array(source: str, archive: "zipfile.ZipFile", name: str, info: "zipfile.ZipInfo", size: int) -> _Array:
    """Returns an array, after its sizes were checked; `size` is that of the archive."""
    import zipfile

    if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadInput(f"{at(source)}{shown(name)} is encrypted or compressed in an unusual way; try numpy.savez")
    if info.file_size > FREE_EXPANSION + LARGEST_EXPANSION * size:
        raise BadInput(
            f"{at(source)}{shown(name)} would be more than {LARGEST_EXPANSION} times the size of the archive"
        )
    with archive.open(info) as file:
        member = _Member(source, file)
        header = npy.header(member)
        header.check_rows()
        length = header.shape[0] * header.row_size
        if member.taken + length != info.file_size:
            raise BadInput(
                f"{at(source)}expected {length} bytes for {header} of {header.dtype.name} in {shown(name)}, "
                f"got {info.file_size - member.taken}"
            )
        memory.require(2 * length, at(source), _ADVICE)
        values = bytearray()
        while len(values) < length and (piece := file.read(min(PIECE, length - len(values)))):
            values += piece
        file.read(1)  # checks the checksum
    if len(values) < length:
        raise BadInput(f"{at(source)}{shown(name)} is truncated; try another copy of the file")
    return _Array(name, header, values)


FORMAT = Format(read, blocks, ArrayLayout)
