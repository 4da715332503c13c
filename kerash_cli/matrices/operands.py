"""Reading the operands of an operation from files, standard input, or file descriptors 3 and 4."""

import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from kerash_cli.engine.tensors import Array, Shape
from kerash_cli.errors import BadInput, at, unreadable
from kerash_cli.matrices.operation import Group, Operation
from kerash_cli.tables.formats import matrix_rows, tensor_text
from kerash_cli.tables.source import Source, opened

PAIR = (3, 4)
"""File descriptors that two operands are read from if no words name them."""

NPY = b"\x93NUMPY"
"""First bytes of a .npy file."""


class Operands:
    """Reads operands, but standard input at most once; calls `await_input` before it reads from a terminal."""

    def __init__(self, await_input: Callable[[], object] = lambda: None) -> None:
        self._await_input = await_input
        self._has_read_input = False

    def gather(self, operation: Operation, words: Sequence[str], group: Group) -> list[Array]:
        """Returns the operands that the words name; without words, those on standard input or descriptors 3 and 4."""
        return [self.read(place) for place in places(operation, words, group)]

    def read(self, place: str | int) -> Array:
        """Returns the tensor (depth, height, width) from a file or descriptor, text or .npy; `-` is standard input."""
        with self.source(place) as source:
            return tensor(source)

    @contextmanager
    def source(self, place: str | int) -> Iterator[Source]:
        """Opens a file or a descriptor; raises BadInput if the descriptor is closed."""
        if place in ("-", 0):
            if self._has_read_input:
                raise BadInput("standard input, '-', can be read only once; try files")
            self._has_read_input = True
            if sys.stdin.isatty():
                self._await_input()
            yield Source("<stdin>", 0, [NPY], digest=False)
        elif isinstance(place, str):
            with opened(place, [NPY]) as source:
                yield source
        else:
            try:
                os.fstat(place)
            except OSError:
                raise closed(place) from None
            with named_errors(descriptor_name(place)):
                yield Source(descriptor_name(place), place, [NPY], digest=False)


def places(operation: Operation, words: Sequence[str], group: Group) -> Sequence[str | int]:
    """Returns the files or descriptors of the operands."""
    if words or not operation.operands:
        operation.check_count(len(words), group)
        return words
    return (0,) if len(operation.operands) == 1 else PAIR


def descriptor_name(number: int) -> str:
    """Returns the name of a descriptor for messages."""
    return f"descriptor {number}" if number else "<stdin>"


def closed(number: int) -> BadInput:
    """Returns the error for a closed descriptor that should have an operand."""
    return BadInput(f"{at(descriptor_name(number))}is closed; try a file as operand, or {number or ''}< FILE")


def tensor(source: Source) -> Array:
    """Returns the tensor in a source, text or .npy; a .npy array of one dimension becomes a row."""
    if source.head.startswith(NPY):
        from kerash_cli.tables.formats import arrays, npy

        array = arrays.tensor(npy.header, source)
        if array.ndim > 3:
            raise BadInput(f"{at(source.name)}expected at most 3 dimensions, got {array.ndim}")
        return array.reshape((1,) * (3 - array.ndim) + array.shape)
    if rows := matrix_rows.recognised(source):
        return matrix_rows.read(source, rows)[np.newaxis]
    return tensor_text.read(io.BufferedReader(_Stream(source)), source.name)


def tensor_or_sizes(source: Source) -> tuple[Shape, Array]:
    """Returns (depth, height, width) and the values in order; no values if a text ends after its sizes."""
    if source.head.startswith(NPY):
        array = tensor(source)
        return array.shape, array.ravel()
    if rows := matrix_rows.recognised(source, sizes_alone=True):
        matrix = matrix_rows.read(source, rows)
        return (1, *matrix.shape), matrix.ravel()
    return tensor_text.read_sizes(io.BufferedReader(_Stream(source)), source.name)


@contextmanager
def named_errors(name: str) -> Iterator[None]:
    """Instead of an OSError, raises an error that names the source."""
    try:
        yield
    except OSError as error:
        raise unreadable(name, error, "try a file") from None


class _Stream(io.RawIOBase):
    """A source as a file object, which `io` can read lines from."""

    def __init__(self, source: Source) -> None:
        self._pieces = iter(source)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        self._rest = self._rest or memoryview(next(self._pieces, b""))
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
