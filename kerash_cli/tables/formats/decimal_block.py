"""Decodes a block of lines of plain decimals to numbers, with array operations on all cells at once.

The last eight bytes of each cell are one word, a 64-bit number whose lowest byte is the first character; cells of more
than seven characters have a second word. Three multiplications turn eight digits in a word into their value, and a
point is closed by moving the bytes before it up by one. Values are whole numbers of up to 15 digits divided by a power
of ten, both exact in float64, so that a single division rounds correctly. All other cells are converted one by one.
"""

from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import compress
from math import nan
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from kerash_cli.decimals import NUMERIC

Item = TypeVar("Item")
Values: TypeAlias = NDArray[np.float64] | NDArray[np.unsignedinteger[Any]]
_Words: TypeAlias = NDArray[np.uint64]
_Bools: TypeAlias = NDArray[np.bool_]

_NEWLINE, _MINUS = ord("\n"), ord("-")
_SLOTS = 7  # digits in the word that ends with the separator of the cell
_LONGEST = 15  # characters without the sign that two words hold; as digits, always below 2**53
_POWERS = np.array([sign * 10.0**k for sign in (1, -1) for k in range(_LONGEST + 1)])
FEW = 1000
"""Number of bytes of text up to which `decode_few` is faster than `decode`."""
_LITTLE_ENDIAN = np.dtype("<u8")

# Numbers of 8 and more bits as uint64, because a Python int beside an array would be a signed one in NumPy 1.
_FF, _1, _7, _8, _16, _32, _56, _64 = (np.uint64(number) for number in (0xFF, 1, 7, 8, 16, 32, 56, 64))
_EACH = np.uint64(0x0101010101010101)
_ZEROS, _POINTS = _EACH * np.uint64(ord("0")), _EACH * np.uint64(ord(".") ^ ord("0"))
_HIGHEST_BITS, _LOWER_BITS = _EACH * np.uint64(0x80), _EACH * np.uint64(0x7F)
_TO_HIGHEST = _EACH * np.uint64(0x80 - 10)  # added to a byte of 10 or more it sets the highest bit
_LAST_BYTES = np.array([(1 << 64) - (1 << 64 - 8 * k) for k in range(9)], np.uint64)  # of a word, 0 to 8
_LAST_BYTE = _LAST_BYTES[1]
_PLACES = np.uint64(0x0706050403020100)  # byte k is k
_PAIRS, _FOURS = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0000FFFF0000FFFF)
_TEN, _HUNDRED, _MYRIAD = (np.uint64(10**k << 8 * k | 1) for k in (1, 2, 4))


class Question(NamedTuple):
    """Lines of text, each with `width` cells and a newline at its end."""

    text: bytes
    delimiter: bytes
    width: int


class _Parsed(NamedTuple):
    """Cells as whole numbers, how many digits follow the point, and which cells are not just digits and a point."""

    whole: _Words
    after: _Words
    stray: _Bools


def alone(asked: Iterable[tuple[Question | None, Item]]) -> Iterator[tuple[Values | None, Item]]:
    """Yields the result of `decode` for each question, None for None, together with the item that goes with it."""
    return ((question and decode(question), item) for question, item in asked)


