"""PGM and PPM images (https://netpbm.sourceforge.net/doc/pgm.html and ppm.html), with up to 8 bits a number.

    2 bytes   P2 or P5: grey; P3 or P6: red, green and blue
    the width, the height and the largest value, from 1 to 255, as decimal whole numbers
    the values by rows, those of a pixel one after the other: numbers in P2 and P3, a byte each in P5 and P6

White space or comments stand before each number: a comment begins with `#` and ends with its line. In P5 and P6 one
character of white space stands before the values. A file has one image. Values are scaled from the largest to 255.
"""

import re
from math import prod

import numpy as np
from numpy.typing import NDArray

from kerash_cli.engine.tensors import Shape
from kerash_cli.errors import BadInput, at, shown
from kerash_cli.tables.formats.arrays import LARGEST_ROW
from kerash_cli.tables.formats.decimal_block import Question, decode

_SPACE = rb"(?:[ \t\r\n\v\f]|#[^\r\n]*[\r\n])"
_HEADER = re.compile(rb"P([2356])" + rb"%b+([0-9]{1,18})" % _SPACE * 3)
_BEGINNING = re.compile(rb"P[2356]%b+[0-9]{1,18}[ \t]+[0-9]{1,18}%b+[0-9]{1,18}(?:\s|\Z)" % (_SPACE, _SPACE))
_COMMENT = re.compile(rb"#[^\r\n]*")
_WHITE = b" \t\r\n\v\f"
_TO_NEWLINES = bytes.maketrans(_WHITE, b"\n" * len(_WHITE))
_PIECE = 1 << 20  # bytes of numbers that are converted together


def begins(head: bytes) -> bool:
    """Returns whether a file that begins like this is PGM or PPM, with width and height in one line."""
    return _BEGINNING.match(head) is not None


def read(content: bytes, source: str) -> NDArray[np.uint8]:
    """Returns the values (depth, height, width) of an image; raises BadInput if it is invalid."""
    header = _HEADER.match(content)
    if header is None:
        got = shown(content[:20].decode("latin-1"))
        raise BadInput(f"{at(source)}expected P2, P3, P5 or P6, width, height and the largest value, got {got}")
    kind, (width, height, largest) = header[1], map(int, header.groups()[1:])
    shape = (height, width, 3 if kind in b"36" else 1)
    check_size(shape, source)
    if not 1 <= largest <= 255:
        raise BadInput(f"{at(source)}expected a largest value from 1 to 255, got {largest}; try an image of 8 bits")
    plain = kind in b"23"
    values = _plain(content, header.end(), shape, source) if plain else _raw(content, header.end(), shape, source)
    if len(values) and values.max() > largest:
        raise BadInput(f"{at(source)}expected values of at most {largest}, got {values.max()}")
    if largest < 255:
        values = np.rint(values.astype(np.float64) * (255 / largest)).astype(np.uint8)
    return np.ascontiguousarray(values.reshape(shape).transpose(2, 0, 1))


def check_size(shape: Shape, source: str) -> None:
    """Raises BadInput if an image (height, width, depth) has no pixels, or more numbers than a row may have bytes."""
    if not 0 < prod(shape) <= LARGEST_ROW:
        height, width, depth = shape
        most = f"1 to {LARGEST_ROW // 10**6} million numbers"
        raise BadInput(f"{at(source)}expected an image of {most}, got {width}x{height} in {_counted(depth)}")


def _counted(depth: int) -> str:
    return "1 channel" if depth == 1 else f"{depth} channels"


def _raw(content: bytes, start: int, shape: Shape, source: str) -> NDArray[np.uint8]:
    got = max(0, len(content) - start - 1)
    if got != prod(shape) or content[start : start + 1].strip(_WHITE):
        raise _counts(shape, got, source)
    return np.frombuffer(content, np.uint8, offset=start + 1)


def _plain(content: bytes, start: int, shape: Shape, source: str) -> NDArray[np.uint8]:
    values, count = np.empty(prod(shape), np.uint8), 0
    while start < len(content):
        end = _end(content, start)
        piece = content[start:end]
        if b"#" in piece:
            piece = _COMMENT.sub(b" ", piece)
        found = _numbers(piece, source)
        if count + len(found) > len(values):
            raise _counts(shape, None, source)
        values[count : count + len(found)] = found
        start, count = end, count + len(found)
    if count < len(values):
        raise _counts(shape, count, source)
    return values


def _end(content: bytes, start: int) -> int:
    """Returns the end of a piece of whole lines or, where a line is long, of whole numbers."""
    limit = start + _PIECE
    if limit >= len(content):
        return len(content)
    line = max(content.rfind(b"\n", start, limit), content.rfind(b"\r", start, limit))
    cut = line if line >= 0 else content.rfind(b" ", start, limit)
    return cut + 1 if cut >= 0 else len(content)


def _numbers(text: bytes, source: str) -> NDArray[np.uint8]:
    words = text.translate(_TO_NEWLINES).strip(b"\n")
    while b"\n\n" in words:
        words = words.replace(b"\n\n", b"\n")
    if not words:
        return np.empty(0, np.uint8)
    values = None if words.translate(None, b"0123456789\n") else decode(Question(words + b"\n", b" ", 1))
    if values is None or values.max() > 255:
        wrong = next(word for word in words.split(b"\n") if not _is_value(word))
        raise BadInput(f"{at(source)}expected whole numbers up to 255, got {shown(wrong.decode('utf-8', 'replace'))}")
    return values.ravel().astype(np.uint8)


def _is_value(word: bytes) -> bool:
    digits = word.lstrip(b"0")
    return word.isdigit() and len(digits) <= 3 and int(digits or b"0") <= 255


def _counts(shape: Shape, got: int | None, source: str) -> BadInput:
    size, (height, width, depth) = prod(shape), shape
    what = f"expected {size} values for {width}x{height} in {_counted(depth)}, got {'more' if got is None else got}"
    is_short = got is not None and got < size
    return BadInput(f"{at(source)}{what}{'; the file is truncated, try another copy of it' if is_short else ''}")
