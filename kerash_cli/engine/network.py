"""A network: layers over one flat parameter vector, compiled into plans of calls."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from kerash_cli.engine.initializers import INITIALIZERS
from kerash_cli.engine.layers import IDENTITY, Layer, Mode
from kerash_cli.engine.layers.base import head
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.engine.tensors import Array, Calls, Shape, Tensors, carve, size

TILE = 16
"""Rows that a `Predictor` takes at a time, filled up where there are fewer: no row's result depends on the others.

Of the widths of a product that BLAS computes alike in all columns, it is the widest: float32 kernels for AVX2 round
the middle columns of 24 or more in another way than those at the edges.
"""


class Plan(NamedTuple):
    """All that a batch of n samples goes through, bound to memory of its own.

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


class Network:
    """Layers for samples of one shape, and where the parameters of each lie in the flat vector."""

    def __init__(self, layers: Sequence[Layer], shape: Shape, bias: bool = True) -> None:
        """`layers`, all sizes known, for samples of `shape` (depth, height, width); BadInput where they do not fit."""
        self.layers = tuple(layers)
        self.bias = bias
        self.shapes = [shape]
        for layer in self.layers:
            self.shapes.append(layer.output_shape(self.shapes[-1]))
        self.param_shapes: list[Mapping[str, Shape]] = [
            {name: dims for name, dims in layer.param_shapes(before).items() if bias or name != "bias"}
            for layer, before in self._inputs()
        ]
        self.features, self.outputs = prod(shape), prod(self.shapes[-1])
        self.size = sum(map(size, self.param_shapes))
        self.flops = sum(layer.flops(before) for layer, before in self._inputs())

    def on_logits(self) -> "Network":
        """The same network without its last activation, for a loss that includes it."""
        layers = list(self.layers)
        last = head(layers)
        layers[last] = layers[last].linear()
        return Network(layers, self.shapes[0], self.bias)

    def named(self, params: Array) -> dict[str, Array]:
        """Views of `params` under the names of a saved model: `layer2.dense.weights`, counted from the input line."""
        return {
            f"layer{i}.{layer.keyword}.{name}": tensor
            for i, (layer, tensors) in enumerate(zip(self.layers, carve(params, self.param_shapes), strict=True))
            for name, tensor in tensors.items()
        }

    def initial(self, seed: int, dtype: np.dtype[np.floating], law: str | None = None) -> Array:
        """New parameters: weights by `law`, or by the one that suits each layer's activation; biases 0.

        They are drawn in float64, so that both precisions start from the same weights.
        """
        params = np.zeros(self.size, dtype)
        for i, (layer, tensors) in enumerate(zip(self.layers, carve(params, self.param_shapes), strict=True)):
            if "weights" in tensors:
                draw = INITIALIZERS[law or getattr(layer, "activation", IDENTITY).initializer]
                tensors["weights"][...] = draw(generator(seed, Key.INITIAL, i), tensors["weights"].shape)
        return params

    def plan(self, params: Array, n: int, mode: Mode, gradient: Array | None = None, with_dx: bool = False) -> Plan:
        """The plan for n samples; of the mode, `training` counts now, the rest whenever the calls are made."""
        new = _Memory(n, params.dtype)
        pieces = carve(params, self.param_shapes)
        caches = [new.tensors(layer.cache_shapes(before)) for layer, before in self._inputs()]
        rows = np.zeros((n, self.features + 1), params.dtype)
        rows[:, -1] = 1

        signals, forward = [rows.T], []
        for i, (layer, after) in enumerate(zip(self.layers, self.shapes[1:], strict=True)):
            if layer.transparent(mode.training):
                signals.append(signals[-1])
                continue
            signals.append(new.signal(prod(after)))
            forward += layer.forward(signals[i], signals[-1][:-1], pieces[i], caches[i], mode, i)
        a = signals[-1][:-1]
        if gradient is None:
            return Plan(rows, a, np.empty((0, n), params.dtype), None, forward, [])

        da = d = new.array(self.outputs)
        grads, backward = carve(gradient, self.param_shapes), []
        first = next((i for i, shapes in enumerate(self.param_shapes) if shapes), len(self.layers))
        for i in reversed(range(len(self.layers))):
            if self.layers[i].transparent(mode.training):
                continue
            dx = new.array(prod(self.shapes[i])) if i > first or with_dx else None
            a_i = signals[i + 1][:-1]
            backward += self.layers[i].backward(signals[i], a_i, d, dx, pieces[i], grads[i], caches[i])
            if dx is None:
                break
            d = dx
        return Plan(rows, a, da, d if with_dx else None, forward, backward)

    def summary(self) -> list[dict[str, Any]]:
        """For each layer its line, output shape as (width, height, depth), parameters, and flops of a sample."""
        return [
            {
                "layer": str(layer),
                "output": list(reversed(after)),
                "parameters": size(shapes),
                "flops": layer.flops(before),
            }
            for (layer, before), after, shapes in zip(self._inputs(), self.shapes[1:], self.param_shapes, strict=True)
        ]

    def plan_bytes(self, n: int, itemsize: int) -> int:
        """About how much memory a plan with a gradient takes besides parameters and gradient."""
        cached = sum(size(layer.cache_shapes(before)) for layer, before in self._inputs())
        return n * itemsize * (cached + 2 * sum(map(prod, self.shapes)))

    def _inputs(self) -> list[tuple[Layer, Shape]]:
        return list(zip(self.layers, self.shapes, strict=False))


class Predictor:
    """Outputs of a trained network for any number of rows, each the same whatever it travels with."""

    def __init__(self, network: Network, params: Array, tile: int = TILE) -> None:
        """`tile` rows at a time: more are faster, but then a row's last digits depend on its place."""
        self._plan = network.plan(params, tile, Mode())

    def __call__(self, x: Array) -> Array:
        """x (rows, features) to a new array (rows, outputs); what overflows becomes infinite or NaN, in silence."""
        result = np.empty((len(x), len(self._plan.a)), self._plan.a.dtype)
        tile = self._plan.rows[:, :-1]
        for start in range(0, len(x), len(tile)):
            taken = x[start : start + len(tile)]
            tile[: len(taken)] = taken
            tile[len(taken) :] = 0
            with np.errstate(all="ignore"):
                for call in self._plan.forward:
                    call()
            result[start : start + len(tile)] = self._plan.a.T[: len(taken)]
        return result


class _Memory(NamedTuple):
    """Allocates a plan's arrays, for n samples each."""

    n: int
    dtype: np.dtype[np.floating]

    def array(self, features: int) -> Array:
        return np.empty((features, self.n), self.dtype)

    def signal(self, features: int) -> Array:
        """(features + 1, n), the last row all ones."""
        signal = self.array(features + 1)
        signal[-1] = 1
        return signal

    def tensors(self, shapes: Mapping[str, Shape]) -> Tensors:
        shapes = {name: (*shape, self.n) for name, shape in shapes.items()}
        return Tensors(np.empty(size(shapes), self.dtype), shapes)
