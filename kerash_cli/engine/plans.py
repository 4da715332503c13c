"""A plan: all calls for a batch, with their operands and outputs bound; it is made once and run for every batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle, pairwise
from math import prod
from typing import NamedTuple

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.allocation import Allocator
from kerash_cli.engine.calls import described, labelled
from kerash_cli.engine.layers import IDENTITY, Dense, InputLayer, Layer, MaxPooling, Mode, Scale
from kerash_cli.engine.layers.base import Own
from kerash_cli.engine.layers.scaled import ScaledDense
from kerash_cli.engine.tensors import Array, Calls, Shape, Tensors, Views, size

RELU = Activation("relu")


class Plan(NamedTuple):
    """The calls for a batch of n samples, and the memory that they share.

    The caller fills `rows` (n, features + 1), whose last column holds ones; `forward` writes `a` (outputs, n). Given
    dL/da in `da`, `backward` writes the parameters' gradient; if the plan has a `dx` (features, n), it also writes the
    inputs' gradient there. It may overwrite `da`. In a plan without a gradient, `da` and `backward` are empty.
    """

    rows: Array
    a: Array
    da: Array
    dx: Array | None
    forward: Calls
    backward: Calls

    def describe(self) -> str:
        """Returns a line for each call: its layer, then its function with the sizes of its arrays."""
        parts = {"forward": self.forward, "backward": self.backward}
        lines = {name: [described(call) for call in calls] for name, calls in parts.items() if calls}
        width = max((len(layer) for part in lines.values() for layer, _ in part), default=0)
        return "\n\n".join(
            "\n".join([name, *(f"  {layer:{width}}  {call}" for layer, call in part)]) for name, part in lines.items()
        )


class Given(NamedTuple):
    """Arrays of the caller's that a plan uses in place of its own, with the shapes of the fields of `Plan`.

    If the caller reads dL/da after a backward pass, the last layer must be linear, which does not overwrite it.
    """

    rows: Array | None = None
    a: Array | None = None
    da: Array | None = None
    dx: Array | None = None


OWN = Given()
"""A plan that allocates all of its arrays."""


@dataclass(frozen=True)
class Signal:
    """The output of one layer and input of the next: samples of `shape` (depth, height, width), in one of two orders.

    If `imaged`, the order in memory is (height, depth, width), which layers for images use. Otherwise it is (depth,
    height, width), as in tensor files, the inputs and outputs of a network, and the inputs of a dense layer. The batch
    is the last axis in both, so that the same row of all images is contiguous.
    """

    memory: Array
    """Array (features, n), or (features + 1, n) with a last row of ones."""
    shape: Shape
    imaged: bool = False

    def serves(self, layout: str, shape: Shape) -> bool:
        """Returns whether a layer of this layout can read this signal as it is, for samples of this shape."""
        in_file_order = not self.imaged or _orders_coincide(self.shape)
        if layout == "image":
            fits = self.shape == shape if self.imaged else _orders_coincide(shape) and prod(self.shape) == prod(shape)
            return fits and self.memory.flags.c_contiguous
        return layout == "any" or in_file_order

    def over(self, memory: Array) -> "Signal":
        """Returns a signal of the same shape and order, with `memory` as its array."""
        return replace(self, memory=memory)

    def copied_from(self, other: "Signal") -> Calls:
        """Returns the calls that copy the features of `other`, whose order may differ, to this signal.

        If this signal has smaller images, they are the upper left part of the other's.
        """
        shape = self.shape if self.imaged else other.shape
        whole = other._in_file_order(other.shape if prod(shape) < prod(other.shape) else shape)
        return [partial(np.copyto, self._in_file_order(shape), whole[:, : shape[1], : shape[2]])]

    def _in_file_order(self, shape: Shape) -> Array:
        """Returns a view (depth, height, width, n) of the features."""
        features = self.memory[: prod(shape)]
        if self.imaged:
            return image(features, shape).transpose(1, 0, 2, 3)
        return features.reshape(*shape, features.shape[1])


def _orders_coincide(shape: Shape) -> bool:
    return 1 in shape[:2]


def image(features: Array, shape: Shape) -> Array:
    """Returns a view (height, depth, width, n) of `features` (features, n), which holds images of `shape`."""
    depth, height, width = shape
    return features.reshape(height, depth, width, features.shape[1])


@dataclass(frozen=True)
class LayerStep:
    """A layer within a plan: `given` is the output of the layer before, `x` the same values in this layer's order."""

    layer: Layer
    before: Shape
    after: Shape
    given: Signal
    x: Signal
    out: Signal
    own: Own

    @property
    def index(self) -> int:
        """Index of the layer in the network."""
        return self.own.number

    @property
    def label(self) -> str:
        """The name of the layer in a saved model, then its line: `layer2 dense 16 relu`."""
        return f"layer{self.index} {self.layer.short}"

    def forward(self) -> Calls:
        """Returns the calls that bring the inputs into the layer's order, then the layer's own calls."""
        calls = [] if self.x is self.given else self.x.copied_from(self.given)
        return labelled(calls + self.layer.forward(self._x, self._a, self.own), self.label)

    def backward(
        self, da: Array, spare: Iterator[Array], with_dx: bool, to: Array | None = None
    ) -> tuple[Calls, Array | None]:
        """Returns the backward calls, given da (outputs, n), and the array for dL/dgiven (None unless `with_dx`).

        That array is `to`, if it is given.
        """
        as_given, features = self.x is self.given, prod(self.before)
        dx = None
        if with_dx:
            dx = to if to is not None and as_given else next(spare)[:features]
        seen = None if dx is None else self._seen(dx, self.before)
        calls = self.layer.backward(self._x, self._a, self._seen(da, self.after), seen, self.own)
        if dx is not None and not as_given:
            d_given = next(spare)[:features] if to is None else to
            calls += self.given.over(d_given).copied_from(self.x.over(dx))
            dx = d_given
        return labelled(calls, self.label), dx

    @property
    def _x(self) -> Array:
        return image(self.x.memory[:-1], self.before) if self.layer.layout == "image" else self.x.memory

    @property
    def _a(self) -> Array:
        return self._seen(self.out.memory[: prod(self.after)], self.after)

    def _seen(self, features: Array, shape: Shape) -> Array:
        return image(features, shape) if self.layer.layout == "image" else features


