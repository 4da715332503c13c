"""All that a batch goes through, compiled once into calls with operands and outputs bound."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle, pairwise
from math import prod
from typing import NamedTuple

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import IDENTITY, Layer, MaxPooling, Mode
from kerash_cli.engine.layers.base import Own
from kerash_cli.engine.tensors import Array, Calls, Shape, Tensors, Views, size

RELU = Activation("relu")


class Plan(NamedTuple):
    """What a batch of n samples goes through, bound to memory of its own.

    rows (n, features + 1) is filled by the caller, the last column with ones; `forward` then writes a (outputs, n).
    With dL/da in da, `backward` overwrites the gradient, and dx (features, n) where that was asked for; it may destroy
    da. Without a gradient da is empty and there is nothing to call.
    """

    rows: Array
    a: Array
    da: Array
    dx: Array | None
    forward: Calls
    backward: Calls


@dataclass(frozen=True)
class Signal:
    """What one layer hands the next: samples of a shape (depth, height, width), in one of two orders.

    A tensor file has the order of that shape: so do the inputs and outputs of a network, and what a dense layer weighs.
    `imaged` memory has the order (height, depth, width), in which images are computed with. The batch comes last in
    both, so that whatever goes along a row of an image is one long run.
    """

    memory: Array
    """(features, n), or with a further row of ones."""
    shape: Shape
    imaged: bool = False

    def serves(self, layout: str, shape: Shape) -> bool:
        """Whether a layer of that layout, whose samples have that shape, can take it as it is."""
        in_file_order = not self.imaged or _orders_coincide(self.shape)
        if layout == "image":
            right = self.shape == shape if self.imaged else _orders_coincide(shape)
            return right and self.memory.flags.c_contiguous
        return layout == "any" or in_file_order

    def over(self, memory: Array) -> "Signal":
        """Other numbers in the same order."""
        return replace(self, memory=memory)

    def copied_from(self, other: "Signal") -> Calls:
        """Calls that copy the features of another signal, which comes in the other order, to this one."""
        shape = self.shape if self.imaged else other.shape
        return [partial(np.copyto, self._in_file_order(shape), other._in_file_order(shape))]

    def _in_file_order(self, shape: Shape) -> Array:
        """A view (depth, height, width, n)."""
        features = self.memory[: prod(shape)]
        if self.imaged:
            return image(features, shape).transpose(1, 0, 2, 3)
        return features.reshape(*shape, features.shape[1])


def _orders_coincide(shape: Shape) -> bool:
    return 1 in shape[:2]


def image(features: Array, shape: Shape) -> Array:
    """A view (height, depth, width, n) of features (features, n) of images of that shape."""
    depth, height, width = shape
    return features.reshape(height, depth, width, features.shape[1])


@dataclass(frozen=True)
class Step:
    """A layer at work: what it is `given`, the same as it takes it (`x`), and what comes out; `index` is its place."""

    index: int
    layer: Layer
    before: Shape
    after: Shape
    given: Signal
    x: Signal
    out: Signal
    cache: Views

    def forward(self, own: Own) -> Calls:
        """The layer's calls, and those that bring what it is given into its order."""
        calls = [] if self.x is self.given else self.x.copied_from(self.given)
        return calls + self.layer.forward(self._x, self._a, own)

    def backward(self, da: Array, dx: Array | None, own: Own) -> Calls:
        """The layer's calls, given da (outputs, n) in the order of its output; dx (features, n) has that of x."""
        to = None if dx is None else self._seen(dx, self.before)
        return self.layer.backward(self._x, self._a, self._seen(da, self.after), to, own)

    @property
    def _x(self) -> Array:
        return image(self.x.memory[:-1], self.before) if self.layer.layout == "image" else self.x.memory

    @property
    def _a(self) -> Array:
        return self._seen(self.out.memory[:-1], self.after)

    def _seen(self, features: Array, shape: Shape) -> Array:
        return image(features, shape) if self.layer.layout == "image" else features


class Memory:
    """Allocates what a plan for n samples works on.

    What only matters within one layer, or from one to the next, takes turns in the same places.
    """

    def __init__(self, n: int, dtype: np.dtype[np.floating], scratch: int) -> None:
        """`scratch` numbers are the most that a layer needs while its calls run."""
        self._n, self._dtype = n, dtype
        self._scratch = np.empty(scratch, dtype)

    def array(self, features: int) -> Array:
        """(features, n)"""
        return np.empty((features, self._n), self._dtype)

    def signal(self, shape: Shape, imaged: bool) -> Signal:
        """A new signal with a row of ones."""
        memory = self.array(prod(shape) + 1)
        memory[-1] = 1
        return Signal(memory, shape, imaged)

    def laid_out(self, signal: Signal, layout: str, shape: Shape) -> Signal:
        """The signal itself if it serves, or a new one that does."""
        return signal if signal.serves(layout, shape) else self.signal(shape, layout == "image")

    def cache(self, own: Mapping[str, Shape], scratch: Mapping[str, Shape]) -> Views:
        """The tensors that a layer has to itself, and those in the memory that all share."""
        return {
            **Tensors(np.empty(size(own), self._dtype), own),
            **Tensors(self._scratch[: size(scratch)], scratch),
        }

    def gradients(self, features: int) -> Iterator[Array]:
        """Again and again one of two arrays (features, n)."""
        return cycle([self.array(features), self.array(features)])


def deferred(layers: Sequence[Layer]) -> list[Layer]:
    """The same function, and the same gradient to the last bit, with less to compute: relu after a pooling, not before.

    The largest of what relu gives is relu of the largest, and where that is 0, so is the gradient.
    """
    order = list(layers)
    for i, (layer, pooling) in enumerate(pairwise(layers)):
        waits = layer.layout == "image" and getattr(layer, "activation", IDENTITY) == RELU
        if waits and isinstance(pooling, MaxPooling) and pooling.activation == IDENTITY:
            order[i], order[i + 1] = layer.linear(), replace(pooling, activation=RELU)
    return order


def steps(layers: Sequence[Layer], shapes: Sequence[Shape], rows: Array, mode: Mode, memory: Memory) -> list[Step]:
    """The layers that have something to do, each with its memory; the first takes rows.T (features + 1, n)."""
    made: list[Step] = []
    signal = Signal(rows.T, shapes[0])
    for i, layer in enumerate(deferred(layers)):
        if layer.transparent(mode.training):
            continue
        before, after = shapes[i], shapes[i + 1]
        x = memory.laid_out(signal, layer.layout, before)
        out = (
            memory.signal(after, layer.layout == "image") if layer.layout != "any" else memory.signal(x.shape, x.imaged)
        )
        cache = memory.cache(layer.cache_shapes(before, len(rows)), layer.scratch_shapes(before, len(rows)))
        made.append(Step(i, layer, before, after, signal, x, out, cache))
        signal = out
    return made
