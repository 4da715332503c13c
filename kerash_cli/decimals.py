"""Parses strict ASCII decimals as correctly rounded float64 numbers, one at a time or a block of cells at once."""

import re
from collections.abc import Sequence
from io import BytesIO
from itertools import compress
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float64] | NDArray[np.unsignedinteger[Any]]

MISSING = frozenset({"", "na", "n/a", "nan", "null", "?"})
"""Cells, in lower case, that stand for a missing value."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_NUMERIC = b"0123456789+-.eE"
_LONGEST_WHOLE = 18
_EXACT_DIGITS = 15  # always below 2**53, so that a single division by a power of ten rounds correctly
_POWERS = np.array([10.0**k for k in range(_EXACT_DIGITS + 1)])
_SPANS = ((1, np.uint8), (2, np.uint16), (4, np.uint32), (8, np.uint64))  # digits, and a type for twice as many


def number(text: str) -> float | None:
    """Returns the value of a decimal such as `-1.5`, `2.`, `.5` or `7.0e+00`, even with spaces around it; else None."""
    text = text.strip(" \t")
    value = float(text) if _NUMBER.fullmatch(text) else float("inf")
    return value if abs(value) < float("inf") else None


def whole(text: str) -> int | None:
    """Returns the whole number in a cell of 1 to 18 digits; None for other text."""
    text = text.strip(" \t")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_WHOLE else None


def shortest(value: float) -> str:
    """Returns the shortest decimal that reads back as `value`."""
    return repr(float(value)).removesuffix(".0")


def has_comma(text: str) -> bool:
    """Returns whether a cell is a number with a decimal comma, which no function here accepts."""
    return _COMMA.fullmatch(text.strip(" \t")) is not None


def is_missing(text: str) -> bool:
    """Returns whether a cell stands for a missing value."""
    return text.strip(" \t").lower() in MISSING


def column(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """Returns the cells' values, with NaN for missing ones; None if a cell is neither a number nor missing."""
    if not "".join(cells).encode().translate(None, _NUMERIC + b" \t"):
        try:
            values = np.fromiter(map(float, cells), np.float64, len(cells))
        except ValueError:
            pass  # such as an empty cell
        else:
            return values if np.isfinite(values).all() else None
    known = {cell: float("nan") if is_missing(cell) else number(cell) for cell in set(cells)}
    return None if None in known.values() else np.array([known[cell] for cell in cells], np.float64)


def block(text: bytes, delimiter: bytes, width: int) -> Values | None:
    """Returns the values (rows, width) of lines of plain decimals, with NaN for empty cells; None for other text.

    The values are unsigned integers if every cell consists of 1 to 15 digits. Every line must end with a newline. The
    result is None if a line does not have `width` cells, if a cell is not a plain decimal (a space in it is enough), or
    if a cell is empty and more than a quarter of the cells are hard to convert, such as `1e5`. Use `column` then.
    """
    if text.translate(None, _NUMERIC + delimiter + b"\n"):
        return None
    content = np.frombuffer(text.replace(b".", b""), np.uint8)
    newlines = content == ord("\n")
    separators = newlines | (content == ord(delimiter))
    ends = np.flatnonzero(separators)
    if not _are_rows(newlines.take(ends), width):
        return None
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts
    digits = content - np.uint8(ord("0"))
    inside = digits <= 9
    digits *= inside
    marks = np.flatnonzero(~(inside | separators))
    longest = int(lengths.max())
    if len(content) == len(text) and not len(marks) and lengths.all() and longest <= _EXACT_DIGITS:
        integers = _spelled(digits, inside, longest).take(ends - 1)
        return (integers.astype(np.uint8) if integers.max() < 256 else integers).reshape(-1, width)

    cell_of = np.cumsum(separators, dtype=np.int32) - separators
    marked = cell_of.take(marks)
    is_sign = (content[marks] == ord("-")) & (marks == starts[marked])
    negative = marked[is_sign]
    lengths[negative] -= 1
    hard = lengths > _EXACT_DIGITS  # cells to convert one by one; some are invalid
    hard[marked[~is_sign]] = True
    hard[negative[lengths[negative] == 0]] = True
    if 4 * np.count_nonzero(hard) > len(hard):
        return _one_by_one(text, delimiter, len(ends) // width)
    values = _spelled(digits, inside, min(longest, _EXACT_DIGITS)).take(ends - 1).astype(np.float64)
    values[negative] *= -1
    if len(content) < len(text):
        points = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("."))
        points -= np.arange(len(points))
        cells = cell_of.take(points)
        _set_points(values, hard, lengths, cells, ends[cells] - points)
    values[lengths == 0] = np.nan
    return values.reshape(-1, width) if _settled(values, hard, text, delimiter) else None


def _are_rows(newlines: NDArray[np.bool_], width: int) -> bool:
    """Returns whether every `width`-th separator, and no other, is a newline."""
    rows, left_over = divmod(len(newlines), width)
    return not left_over and np.count_nonzero(newlines) == rows and bool(newlines[width - 1 :: width].all())


def _one_by_one(text: bytes, delimiter: bytes, rows: int) -> NDArray[np.float64] | None:
    try:
        values: NDArray[np.float64] = np.loadtxt(BytesIO(text), delimiter=delimiter.decode(), comments=None, ndmin=2)
    except ValueError:
        return None
    return None if np.isinf(values).any() or len(values) < rows else values  # loadtxt skips blank lines


def _settled(values: NDArray[np.float64], hard: NDArray[np.bool_], text: bytes, delimiter: bytes) -> bool:
    """Converts the cells marked in `hard` one by one; returns False if a cell is not a finite number."""
    if hard.any():
        cells = compress(text.replace(b"\n", delimiter).split(delimiter), hard.tolist())
        try:
            values[hard] = np.fromiter(map(float, cells), np.float64)
        except ValueError:
            return False
    return not np.isinf(values).any()


def _set_points(
    values: NDArray[np.float64],
    hard: NDArray[np.bool_],
    lengths: NDArray[np.intp],
    cells: NDArray[np.int32],
    places: NDArray[np.intp],
) -> None:
    """Divides the values of `cells` by powers of ten; `places` says how many digits follow each point.

    Marks as hard the cells with two points, without digits, or with a point before the sign.
    """
    hard[cells[(places > lengths[cells]) | (lengths[cells] == 0)]] = True
    hard[cells[1:][cells[1:] == cells[:-1]]] = True
    values[cells] /= _POWERS[np.minimum(places, _EXACT_DIGITS)]


def _spelled(digits: NDArray[np.uint8], inside: NDArray[np.bool_], longest: int) -> NDArray[np.unsignedinteger[Any]]:
    """Returns, for every byte, the number formed by the digits up to and including it; 0 if it is not a digit.

    Numbers of up to `longest` digits are complete; longer ones may lack their first digits. Each step doubles the
    number of digits for all bytes at once, which is faster than going cell by cell.
    """
    values: NDArray[np.unsignedinteger[Any]] = digits
    full = inside  # whether the `span` bytes ending here are all digits

    for span, dtype in _SPANS:
        if span >= longest:
            break
        values = values.astype(dtype)
        values[span:] += values[:-span] * full[span:] * dtype(10**span)
        full = full.copy()
        full[span:] &= full[:-span]
        full[:span] = False
    return values