class PlanMemory:
    """Allocates the arrays of a plan for n samples.

    Arrays that are used only within one layer, or only from one layer to the next, share the same memory.
    """

    def __init__(self, n: int, dtype: np.dtype[np.floating], allocator: Allocator, scratch: int) -> None:
        """Allocates memory of `scratch` numbers for all layers to share; it must be enough for each of them."""
        self.n, self.dtype, self.allocator = n, dtype, allocator
        self._scratch = allocator.empty((scratch,), dtype)

    def array(self, features: int) -> Array:
        """Returns a new array (features, n)."""
        return self.allocator.empty((features, self.n), self.dtype)

    def rows(self, features: int) -> Array:
        """Returns a new array (n, features + 1): the last column holds ones, the others zeros."""
        rows = self.allocator.full((self.n, features + 1), 0, self.dtype)
        self.allocator.fill(rows[:, -1], 1)
        return rows

    def signal(self, shape: Shape, imaged: bool) -> Signal:
        """Returns a new signal with a last row of ones."""
        memory = self.array(prod(shape) + 1)
        self.allocator.fill(memory[-1], 1)
        return Signal(memory, shape, imaged)

    def laid_out(self, signal: Signal, layout: str, shape: Shape) -> Signal:
        """Returns the signal itself if a layer of this layout can read it, else a new, empty one that it can read."""
        return signal if signal.serves(layout, shape) else self.signal(shape, layout == "image")

    def cache(self, layer: Layer, shape: Shape) -> Views:
        """Returns the arrays of a layer by name: its own, and scratch arrays in the memory that all layers share."""
        own = layer.cache_shapes(shape, self.n)
        scratch = layer.scratch_shapes(shape, self.n) if self._scratch.size else {}
        return {
            **Tensors(self.allocator.empty((size(own),), self.dtype), own),
            **Tensors(self._scratch[: size(scratch)], scratch),
        }

    def gradients(self, features: int) -> Iterator[Array]:
        """Yields two arrays (features, n) in turn, endlessly; each is allocated when first needed."""
        first = self.array(features)
        yield first
        second = self.array(features)
        yield second
        yield from cycle([first, second])


class LayerTensors(NamedTuple):
    """The parameters of a layer, their gradient, and its buffers (running means, learnt without a gradient)."""

    params: Tensors
    grads: Tensors
    buffers: Tensors


