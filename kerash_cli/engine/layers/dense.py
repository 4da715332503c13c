"""A fully connected layer: a = S(x W + b)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import Self

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import grouping
from kerash_cli.engine.layers.base import IDENTITY, BadWord, Layer, Own, count_or_unknown, word
from kerash_cli.engine.layers.grouping import WHOLE, Groups, PlacedPart
from kerash_cli.engine.tensors import Array, Call, Calls, Indices, Shape, Tensors, Views, apart
from kerash_cli.errors import BadInput

MUCH = 1 << 20
"""Number of multiplications in a large product. BLAS has kernels of its own for those that are smaller."""


@dataclass(frozen=True)
class Dense(Layer, keyword="dense"):
    """Each output is the activation of a weighted sum of all inputs, or of its group's; an image is flattened first.

    weights (features, units) and bias (units,) are adjacent in memory and form one matrix. Its last row is multiplied
    by the ones in x, so that one product gives the sums with their biases, and another the gradients of both tensors.

    With `groups`, each unit is the activation of a weighted sum of some of the inputs. Each part of the groups has
    weights (count, inputs, units): `weights` of the only part, `weights1` of the first one of several, and so on.
    """

    learns = True
    stacks = True

    units: int | None = word(count_or_unknown)
    activation: Activation = word(Activation.parse)
    groups: Groups = word(Groups.parse, default=WHOLE)

    biased: bool = True
    """False for a part of a layer whose biases are another part's."""

    @classmethod
    def parse(cls, words: list[str]) -> Self:
        layer = super().parse(words)
        try:
            if layer.units is not None:
                layer.groups.check_units(layer.units)
        except BadInput as error:
            raise BadWord(str(error), 3, cls.usage()) from None
        if layer.units is None and layer.groups.parts:
            raise BadWord("expected a number of units, as many as the groups have, got '?'", 1, cls.usage())
        return layer

    @property
    def grouped(self) -> bool:
        """True if there is more than one group, or one that does not see all inputs."""
        return self.groups != WHOLE

    def output_shape(self, shape: Shape) -> Shape:
        if self.grouped:
            self._parts(prod(shape))
        return (1, 1, self._units)

    def param_shapes(self, shape: Shape) -> Mapping[str, Shape]:
        if self.grouped:
            return grouping.param_shapes(self._parts(prod(shape)), self._units)
        weights = {"weights": (prod(shape), self._units)}
        return {**weights, "bias": (self._units,)} if self.biased else weights

    def initialize(self, shape: Shape, tensors: Views, draw: Callable[[Shape, int, int], Array]) -> None:
        for name, weights in tensors.items():
            if name != "bias":
                weights[...] = draw(weights.shape, *weights.shape[-2:])

    def cache_shapes(self, shape: Shape, n: int) -> Mapping[str, Shape]:
        shapes = {} if self.activation.in_place else {"z": (self._units, n)}
        if self.grouped:
            shapes["seen"] = (sum(part.gathered for part in self._parts(prod(shape))), n)
        return shapes

    def flops(self, shape: Shape) -> int:
        weights = [part.shape for part in self._parts(prod(shape))] if self.grouped else [(prod(shape), self._units)]
        return 2 * sum(map(prod, weights))

    def keeps_apart(self, shape: Shape) -> bool:
        return not (self.grouped or self.activation.definition.mixes)

    def of_units(self, units: slice, tensors: Views) -> tuple[Self, Views]:
        layer, taken = super().of_units(units, tensors)
        return replace(layer, units=taken["weights"].shape[-1]), taken

    def of_inputs(self, inputs: slice, first: bool, tensors: Views) -> tuple[Self, Views]:
        """Returns the layer with these inputs alone, and its tensors.

        The outputs of such parts add up to the weighted sums of the whole layer; the `first` part has the biases.
        """
        return replace(self, activation=IDENTITY, biased=first), {**tensors, "weights": tensors["weights"][inputs]}

    def forward(self, x: Array, out: Array, own: Own) -> Calls:
        z = own.cache.get("z", out)
        return [*self._sums(x, z, own), *self.activation.forward(z, out, own.memory)]

    def _sums(self, x: Array, z: Array, own: Own) -> Calls:
        """Returns the calls that write the weighted sums to z (units, n)."""
        if self.grouped:
            return grouping.sums(self._parts(len(x) - 1), x[:-1], z, own)
        affine = self._affine(own.params)
        x = x[: affine.shape[-2]]
        if not (own.mode.training and affine.ndim == 2 and _in_rows(x, self._units)):
            return [_product(affine.swapaxes(-1, -2), x, z)]
        rows = own.memory.borrow(z.shape[::-1], z.dtype)
        calls: Calls = [partial(x.T.dot, affine, rows), partial(np.copyto, z, rows.T)]
        own.memory.give_back(rows)
        return calls

    def backward(self, x: Array, a: Array, da: Array, dx: Array | None, own: Own) -> Calls:
        calls = self.activation.backward(own.cache.get("z", a), a, da, da, own.memory)
        if self.grouped:
            return calls + grouping.gradients(self._parts(len(x) - 1), x[:-1], da, dx, own)
        gradient, weights = self._affine(own.grads), own.params["weights"]
        x = x[: gradient.shape[-2]]
        if gradient.ndim == 2:
            calls.append(partial(x.dot, da.T, gradient))
        else:
            dz = apart(da, len(gradient))
            calls.append(partial(np.matmul, apart(x, len(gradient)), dz.transpose(0, 2, 1), gradient))
        if dx is not None:
            calls.append(_product(weights, da, dx))
        return calls

    def forget(self, tensors: Mapping[str, Array], features: Indices) -> None:
        """Sets the weights of these inputs to 0."""
        if self.grouped:
            grouping.forget(tensors, self.groups, features)
        else:
            tensors["weights"][features] = 0

    def _affine(self, tensors: Tensors) -> Array:
        """Returns weights and biases as one matrix (features + 1, units), or (features, units) if there are no biases.

        For a stack, the count of networks comes first: (count, features + 1, units).
        """
        return tensors.flat.reshape(*tensors.flat.shape[:-1], -1, self._units)

    def _parts(self, inputs: int) -> list[PlacedPart]:
        return self.groups.placed(inputs, self._units)

    @property
    def _units(self) -> int:
        assert self.units is not None, "a description is resolved before its network is built"
        return self.units


def _in_rows(x: Array, units: int) -> bool:
    """Returns whether a product is faster with samples as rows, though its result has to be transposed.

    That is so if the samples x (features, n) lie in memory as rows, and if it sums up far more numbers than it writes:
    BLAS then takes up to a third less time.
    """
    features, n = x.shape
    return x.strides[0] < x.strides[1] and features >= 4 * units and features * units * n >= MUCH


def _product(matrix: Array, columns: Array, out: Array) -> Call:
    """Returns the call that writes matrix times columns; for a stack, each network's matrix times its own columns."""
    if matrix.ndim == 2:  # np.matmul takes four times as long to call
        return partial(matrix.dot, columns, out)
    return partial(np.matmul, matrix, apart(columns, len(matrix)), apart(out, len(matrix)))
