"""Operations that reduce many numbers to one."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import numpy as np

from kerash_cli.engine.tensors import Array
from kerash_cli.matrices.kinds import AXES, FOLDS, Axes, Fold, OneAxis
from kerash_cli.matrices.operation import Help, operation


@operation("mean", "reduce-mean")
def mean(a: Array, *, axis: Axes = None) -> Array | float:
    """The mean of all numbers, or the means along --axis."""
    return _along(a.mean, axis)


@operation("sum", "reduce-sum")
def total(a: Array, *, axis: Axes = None) -> Array | float:
    """The sum of all numbers, or the sums along --axis."""
    return _along(a.sum, axis)


@operation("min", "reduce-min")
def least(a: Array, *, axis: Axes = None) -> Array | float:
    """The smallest number, or the smallest ones along --axis."""
    return _along(a.min, axis)


@operation("max", "reduce-max")
def greatest(a: Array, *, axis: Axes = None) -> Array | float:
    """The largest number, or the largest ones along --axis."""
    return _along(a.max, axis)


@operation("argmax")
def argmax(
    a: Array, *, axis: Annotated[OneAxis, Help("Axis along which to search (default: all numbers).")] = None
) -> Array | int:
    """The index of the largest number, counted from 0 in the order of the file or along --axis.

    The first of equal numbers counts.
    """
    return int(a.argmax()) if axis is None else a.argmax(AXES.index(axis), keepdims=True).astype(np.float64)


@operation("norm")
def norm(a: Array, *, axis: Axes = None) -> Array | float:
    """The root of the sum of squares (2-norm, Frobenius norm) of all numbers, or along --axis."""
    return _along(partial(np.hypot.reduce, np.abs(a)), axis)


@operation("reduce", groups=("tensor",))
def reduce(a: Array, *, f: Annotated[Fold, Help("Function that reduces all numbers to one.")]) -> float:
    """All numbers reduced to one: their maximum, minimum, sum, product or mean.

    The names `g_max`, `g_min`, `add` and `mul` work too.
    """
    return FOLDS[f](a)


def _along(reduction: Callable[..., Any], axis: str | None) -> Array | float:
    """Returns all numbers reduced to one, or reduced along the given axes, whose sizes become 1."""
    if axis is None:
        return float(reduction(axis=None))
    reduced: Array = reduction(axis=tuple(map(AXES.index, axis)), keepdims=True)
    return reduced
