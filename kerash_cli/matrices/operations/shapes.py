"""Operations that rearrange numbers."""

from typing import Annotated

import numpy as np

from kerash_cli.engine.tensors import Array
from kerash_cli.errors import Mismatched
from kerash_cli.matrices.kinds import AXES, Axis, Count, Depth, Height, Index, Order, Seed, Size, Width
from kerash_cli.matrices.operation import Help, operation, require, sizes


@operation("transpose")
def transpose(
    a: Array, *, axes: Annotated[Order, Help("Axes of A that become depth, height and width of the result.")] = "zxy"
) -> Array:
    """The rows of A as columns, in each layer of a tensor.

    --axes says which axes of A become the depth, the height and the width of the result.
    """
    return a.transpose([AXES.index(axis) for axis in axes])


@operation("resize")
def resize(a: Array, *, w: Width, h: Height, d: Depth, seed: Seed = None) -> Array:
    """The numbers of A in other sizes, in the order of the file; surplus cells get random numbers in [0, 1)."""
    require((d, h, w))
    count = w * h * d
    new = np.random.default_rng(seed).random(max(0, count - a.size))
    return np.concatenate([a.ravel()[:count], new]).reshape(d, h, w)


@operation("reshape")
def reshape(a: Array, *, w: Width, h: Height, d: Depth) -> Array:
    """The numbers of A in other sizes, in the order of the file; their count must stay the same."""
    if w * h * d != a.size:
        raise Mismatched(f"expected sizes for {a.size} numbers, as {sizes(a.shape)} has, got {sizes((d, h, w))}")
    return a.reshape(d, h, w)


@operation("flatten")
def flatten(a: Array) -> Array:
    """All numbers as one row."""
    return a.reshape(1, 1, -1)


@operation("concatenate")
def concatenate(
    a: Array, b: Array, *more: Array, axis: Annotated[Axis, Help("Axis along which operands follow each other.")] = "y"
) -> Array:
    """The operands joined along --axis: y (the default) puts them below each other, x side by side."""
    operands, along = (a, b, *more), AXES.index(axis)
    for other in operands[1:]:
        if any(own != size for i, (own, size) in enumerate(zip(other.shape, a.shape, strict=True)) if i != along):
            raise Mismatched(
                f"expected operands of equal sizes except along {axis}, got {sizes(a.shape)} and {sizes(other.shape)}"
            )
    return np.concatenate(operands, along)


@operation("split")
def split(
    a: Array,
    *,
    parts: Annotated[Count, Help("Number of parts.")],
    part: Annotated[Index, Help("Part to return, counted from 0.")],
    axis: Annotated[Axis, Help("Axis along which to cut.")] = "y",
) -> Array:
    """Part number PART of A, cut into PARTS parts along --axis; if they can't be equal, the first are longer by one."""
    along = AXES.index(axis)
    places = a.shape[along]
    if not part < parts <= places:
        raise Mismatched(
            f"expected PART to be less than PARTS, and PARTS to be at most {places} for {sizes(a.shape)} along {axis}, "
            f"got part {part} of {parts}"
        )
    longer = min(part, places % parts)
    start, size = part * (places // parts) + longer, places // parts + (part < places % parts)
    return np.moveaxis(np.moveaxis(a, along, 0)[start : start + size], 0, along)


@operation("slice", groups=("tensor",))
def slice_of(
    a: Array,
    *,
    x: Annotated[Index, Help("First column, counted from 0.")],
    y: Annotated[Index, Help("First row, counted from 0.")],
    z: Annotated[Index, Help("First layer, counted from 0.")],
    w: Width,
    h: Height,
    d: Annotated[Size, Help("Depth of the result.")],
    pad: Annotated[Index, Help("Places that the part may reach past the right and the bottom edge.")],
) -> Array:
    """The part of W x H x D whose first corner is at X Y Z.

    It may reach PAD places past the right edge and past the bottom, where numbers are 0.
    """
    depth, height, width = a.shape
    if x + w > width + pad or y + h > height + pad or z + d > depth:
        raise Mismatched(
            f"expected a part within {sizes(a.shape)}{f' and {pad} more to the right and below' if pad else ''}, got "
            f"{w}x{h}x{d} at {x} {y} {z}"
        )
    require((d, h, w))
    part = a[z : z + d, y : y + h, x : x + w]
    return np.pad(part, ((0, 0), (0, h - part.shape[1]), (0, w - part.shape[2])))
