"""How answers are scored: log loss and accuracy of probabilities, root mean square error and R2 of numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

LOWEST = 1e-15
"""The least probability that counts: a wrong answer that was certain costs 34.5 and not infinity."""


def scores(answer: NDArray[np.float64], y: NDArray[Any], classes: int) -> dict[str, float]:
    """Returns the `loss` and `accuracy` of probabilities (n, classes), or `loss` and `r2` of numbers (n, 1)."""
    wanted = (len(y), classes or 1)
    if answer.shape != wanted or not np.isfinite(answer).all():
        raise ValueError(f"expected {wanted} finite numbers, got {answer.shape}, {np.isfinite(answer).sum()} finite")
    if not classes:
        square = float(np.mean((answer[:, 0] - y) ** 2))
        return {"loss": square**0.5, "r2": 1 - square / float(np.var(y))}
    p = np.clip(answer, LOWEST, 1)
    p /= p.sum(axis=1, keepdims=True)
    right = p[np.arange(len(y)), y.astype(int)]
    return {"loss": float(-np.log(right).mean()), "accuracy": float((p.argmax(axis=1) == y).mean())}
