"""Operations of linear algebra."""

import numpy as np

from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, Mismatched
from kerash_cli.matrices.operation import check_square, operation, sizes


@operation("determinant")
def determinant(a: Array) -> Array | float:
    """The determinant of a square matrix, or of each layer of a tensor."""
    check_square(a)
    found = np.linalg.det(a)
    return float(found[0]) if len(a) == 1 else found.reshape(-1, 1, 1)


@operation("inverse")
def inverse(a: Array) -> Array:
    """The inverse of a square matrix: the product of the two is the identity."""
    check_square(a)
    return _solve(a, np.broadcast_to(np.eye(a.shape[1]), a.shape))


@operation("solve")
def solve(a: Array, b: Array) -> Array:
    """The solution X of A X = B, for a square A."""
    check_square(a)
    if b.shape[:2] != a.shape[:2]:
        raise Mismatched(f"expected operands of the same height and depth, got {sizes(a.shape)} and {sizes(b.shape)}")
    return _solve(a, b)


@operation("singular-values")
def singular_values(a: Array) -> Array:
    """A row with the singular values, largest first."""
    return np.linalg.svd(a, compute_uv=False)[:, np.newaxis]


def _solve(a: Array, b: Array) -> Array:
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        raise BadInput(f"expected a matrix that has an inverse, got a singular one of {sizes(a.shape)}") from None
