"""Pooling: reduces each window to one number, first across and then downwards."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.allocation import Allocator
from kerash_cli.engine.layers.base import IDENTITY, Own, count, count_or_zero, word
from kerash_cli.engine.layers.image import activate, activate_back
from kerash_cli.engine.layers.window import Span, Windowed, spans
from kerash_cli.engine.tensors import Array, Calls, Shape

ROWS, COLUMNS = 0, 2
"""Axes of an image in memory: (height, depth, width, n)."""


@dataclass(frozen=True)
class Pooling(Windowed):
    """A layer that computes one number for each window of each channel."""

    activation: Activation = word(Activation.parse)
    stride: int = word(count)
    pad: int = word(count_or_zero)
    kernel_width: int = word(count)
    kernel_height: int = word(count)

    @abstractmethod
    def gather(self, x: Array, out: Array, along: list[Span], axis: int) -> Calls:
        """Returns the calls that pool x along one axis and write the result to `out`; other axes stay as they are."""

    @abstractmethod
    def spread(self, x: Array, out: Array, d_out: Array, dx: Array, along: list[Span], axis: int, own: Own) -> Calls:
        """Returns the calls that write dL/dx to `dx`, given `gather`'s input and output; d_out may be overwritten."""

    def finish(self, z: Array, shape: Shape, memory: Allocator) -> Calls:
        """Returns the calls that turn z, the last output of `gather`, into the pooled image, in place.

        `backward` makes the same calls for the gradient of z.
        """
        return []

    def output_shape(self, shape: Shape) -> Shape:
        return (shape[0], *self.windows(shape))

    def cache_shapes(self, shape: Shape, n: int) -> Mapping[str, Shape]:
        depth, down, across = self.output_shape(shape)
        shapes = {"across": (shape[1], depth, across, n)}
        return shapes if self.activation == IDENTITY else {"z": (down, depth, across, n), **shapes}

    def scratch_shapes(self, shape: Shape, n: int) -> Mapping[str, Shape]:
        depth, _, across = self.output_shape(shape)
        return {"d_across": (shape[1], depth, across, n)}

    def flops(self, shape: Shape) -> int:
        depth, down, across = self.output_shape(shape)
        return depth * down * across * self.kernel_height * self.kernel_width

    def forward(self, x: Array, out: Array, own: Own) -> Calls:
        z, across = own.cache.get("z", out), own.cache["across"]
        return [
            *self.gather(x, across, self._along(COLUMNS, x, z), COLUMNS),
            *self.gather(across, z, self._along(ROWS, x, z), ROWS),
            *self.finish(z, (x.shape[1], x.shape[0], x.shape[2]), own.memory),
            *activate(self.activation, z, out, own.memory),
        ]

    def backward(self, x: Array, a: Array, da: Array, dx: Array | None, own: Own) -> Calls:
        if dx is None:
            return []
        z, across, d_across = own.cache.get("z", a), own.cache["across"], own.cache["d_across"]
        return [
            *activate_back(self.activation, z, a, da, da, own.memory),
            *self.finish(da, (x.shape[1], x.shape[0], x.shape[2]), own.memory),
            *self.spread(across, z, da, d_across, self._along(ROWS, x, z), ROWS, own),
            *self.spread(x, across, d_across, dx, self._along(COLUMNS, x, z), COLUMNS, own),
        ]

    def _along(self, axis: int, x: Array, z: Array) -> list[Span]:
        kernel = self.kernel_height if axis == ROWS else self.kernel_width
        return list(spans(x.shape[axis], kernel, self.stride, self.pad, z.shape[axis]))


def at(array: Array, axis: int, places: slice) -> Array:
    """Returns the view of `array` at the given places along the axis."""
    view: Array = array[(*(slice(None),) * axis, places)]
    return view


def overlap(along: list[Span], places: int) -> bool:
    """Returns whether any place along an axis lies in several windows."""
    met = _met(along, places)
    return len(met) > len(set(met))


def leave_out(along: list[Span], places: int) -> bool:
    """Returns whether any place along an axis lies in no window."""
    return len(set(_met(along, places))) < places


def _met(along: list[Span], places: int) -> list[int]:
    return [place for span in along for place in range(*span.places.indices(places))]
