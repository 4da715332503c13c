"""A fully connected layer: a = S(x W + b)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers.base import Layer, Own, count_or_unknown, word
from kerash_cli.engine.tensors import Array, Calls, Shape, Views


@dataclass(frozen=True)
class Dense(Layer, keyword="dense"):
    """Every output is an activation of a weighted sum of all inputs; an image is flattened first.

    weights (features, units), bias (units,): one after the other they are the matrix of the affine map, whose last
    row meets the row of ones in x, so that one product gives the sum with its bias and one the gradient of both.
    """

    learns = True

    units: int | None = word(count_or_unknown)
    activation: Activation = word(Activation.parse)

    def output_shape(self, shape: Shape) -> Shape:
        return (1, 1, self._units)

    def param_shapes(self, shape: Shape) -> Mapping[str, Shape]:
        return {"weights": (prod(shape), self._units), "bias": (self._units,)}

    def initialize(self, shape: Shape, tensors: Views, draw: Callable[[Shape, int, int], Array]) -> None:
        tensors["weights"][...] = draw(tensors["weights"].shape, *tensors["weights"].shape)

    def cache_shapes(self, shape: Shape, n: int) -> Mapping[str, Shape]:
        return {} if self.activation.in_place else {"z": (self._units, n)}

    def flops(self, shape: Shape) -> int:
        return 2 * prod(shape) * self._units

    def forward(self, x: Array, out: Array, own: Own) -> Calls:
        affine = own.params.flat.reshape(-1, self._units)
        z = own.cache.get("z", out)
        return [partial(affine.T.dot, x[: len(affine)], z), *self.activation.forward(z, out)]

    def backward(self, x: Array, a: Array, da: Array, dx: Array | None, own: Own) -> Calls:
        gradient = own.grads.flat.reshape(-1, self._units)
        calls = self.activation.backward(own.cache.get("z", a), a, da, da)
        calls.append(partial(x[: len(gradient)].dot, da.T, gradient))
        if dx is not None:
            calls.append(partial(own.params["weights"].dot, da, dx))
        return calls

    @property
    def _units(self) -> int:
        assert self.units is not None, "a description is resolved before its network is built"
        return self.units