def assembled(
    layers: Sequence[Layer],
    shapes: Sequence[Shape],
    tensors: Sequence[LayerTensors],
    mode: Mode,
    memory: PlanMemory,
    backward: bool,
    with_dx: bool,
    given: Given = OWN,
) -> Plan:
    """Returns the plan for the given layers; the first takes samples of the first shape, and so on.

    With `with_dx`, or an array for it, the gradient is that of whole images.
    """
    rows = memory.rows(prod(shapes[0])) if given.rows is None else given.rows
    samples = Signal(rows.T, shapes[0])
    with_dx = with_dx or given.dx is not None
    shapes = shapes if with_dx else cropped(layers, shapes)
    if backward and not with_dx:
        layers, tensors = _joined(layers, tensors, memory.allocator)
    steps = _steps(layers, shapes, tensors, samples, mode, memory, given.a)
    out = steps[-1].out if steps else samples
    last = memory.laid_out(out, "row", shapes[-1])
    forward = [call for step in steps for call in step.forward()]
    if last is not out:
        forward += labelled(last.copied_from(out), steps[-1].label)
    plan = Plan(rows, last.memory[: prod(shapes[-1])], memory.array(0), None, forward, [])
    if given.a is not None and last.memory is not given.a:
        plan = plan._replace(a=given.a, forward=[*forward, partial(np.copyto, given.a, plan.a)])
    if not backward:
        return plan
    da = memory.array(prod(shapes[-1])) if given.da is None else given.da
    spare = memory.gradients(max(map(prod, shapes)))
    d: Array | None = da
    calls: Calls = []
    if last is not out:
        d = next(spare)[: len(da)]
        calls += labelled(out.over(d).copied_from(last.over(da)), steps[-1].label)
    first = next((i for i, each in enumerate(tensors) if each.params), len(layers))
    for step in reversed(steps):
        if d is not None:
            to = given.dx if step is steps[0] else None
            own, d = step.backward(d, spare, step.index > first or with_dx, to)
            calls += own
    return plan._replace(da=da, dx=d if with_dx else None, backward=calls)


def cropped(layers: Sequence[Layer], shapes: Sequence[Shape]) -> list[Shape]:
    """Returns smaller shapes for the first signals if the network's output does not depend on the rest of them.

    Windows that do not fit an image any more leave out its last rows and columns: nobody has to compute these.
    """
    needed = list(shapes)
    end = next((i for i, layer in enumerate(layers) if layer.reach(shapes[i + 1], shapes[i]) is None), len(layers))
    for i in reversed(range(end)):
        needed[i] = layers[i].reach(needed[i + 1], shapes[i]) or shapes[i]
    return needed


def deferred(layers: Sequence[Layer]) -> list[Layer]:
    """Returns layers that give exactly the same results with less work: a relu before a max pooling moves after it.

    The maximum of relu values is the relu of the maximum, and where that is 0, the gradient is 0 too.
    """
    order = list(layers)
    for i, (layer, pooling) in enumerate(pairwise(layers)):
        waits = layer.layout == "image" and layer.activation == RELU
        if waits and isinstance(pooling, MaxPooling) and pooling.activation == IDENTITY:
            order[i], order[i + 1] = layer.linear(), replace(pooling, activation=RELU)
    return order


def _joined(
    layers: Sequence[Layer], tensors: Sequence[LayerTensors], allocator: Allocator
) -> tuple[Sequence[Layer], Sequence[LayerTensors]]:
    """Returns the layers and their tensors; a scale that learns first becomes part of the dense layer behind it."""
    first = next((i for i, each in enumerate(tensors) if each.params), len(layers))
    after = next((i for i in range(first + 1, len(layers)) if not layers[i].transparent(training=True)), None)
    if after is None or not isinstance(layers[first], Scale):
        return layers, tensors
    dense, scale = layers[after], tensors[first]
    if not isinstance(dense, Dense) or dense.grouped:
        return layers, tensors
    order, theirs = list(layers), list(tensors)
    order[after] = ScaledDense.joined(dense, scale.params, scale.grads, tensors[after].params, allocator)
    order[first], theirs[first] = InputLayer(), LayerTensors(*(Tensors(each.flat[..., :0], {}) for each in scale))
    return order, theirs


def _steps(
    layers: Sequence[Layer],
    shapes: Sequence[Shape],
    tensors: Sequence[LayerTensors],
    signal: Signal,
    mode: Mode,
    memory: PlanMemory,
    a: Array | None,
) -> list[LayerStep]:
    """Returns the layers that compute something, each with its memory; the first takes `signal`.

    The last one writes to `a`, if that is given and if it writes in file order.
    """
    made: list[LayerStep] = []
    order = deferred(layers)
    computing = [i for i, layer in enumerate(order) if not layer.transparent(mode.training)]
    for i in computing:
        layer, before, after = order[i], shapes[i], shapes[i + 1]
        x = memory.laid_out(signal, layer.layout, before)
        imaged = x.imaged if layer.layout == "any" else layer.layout == "image"
        if a is not None and i == computing[-1] and not imaged:
            out = Signal(a, after)
        else:
            out = memory.signal(x.shape if layer.layout == "any" else after, imaged)
        cache = memory.cache(layer, before)
        own = Own(*tensors[i], cache, mode, i, memory.allocator)
        made.append(LayerStep(layer, before, after, signal, x, out, own))
        signal = out
    return made