def decode(question: Question) -> Values | None:
    """Returns the values (rows, width) of lines of plain decimals, with NaN for empty cells; None for other text.

    The values are unsigned integers if every cell consists of 1 to 15 digits. The result is None if a line does not
    have `width` cells, if a cell is not a plain decimal (a space in it is enough), or if a cell is empty and more than
    a quarter of the cells are hard to convert, such as `1e5`.
    """
    text, delimiter, width = question
    content = np.frombuffer(b"0" * (_LONGEST + 1) + text + b"0" * (8 + -len(text) % 8), np.uint8)
    newlines = content == _NEWLINE
    ends = np.flatnonzero(newlines | (content == ord(delimiter)))
    if len(ends) != width * np.count_nonzero(newlines) or not newlines.take(ends[width - 1 :: width]).all():
        return None
    lengths = np.diff(ends, prepend=_LONGEST) - 1
    negative = content.take(ends - lengths) == _MINUS
    lengths -= negative
    has_points = b"." in text
    whole, after, hard = _parsed(content, ends, lengths, has_points)
    empty = lengths == 0
    hard |= (lengths > _LONGEST) | (empty & negative)
    if not (has_points or hard.any() or negative.any() or empty.any()):
        return (whole.astype(np.uint8) if whole.max() < 256 else whole).reshape(-1, width)
    if 4 * np.count_nonzero(hard) > len(hard):
        return _mostly_hard(text, delimiter, len(ends) // width)
    values = whole.astype(np.float64)
    values /= _POWERS.take(after.view(np.int64) + negative * (_LONGEST + 1))
    values[empty] = np.nan
    return values.reshape(-1, width) if _settled(values, hard, text, delimiter) else None


def decode_few(question: Question) -> NDArray[np.float64] | None:
    """Returns the values of a few lines as `decode` does, but always as float64, and one after the other.

    That takes less time than the many operations on all cells.
    """
    text, delimiter, width = question
    if text.translate(None, NUMERIC + delimiter + b"\n"):
        return None
    rows = [line.split(delimiter) for line in text.splitlines()]
    if any(len(row) != width for row in rows):
        return None
    try:
        values = np.array([[float(cell) if cell else nan for cell in row] for row in rows])
    except ValueError:
        return None
    return None if np.isinf(values).any() else values


def _parsed(content: NDArray[np.uint8], ends: NDArray[np.intp], lengths: NDArray[np.intp], points: bool) -> _Parsed:
    """Parses cells of at most 15 characters without a sign; `points` says whether there is a point anywhere."""
    last = _words(content, ends - _SLOTS, lengths + 1)
    last &= ~_LAST_BYTE  # the separator
    if points:
        point = _first_points(last | (_POINTS & _LAST_BYTE))  # a cell without a point has it where the separator is
        after = _place_from_end(point)
        last = _closed(last, point)
    else:
        last <<= _8
        after = np.zeros_like(last)
    stray = _strays(last)
    if points:
        stray |= (lengths == 1) & (after == _1)  # a point alone
    whole = _eight_digits(last)
    longer = np.flatnonzero(lengths > _SLOTS)
    if len(longer):
        first = _words(content, ends[longer] - _SLOTS - 8, lengths[longer] - _SLOTS)
        point = _first_points(first)
        pointed = point != 0
        first = np.where(pointed, _closed(first, point), first)
        stray[longer] |= _strays(first) | (pointed & (after[longer] > 0))
        after[longer] += pointed * (_place_from_end(point) + _7)
        whole[longer] += _eight_digits(first) * np.uint64(10**_SLOTS)
        after[stray | (lengths > _LONGEST)] = 0
    return _Parsed(whole, after, stray)


def _words(content: NDArray[np.uint8], starts: NDArray[np.intp], lengths: NDArray[np.intp]) -> _Words:
    """Returns eight bytes from each start as a word, less the character `0`; only its last bytes, `lengths`, count."""
    aligned = content.view(_LITTLE_ENDIAN)
    places = starts >> 3
    shifts = ((starts & 7) << 3).view(np.uint64)
    words = aligned.take(places)
    words >>= shifts
    places += 1
    words |= aligned.take(places) << (_64 - shifts)  # a shift by 64 leaves 0
    words ^= _ZEROS
    words &= _LAST_BYTES.take(lengths, mode="clip")
    return words


def _first_points(words: _Words) -> _Words:
    """Returns a word with the lowest bit of the first byte that is a point; 0 if there is none."""
    words = words ^ _POINTS
    others = words & _LOWER_BITS
    others += _LOWER_BITS
    others |= words
    found = ~others
    found &= _HIGHEST_BITS
    found &= np.negative(found)
    found >>= _7
    return found


def _place_from_end(bits: _Words) -> _Words:
    """Returns how many bytes follow the byte of each bit that `_first_points` returned; 0 for no bit."""
    places = bits * _PLACES
    places >>= _56
    return places


def _closed(words: _Words, bits: _Words) -> _Words:
    """Returns the words without the bytes at `bits`: the bytes before them move up by one."""
    before = bits - _1
    moved = words & before
    moved <<= _8
    before <<= _8
    before |= _FF
    moved |= words & ~before
    return moved


def _strays(words: _Words) -> _Bools:
    """Returns which words have a byte that is not a digit from 0 to 9."""
    flags = words + _TO_HIGHEST
    flags |= words
    flags &= _HIGHEST_BITS
    strays: _Bools = flags != 0
    return strays


def _eight_digits(words: _Words) -> _Words:
    """Returns the number that the eight digits of each word spell: pairs of them first, then fours, then all."""
    values = words * _TEN
    values >>= _8
    values &= _PAIRS
    values *= _HUNDRED
    values >>= _16
    values &= _FOURS
    values *= _MYRIAD
    values >>= _32
    return values


def _mostly_hard(text: bytes, delimiter: bytes, rows: int) -> NDArray[np.float64] | None:
    if text.translate(None, NUMERIC + delimiter + b"\n"):
        return None
    try:
        values: NDArray[np.float64] = np.loadtxt(BytesIO(text), delimiter=delimiter.decode(), comments=None, ndmin=2)
    except ValueError:
        return None
    return None if np.isinf(values).any() or len(values) < rows else values  # loadtxt skips blank lines


def _settled(values: NDArray[np.float64], hard: _Bools, text: bytes, delimiter: bytes) -> bool:
    """Converts the cells marked in `hard` one by one; returns False if a cell is not a finite number."""
    if not hard.any():
        return True
    cells = list(compress(text.replace(b"\n", delimiter).split(delimiter), hard.tolist()))
    if b"".join(cells).translate(None, NUMERIC):
        return False
    try:
        values[hard] = np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return False
    return not np.isinf(values).any()
