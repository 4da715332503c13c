"""Operations that compare two matrices or tensors."""

from typing import Annotated

import numpy as np

from kerash_cli.decimals import shortest
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput
from kerash_cli.matrices.kinds import Count
from kerash_cli.matrices.operation import Help, operation, same_sizes, sizes


@operation("similar")
def similar(a: Array, b: Array, *, eps: Annotated[float, Help("Largest difference that is allowed.")]) -> bool:
    """Compares A and B: exit status 0 if the numbers at each place differ by at most EPS, else 1."""
    same_sizes(a, b)
    return bool((np.abs(a - b) <= eps).all())


@operation("compare")
def compare(a: Array, b: Array) -> str:
    """The differences between A and B: how many, the largest and where it is, and their root mean square."""
    same_sizes(a, b)
    difference = np.abs(a - b)
    if not np.isfinite(difference).all():
        raise BadInput("compare: expected differences that fit in 64 bits, got larger ones; try other operands")
    largest = np.unravel_index(difference.argmax(), a.shape)
    place = " ".join(str(int(i)) for i in reversed(largest))
    mean = float(np.hypot.reduce(difference, None)) / a.size**0.5
    return "\n".join(
        [
            f"sizes {sizes(a.shape)}",
            f"different {np.count_nonzero(difference)} of {a.size}",
            f"largest {shortest(difference[largest])} at x y z {place}",
            f"root mean square {shortest(mean)}",
        ]
    )


@operation("cost-mse")
def cost_mse(x: Array, y: Array, *, batch: Annotated[Count, Help("Divisor: number of rows in a batch.")] = 1) -> Array:
    """The squares of X - Y, divided by --batch: the share of each number in the mean square error."""
    same_sizes(x, y)
    return np.square(x - y) / batch


@operation("cost-d-mse")
def cost_d_mse(x: Array, y: Array) -> Array:
    """X - Y: the gradient of half the square error."""
    same_sizes(x, y)
    return x - y
