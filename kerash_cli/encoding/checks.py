"""Checks of values that come from a JSON file: each returns a valid value, or raises ValueError with the reason."""

from collections.abc import Collection, Sequence
from itertools import groupby
from math import copysign, isfinite

import numpy as np

from kerash_cli import decimals
from kerash_cli.encoding.cells import Floats

_LONG = 4
"""Minimum length of a run of equal numbers that is written as `[number, count]`."""


def expect(holds: bool, reason: str) -> None:
    """Raises ValueError with the reason unless `holds`."""
    if not holds:
        raise ValueError(reason)


def integer(value: object, low: int, high: int, what: str) -> int:
    """Returns the value if it is a whole number from `low` to `high`."""
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"expected {what} from {low} to {high}")
    return value


def boolean(value: object, what: str) -> bool:
    """Returns the value if it is true or false."""
    if type(value) is not bool:
        raise ValueError(f"expected true or false for {what}")
    return value


def choice(value: object, known: Collection[str], what: str) -> str:
    """Returns the value if it is one of the `known` words."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"expected one of {', '.join(known)} for {what}")
    return value


def names(value: object, what: str) -> tuple[str, ...]:
    """Returns a list of strings, all different, as a tuple."""
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value) or len(set(value)) < len(value):
        raise ValueError(f"expected different strings for {what}")
    return tuple(value)


def sorted_numbers(words: Sequence[str]) -> None:
    """Raises ValueError unless the words are decimal numbers in ascending order, without repetition."""
    values = [value for value in map(decimals.number, words) if value is not None]
    expect(values == sorted(set(values)) and len(values) == len(words), "expected sorted numbers")


def floats(value: object, size: int, what: str) -> Floats:
    """Returns `size` finite numbers; `[number, count]` stands for `count` equal ones."""
    runs = [each if _is_run(each) else [each, 1] for each in value] if isinstance(value, list) else []
    if sum(count for _, count in runs) != size or not all(_is_finite(number) for number, _ in runs):
        raise ValueError(f"expected {size} finite numbers for {what}")
    numbers, counts = zip(*runs, strict=True) if runs else ((), ())
    return np.repeat(np.array(numbers, np.float64), np.array(counts, np.intp))


def runs(numbers: list[float]) -> list[float | list[float | int]]:
    """Returns numbers in the form that `floats` reads: a run of four or more equal ones becomes `[number, count]`."""
    shortened: list[float | list[float | int]] = []
    for number, group in groupby(numbers, key=lambda number: (number, copysign(1, number))):
        count = len(list(group))
        shortened += [[number[0], count]] if count >= _LONG else [number[0]] * count
    return shortened


def _is_run(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and type(value[1]) is int and value[1] >= _LONG


def _is_finite(value: object) -> bool:
    return type(value) is float and isfinite(value)
