"""What the raw results amount to: means, ratios and ranks, with intervals."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata, t

RESAMPLES, SEED = 10_000, 0
Record = Mapping[str, Any]
Losses = dict[str, dict[tuple[int, int], float]]
"""By data set and split, (repetition, fold); infinite where a method failed."""


class Interval(NamedTuple):
    """A mean with the bounds of 95 %, which are nan where there are too few values."""

    mean: float
    low: float
    high: float


def interval(values: Sequence[float]) -> Interval:
    """The mean over folds, with Student's interval as if folds were independent, which they are not quite."""
    mean = float(np.mean(values)) if values else np.nan
    if len(values) < 2:
        return Interval(mean, np.nan, np.nan)
    half = float(t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return Interval(mean, mean - half, mean + half)


def losses(records: Sequence[Record], method: str) -> Losses:
    """Of a method, on the splits that it was given."""
    found: Losses = {}
    for record in records:
        if record["method"] == method:
            found.setdefault(record["dataset"], {})[record["repeat"], record["fold"]] = record.get("loss", np.inf)
    return found


def ratio(ours: Losses, theirs: Losses) -> Interval:
    """The geometric mean of our losses by theirs on the splits that both finished, each set weighing the same.

    The bounds are the percentiles of a paired bootstrap: splits are drawn again within each set.
    """
    logs = [_logs(own, theirs[name]) for name, own in ours.items() if name in theirs]
    logs = [values for values in logs if len(values)]
    if not logs:
        return Interval(np.nan, np.nan, np.nan)
    rng = np.random.default_rng(SEED)
    drawn = np.mean([_resampled(values, rng) for values in logs], axis=0)
    low, high = np.exp(np.percentile(drawn, [2.5, 97.5]))
    return Interval(float(np.exp(np.mean([values.mean() for values in logs]))), float(low), float(high))


def ranks(found: Mapping[str, Losses]) -> dict[str, float]:
    """Each method's mean rank, 1 being best, over the splits that all were given, each set weighing the same.

    Those that failed share the last ranks.
    """
    methods = list(found)
    means = []
    for name in sorted(set.intersection(*(set(losses) for losses in found.values()))) if found else []:
        splits = set.intersection(*(set(found[method][name]) for method in methods))
        table = np.array([[found[method][name][split] for method in methods] for split in sorted(splits)])
        if len(table):
            means.append(rankdata(table, axis=1).mean(axis=0))
    return dict(zip(methods, np.mean(means, axis=0).tolist(), strict=True)) if means else {}


def mean(records: Sequence[Record], name: str) -> float:
    """Of a figure, over the records that have it; nan if none has."""
    values = [record[name] for record in records if record.get(name) is not None]
    return float(np.mean(values)) if values else np.nan


def _logs(ours: Mapping[tuple[int, int], float], theirs: Mapping[tuple[int, int], float]) -> NDArray[np.float64]:
    """The logarithms of the ratios of a set's splits."""
    pairs = [(mine, theirs[split]) for split, mine in ours.items() if split in theirs]
    return np.array([np.log(mine / other) for mine, other in pairs if np.isfinite([mine, other]).all()])


def _resampled(values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """The means of so many samples of the same size, drawn with replacement."""
    return values[rng.integers(len(values), size=(RESAMPLES, len(values)))].mean(axis=1)
