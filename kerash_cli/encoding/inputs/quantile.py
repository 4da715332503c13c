"""Columns of numbers as normal quantiles of their ranks, with one feature each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding import checks
from kerash_cli.encoding.cells import Floats
from kerash_cli.encoding.inputs.viewed import ViewColumn, ascending

MOST_KNOTS = 128
"""Maximum number of values with a saved quantile: in a column of many values, the ends of 63 intervals of quantiles."""

FARTHEST = 3.0
"""Largest quantile: values of a higher rank than 99.87 % of all are alike, and so are the lowest."""


@dataclass(frozen=True)
class Quantile(ViewColumn, kind="quantile"):
    """A column of numbers whose feature is the quantile of the standard normal distribution for the value's rank.

    The quantiles of some values are saved. Between two of them it is interpolated, and outside it is the nearest.
    """

    values: tuple[float, ...]
    """Training values, ascending."""
    normal: tuple[float, ...]
    """The quantile of each of these values."""

    @property
    def features(self) -> int:
        return 1

    @property
    def detail(self) -> dict[str, list[float]]:
        return {"quantiles": [*self.values], "normal": [*self.normal]}

    @property
    def view(self) -> str:
        return "quantile"

    @classmethod
    def of(cls, position: int, values: Floats) -> Self:
        """Returns the quantiles of a column with these sorted values, of which at least two are different.

        The rank of equal values is the middle of their ranks.
        """
        from statistics import NormalDist  # only learning needs it

        normal = NormalDist()
        different, counts = np.unique(values, return_counts=True)
        shares = (np.cumsum(counts) - counts / 2) / len(values)
        if len(different) > MOST_KNOTS:
            ends = np.linspace(-FARTHEST, FARTHEST, MOST_KNOTS // 2).tolist()
            chosen = _ends(np.searchsorted([normal.cdf(end) for end in ends], shares), len(ends))
            different, shares = different[chosen], shares[chosen]
        quantiles = np.clip([normal.inv_cdf(share) for share in shares.tolist()], -FARTHEST, FARTHEST).round(6)
        return cls(position, tuple(different.tolist()), tuple(quantiles.tolist()))

    @classmethod
    def from_detail(cls, position: int, detail: object) -> Self | None:
        if not isinstance(detail, dict) or detail.keys() != {"quantiles", "normal"}:
            return None
        values = ascending(detail["quantiles"], 2, MOST_KNOTS, "quantiles")
        normal = checks.floats(detail["normal"], len(values), "normal quantiles")
        rises = bool((normal[1:] >= normal[:-1]).all()) and -FARTHEST <= normal[0] <= normal[-1] <= FARTHEST
        checks.expect(rises, f"expected ascending normal quantiles from {-FARTHEST} to {FARTHEST}")
        return cls(position, values, tuple(normal.tolist()))

    @classmethod
    def see(cls, columns: Sequence[Any], values: Floats) -> Floats:
        seen = np.empty_like(values)
        for index, (known, normal) in enumerate(_knots(tuple(columns))):
            seen[:, index] = _interpolated(values[:, index], known, normal)
        return seen


def _interpolated(values: Floats, known: Floats, normal: Floats) -> Floats:
    """Returns the result of `np.interp`, also where a slope would be infinite, as between numbers next to 0."""
    left = np.searchsorted(known, values, side="right").clip(1, len(known) - 1) - 1
    with np.errstate(over="ignore"):
        place = ((values - known[left]) / (known[left + 1] - known[left])).clip(0, 1)
    found: Floats = (1 - place) * normal[left] + place * normal[left + 1]
    return found


def _ends(intervals: NDArray[np.intp], last: int) -> NDArray[np.intp]:
    """Returns where each interval begins and ends, but not where 0 begins and `last` ends; `intervals` ascend."""
    changes = np.flatnonzero(intervals[1:] != intervals[:-1])
    outer = [0] * bool(intervals[0] > 0) + [len(intervals) - 1] * bool(intervals[-1] < last)
    return np.unique([*changes, *changes + 1, *outer])


@lru_cache(maxsize=64)
def _knots(columns: tuple[Quantile, ...]) -> list[tuple[Floats, Floats]]:
    """Returns the values and the quantiles of each column, as arrays."""
    return [(np.array(column.values), np.array(column.normal)) for column in columns]
