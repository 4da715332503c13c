"""A network: layers whose parameters lie in one flat vector."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from kerash_cli.engine import plans
from kerash_cli.engine.allocation import Allocator, Counter, NoSpace
from kerash_cli.engine.expressions import plan
from kerash_cli.engine.initializers import INITIALIZERS
from kerash_cli.engine.layers import Dense, Layer, Mode
from kerash_cli.engine.layers.base import head
from kerash_cli.engine.plans import Plan
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.engine.tensors import Array, Calls, Indices, Shape, Tensors, carve, size

if TYPE_CHECKING:
    from kerash_cli.engine.optimizers import Optimizer

MOMENTUM = 0.1
"""Weight of a batch's mean when it is blended into a running mean, as in PyTorch."""
TILE = 16
"""Number of rows that a `Predictor` takes at a time (a tile), padded if there are fewer.

This way no row's result depends on the other rows. Products of 16 columns are the widest that BLAS rounds alike in all
columns: with 24 or more, float32 kernels for AVX2 round the middle columns differently from those at the edges. A
convolution makes several columns from each row, so a network with convolutions takes one row at a time.
"""
HUGE = 1 << 40
"""More bytes than any machine has: a larger plan is not made, because listing its calls would take minutes."""

ROOM = 1 << 24
"""`roomy_tile` is chosen so that all layers' outputs together hold at most this many numbers."""


