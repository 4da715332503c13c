"""Operations that create a matrix or tensor, or read one."""

from typing import Annotated

import numpy as np

from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput
from kerash_cli.matrices.kinds import Count, Depth, Height, Numbers, Seed, Size, Width
from kerash_cli.matrices.operation import Help, Word, operation, require, sizes


@operation("load")
def load(a: Array) -> Array:
    """Check A and print it unchanged; --npy converts text to .npy."""
    return a


@operation("create")
def create(*, w: Width, h: Height, d: Depth) -> str:
    """The first line of a tensor file of these sizes, for a script that writes the values itself."""
    return f"{w} {h} {d}"


@operation("random")
def random(*, w: Width, h: Height, d: Depth, seed: Seed = None) -> Array:
    """Random numbers in [0, 1), different each time unless you give --seed."""
    require((d, h, w))
    return np.random.default_rng(seed).random((d, h, w))


@operation("fill")
def fill(
    *, w: Width, h: Height, d: Depth, value: Annotated[float, Word, Help("Value of every cell (default: 1).")] = 1.0
) -> Array:
    """VALUE in every cell, by default 1."""
    require((d, h, w))
    return np.full((d, h, w), value)


@operation("direct")
def direct(
    *, w: Width, h: Height, d: Depth, values: Annotated[Numbers, Help("Values in the order of a file, row by row.")]
) -> Array:
    """The given values, in the order of a file; missing ones are 0."""
    require((d, h, w))
    if len(values) > w * h * d:
        raise BadInput(f"direct: expected at most {d * h * w} values for {sizes((d, h, w))}, got {len(values)}")
    result = np.zeros((d, h, w))
    result.reshape(-1)[: len(values)] = values
    return result


@operation("eye")
def eye(*, n: Annotated[Size, Help("Number of rows, and of columns.")]) -> Array:
    """The N x N identity matrix."""
    require((1, n, n))
    return np.eye(n)[np.newaxis]


@operation("linspace")
def linspace(
    *,
    start: Annotated[float, Help("First number.")],
    stop: Annotated[float, Help("Last number.")],
    count: Annotated[Count, Help("How many numbers.")],
) -> Array:
    """A row of COUNT numbers from START to STOP, evenly spaced."""
    require((1, 1, count))
    return np.linspace(start, stop, count).reshape(1, 1, count)
