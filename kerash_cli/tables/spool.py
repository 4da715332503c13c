"""Rows of a table in files on a disk, for tables that are larger than memory.

The files have no names, so that nothing is left of them when the process ends. Arrays are mapped: the system keeps in
memory what it has room for, and takes it back when other data needs the room.
"""

import json
import mmap
import os
from array import array
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EDQUOT, ENOMEM, ENOSPC
from math import prod
from struct import Struct
from tempfile import TemporaryFile
from typing import IO, Any, overload
from weakref import finalize

import numpy as np
from numpy.typing import DTypeLike, NDArray

from kerash_cli.errors import KerashError, OutOfSpace, at
from kerash_cli.system.files import set_aside
from kerash_cli.system.memory import readable

PIECE = 1 << 22
"""Bytes of an array that are copied at a time."""

CHUNK = 1 << 14
"""Rows of a chunk of a column that is copied."""

_SIZES = Struct("<qq")  # of the codes, one of 4 bytes for each row, and of the cells in JSON
_CODE = np.dtype("<u4")


@dataclass(frozen=True)
class Spool:
    """A folder on a disk, in which files without names have the rows of tables."""

    folder: str

    def file(self) -> IO[bytes]:
        """Returns a new file to write and to read again; raises an error if the folder can't have one."""
        try:
            return TemporaryFile(dir=self.folder, buffering=0)
        except OSError as error:
            advice = "try --mountpoint with another folder"
            raise KerashError(f"{at(self.folder)}can't be written ({error.strerror}); {advice}") from None

    def file_of(self, owner: object) -> IO[bytes]:
        """Returns a new file as `file` does, which is closed when its owner is gone."""
        with self.file() as file:
            descriptor = os.dup(file.fileno())
        finalize(owner, os.close, descriptor)
        return open(descriptor, "r+b", buffering=0, closefd=False)

    def require(self, size: int) -> None:
        """Raises OutOfSpace unless `size` bytes are free."""
        if size > self._free():
            raise self._no_room(size)

    def array(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Returns a new writable array; raises OutOfSpace if there is no room for it."""
        kind = np.dtype(dtype)
        size = prod(shape) * kind.itemsize
        if not size:
            return np.empty(shape, kind)
        with self.file() as file:
            with self.filling(size):  # a write to a mapped file on a full disk would kill the process
                set_aside(file.fileno(), size)
            return np.ndarray(shape, kind, self._mapped(file, size))

    def written(self, file: IO[bytes], shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Returns the array whose values were written to a file, which is closed."""
        kind = np.dtype(dtype)
        size = prod(shape) * kind.itemsize
        with file:
            return np.ndarray(shape, kind, self._mapped(file, size)) if size else np.empty(shape, kind)

    def stacked(self, columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Returns columns side by side, as a new array."""
        found = self.array((len(columns[0]), len(columns)), np.result_type(*columns))
        for part in pieces(len(found), found.itemsize * len(columns)):
            np.stack([column[part] for column in columns], axis=1, out=found[part])
        return found

    def taken(self, values: NDArray[Any], rows: NDArray[np.intp]) -> NDArray[Any]:
        """Returns these rows of an array, as a new array."""
        found = self.array((len(rows), *values.shape[1:]), values.dtype)
        for part in pieces(len(rows), values.itemsize * prod(values.shape[1:])):
            found[part] = values[rows[part]]
        return found

    def cells_taken(
        self, columns: Mapping[int, Sequence[str | None]], rows: NDArray[np.intp]
    ) -> "dict[int, Sequence[str | None]]":
        """Returns these rows of columns of text, as new columns."""
        log, found = CellLog(self), dict[int, Sequence[str | None]]()
        for place, cells in columns.items():
            found[place] = column = SpooledCells(log)
            for start in range(0, len(rows), CHUNK):
                column.extend([cells[row] for row in rows[start : start + CHUNK].tolist()])
        return found

    def rows(self, first: NDArray[Any]) -> "SpooledRows":
        """Returns an array that grows, for rows like the first ones."""
        return SpooledRows(self, first)

    def log(self) -> "CellLog":
        """Returns a new file for columns of text."""
        return CellLog(self)

    def copied(self, found: Iterable[bytes]) -> IO[bytes]:
        """Returns a file with these bytes, at its beginning."""
        file = self.file()
        try:
            for piece in found:
                self.write(file, piece)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    def write(self, file: IO[bytes], content: bytes | memoryview) -> None:
        """Appends bytes to a file; raises OutOfSpace if the disk is full."""
        view = memoryview(content)
        with self.filling(len(view)):
            while view:
                view = view[file.write(view) :]

    @contextmanager
    def filling(self, size: int) -> Iterator[None]:
        """Raises OutOfSpace in place of a system error about a full disk in a block that needs `size` more bytes."""
        try:
            yield
        except OSError as error:
            if error.errno in (ENOSPC, EDQUOT):
                raise self._no_room(size) from None
            raise KerashError(f"{at(self.folder)}can't be written ({error.strerror})") from None

    def _mapped(self, file: IO[bytes], size: int) -> mmap.mmap:
        try:
            return mmap.mmap(file.fileno(), size)
        except OSError as error:
            if error.errno != ENOMEM:
                raise
            need = f"a file of {readable(size)} in {self.folder} can't be mapped, as the address space is limited"
            raise OutOfSpace(f"{need}; try a larger ulimit -v, or fewer rows or columns") from None

    def _free(self) -> int:
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize

    def _no_room(self, size: int) -> OutOfSpace:
        return OutOfSpace(
            f"{at(self.folder)}expected room for {readable(size)} of rows, got {readable(self._free())} free; "
            "try --mountpoint with a folder on another disk"
        )


class SpooledRows:
    """Rows of numbers in a file that grows."""

    def __init__(self, spool: Spool, first: NDArray[Any]) -> None:
        self._spool, self._width, self._kind = spool, first.shape[1], first.dtype
        self._file, self._rows = spool.file_of(self), 0

    def append(self, numbers: NDArray[Any], source: str) -> None:
        """Appends rows; all are of one kind, in which all have room."""
        kind = np.result_type(self._kind, numbers)
        if kind != self._kind:
            former = self.array()
            self._file, self._kind = self._spool.file_of(self), kind
            for part in pieces(len(former), self._width * kind.itemsize):
                self._write(former[part])
        self._write(numbers)
        self._rows += len(numbers)

    def array(self) -> NDArray[Any]:
        """Returns all rows; none can be appended any more."""
        return self._spool.written(self._file, (self._rows, self._width), self._kind)

    def _write(self, numbers: NDArray[Any]) -> None:
        if numbers.size:
            self._spool.write(self._file, np.ascontiguousarray(numbers, self._kind).data.cast("B"))


class CellLog:
    """The file with the chunks of all columns of a table."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self._file, self._size = spool.file_of(self), 0

    def column(self) -> "SpooledCells":
        """Returns a new column."""
        return SpooledCells(self)

    def append(self, cells: Iterable[str | None]) -> tuple[int, int]:
        """Writes a chunk; returns where it begins and its number of rows."""
        known: dict[str | None, int] = {}
        codes = array("I", [known.setdefault(cell, len(known)) for cell in cells])
        content = np.frombuffer(codes, np.uintc).astype(_CODE).tobytes()
        words = json.dumps([*known]).encode()  # in ASCII, also where a cell has surrogates
        begin = self._size
        self.spool.write(self._file, b"".join([_SIZES.pack(len(content), len(words)), content, words]))
        self._size += _SIZES.size + len(content) + len(words)
        return begin, len(codes)

    def read(self, begin: int) -> list[str | None]:
        """Returns the cells of the chunk that begins there."""
        sizes = _SIZES.unpack(self._some(begin, _SIZES.size))
        content = self._some(begin + _SIZES.size, sum(sizes))
        words = json.loads(content[sizes[0] :])
        codes = np.frombuffer(content, _CODE, sizes[0] // _CODE.itemsize)
        return [words[code] for code in codes.tolist()]

    def _some(self, begin: int, size: int) -> bytes:
        found = os.pread(self._file.fileno(), size, begin)
        if len(found) < size:
            raise KerashError(f"{at(self.spool.folder)}the disk lost cells that were written to it; try another folder")
        return found


class SpooledCells(Sequence[str | None]):
    """A column of text; cells are fastest one after the other."""

    def __init__(self, log: CellLog) -> None:
        self._log, self._rows = log, 0
        self._begins, self._starts = array("q"), array("q")  # of chunks: in the file, and their first rows
        self._latest: tuple[int, list[str | None]] = -1, []

    def extend(self, cells: Sequence[str | None]) -> None:
        """Appends cells."""
        if cells:
            begin, rows = self._log.append(cells)
            self._begins.append(begin)
            self._starts.append(self._rows)
            self._rows += rows

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[str | None]:
        for begin in self._begins:
            yield from self._log.read(begin)

    @overload
    def __getitem__(self, row: int) -> str | None: ...

    @overload
    def __getitem__(self, row: slice) -> list[str | None]: ...

    def __getitem__(self, row: int | slice) -> str | list[str | None] | None:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(self._rows))]
        place = row + self._rows if row < 0 else row
        if not 0 <= place < self._rows:
            raise IndexError(f"row {row} of {self._rows}")
        chunk = bisect(self._starts, place) - 1
        if chunk != self._latest[0]:
            self._latest = chunk, self._log.read(self._begins[chunk])
        return self._latest[1][place - self._starts[chunk]]


def pieces(rows: int, row_size: int) -> Iterator[slice]:
    """Yields consecutive slices of so many rows, each of at most PIECE bytes or one row."""
    step = max(1, PIECE // max(1, row_size))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))
