"""What .npy and IDX share: a header that says type and shape, then the values and nothing else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kerash_cli.errors import BadInput, at
from kerash_cli.system import memory
from kerash_cli.tables.options import Options
from kerash_cli.tables.source import Source
from kerash_cli.tables.table import Table

LARGEST_ROW = 64_000_000
"""Bytes. As of a line of text, more are refused."""

_MOST_DIMENSIONS = 32


@dataclass(frozen=True)
class ArrayHeader:
    """What a header says; the rows are the first dimension of `shape`."""

    source: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    columns_first: bool = False
    """Whether the values lie in Fortran order."""

    def __post_init__(self) -> None:
        if not 0 < len(self.shape) <= _MOST_DIMENSIONS or 0 in self.shape[1:]:
            raise self._misshapen()

    def check_rows(self) -> None:
        """BadInput if a row is larger than `LARGEST_ROW`."""
        if self.row_size > LARGEST_ROW:
            raise self._misshapen()

    def __str__(self) -> str:
        return "x".join(map(str, self.shape[:_MOST_DIMENSIONS])) or "()"

    @property
    def row_size(self) -> int:
        """Bytes of a row."""
        return prod(self.shape[1:]) * self.dtype.itemsize

    @property
    def sample_shape(self) -> tuple[int, int, int] | None:
        """(depth, height, width) where a row has two dimensions, height and width, or these three."""
        if len(self.shape) not in (3, 4):
            return None
        *depth, height, width = self.shape[1:]
        return (depth[0] if depth else 1, height, width)

    def table(self, content: bytes | bytearray, first: int, records: bool = False) -> Table:
        """The rows in `content`, of which the first is the file's row `first`, from 1; with `records` as text too."""
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
    """The bytes that a header is in."""

    name: str

    def take(self, length: int) -> bytes:
        """The next bytes, exactly so many; BadInput if there are fewer."""


class Content:
    """The bytes of a source, a header's first."""

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self.taken = 0
        self._size = source.size()
        self._pieces = iter(source)
        self._begun = b""

    def take(self, length: int) -> bytes:
        """The next bytes, exactly so many."""
        while len(self._begun) < length:
            piece = next(self._pieces, b"")
            if not piece:
                raise BadInput(f"{at(self.name)}expected a whole header, got its beginning only")
            self._begun += piece
        taken, self._begun = self._begun[:length], self._begun[length:]
        self.taken += length
        return taken

    def values(self, layout: ArrayHeader) -> Iterator[bytes]:
        """What comes after the header, in pieces; BadInput as soon as its size is known to be wrong."""
        size = self.taken + layout.shape[0] * layout.row_size
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
                f"{at(self.name)}expected {size} bytes for {layout} of {layout.dtype.name}, "
                f"got {'only ' if got < size else 'at least '}{got}"
            )


Header: TypeAlias = Callable[[Beginning], ArrayHeader]
"""What a format defines: how the layout is told from a file's first bytes."""


def read(header: Header, source: Source, options: Options) -> Table:
    """All rows."""
    content = Content(source)
    layout = header(content)
    layout.check_rows()
    values = bytearray()
    for piece in content.values(layout):
        values += piece
    return layout.table(values, 1)


def stream(header: Header, source: Source, options: Options) -> Iterator[Table]:
    """The rows, a block for each piece that completes one; all at once where the columns come first."""
    content = Content(source)
    layout = header(content)
    layout.check_rows()
    values, first = bytearray(), 1
    for piece in content.values(layout):
        values += piece
        rows = 0 if layout.columns_first else len(values) // layout.row_size
        if rows:
            yield layout.table(values[: rows * layout.row_size], first, options.records)
            del values[: rows * layout.row_size]
            first += rows
    if values:
        yield layout.table(values, first, options.records)


def tensor(header: Header, source: Source) -> NDArray[np.float64]:
    """All values in their shape, as the float64 next to each; BadInput if there is none, or one is not finite."""
    content = Content(source)
    layout = header(content)
    if not layout.shape[0]:
        raise BadInput(f"{at(source.name)}expected numbers, got the shape {layout}")
    memory.require(prod(layout.shape) * (layout.dtype.itemsize + 8), at(source.name), "try a smaller tensor")
    values = bytearray()
    for piece in content.values(layout):
        values += piece
    array = _checked(source.name, np.frombuffer(values, layout.dtype))
    numbers = array.reshape(layout.shape, order="F" if layout.columns_first else "C").astype(np.float64, "C")
    if not np.isfinite(numbers).all():
        raise BadInput(f"{at(source.name)}expected finite numbers, got NaN or an infinity")
    return numbers


def _checked(source: str, values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype == np.bool_ and values.view(np.uint8).max(initial=0) > 1:
        raise BadInput(f"{at(source)}expected the bytes 0 and 1 for booleans, got others")
    return values
