"""Operations whose result is text for people."""

from typing import Annotated

import numpy as np

from kerash_cli.decimals import shortest
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput
from kerash_cli.matrices.kinds import Precision
from kerash_cli.matrices.operation import Help, Picture, operation, sizes

MOST_PRINTED = 1 << 22
"""Maximum count of numbers that `print` takes, because the text of all cells is in memory at once."""

MOST_DIGITS = 17
"""Number of significant digits that tell any two float64 apart."""


@operation("info")
def info(a: Array) -> str:
    """The sizes, smallest and largest number, mean and deviation of A, and how many of its numbers are 0."""
    return "\n".join(
        [
            f"sizes {sizes(a.shape)}",
            f"least {shortest(float(a.min()))}",
            f"greatest {shortest(float(a.max()))}",
            f"mean {shortest(_finite(float(a.mean())))}",
            f"deviation {shortest(_finite(float(a.std())))}",
            f"zeros {a.size - np.count_nonzero(a)} of {a.size}",
        ]
    )


@operation("print")
def picture(
    a: Array,
    *,
    precision: Annotated[Precision, Help("Significant digits.")] = 6,
    heat: Annotated[bool, Help("Colour cells by value, blue to red (terminal only).")] = False,
) -> Picture:
    """Print A as an aligned table, with a blank line between layers.

    Numbers near each other, such as 1699999970 and 1699999975, get extra digits: as many as they have in common.
    """
    if a.size > MOST_PRINTED:
        raise BadInput(f"print: expected at most {MOST_PRINTED} numbers, got {sizes(a.shape)}; try slice first")
    digits = min(MOST_DIGITS, precision + _digits_in_common(a))
    cells = [f"{value:.{digits}g}" for value in a.ravel().tolist()]
    width = max(map(len, cells))
    rows = [[cell.rjust(width) for cell in cells[i : i + a.shape[2]]] for i in range(0, a.size, a.shape[2])]
    layers = [rows[i : i + a.shape[1]] for i in range(0, len(rows), a.shape[1])]
    return Picture(layers, _heat(a) if heat else None)


def _heat(a: Array) -> Array:
    """Returns 0 for the smallest number, 1 for the largest, fractions in between; 0.5 everywhere if all are equal."""
    low, high = a.min(), a.max()
    middle, half = low / 2 + high / 2, high / 2 - low / 2  # halves first, since high - low may overflow
    return (a / 2 - middle / 2) / half + 0.5 if half else np.full(a.shape, 0.5)


def _digits_in_common(a: Array) -> int:
    """Returns the approximate number of leading digits that all numbers share."""
    spread, largest = float(a.max() / 2 - a.min() / 2) * 2, float(np.abs(a).max())
    if not 0 < spread < largest:
        return 0
    return int(np.floor(np.log10(largest)) - np.floor(np.log10(spread)))


def _finite(value: float) -> float:
    if not np.isfinite(value):
        raise BadInput("info: expected figures that fit in 64 bits, got larger ones; try other operands")
    return value
