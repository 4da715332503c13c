"""Where the operands of an operation come from: files, standard input, and descriptors 3 and 4 as in 2019."""

import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kerash_cli.engine.tensors import Array, Shape
from kerash_cli.errors import BadInput, at, unreadable
from kerash_cli.matrices.operation import Group, Operation
from kerash_cli.tables.formats import tensor_text
from kerash_cli.tables.source import Source, opened

PAIR = (3, 4)
"""The descriptors of two operands that have no words."""

NPY = b"\x93NUMPY"
"""What a .npy begins with."""


class Operands:
    """Reads operands, standard input no more than once; `await_input` is called before that is a terminal."""

    def __init__(self, await_input: Callable[[], object] = lambda: None) -> None:
        self._await_input = await_input
        self._has_read_input = False

    def gather(self, operation: Operation, words: Sequence[str], group: Group) -> list[Array]:
        """The operands that the words name; where there are none, standard input, or descriptors 3 and 4 for two."""
        return [self.read(place) for place in places(operation, words, group)]

    def read(self, place: str | int) -> Array:
        """The tensor (depth, height, width) in a file, text or .npy, or from a descriptor; `-` is standard input."""
        with self.source(place) as source:
            return tensor(source)

    @contextmanager
    def source(self, place: str | int) -> Iterator[Source]:
        """What is in a file, or comes from a descriptor; BadInput if that is not open."""
        if place in ("-", 0):
            if self._has_read_input:
                raise BadInput("expected '-', standard input, once, got it twice; try files")
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
            with readable(called(place)):
                yield Source(called(place), place, [NPY], digest=False)


def places(operation: Operation, words: Sequence[str], group: Group) -> Sequence[str | int]:
    """Where operands are that these words name."""
    if words or not operation.operands:
        operation.check_count(len(words), group)
        return words
    return (0,) if len(operation.operands) == 1 else PAIR


def called(number: int) -> str:
    """What messages call a descriptor."""
    return f"descriptor {number}" if number else "<stdin>"


def closed(number: int) -> BadInput:
    """The error that says that a descriptor should be open."""
    return BadInput(f"{at(called(number))}expected an operand, got it closed; try a file, or {number or ''}< FILE")


def tensor(source: Source) -> Array:
    """The tensor that a source has as text or .npy, a .npy of one dimension as a row."""
    if source.head.startswith(NPY):
        from kerash_cli.tables.formats import arrays, npy

        array = arrays.tensor(npy.layout, source)
        if array.ndim > 3:
            raise BadInput(f"{at(source.name)}expected at most 3 dimensions, got {array.ndim}")
        return array.reshape((1,) * (3 - array.ndim) + array.shape)
    with mendable(source.name):
        return tensor_text.read(io.BufferedReader(_Stream(source)), source.name)


def tensor_or_sizes(source: Source) -> tuple[Shape, Array]:
    """(depth, height, width), and the values in their order: none if the source is the first line of a text alone."""
    if source.head.startswith(NPY):
        array = tensor(source)
        return array.shape, array.ravel()
    with mendable(source.name):
        return tensor_text.read_sizes(io.BufferedReader(_Stream(source)), source.name)


@contextmanager
def mendable(name: str) -> Iterator[None]:
    """Gives the error about a matrix in rows the command that gets around it."""
    try:
        yield
    except tensor_text.NotOneALine as error:
        raise BadInput(str(error)).mended(name, error.filter) from None


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Makes what goes wrong in reading say where."""
    try:
        yield
    except OSError as error:
        raise unreadable(name, error, "try a file") from None


class _Stream(io.RawIOBase):
    """The pieces of a source as a file."""

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
