"""The tensor text format; this is its specification.

    WIDTH HEIGHT DEPTH
    value
    value
    …

Line 1 has three whole numbers of 1 or more, separated by spaces. Each further line has one value, in the order x, y, z
with x fastest: value (x, y, z) is number x + y WIDTH + z WIDTH HEIGHT, counted from 0. A matrix has depth 1. There are
as many values as the sizes say, no more and no fewer.

A value is a decimal number in ASCII such as `1`, `-1.5`, `2.`, `.5` or `7.0e+00`. It is read as the nearest float64,
and must not be NaN, infinite, or too large for a float64. Values are written as the shortest decimal that reads back as
the same number, bit for bit, including the sign of zero.

A byte order mark, CRLF, blank lines, spaces around a number and a missing last newline make no difference. No line has
more than 4,096 bytes.
"""

import os
import re
from collections.abc import Iterator
from functools import partial
from math import prod
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from kerash_cli import decimals
from kerash_cli.engine.tensors import Array, Shape
from kerash_cli.errors import BadInput, at, shown
from kerash_cli.system import memory

LONGEST_LINE = 4096
"""Maximum number of bytes of a line."""
LONGEST_VALUE = 25
"""Maximum number of bytes of a value that `render` writes, with its newline: `-2.2250738585072014e-308`."""

_PIECE = 1 << 20
_BLOCK = 1 << 16  # maximum number of values that are Python objects at the same time
_SIZES = re.compile(rb"[1-9][0-9]{0,17}(?:[ \t]+[1-9][0-9]{0,17}){2}")
_EXPECTED_SIZES = "expected 'WIDTH HEIGHT DEPTH', three whole numbers of 1 or more, got"
_NUMERIC = b"0123456789+-.eE\n"
_BLANKS = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"


def render(tensor: Array) -> bytes:
    """Returns the text of a tensor (depth, height, width), a matrix (height, width) or a vector (width,).

    Raises ValueError if a number is NaN or infinite, or if there are no numbers.
    """
    if not tensor.size or not np.isfinite(tensor).all():
        raise ValueError("expected finite numbers, got NaN, an infinity or no numbers")
    depth, height, width = (1,) * (3 - tensor.ndim) + tensor.shape
    flat = tensor.astype(np.float64).ravel()
    blocks = (flat[start : start + _BLOCK] for start in range(0, flat.size, _BLOCK))
    lines = ("\n".join(map(repr, block.tolist())).encode() for block in blocks)
    return b"\n".join([f"{width} {height} {depth}".encode(), *lines, b""])


def rendered_bytes(shape: Shape) -> int:
    """Returns the maximum number of bytes that `render` writes for a tensor of this shape."""
    return 3 * len("9" * 18 + " ") + LONGEST_VALUE * prod(shape)


def parse(content: bytes) -> NDArray[np.float64] | None:
    """Returns the tensor in a text that looks as `render` writes it, faster than `read`; None for any other text."""
    line, _, rest = content.partition(b"\n")
    if not _SIZES.fullmatch(line) or rest[-1:] != b"\n" or rest.translate(None, _NUMERIC):
        return None
    cells = rest[:-1].split(b"\n")
    width, height, depth = map(int, line.split())
    values = _floats(cells) if len(cells) == width * height * depth <= _BLOCK else None
    return None if values is None else values.reshape(depth, height, width)


def read(file: BinaryIO, source: str) -> NDArray[np.float64]:
    """Reads the tensor (depth, height, width) in a file; messages call the file `source`.

    Raises BadInput with the line of the first error, OutOfSpace if the tensor is larger than memory. The memory used is
    bounded by the length of the file, not by the sizes in its first line.
    """
    shape, values = _read(file, source, alone=False)
    return values.reshape(shape)


def read_sizes(file: BinaryIO, source: str) -> tuple[Shape, NDArray[np.float64]]:
    """Returns (depth, height, width) and the values in order. Unlike with `read`, the file may end after its sizes."""
    return _read(file, source, alone=True)


