"""Ranks of values, which a few very large ones do not distort, and how far two columns agree."""

import numpy as np

from kerash_cli.encoding.cells import Floats


def ranks(values: Floats) -> Floats:
    """Returns the rank of each value from 1; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    found: Floats = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return found


def correlation(one: Floats, other: Floats) -> float:
    """Returns Pearson's correlation; 0 if one is constant."""
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt(np.square(one).sum() * np.square(other).sum()))
    return float(one @ other) / size if size else 0.0
