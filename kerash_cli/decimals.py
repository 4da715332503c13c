"""Strict ASCII decimals: text to float64, correctly rounded, one at a time or a block of cells at once."""

import re
from collections.abc import Sequence
from itertools import compress
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float64] | NDArray[np.uint8]

MISSING = frozenset({"", "na", "n/a", "nan", "null", "?"})
"""What stands for a value that is not there, in lower case."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NUMERIC = b"0123456789+-.eE"
_EXACT_DIGITS = 15  # below 2**53 whatever they are, so that one division by a power of ten rounds once
_POWERS = np.array([10.0**k for k in range(_EXACT_DIGITS + 1)])
_SPANS = ((1, np.uint8), (2, np.uint16), (4, np.uint32), (8, np.uint64))  # digits, and what holds twice as many


def number(text: str) -> float | None:
    """The value of `1`, `-1.5`, `2.`, `.5`, `7.0e+00`, with spaces around or none; None for anything else."""
    text = text.strip(" \t")
    value = float(text) if _NUMBER.fullmatch(text) else float("inf")
    return value if abs(value) < float("inf") else None


def is_missing(text: str) -> bool:
    """Whether a cell says that its value is not there."""
    return text.strip(" \t").lower() in MISSING


def column(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """The cells' values, NaN for missing ones; None if a cell is neither a number nor missing."""
    if not "".join(cells).encode().translate(None, _NUMERIC + b" \t"):
        try:
            values = np.fromiter(map(float, cells), np.float64, len(cells))
        except ValueError:
            pass  # an empty cell, perhaps
        else:
            return values if np.isfinite(values).all() else None
    known = [float("nan") if is_missing(cell) else number(cell) for cell in cells]
    return None if None in known else np.array(known, np.float64)


def block(text: bytes, delimiter: bytes, width: int) -> Values | None:
    """(rows, width) values of lines of bare decimals, NaN for empty cells; of an integer type if all have no sign, no point.

    Every line ends with a newline. None if a line has another number of cells or anything but decimals in them, spaces
    included: whoever wants to know where looks cell by cell.
    """
    if text.translate(None, _NUMERIC + delimiter + b"\n"):
        return None
    content = np.frombuffer(text.replace(b".", b""), np.uint8)
    newlines = content == ord("\n")
    separators = newlines | (content == ord(delimiter))
    ends = np.flatnonzero(separators)
    last = newlines.take(ends)
    if len(ends) % width or np.count_nonzero(last) * width != len(ends) or not last[width - 1 :: width].all():
        return None
    starts = np.concatenate(([0], ends[:-1] + 1))
    digits = content - np.uint8(ord("0"))
    inside = digits <= 9
    digits *= inside
    lengths = ends - starts
    hard = lengths > _EXACT_DIGITS
    marks = np.flatnonzero(~(inside | separators))
    whole = _spelled(digits, inside, min(int(lengths.max()), _EXACT_DIGITS)).take(ends - 1)
    if len(content) == len(text) and not len(marks) and lengths.all() and not hard.any():
        return whole.reshape(-1, width)
    values = whole.astype(np.float64)
    cells = np.searchsorted(ends, marks)
    minus = (content[marks] == ord("-")) & (marks == starts[cells])
    hard[cells[~minus]] = True
    lengths[cells[minus]] -= 1
    empty = lengths == 0
    np.negative.at(values, cells[minus])
    hard[cells[minus]] |= empty[cells[minus]]
    if len(content) < len(text):
        points = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("."))
        points -= np.arange(len(points))
        cells = np.searchsorted(ends, points)
        places = ends[cells] - points
        hard[cells[(places > lengths[cells]) | empty[cells]]] = True
        hard[cells[1:][cells[1:] == cells[:-1]]] = True
        values[cells] /= _POWERS[np.minimum(places, _EXACT_DIGITS)]
    values[empty] = np.nan
    return values.reshape(-1, width) if _settled(values, hard, text, delimiter) else None


def _settled(values: NDArray[np.float64], hard: NDArray[np.bool_], text: bytes, delimiter: bytes) -> bool:
    """Writes the values of the hard cells one by one; False if one is not a finite number."""
    if hard.any():
        cells = compress(text.replace(b"\n", delimiter).split(delimiter), hard.tolist())
        try:
            values[hard] = np.fromiter(map(float, cells), np.float64)
        except ValueError:
            return False
    return not np.isinf(values).any()


def _spelled(digits: NDArray[np.uint8], inside: NDArray[np.bool_], longest: int) -> NDArray[np.unsignedinteger[Any]]:
    """At every byte the number that the digits ending there spell, `longest` or fewer of them; 0 at what is no digit.

    Work is done at every byte, and doubles the span at each step: sooner done than cell by cell.
    """
    values: NDArray[np.unsignedinteger[Any]] = digits
    full = inside  # whether the `span` bytes that end here are all digits
    for span, dtype in _SPANS:
        if span >= longest:
            break
        values = values.astype(dtype)
        values[span:] += values[:-span] * full[span:] * dtype(10**span)
        full = full.copy()
        full[span:] &= full[:-span]
        full[:span] = False
    return values
