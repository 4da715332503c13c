"""Parses strict ASCII decimals as correctly rounded float64 numbers, one at a time or the cells of a column."""

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MISSING = frozenset({"", "na", "n/a", "nan", "null", "?"})
"""Cells, in lower case, that stand for a missing value."""

NUMERIC = b"0123456789+-.eE"
"""Characters of decimals. Of the texts that Python's `float` accepts, only decimals consist of them alone."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_LONGEST_WHOLE = 18


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


def is_missing(text: str, words: Collection[str] = MISSING) -> bool:
    """Returns whether a cell stands for a missing value, given the words for it in lower case."""
    return text.strip(" \t").lower() in words


def column(cells: Sequence[str], words: Collection[str] = MISSING) -> "NDArray[np.float64] | None":
    """Returns the cells' values, with NaN for missing ones; None if a cell is neither a number nor missing.

    `words` are the words for a missing value, in lower case.
    """
    import numpy as np  # imported late: a single number needs none of it

    if not "".join(cells).encode().translate(None, NUMERIC + b" \t"):
        try:
            values = np.fromiter(map(float, cells), np.float64, len(cells))
        except ValueError:
            pass  # such as an empty cell
        else:
            return values if np.isfinite(values).all() else None
    known = {cell: float("nan") if is_missing(cell, words) else number(cell) for cell in set(cells)}
    return None if None in known.values() else np.array([known[cell] for cell in cells], np.float64)
