"""A scale and the dense layer behind it, trained as one layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from kerash_cli.engine.allocation import Allocator
from kerash_cli.engine.layers.base import Layer, Own
from kerash_cli.engine.layers.dense import Dense
from kerash_cli.engine.tensors import Array, Calls, Shape, Tensors


@dataclass(frozen=True)
class ScaledDense(Layer):
    """A dense layer whose weights are multiplied by the factors of a scale before it, which nothing else reads.

    With weights W, factors s and G = dL/d(s W), the product that the dense layer makes anyway, dL/dW is s G and dL/ds
    is the sum of W G over units. So nobody needs the scaled inputs and their gradient, which are larger than W if the
    batch is larger than the layer, and whose gradient is another product.
    """

    dense: Dense
    factors: Array
    """Factors of the inputs, (inputs,), or (count, inputs) for a stack of networks."""
    slopes: Array
    """The factors' gradient, in the same shape."""
    scaled: Tensors
    """The dense layer's parameters, with weights that are multiplied by the factors."""

    @classmethod
    def joined(
        cls, dense: Dense, factors: Tensors, slopes: Tensors, params: Tensors, allocator: Allocator
    ) -> "ScaledDense":
        """Returns the two layers as one, given their parameters and the gradient of the scale's."""
        stacked = params.flat.ndim - 1
        shapes = {name: tensor.shape[stacked:] for name, tensor in params.items()}
        scaled = Tensors(allocator.empty(params.flat.shape, params.flat.dtype), shapes)
        return cls(dense, factors["weights"], slopes["weights"], scaled)

    def __str__(self) -> str:
        return f"scale, {self.dense}"

    def output_shape(self, shape: Shape) -> Shape:
        return self.dense.output_shape(shape)

    def forward(self, x: Array, out: Array, own: Own) -> Calls:
        calls: Calls = [partial(np.multiply, own.params["weights"], self._by_input, self.scaled["weights"])]
        if "bias" in own.params:
            calls.append(partial(np.copyto, self.scaled["bias"], own.params["bias"]))
        return calls + self.dense.forward(x, out, own._replace(params=self.scaled))

    def backward(self, x: Array, a: Array, da: Array, dx: Array | None, own: Own) -> Calls:
        assert dx is None, "a scale that needs the gradient of its inputs is a layer of its own"
        weights, gradient, products = own.params["weights"], own.grads["weights"], self.scaled["weights"]
        ones = own.memory.constant(weights.shape[-1:], 1, weights.dtype)
        return [
            *self.dense.backward(x, a, da, dx, own._replace(params=self.scaled)),
            partial(np.multiply, weights, gradient, products),
            partial(np.matmul, products, ones, self.slopes),
            partial(np.multiply, gradient, self._by_input, gradient),
        ]

    def cache_shapes(self, shape: Shape, n: int) -> Mapping[str, Shape]:
        return self.dense.cache_shapes(shape, n)

    @property
    def _by_input(self) -> Array:
        return self.factors[..., np.newaxis]
