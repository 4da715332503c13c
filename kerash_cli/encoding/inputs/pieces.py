"""Columns of numbers as piecewise-linear functions, with a feature for each bin (Gorishniy et al. 2022)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import numpy as np

from kerash_cli.encoding import checks
from kerash_cli.encoding.cells import Floats
from kerash_cli.encoding.inputs.viewed import ViewColumn, ascending

FEWEST_BINS, MOST_BINS = 2, 64
"""Numbers of bins that a view may have."""


@dataclass(frozen=True)
class Pieces(ViewColumn, kind="pieces"):
    """A column of numbers in bins: the feature of a bin is -0.5 below it, 0.5 above it, and rises evenly within it."""

    bins: int
    """Number of bins that the view has; a column whose values recur has fewer."""
    edges: tuple[float, ...]
    """Ends of the bins, ascending: quantiles of the training values, each different one once."""

    @property
    def features(self) -> int:
        return len(self.edges) - 1

    @property
    def detail(self) -> dict[str, int | list[float]]:
        return {"pieces": self.bins, "edges": [*self.edges]}

    @property
    def view(self) -> str:
        return f"piecewise:{self.bins}"

    @classmethod
    def of(cls, position: int, values: Floats, bins: int) -> Self:
        """Returns the pieces of a column with these values, of which at least two are different."""
        edges = np.unique(np.quantile(values, np.arange(bins + 1) / bins))
        return cls(position, bins, tuple(edges.tolist()))

    @classmethod
    def from_detail(cls, position: int, detail: object) -> Self | None:
        if not isinstance(detail, dict) or detail.keys() != {"pieces", "edges"}:
            return None
        bins = checks.integer(detail["pieces"], FEWEST_BINS, MOST_BINS, "a number of bins")
        return cls(position, bins, ascending(detail["edges"], 2, bins + 1, "edges"))

    @classmethod
    def see(cls, columns: Sequence[Any], values: Floats) -> Floats:
        low, width = _bins(tuple(columns))
        with np.errstate(over="ignore"):
            places = values - low
            places /= width
        np.clip(places, 0, 1, out=places)
        places -= 0.5
        return places


@lru_cache(maxsize=64)
def _bins(columns: tuple[Pieces, ...]) -> tuple[Floats, Floats]:
    """Returns the lower ends and the widths of all bins, arrays (features,)."""
    low = np.array([edge for column in columns for edge in column.edges[:-1]])
    high = np.array([edge for column in columns for edge in column.edges[1:]])
    return low, high - low
