"""Operations on a grid of windows, of which the first is at the top left and the last may reach past the edges."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from kerash_cli.engine.tensors import Array, Shape
from kerash_cli.errors import Mismatched
from kerash_cli.matrices.kinds import FOLDS, PAIRINGS, Count, Fold, Index, Pairing, Size
from kerash_cli.matrices.operation import BareValues, Help, operation, require, sizes

Stride = Annotated[Count, Help("Places from one window to the next.")]
Pad = Annotated[Index, Help("Places that windows may reach past the right and the bottom edge.")]
Across = Annotated[Count, Help("Number of windows side by side.")]
Down = Annotated[Count, Help("Number of windows below each other.")]


@operation("apply-convolution", groups=("tensor",))
def apply_convolution(
    a: Array,
    kernel: Array,
    *,
    stride: Stride,
    pad: Pad,
    nx: Across,
    ny: Down,
    f: Annotated[Pairing, Help("Function that computes one number from kernel and window.")],
) -> BareValues:
    """F applied to the kernel and each of the NX x NY windows of A; only the values are printed, without sizes.

    Each layer of the kernel is applied to the same layer of A only; `convolution` does what networks do.
    Windows may reach PAD places past the right edge and past the bottom, where numbers are 0.
    """
    if len(kernel) > len(a):
        raise Mismatched(f"expected a kernel at most as deep as {sizes(a.shape)}, got {sizes(kernel.shape)}")
    require((len(kernel), ny, nx))
    found = [
        PAIRINGS[f](layer, window)
        for layer, own in zip(kernel, a, strict=False)
        for window in _windows(own, stride, pad, nx, ny, layer.shape)
    ]
    return BareValues(np.array(found).reshape(len(kernel), ny, nx))


@operation("apply-convreduce", groups=("tensor",))
def apply_convreduce(
    a: Array,
    *,
    stride: Stride,
    pad: Pad,
    nx: Across,
    ny: Down,
    kernel: Annotated[Count, Help("Width and height of a window.")],
    f: Annotated[Fold, Help("Function that computes one number from a window.")],
) -> BareValues:
    """F applied to each of the NX x NY windows of KERNEL x KERNEL in A, layer by layer; only the values are printed.

    F may also be written `"tensor_reduce g_max"`. Windows lie as in `apply-convolution`.
    """
    require((len(a), ny, nx))
    found = [FOLDS[f](window) for layer in a for window in _windows(layer, stride, pad, nx, ny, (kernel, kernel))]
    return BareValues(np.array(found).reshape(len(a), ny, nx))


@operation("windows", groups=("tensor",))
def windows(
    a: Array,
    *,
    stride: Stride,
    pad: Pad,
    nx: Across,
    ny: Down,
    kernel_w: Annotated[Size, Help("Width of a window.")],
    kernel_h: Annotated[Size, Help("Height of a window.")],
) -> Array:
    """The NX x NY windows of each layer of A; each window becomes a layer of the result.

    Windows lie as in `apply-convolution`.
    """

    require((len(a) * nx * ny, kernel_h, kernel_w))
    return np.stack([window for layer in a for window in _windows(layer, stride, pad, nx, ny, (kernel_h, kernel_w))])


def _windows(layer: Array, stride: int, pad: int, nx: int, ny: int, kernel: Shape) -> Iterator[Array]:
    """Yields the windows (height, width) of a layer (height, width), row by row."""
    (height, width), (tall, wide) = layer.shape, kernel
    reach_down, reach_across = (ny - 1) * stride + tall, (nx - 1) * stride + wide
    if reach_across > width + pad or reach_down > height + pad:
        beyond = f" and {pad} more to the right and below" if pad else ""
        raise Mismatched(
            f"expected {nx}x{ny} windows that fit in {width}x{height}{beyond}, got "
            f"windows of {wide}x{tall}, {stride} apart"
        )
    require((1, reach_down, reach_across))
    padded = np.pad(layer, ((0, max(0, reach_down - height)), (0, max(0, reach_across - width))))
    for y in range(0, ny * stride, stride):
        for x in range(0, nx * stride, stride):
            yield padded[y : y + tall, x : x + wide]
