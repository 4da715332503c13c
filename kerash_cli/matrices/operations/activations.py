"""Operations that apply an activation."""

from typing import Annotated

import numpy as np

from kerash_cli.engine.tensors import Array
from kerash_cli.matrices.kinds import AXES, Axis, Map
from kerash_cli.matrices.operation import Help, operation


@operation("apply")
def apply(a: Array, *, f: Annotated[Map, Help("Function of each number.")]) -> Array:
    """Apply an activation to each number. F is one of `kerash activation --list`.

    F may have parameters (`prelu:0.1`). `activ_relu` is the same as `relu`, and `activ_d_relu` is its derivative.
    Softmax and similar activations treat all numbers as one vector; the operation `softmax` has an axis.
    """
    return f(a)


@operation("softmax")
def softmax(a: Array, *, axis: Annotated[Axis, Help("Axis along which the results sum up to 1.")] = "x") -> Array:
    """exp(x) divided by the sum of exp(x) along --axis; by default each row sums up to 1."""
    along = AXES.index(axis)
    e = np.exp(a - a.max(along, keepdims=True))
    softmax: Array = e / e.sum(along, keepdims=True)
    return softmax
