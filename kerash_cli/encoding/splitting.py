"""Which rows train and which validate."""

import numpy as np

from kerash_cli.tables import Rows


def split(rows: int, fraction: float, rng: "np.random.Generator", strata: Rows | None = None) -> tuple[Rows, Rows]:
    """The rows to train on and those to validate with, about `fraction` of all; both in file order.

    With `strata`, the class of each row, every class is divided alike, and one of two rows or more is in both parts.
    """
    classes = np.zeros(rows, np.intp) if strata is None else strata
    counts = np.bincount(classes)
    exact = fraction * counts
    shares = np.floor(exact).astype(np.intp)
    left_over = round(fraction * rows) - shares.sum()
    shares[np.argsort(shares - exact, kind="stable")[:left_over]] += 1
    shares = np.clip(shares, np.minimum(counts // 2, 1), np.maximum(counts - 1, 0))
    chosen = np.zeros(rows, np.bool_)
    for members, share in zip(
        np.split(np.argsort(classes, kind="stable"), np.cumsum(counts)[:-1]), shares, strict=True
    ):
        chosen[rng.permutation(members)[:share]] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)