def _read(file: BinaryIO, source: str, alone: bool) -> tuple[Shape, NDArray[np.float64]]:
    line, shape = _header(file, source)
    size = prod(shape)
    if size > _BLOCK:  # looking up the free memory takes longer than reading a small tensor
        memory.require(8 * size, at(source, line), "try a smaller tensor")
    parts, got = [], 0
    for number, lines in _lines(file, source, line + 1):
        values = _values(lines, source, number, size - got, shape)
        parts.append(values)
        got += len(values)
    if got < size and not (alone and got == 0):
        raise BadInput(f"{at(source, line)}expected {_counted(size)} for {_sizes(shape)}, got {got}")
    return shape, np.concatenate([np.empty(0), *parts])


def is_tensor(path: str) -> bool:
    """Returns whether a file begins with a line of three whole numbers and a line of one value, as no table does.

    False for a pipe, from which nothing can be read in advance.
    """
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            _header(file, path)
            following = next((line for line in iter(partial(file.readline, LONGEST_LINE), b"") if line.strip()), b"")
            return decimals.number(following.decode("latin-1").strip()) is not None
    except (OSError, BadInput):
        return False


def _header(file: BinaryIO, source: str) -> tuple[int, Shape]:
    """Reads the first line that is not blank; returns its number and the shape."""
    lines = iter(partial(file.readline, LONGEST_LINE + 1), b"")
    for number, raw in enumerate(lines, 1):
        if len(raw.removesuffix(b"\n")) > LONGEST_LINE:
            raise _too_long(source, number)
        line = (raw.removeprefix(_BOM) if number == 1 else raw).strip(_BLANKS)
        if not line:
            continue
        if not _SIZES.fullmatch(line):
            raise BadInput(f"{at(source, number)}{_EXPECTED_SIZES} {shown(line.decode('utf-8', 'replace'))}")
        width, height, depth = map(int, line.split())
        return number, (depth, height, width)
    raise BadInput(f"{at(source)}expected 'WIDTH HEIGHT DEPTH' and values, got nothing")


def _lines(file: BinaryIO, source: str, number: int) -> Iterator[tuple[int, bytes]]:
    """Yields blocks of whole lines, each with the number of its first line."""
    begun = b""
    for piece in iter(partial(file.read, _PIECE), b""):
        begun += piece
        cut = begun.rfind(b"\n") + 1
        if cut:
            yield number, begun[:cut]
            number += begun.count(b"\n", 0, cut)
            begun = begun[cut:]
        if len(begun) > LONGEST_LINE:
            raise _too_long(source, number)
    if begun:
        yield number, begun + b"\n"


def _values(lines: bytes, source: str, number: int, most: int, shape: Shape) -> NDArray[np.float64]:
    """Returns the values of whole lines from line `number` on; raises BadInput if there are more than `most` values."""
    cells = lines[:-1].split(b"\n")
    if (
        not lines.translate(None, _NUMERIC) and len(cells) <= most
    ):  # float accepts other texts, such as inf, only with other letters
        values = _floats(cells)
        if values is not None:
            return values
    found: list[float] = []
    for own, cell in enumerate(cells, number):
        if len(cell) > LONGEST_LINE:
            raise _too_long(source, own)
        if text := cell.strip(_BLANKS).decode("utf-8", "replace"):
            if len(found) == most:
                raise BadInput(f"{at(source, own)}expected {_counted(prod(shape))} for {_sizes(shape)}, got more")
            value = decimals.number(text)
            if value is None:
                raise BadInput(f"{at(source, own, 1)}expected one decimal number, got {shown(text)}")
            found.append(value)
    return np.array(found, np.float64)


def _floats(cells: list[bytes]) -> NDArray[np.float64] | None:
    """Returns the values in lines that have only digits, signs, points and e; None if a line is not a value."""
    try:
        values = np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return None  # perhaps there is a blank line

    return values if np.isfinite(values).all() and max(map(len, cells)) <= LONGEST_LINE else None


def _too_long(source: str, number: int) -> BadInput:
    return BadInput(f"{at(source, number)}expected one number in a line of at most {LONGEST_LINE} bytes, got more")


def _counted(size: int) -> str:
    return "1 value" if size == 1 else f"{size} values"


def _sizes(shape: Shape) -> str:
    return " ".join(map(str, reversed(shape)))
