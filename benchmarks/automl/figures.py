"""Comparisons of methods over tables, with intervals, from the raw results."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

RESAMPLES, SEED = 10_000, 0
LOWEST = 1e-6
"""The least loss of a table in a ratio: below, a network that is always right would decide the mean of all tables."""

Record = Mapping[str, Any]


class Interval(NamedTuple):
    """A mean with the bounds of 95 %, which are nan where there are too few values."""

    mean: float
    low: float
    high: float


class Comparison(NamedTuple):
    """Comparison of one method with another, over the tables of which both finished folds; each weighs the same.

    `ratio` is the geometric mean of its losses by the other's; `accuracy` and `r2` are mean differences.
    """

    tables: int
    ratio: Interval
    median: float
    better: int
    accuracy: Interval
    r2: Interval


def compare(records: Sequence[Record], method: str, other: str) -> Comparison:
    """Compares two methods on the folds that both finished."""
    ratios, differences = list[float](), dict[str, list[float]]({"accuracy": [], "r2": []})
    for name in dict.fromkeys(record["table"] for record in records):
        pairs = _pairs([record for record in records if record["table"] == name], method, other)
        if not pairs:
            continue
        mine, theirs = (mean([pair[side] for pair in pairs], "loss") for side in (0, 1))
        ratios.append(math.log(max(mine, LOWEST) / max(theirs, LOWEST)))
        for score, values in differences.items():
            if score in pairs[0][0]:
                values.append(float(np.mean([a[score] - b[score] for a, b in pairs])))
    pooled = interval(ratios)
    return Comparison(
        len(ratios),
        Interval(*(math.exp(bound) for bound in pooled)),
        math.exp(np.median(ratios)) if ratios else math.nan,
        sum(ratio < 0 for ratio in ratios),
        *(interval(differences[score]) for score in ("accuracy", "r2")),
    )


def interval(values: Sequence[float]) -> Interval:
    """The mean, with the percentiles of a bootstrap: values are drawn again, as many as there are."""
    if not values:
        return Interval(math.nan, math.nan, math.nan)
    if len(values) < 2:
        return Interval(values[0], math.nan, math.nan)
    array = np.array(values)
    drawn = array[np.random.default_rng(SEED).integers(len(array), size=(RESAMPLES, len(array)))].mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(float(array.mean()), float(low), float(high))


def mean(records: Sequence[Record], name: str) -> float:
    """Of a figure, over the records that have it; nan if none has."""
    values = [record[name] for record in records if record.get(name) is not None]
    return float(np.mean(values)) if values else math.nan


def _pairs(records: Sequence[Record], method: str, other: str) -> list[tuple[Record, Record]]:
    """Both methods' results of each fold of a table that both finished."""
    mine, theirs = (
        {record["fold"]: record for record in records if record["method"] == each and "loss" in record}
        for each in (method, other)
    )
    return [(mine[fold], theirs[fold]) for fold in sorted(mine) if fold in theirs]