class Network:
    """Layers for samples of one shape, whose tensors all lie in one flat vector.

    The first `learnt` numbers of a vector of parameters are learnt by gradient descent; the rest are the buffers, which
    are running means. A vector of gradients is divided in the same way; in place of the buffers, it has the means that
    were measured in a chunk.
    """

    def __init__(self, layers: Sequence[Layer], shape: Shape, bias: bool = True) -> None:
        """Takes layers whose sizes are all known, and the shape (depth, height, width) of a sample.

        Raises BadInput if a layer does not fit the one before.
        """
        self.layers = tuple(layers)
        self.bias = bias
        self.shapes = [shape]
        for layer in self.layers:
            self.shapes.append(layer.output_shape(self.shapes[-1]))
        self.param_shapes: list[Mapping[str, Shape]] = [
            {name: dims for name, dims in layer.param_shapes(before).items() if bias or name != "bias"}
            for layer, before in self._inputs()
        ]
        self.buffer_shapes = [layer.buffer_shapes(before) for layer, before in self._inputs()]
        self.features, self.outputs = prod(shape), prod(self.shapes[-1])
        self.learnt = sum(map(size, self.param_shapes))
        self.size = self.learnt + sum(map(size, self.buffer_shapes))
        self.flops = sum(layer.flops(before) for layer, before in self._inputs())
        self.tile = 1 if any(layer.alone for layer in self.layers) else TILE
        self.roomy_tile = max(1, min(64, ROOM // sum(map(prod, self.shapes))))
        self.least_rows, self.most_demanding = max(
            (layer.least_rows(before), layer.keyword) for layer, before in self._inputs()
        )
        self.fewest_rows = max(layer.fewest_rows for layer in self.layers)
        self.stacks = all(layer.stacks for layer in self.layers)

    def on_logits(self) -> "Network":
        """Returns the same network without its last activation, for a loss that includes it."""
        layers = list(self.layers)
        last = head(layers)
        layers[last] = layers[last].linear()
        return Network(layers, self.shapes[0], self.bias)

    @property
    def tensor_shapes(self) -> list[dict[str, Shape]]:
        """Returns, for each layer, the shapes of its tensors by name."""
        return [{**own, **measured} for own, measured in zip(self.param_shapes, self.buffer_shapes, strict=True)]

    def tensors(self, params: Array) -> list[dict[str, Array]]:
        """Returns, for each layer, its tensors by name, as views of `params`."""
        learnt, buffers = self._carved(params)
        return [{**own, **measured} for own, measured in zip(learnt, buffers, strict=True)]

    def named(self, params: Array) -> dict[str, Array]:
        """Returns views of `params` by their names in a saved model: `layer2.dense.weights` (layer0 is the input)."""
        return {
            f"layer{i}.{layer.keyword}.{name}": tensor
            for i, (layer, tensors) in enumerate(zip(self.layers, self.tensors(params), strict=True))
            for name, tensor in tensors.items()
        }

    def initial(
        self, seed: int, dtype: np.dtype[np.floating], law: str | None = None, zero_last: bool = False
    ) -> Array:
        """Returns new parameters: weights drawn by the initializer `law` (default: the activation's), and biases of 0.

        They are drawn in float64, so that both precisions start from the same weights. With `zero_last`, the weights of
        the last dense layer are 0 too.
        """
        last = max((i for i, layer in enumerate(self.layers) if isinstance(layer, Dense)), default=-1)
        params = np.zeros(self.size, dtype)
        for i, ((layer, before), tensors) in enumerate(zip(self._inputs(), self.tensors(params), strict=True)):
            draw = INITIALIZERS["zeros" if zero_last and i == last else law or layer.activation.initializer]
            layer.initialize(before, tensors, partial(draw, generator(seed, Key.INITIAL, i)))
        return params

    def forget(self, params: Array, features: Indices) -> None:
        """Sets the weights of these inputs to 0 in the first layer that learns."""
        learning = ((layer, own) for layer, own in zip(self.layers, self.tensors(params), strict=True) if own)
        for layer, own in islice(learning, 1):
            layer.forget(own, features)

    def plan(
        self,
        params: Array,
        n: int,
        mode: Mode,
        gradient: Array | None = None,
        with_dx: bool = False,
        allocator: Allocator | None = None,
        given: plans.Given = plans.OWN,
    ) -> Plan:
        """Returns the plan for n samples, which has a `backward` pass if there is a gradient to write to.

        The plan uses the arrays in `given`, and allocates the others of `Plan`.

        `mode.training` is read now, the rest of `mode` whenever the calls are run. With params (count, size), the plan
        is for a stack of `count` networks, if the layers allow that: the first n / count samples are for the first
        network, and so on.
        """
        allocator = allocator or Allocator()
        measures = gradient is None and mode.training and self.size > self.learnt
        nowhere = allocator.empty(params.shape, params.dtype) if measures else params
        learnt, buffers = self._carved(params)
        grads, measured = self._carved(nowhere if gradient is None else gradient)
        tensors = map(plans.LayerTensors, learnt, grads, measured if mode.training else buffers)
        scratch = self._scratch(n) if mode.training or gradient is not None else 0
        memory = plans.PlanMemory(n, params.dtype, allocator, scratch)
        return plans.assembled(
            self.layers, self.shapes, list(tensors), mode, memory, gradient is not None, with_dx, given
        )

    def update(
        self,
        optimizer: "Optimizer",
        params: Array,
        gradient: Array,
        part: slice | None = None,
        squares: Callable[[], float] | None = None,
    ) -> Calls:
        """Returns the calls that update `params`, or a part of them, along the gradient; see `Optimizer.plan`.

        The optimizer treats the parameters of a stack as one vector, but clips each network's gradient by itself. A
        stack must not have buffers.
        """
        if params.ndim == 2:
            assert self.learnt == self.size, "networks with buffers do not stack"
            return optimizer.plan(params.reshape(-1), gradient.reshape(-1), part, networks=len(params))
        first, last = (0, self.size) if part is None else (part.start, part.stop)
        learnt = slice(0, self.learnt)
        own = slice(min(first, self.learnt), min(last, self.learnt))
        calls = optimizer.plan(params[learnt], gradient[learnt], own, squares)
        buffers = slice(max(first, self.learnt), max(last, self.learnt))
        mean, seen = params[buffers], gradient[buffers]
        if mean.size:
            calls += plan(lambda mean, seen: mean + (seen - mean) * MOMENTUM, [mean, seen], mean)
            calls += optimizer.swept([mean])
        return calls

    def summary(self, n: int, itemsize: int) -> list[dict[str, Any]]:
        """Returns a record for each layer: line, output (width, height, depth), number of parameters, flops, memory.

        The flops are for one sample; the memory is the size in bytes of the layer's arrays in training with n samples.
        """
        return [
            {
                "layer": str(layer),
                "output": list(reversed(after)),
                "parameters": size(shapes),
                "flops": layer.flops(before),
                "memory": 0
                if layer.transparent(training=True)
                else itemsize * (n * prod(after) + size(layer.cache_shapes(before, n))),
            }
            for (layer, before), after, shapes in zip(self._inputs(), self.shapes[1:], self.param_shapes, strict=True)
        ]

    def plan_bytes(self, n: int, itemsize: int, gradient: bool = True) -> int:
        """Returns the size in bytes of a plan without its parameters and gradient, as `sketch` counts it.

        `gradient` says whether it is a plan for training. Beyond HUGE bytes, this is only a lower bound.
        """
        signals = itemsize * n * sum(map(prod, self.shapes))
        if signals > HUGE:
            return signals
        counter = Counter()
        with suppress(NoSpace):
            self.sketch(n, itemsize, gradient, counter)
        return counter.bytes

    def sketch(self, n: int, itemsize: int, gradient: bool = True, counter: Counter | None = None) -> Plan:
        """Returns a plan without memory: it can be described but not run, and `counter` counts its bytes."""
        counter = counter or Counter()
        params: Array = counter.empty((self.size,), np.dtype(f"f{itemsize}"))
        counter.forget(params)
        return self.plan(params, n, Mode(training=gradient), params if gradient else None, allocator=counter)

    def _scratch(self, n: int) -> int:
        return max(size(layer.scratch_shapes(before, n)) for layer, before in self._inputs())

    def _carved(self, vector: Array) -> tuple[list[Tensors], list[Tensors]]:
        """Returns the learnt tensors of each layer, and the buffers of each layer."""
        learnt, buffers = vector[..., : self.learnt], vector[..., self.learnt :]
        return carve(learnt, self.param_shapes), carve(buffers, self.buffer_shapes)

    def _inputs(self) -> list[tuple[Layer, Shape]]:
        return list(zip(self.layers, self.shapes, strict=False))
