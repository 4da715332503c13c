"""Windows that move over an image, for convolution and pooling."""

from collections.abc import Iterator
from typing import NamedTuple

from kerash_cli.engine.layers.base import Layer
from kerash_cli.engine.tensors import Shape
from kerash_cli.errors import BadInput


class Span(NamedTuple):
    """For one offset within the kernel along an axis: the windows in which it lies on the input, and where it lies."""

    windows: slice
    places: slice


class Windowed(Layer):
    """A layer that computes each output from a window of the input; windows start `stride` places apart.

    The input has `pad` places of padding on all four sides. Along an axis with `places` places,
    there are (places - kernel + 2 pad) / stride + 1 windows, rounded down.
    """

    layout = "image"
    sees_padding_alone = False
    """True if a window may lie entirely on padding."""

    stride: int
    pad: int
    kernel_width: int
    kernel_height: int

    def reach(self, part: Shape, shape: Shape) -> Shape | None:
        if self.pad:
            return None
        _, down, across = part
        tall, wide = (down - 1) * self.stride + self.kernel_height, (across - 1) * self.stride + self.kernel_width
        return (shape[0], tall, wide)

    def windows(self, shape: Shape) -> tuple[int, int]:
        """Returns the number of windows downwards and across; raises BadInput if kernel or padding does not fit."""
        _, height, width = shape
        tall, wide = height + 2 * self.pad, width + 2 * self.pad
        if self.pad > max(height, width):
            raise BadInput(
                f"expected a padding no larger than the longer side of the input of {width}x{height}, got {self.pad}"
            )
        kernel, padded = f"{self.kernel_width}x{self.kernel_height}", f", {wide}x{tall} with its padding"
        if self.kernel_height > tall or self.kernel_width > wide:
            raise BadInput(
                f"expected a kernel that fits the input of {width}x{height}{padded if self.pad else ''}, got {kernel}"
            )
        if self.pad >= min(self.kernel_height, self.kernel_width) and not self.sees_padding_alone:
            raise BadInput(
                f"expected a padding smaller than the kernel of {kernel}, got {self.pad}: some windows would lie "
                f"beside the input of {width}x{height}"
            )
        return (tall - self.kernel_height) // self.stride + 1, (wide - self.kernel_width) // self.stride + 1


def spans(places: int, kernel: int, stride: int, pad: int, windows: int) -> Iterator[Span]:
    """Yields a span for each offset within the kernel, in order; it is empty if the offset lies only on padding."""
    for offset in range(kernel):
        first = max(0, -((offset - pad) // stride))
        count = max(0, min(windows - 1, (places - 1 + pad - offset) // stride) + 1 - first)
        start = first * stride + offset - pad
        yield Span(slice(first, first + count), slice(start, start + count * stride, stride) if count else slice(0, 0))
