"""Text of many float32 numbers at once, the same as `str` of each, in less than half of the time.

The shortest decimal that reads back as a float32 has at most nine digits. Those of most numbers are found with float64
arithmetic, which is exact enough to know when it is not. The digits are written side by side into a matrix of
characters, a row for each number with the places from 10**5 to 10**-12, of which a part is then taken.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_FEWEST_DIGITS, _MOST_DIGITS = 6, 9  # decimals of 6 digits are all different float32, and no float32 needs more than 9
_SMALLEST, _LARGEST = 1e-37, 1e6  # of numbers that are written here; from the largest on `str` has exponents
_LEAST_EXPONENT = -4  # of numbers that are written without an exponent
_MANTISSA, _MANTISSA_BITS, _EXPONENT = 0x7FFFFF, 23, 0xFF
_EXPONENT_OF_HALF = 1023 - 127 - 24  # as float64, less that of the float32 whose last bit it is half of
_DOUBT = 1e-6  # much more than what float64 rounds off
_TENS_FROM = -2
_TENS = 10.0 ** np.arange(_TENS_FROM, 50)
_WHOLE_TENS = 10 ** np.arange(19)
_HALF, _TEN = 10**9, np.uint32(10)

FEW = 100
"""Number of values up to which `str` of each takes less time than the many operations on all of them."""

_BEFORE, _AFTER = 6, 12  # places before and after the point
_POINT = 1 + _BEFORE  # column of the point, after those of the sign and the places before it
_SUFFIX = len("e-37")
_COLUMNS = _POINT + 1 + _AFTER + _SUFFIX + 1  # the last one for a separator
_PLACES = np.arange(_COLUMNS)
_PARTS = ((_PLACES[: _POINT + 1, None, None] <= _PLACES) & (_PLACES[:, None] >= _PLACES)).reshape(-1, _COLUMNS)
"""The columns to take from a first one to the last, in row FIRST * _COLUMNS + LAST."""
_ZERO = ord("0")


class _Decimals(NamedTuple):
    """Shortest decimals of numbers without their signs: `digits`, nine of them, times 10**(exponents - 8)."""

    digits: NDArray[np.int64]
    kept: NDArray[np.intp]
    """Number of digits without the zeros at the end, but at least one."""
    exponents: NDArray[np.intp]
    certain: NDArray[np.bool_]
    """False where the others are not known."""


def lines(values: NDArray[np.floating[Any]], delimiter: str) -> list[str]:
    """Returns a line of text for each row of `values` (rows, columns), with its end: shortest decimals of its type."""
    if values.dtype == np.float32:
        if values.size <= FEW:
            return [delimiter.join(map(str, row)) + "\n" for row in values]
        return _text(values, delimiter).splitlines(keepends=True)
    return [delimiter.join(map(repr, row)) + "\n" for row in values.tolist()]


def _text(values: NDArray[np.float32], delimiter: str) -> str:
    flat = values.ravel()
    digits, kept, exponents, certain = _shortest(flat)
    scientific = exponents < _LEAST_EXPONENT
    shown = np.where(scientific, 0, exponents)  # the exponent without what the suffix tells
    characters = _spelled(digits * _WHOLE_TENS.take(shown + _AFTER - _MOST_DIGITS + 1))
    after = kept - 1 - shown  # places after the point
    first = _POINT - 1 - np.maximum(shown, 0)
    end = np.where(scientific & (after == 0), _POINT, _POINT + 1 + np.maximum(after, 1))
    negative = np.signbit(flat)
    first -= negative
    characters[negative, first[negative]] = ord("-")
    small = np.flatnonzero(scientific)
    tens, ones = divmod(-exponents[small], 10)
    for character in (ord("e"), ord("-"), _ZERO + tens, _ZERO + ones):
        characters[small, end[small]] = character
        end[small] += 1
    for place in np.flatnonzero(~certain).tolist():
        text = str(flat[place]).encode()
        characters[place, : len(text)] = np.frombuffer(text, np.uint8)
        first[place], end[place] = 0, len(text)
    separators = np.full(values.shape, ord(delimiter), np.uint8)
    separators[:, -1] = ord("\n")
    characters[np.arange(len(flat)), end] = separators.ravel()
    return characters[_PARTS.take(first * _COLUMNS + end, 0)].tobytes().decode("ascii")


def _shortest(values: NDArray[np.float32]) -> _Decimals:
    size = np.abs(values).astype(np.float64)
    bits = values.view(np.int32)
    # A power of two is closer to the number below than to the number above; its mantissa is 0.
    certain = (size > _SMALLEST) & (size < _LARGEST) & (bits & _MANTISSA != 0)
    known = (size == 0) | (size == 1)
    size[~certain] = 1.5
    exponent_bits = (bits >> _MANTISSA_BITS & _EXPONENT).astype(np.int64)
    half = (exponent_bits + _EXPONENT_OF_HALF << 52).view(np.float64)  # of the way to the next number
    exponents = np.floor(np.log10(size)).astype(np.intp)
    found, count = np.zeros(len(size)), np.full(len(size), _MOST_DIGITS)
    for digits in range(_MOST_DIGITS, _FEWEST_DIGITS - 1, -1):
        power = _TENS.take(digits - 1 - exponents - _TENS_FROM)
        scaled = size * power
        whole = np.rint(scaled)
        distance = np.abs(whole / power - size) / half
        scaled -= whole
        certain &= (np.abs(np.abs(scaled) - 0.5) > _DOUBT) & (np.abs(distance - 1) > _DOUBT) & (whole < 10.0**digits)
        hit = distance < 1
        np.copyto(found, whole * 10.0 ** (_MOST_DIGITS - digits), where=hit)
        count[hit] = digits
    found[known], exponents[known], count[known] = np.abs(values[known]) * 10.0 ** (_MOST_DIGITS - 1), 0, 1
    whole_numbers = found.astype(np.int64)
    few = np.flatnonzero(count == _FEWEST_DIGITS)
    count[few] = _without_zeros(whole_numbers[few])
    return _Decimals(whole_numbers, count, exponents, certain | known)


def _spelled(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Returns the digits of whole numbers as characters, with a point before the last _AFTER, in rows of _COLUMNS."""
    characters = np.empty((len(numbers), _COLUMNS), np.uint8)
    characters[:, _POINT] = ord(".")
    places = [*range(_POINT + _AFTER, _POINT, -1), *range(_POINT - 1, 0, -1)]
    upper = numbers // _HALF
    for half, columns in ((numbers - _HALF * upper, places[:9]), (upper, places[9:])):
        rest = half.astype(np.uint32)  # divided in half of the time
        for column in columns:
            tens = rest // _TEN
            characters[:, column] = rest - _TEN * tens + _ZERO
            rest = tens
    return characters


def _without_zeros(digits: NDArray[np.int64]) -> NDArray[np.intp]:
    """Returns how many of the digits are left without the zeros at the end, but at least one."""
    count = np.full(len(digits), _MOST_DIGITS)
    rest = digits
    going_on = np.ones(len(digits), np.bool_)
    for _ in range(1, _MOST_DIGITS):
        tens = rest // 10
        going_on &= tens * 10 == rest
        count -= going_on
        rest = tens
    return count
