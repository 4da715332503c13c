"""Reading array files such as .npy and IDX: a header with type and shape, then the values and nothing else."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kerash_cli.errors import BadInput, at
from kerash_cli.system import memory
from kerash_cli.tables.formats.records import Block
from kerash_cli.tables.options import Options
from kerash_cli.tables.source import Source
from kerash_cli.tables.table import Table

if TYPE_CHECKING:
    from kerash_cli.tables.spool import Spool

LARGEST_ROW = 64_000_000
"""Maximum size of a row in bytes, the same as that of a line of text."""

_MOST_DIMENSIONS = 32
_UNASKED = 1 << 20  # looking up the free memory takes longer than reading so many bytes
_PIPED = 64 << 20  # bytes of a pipe that memory is asked for at a time


@dataclass(frozen=True)
class ArrayHeader:
    """Type and shape of an array in a file; the first dimension of `shape` is the number of rows."""

    source: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    columns_first: bool = False
    """True if the values are in Fortran order."""

    def __post_init__(self) -> None:
        if not 0 < len(self.shape) <= _MOST_DIMENSIONS or 0 in self.shape[1:]:
            raise self._misshapen()

    def check_rows(self) -> None:
        """Raises BadInput if a row is larger than `LARGEST_ROW`."""
        if self.row_size > LARGEST_ROW:
            raise self._misshapen()

    def __str__(self) -> str:
        return "x".join(map(str, self.shape[:_MOST_DIMENSIONS])) or "()"

    @property
    def row_size(self) -> int:
        """Size of a row in bytes."""
        return prod(self.shape[1:]) * self.dtype.itemsize

    @property
    def sample_shape(self) -> tuple[int, int, int] | None:
        """Shape (depth, height, width) of a row with two dimensions (height, width) or three; None for other rows."""
        if len(self.shape) not in (3, 4):
            return None
        *depth, height, width = self.shape[1:]
        return (depth[0] if depth else 1, height, width)

    def table(self, content: bytes | bytearray, first: int, records: bool = False) -> Table:
        """Returns the rows in `content` as a table; the first is row `first` of the file. `records` adds their text."""
        rows = len(content) // self.row_size
        values = _checked(self.source, np.frombuffer(content, self.dtype))
        values = values.reshape(rows, *self.shape[1:], order="F" if self.columns_first else "C")
        values = values.reshape(rows, prod(self.shape[1:]))
        numbers = np.ascontiguousarray(values, self.dtype.newbyteorder("="))
        lines = range(first, first + rows)
        texts = [",".join(row) for row in numbers.astype(np.str_).tolist()] if records else None
        return Table(self.source, None, numbers, {}, lines, sample_shape=self.sample_shape, records=texts)

    def _misshapen(self) -> BadInput:
        return BadInput(f"{at(self.source)}expected rows of 1 byte to {LARGEST_ROW // 10**6} MB, got the shape {self}")


class Beginning(Protocol):
    """First bytes of a file, which contain its header."""

    name: str

    def take(self, length: int) -> bytes:
        """Returns the next `length` bytes; raises BadInput if there are fewer."""


class Content:
    """Bytes of a source: first its header, then the values."""

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self.taken = 0
        self._size = source.size()
        self._pieces = iter(source)
        self._begun = b""

    def take(self, length: int) -> bytes:
        """Returns the next `length` bytes; raises BadInput if there are fewer."""
        while len(self._begun) < length:
            piece = next(self._pieces, b"")
            if not piece:
                raise BadInput(f"{at(self.name)}the file is truncated within its header; try another copy of it")
            self._begun += piece
        taken, self._begun = self._begun[:length], self._begun[length:]
        self.taken += length
        return taken

    def values(self, header: ArrayHeader) -> Iterator[bytes]:
        """Yields the bytes after the header in pieces; raises BadInput as soon as their number is known to be wrong."""
        size = self.taken + header.shape[0] * header.row_size
        if self._size in (None, size):
            got = self.taken + len(self._begun)
            yield self._begun
            for piece in self._pieces:
                got += len(piece)
                if got > size:
                    break
                yield piece
        else:
            got = self._size or 0
        if got != size:
            raise BadInput(
                f"{at(self.name)}expected {size} bytes for {header} of {header.dtype.name}, "
                f"got {'only ' if got < size else 'at least '}{got}"
            )


HeaderReader: TypeAlias = Callable[[Beginning], ArrayHeader]
"""A format's function that reads the header of a file."""


