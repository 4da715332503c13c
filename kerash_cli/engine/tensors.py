"""Types of the engine, and named views into one flat vector.

A stack is several networks of the same form that are computed together. Its vectors are (count, length), its tensors
have the count in front, and its batches lie side by side in the columns: (features, count * n).
"""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Indices: TypeAlias = NDArray[np.intp]
Array: TypeAlias = NDArray[np.floating]
Shape: TypeAlias = tuple[int, ...]

Values: TypeAlias = Any
"""An array of floats, or a stand-in for one while an expression is compiled."""

Call: TypeAlias = Callable[[], object]
"""One step of a plan: a function with its operands and outputs bound."""

Calls: TypeAlias = list[Call]


# OpenBLAS allocates memory at the first larger product, and ends the process if there is none: better now than later.
np.matmul(np.zeros((1, 300), np.float32), np.zeros((300, 300), np.float32))

Views: TypeAlias = Mapping[str, Array]
"""Tensors by name."""


class Tensors(dict[str, Array]):
    """Named views of `flat`, a vector that the caller owns; together they fill it, in order and without gaps."""

    def __init__(self, flat: Array, shapes: Mapping[str, Shape]) -> None:
        """Makes views of `flat` with the given shapes, in order; raises ValueError unless they fill it exactly."""
        if size(shapes) != flat.shape[-1]:
            raise ValueError(f"expected a vector of {size(shapes)} numbers for {dict(shapes)}, got {flat.shape[-1]}")
        views, start = {}, 0
        for name, shape in shapes.items():
            views[name] = flat[..., start : start + prod(shape)].reshape((*flat.shape[:-1], *shape))
            start += prod(shape)
        super().__init__(views)
        self.flat = flat


def size(shapes: Mapping[str, Shape]) -> int:
    """Returns the total count of numbers in tensors of these shapes."""
    return sum(map(prod, shapes.values()))


def carve(vector: Array, layers: list[Mapping[str, Shape]]) -> list[Tensors]:
    """Cuts `vector` into the tensors of each layer, in order; raises ValueError unless they fill it exactly."""
    if sum(map(size, layers)) != vector.shape[-1]:
        raise ValueError(f"expected a vector of {sum(map(size, layers))} numbers, got {vector.shape[-1]}")
    pieces, start = [], 0
    for shapes in layers:
        pieces.append(Tensors(vector[..., start : start + size(shapes)], shapes))
        start += size(shapes)
    return pieces


def apart(columns: Array, count: int) -> Array:
    """Returns a view (count, features, n) of `columns` (features, count * n): a matrix for each network of a stack."""
    return columns.reshape(len(columns), count, -1).transpose(1, 0, 2)
