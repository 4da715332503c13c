"""A fully connected layer: a = S(x W + b)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import Self

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers.base import IDENTITY, Layer, Own, count_or_unknown, word
from kerash_cli.engine.tensors import Array, Call, Calls, Indices, Shape, Tensors, Views, apart, is_by_row


@dataclass(frozen=True)
class Dense(Layer, keyword="dense"):
    """Each output is the activation of a weighted sum of all inputs; an image is flattened first.

    weights (features, units) and bias (units,) are adjacent in memory and form one matrix. Its last row is multiplied
    by the ones in x, so that one product gives the sums with their biases, and another the gradients of both tensors.
    """

    learns = True
    stacks = True
    takes_rows = True

    units: int | None = word(count_or_unknown)
    activation: Activation = word(Activation.parse)

    biased: bool = True
    """False for a part of a layer whose biases are another part's."""

    def output_shape(self, shape: Shape) -> Shape:
        return (1, 1, self._units)

    def param_shapes(self, shape: Shape) -> Mapping[str, Shape]:
        weights = {"weights": (prod(shape), self._units)}
        return {**weights, "bias": (self._units,)} if self.biased else weights

    def initialize(self, shape: Shape, tensors: Views, draw: Callable[[Shape, int, int], Array]) -> None:
        tensors["weights"][...] = draw(tensors["weights"].shape, *tensors["weights"].shape)

    def cache_shapes(self, shape: Shape, n: int) -> Mapping[str, Shape]:
        return {} if self.activation.in_place else {"z": (self._units, n)}

    def flops(self, shape: Shape) -> int:
        return 2 * prod(shape) * self._units

    def keeps_apart(self, shape: Shape) -> bool:
        return not self.activation.definition.mixes

    def of_units(self, units: slice, tensors: Views) -> tuple[Self, Views]:
        layer, taken = super().of_units(units, tensors)
        return replace(layer, units=taken["weights"].shape[-1]), taken

    def of_inputs(self, inputs: slice, first: bool, tensors: Views) -> tuple[Self, Views]:
        """Returns the layer with these inputs alone, and its tensors.

        The outputs of such parts add up to the weighted sums of the whole layer; the `first` part has the biases.
        """
        return replace(self, activation=IDENTITY, biased=first), {**tensors, "weights": tensors["weights"][inputs]}

    def forward(self, x: Array, out: Array, own: Own) -> Calls:
        affine = self._affine(own.params)
        x = x[: affine.shape[-2]]
        if not is_by_row(out):
            z = own.cache.get("z", out)
            return [_product(affine.swapaxes(-1, -2), x, z), *self.activation.forward(z, out, own.memory)]
        rows = self._rows(own.cache, out)
        z = own.memory.borrow(out.shape[::-1], out.dtype) if rows is None else rows
        calls: Calls = [partial(x.T.dot, affine, z), *self.activation.forward(z, out.T, own.memory)]
        if rows is None:
            own.memory.give_back(z)
        return calls

    def backward(self, x: Array, a: Array, da: Array, dx: Array | None, own: Own) -> Calls:
        gradient, weights = self._affine(own.grads), own.params["weights"]
        x = x[: gradient.shape[-2]]
        if is_by_row(da):
            rows = self._rows(own.cache, a)
            calls = self.activation.backward(a.T if rows is None else rows, a.T, da.T, da.T, own.memory)
        else:
            calls = self.activation.backward(own.cache.get("z", a), a, da, da, own.memory)
        if gradient.ndim == 2:
            calls.append(partial(x.dot, da.T, gradient))
        else:
            dz = apart(da, len(gradient))
            calls.append(partial(np.matmul, apart(x, len(gradient)), dz.transpose(0, 2, 1), gradient))
        if dx is not None:
            calls.append(_product(weights, da, dx))
        return calls

    @staticmethod
    def _rows(cache: Views, out: Array) -> Array | None:
        """Returns the memory for z as rows (n, units); None if z is not kept."""
        return cache["z"].reshape(out.shape[::-1]) if "z" in cache else None

    def forget(self, tensors: Mapping[str, Array], features: Indices) -> None:
        """Sets the weights of these inputs to 0."""
        tensors["weights"][features] = 0

    def _affine(self, tensors: Tensors) -> Array:
        """Returns weights and biases as one matrix (features + 1, units), or (features, units) if there are no biases.

        For a stack, the count of networks comes first: (count, features + 1, units).
        """
        return tensors.flat.reshape(*tensors.flat.shape[:-1], -1, self._units)

    @property
    def _units(self) -> int:
        assert self.units is not None, "a description is resolved before its network is built"
        return self.units


def _product(matrix: Array, columns: Array, out: Array) -> Call:
    """Returns the call that writes matrix times columns; for a stack, each network's matrix times its own columns."""
    if matrix.ndim == 2:  # np.matmul takes four times as long to call
        return partial(columns.T.dot, matrix.T, out.T) if is_by_row(out) else partial(matrix.dot, columns, out)
    return partial(np.matmul, matrix, apart(columns, len(matrix)), apart(out, len(matrix)))