def read(read_header: HeaderReader, source: Source, options: Options) -> Table:
    """Reads all rows."""
    content = Content(source)
    header = read_header(content)
    header.check_rows()
    # The size of a file is known to be that of its shape before its first piece comes; the shape in a pipe may lie.
    step = _PIPED if source.size() is None else header.shape[0] * header.row_size
    if options.spool:
        return _spooled(header, content, options.spool)
    needed = step * (1 + (header.columns_first or not header.dtype.isnative))
    needed += options.beside * (step // header.dtype.itemsize)
    values, asked = bytearray(), _UNASKED
    for piece in content.values(header):
        if len(values) + len(piece) > asked:
            memory.require_for_table(needed, at(source.name), "try fewer rows or columns")
            asked = len(values) + step
        values += piece
    return header.table(values, 1)


def _spooled(header: ArrayHeader, content: Content, spool: "Spool") -> Table:
    """Returns the rows as a table on a disk."""
    from kerash_cli.tables.spool import pieces  # few tables are there

    rows, width, kind = header.shape[0], prod(header.shape[1:]), header.dtype
    file = spool.copied(content.values(header))
    values = spool.written(file, (rows * width,), kind)
    shaped = values.reshape(header.shape, order="F" if header.columns_first else "C")
    numbers = values.reshape(rows, width)
    is_plain = not header.columns_first and kind.isnative
    if not is_plain:
        numbers = spool.array((rows, width), kind.newbyteorder("="))
    for part in pieces(rows, header.row_size):
        own = _checked(header.source, np.ascontiguousarray(shaped[part]))
        if not is_plain:
            numbers[part] = own.reshape(len(own), width)
    lines = range(1, 1 + rows)
    return Table(header.source, None, numbers, {}, lines, sample_shape=header.sample_shape, spool=spool)


class ArrayLayout(NamedTuple):
    """Rules by which the values of a file become rows."""

    header: ArrayHeader
    records: bool

    @property
    def notes(self) -> tuple[str, ...]:
        """Returns no notes: nothing is guessed about an array."""
        return ()

    def rows(self, block: Block) -> Iterator[Table]:
        """Yields the rows of a block, whose line is the number of its first row."""
        yield self.header.table(block.text, block.line, self.records)

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values that `from_json` reads."""
        header = self.header
        return {
            "header": [header.source, header.dtype.str, header.shape, header.columns_first],
            "records": self.records,
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Returns the layout that `to_json` gave these values for."""
        source, dtype, shape, columns_first = record["header"]
        return cls(ArrayHeader(source, np.dtype(dtype), tuple(shape), columns_first), record["records"])


def blocks(read_header: HeaderReader, source: Source, options: Options) -> Iterator[tuple[ArrayLayout, Block]]:
    """Yields the rows in blocks as they arrive, or all at once if the values are in Fortran order."""
    content = Content(source)
    header = read_header(content)
    header.check_rows()
    layout = ArrayLayout(header, options.records)
    values, first = bytearray(), 1
    for piece in content.values(header):
        values += piece
        rows = 0 if header.columns_first else len(values) // header.row_size
        if rows:
            yield layout, Block(bytes(values[: rows * header.row_size]), first)
            del values[: rows * header.row_size]
            first += rows
    if values:
        yield layout, Block(bytes(values), first)


Whole: TypeAlias = bytes | NDArray[np.uint8]
"""All bytes of a file, in memory or mapped."""


def content(source: Source, spool: "Spool | None" = None) -> Whole:
    """Returns all bytes of a source, mapped if there is a spool.

    Raises OutOfSpace if there is no memory for them and a copy of them.
    """
    if spool:
        file = spool.copied(source)
        return spool.written(file, (file.seek(0, os.SEEK_END),), np.uint8)
    found, size, asked = list[bytes](), 0, _UNASKED
    for piece in source:
        size += len(piece)
        if size > asked:
            step = source.size() or _PIPED
            memory.require_for_table(2 * step, at(source.name), "try a smaller file")
            asked = size + step
        found.append(piece)
    return b"".join(found)


def tensor(read_header: HeaderReader, source: Source) -> NDArray[np.float64]:
    """Returns all values in their shape, as float64; raises BadInput if there are none or if one is not finite."""
    content = Content(source)
    header = read_header(content)
    if not header.shape[0]:
        raise BadInput(f"{at(source.name)}expected numbers, got the shape {header}")
    memory.require(prod(header.shape) * (header.dtype.itemsize + 8), at(source.name), "try a smaller tensor")
    values = bytearray()
    for piece in content.values(header):
        values += piece
    array = _checked(source.name, np.frombuffer(values, header.dtype))
    numbers = array.reshape(header.shape, order="F" if header.columns_first else "C").astype(np.float64, "C")
    if not np.isfinite(numbers).all():
        raise BadInput(f"{at(source.name)}expected finite numbers, got NaN or an infinity")
    return numbers


def _checked(source: str, values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype == np.bool_ and values.view(np.uint8).max(initial=0) > 1:
        raise BadInput(f"{at(source)}expected bytes 0 and 1 for booleans, got others")

    return values
