"""Operations that multiply matrices or vectors."""

from typing import Annotated

import numpy as np

from kerash_cli.engine.tensors import Array
from kerash_cli.errors import Mismatched
from kerash_cli.matrices.operation import Help, check_square, operation, require, same_sizes, sizes


@operation("mul", "matmul")
def mul(a: Array, b: Array) -> Array:
    """The matrix product A B, layer by layer for tensors; as wide as B, as high as A."""
    if a.shape[2] != b.shape[1] or a.shape[0] != b.shape[0]:
        raise Mismatched(
            f"expected a second operand as high as the first is wide, and equally deep, got {sizes(a.shape)} and "
            f"{sizes(b.shape)}"
        )
    require((a.shape[0], a.shape[1], b.shape[2]))
    return a @ b


@operation("gemm")
def gemm(
    a: Array,
    b: Array,
    c: Array | None = None,
    *,
    alpha: Annotated[float, Help("Factor of the product A B.")] = 1.0,
    beta: Annotated[float, Help("Factor of C.")] = 1.0,
    transpose_a: Annotated[bool, Help("Use A transposed.")] = False,
    transpose_b: Annotated[bool, Help("Use B transposed.")] = False,
) -> Array:
    """ALPHA A B + BETA C.

    C is optional. It may also be a single number, one row for all rows or one column for all columns.
    """
    product = alpha * mul(a.transpose(0, 2, 1) if transpose_a else a, b.transpose(0, 2, 1) if transpose_b else b)
    if c is None:
        return product
    if any(own not in (1, size) for own, size in zip(c.shape, product.shape, strict=True)):
        raise Mismatched(
            f"expected a third operand of {sizes(product.shape)}, or a row, column or number that fits it, got "
            f"{sizes(c.shape)}"
        )
    return product + beta * c


@operation("square")
def square(a: Array) -> Array:
    """The matrix product A A of a square matrix, layer by layer for tensors.

    `mul-self-p2p` squares each number instead.
    """
    check_square(a)
    return a @ a


@operation("conv")
def conv(a: Array, b: Array) -> float:
    """The sum of the elementwise product of A and B."""
    same_sizes(a, b)
    return float((a * b).sum())


@operation("dot")
def dot(a: Array, b: Array) -> float:
    """The scalar product of two vectors, which may have any shapes but must have equally many numbers."""
    if a.size != b.size:
        raise Mismatched(f"expected equally many numbers in both operands, got {sizes(a.shape)} and {sizes(b.shape)}")
    return float(a.ravel() @ b.ravel())


@operation("outer")
def outer(a: Array, b: Array) -> Array:
    """The outer product: a row for each number of A, with a column for each number of B."""
    require((1, a.size, b.size))
    return np.multiply.outer(a.ravel(), b.ravel())[np.newaxis]
