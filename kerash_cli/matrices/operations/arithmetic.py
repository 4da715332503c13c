"""Operations that compute each number of the result from the numbers at the same place."""

from typing import Annotated

import numpy as np

from kerash_cli.decimals import shortest
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput
from kerash_cli.matrices.kinds import Digits
from kerash_cli.matrices.operation import Help, operation, same_sizes


@operation("add")
def add(a: Array, b: Array) -> Array:
    """A + B."""
    same_sizes(a, b)
    return a + b


@operation("sub")
def sub(a: Array, b: Array) -> Array:
    """A - B."""
    same_sizes(a, b)
    return a - b


@operation("mul-p2p")
def mul_p2p(a: Array, b: Array) -> Array:
    """The elementwise product: each number of A times the number of B at the same place."""
    same_sizes(a, b)
    return a * b


@operation("div-p2p")
def div_p2p(a: Array, b: Array) -> Array:
    """The elementwise quotient: each number of A divided by the number of B at the same place."""
    same_sizes(a, b)
    return a / b


@operation("mul-scalar")
def mul_scalar(a: Array, *, factor: Annotated[float, Help("Factor by which to multiply each number.")]) -> Array:
    """Each number times FACTOR."""
    return factor * a


@operation("add-scalar")
def add_scalar(a: Array, *, term: Annotated[float, Help("Number to add.")]) -> Array:
    """Each number plus TERM."""
    return a + term


@operation("mul-self-p2p")
def mul_self_p2p(a: Array) -> Array:
    """Each number times itself."""
    return a * a


@operation("power")
def power(a: Array, *, exponent: Annotated[float, Help("Power to which each number is raised.")]) -> Array:
    """Each number to the power of EXPONENT."""
    return np.power(a, exponent)


@operation("clip")
def clip(
    a: Array,
    *,
    low: Annotated[float, Help("Lower bound; smaller numbers become LOW.")],
    high: Annotated[float, Help("Upper bound; larger numbers become HIGH.")],
) -> Array:
    """Each number, limited to the range from LOW to HIGH."""
    if low > high:
        raise BadInput(f"clip: expected LOW to be at most HIGH, got {shortest(low)} and {shortest(high)}")
    return np.clip(a, low, high)


@operation("round")
def round_to(
    a: Array, *, digits: Annotated[Digits, Help("Digits to keep after the point; -2 rounds to hundreds.")] = 0
) -> Array:
    """Each number rounded to --digits after the point; half-way cases go to the even digit."""
    rounded = np.round(a, digits)  # multiplies first, which overflows for numbers that have no such digits
    return np.where(np.isfinite(rounded), rounded, a)
