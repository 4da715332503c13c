"""Columns that are strongly correlated: each of them can stand in for the other, so that they share importance."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from kerash_cli.encoding.cells import Floats
from kerash_cli.engine.tensors import Array
from kerash_cli.prediction.permuted import InputGroup

STRONG = 0.8
"""Smallest correlation that is told."""

FEWEST_ROWS, MOST_ROWS = 30, 2000
"""Rows from which correlations are told, since fewer have strong ones by chance; and rows that are looked at."""

MOST_INPUTS = 2000
"""Maximum number of inputs whose correlations are computed: a matrix of 32 MB."""


class RelatedColumns(NamedTuple):
    """Two columns, and how strongly they are correlated."""

    one: str
    other: str
    correlation: float
    """From 0 to 1; of two columns that are one input each, the size of Pearson's correlation."""

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values."""
        return self._asdict()


def related(x: Array, groups: Sequence[InputGroup]) -> list[RelatedColumns]:
    """Returns the pairs of strongly correlated columns among the inputs x (rows, features), the strongest first.

    Nothing is returned if there are few rows or very many inputs.
    """
    if len(x) < FEWEST_ROWS or x.shape[1] > MOST_INPUTS:
        return []
    step = -(-len(x) // MOST_ROWS)
    shared = _similarities(x[::step].astype(np.float64), groups)
    ones, others = np.nonzero(np.triu(shared >= STRONG, 1))
    pairs = zip(ones.tolist(), others.tolist(), strict=True)
    found = [RelatedColumns(groups[a].title, groups[b].title, float(shared[a, b])) for a, b in pairs]
    return sorted(found, key=lambda each: -each.correlation)


def _similarities(x: Floats, groups: Sequence[InputGroup]) -> Floats:
    """Returns the correlation of all pairs of groups, (groups, groups): the root of the RV coefficient.

    Of two groups of one input each it is the size of Pearson's correlation. Robert & Escoufier 1976,
    doi 10.2307/2347233, with inputs of one deviation.
    """
    x = x[:, np.concatenate([group.features for group in groups])]
    x = x - x.mean(axis=0)
    deviations = np.sqrt(np.square(x).mean(axis=0))
    x /= np.where(deviations > 1e-9, deviations, np.inf)  # a constant input is correlated with none
    squares = np.square(x.T @ x / len(x))
    starts = np.cumsum([0, *(len(group.features) for group in groups)])[:-1]
    sums = np.add.reduceat(np.add.reduceat(squares, starts, axis=0), starts, axis=1)
    own = np.sqrt(np.diag(sums))
    sizes = np.outer(own, own)
    found: Floats = np.sqrt(np.divide(sums, sizes, out=np.zeros_like(sums), where=sizes > 0))
    return np.minimum(found, 1.0)
