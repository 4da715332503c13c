"""Values from a JSON file, believed only once they are what they should be; ValueError says what is not."""

from collections.abc import Collection
from math import isfinite

import numpy as np

from kerash_cli.encoding.cells import Floats


def expect(holds: bool, reason: str) -> None:
    """ValueError with the reason unless `holds`."""
    if not holds:
        raise ValueError(reason)


def integer(value: object, low: int, high: int, what: str) -> int:
    """A whole number from `low` to `high`."""
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"expected {what} from {low} to {high}")
    return value


def boolean(value: object, what: str) -> bool:
    """True or false."""
    if type(value) is not bool:
        raise ValueError(f"expected true or false for {what}")
    return value


def choice(value: object, known: Collection[str], what: str) -> str:
    """One of the known words."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"expected {what} of {', '.join(known)}")
    return value


def names(value: object, what: str) -> tuple[str, ...]:
    """Strings that differ."""
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value) or len(set(value)) < len(value):
        raise ValueError(f"expected different strings for {what}")
    return tuple(value)


def floats(value: object, size: int, what: str) -> Floats:
    """So many finite numbers."""
    if not isinstance(value, list) or len(value) != size or not all(map(_is_finite, value)):
        raise ValueError(f"expected {size} finite numbers for {what}")
    return np.array(value, np.float64)


def _is_finite(value: object) -> bool:
    return type(value) is float and isfinite(value)
