"""A learnt factor for each input."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np

from kerash_cli.engine.expressions import plan
from kerash_cli.engine.layers.base import Layer, Own
from kerash_cli.engine.tensors import Array, Calls, Indices, Shape, Views


@dataclass(frozen=True)
class Scale(Layer, keyword="scale"):
    """Multiplies each input by a factor of its own, which is learnt and is 1 at first."""

    learns = True
    stacks = True
    place = "before"

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def param_shapes(self, shape: Shape) -> Mapping[str, Shape]:
        return {"weights": (prod(shape),)}

    def initialize(self, shape: Shape, tensors: Views, draw: Callable[[Shape, int, int], Array]) -> None:
        tensors["weights"][...] = 1

    def forget(self, tensors: Mapping[str, Array], features: Indices) -> None:
        """Sets the factors of these inputs to 0."""
        tensors["weights"][features] = 0

    def keeps_apart(self, shape: Shape) -> bool:
        return True

    def forward(self, x: Array, out: Array, own: Own) -> Calls:
        factors = _by_input(own.params["weights"])
        return plan(lambda x, factors: x * factors, [_apart(x[:-1], factors), factors], _apart(out, factors))

    def backward(self, x: Array, a: Array, da: Array, dx: Array | None, own: Own) -> Calls:
        factors = _by_input(own.params["weights"])
        x, da = _apart(x[:-1], factors), _apart(da, factors)
        calls = [] if dx is None else plan(lambda da, factors: da * factors, [da, factors], _apart(dx, factors))
        ones = own.memory.constant(da.shape[2:], 1, da.dtype)
        slopes = _by_input(own.grads["weights"])[..., 0]
        return [*calls, *plan(lambda x, da: x * da, [x, da], da), partial(np.matmul, da, ones, slopes)]


def _by_input(factors: Array) -> Array:
    """Returns a view (features, stack, 1) of factors (features,), or (stack, features) for a stack of networks."""
    return factors.reshape(-1, factors.shape[-1], 1).swapaxes(0, 1)


def _apart(columns: Array, factors: Array) -> Array:
    """Returns a view (features, stack, n) of `columns` (features, stack * n)."""
    return columns.reshape(*factors.shape[:2], -1)
