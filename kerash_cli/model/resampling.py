"""Metrics of rows that are drawn again, with replacement: the bootstrap, Efron 1979, doi 10.1214/aos/1176344552

All that matters of a resample is how often it has each row, which is a weight. A metric that is a mean over rows, or
that has a function in WAYS, is computed for many resamples at once; any other one resample by resample.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from kerash_cli.encoding.cells import Floats
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.model.many_weights import WAYS
from kerash_cli.model.metrics import Metric
from kerash_cli.model.pairing import Pair
from kerash_cli.model.scoring import Guess

MOST, FEWEST = 2000, 200
"""Largest and smallest number of resamples."""

DRAWN = 4_000_000
"""Approximate number of rows that are drawn, which limits the number of resamples."""

UNSETTLED = frozenset({"largest_error"})
"""Metrics of which resamples say nothing: a largest value can only be smaller in them."""

_AT_ONCE = 1 << 21  # numbers: a matrix of resamples and rows


def count(rows: int) -> int:
    """Returns the number of resamples of so many rows."""
    return max(FEWEST, min(MOST, DRAWN // max(1, rows)))


def resamples(pair: Pair, metrics: Sequence[Metric], seed: int) -> dict[str, Floats]:
    """Returns the second model's metric less the first's in each resample, by the name of the metric."""
    found: dict[str, list[Floats]] = {metric.name: [] for metric in metrics}
    if not metrics:
        return {}
    for weights in _drawn(pair, seed):
        for metric in metrics:
            first, second = (resampled(metric, pair, guess, weights) for guess in pair.guesses)
            with np.errstate(invalid="ignore"):
                found[metric.name].append(second - first)
    return {name: np.concatenate(parts) for name, parts in found.items()}


def resampled(metric: Metric, pair: Pair, guess: Guess, weights: Floats) -> Floats:
    """Returns the metric of each resample, given its weights of the rows, (resamples, rows); NaN if undefined."""
    if metric.of_rows:
        of_rows = metric.of_rows(getattr(guess, metric.given), pair.expected)
        with np.errstate(over="ignore", invalid="ignore"):
            means: Floats = weights @ of_rows / weights.sum(axis=1)
        return means
    if metric.name in WAYS:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return WAYS[metric.name](getattr(guess, metric.given), pair.expected, weights)
    values = (metric.function(getattr(guess, metric.given), pair.expected, each) for each in weights)
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _drawn(pair: Pair, seed: int) -> Iterator[Floats]:
    """Yields the weights of rows in some resamples at a time, (resamples, rows)."""
    rows = len(pair.expected)
    rng, left = generator(seed, Key.COMPARE), count(rows)
    while left:
        some = min(left, max(1, _AT_ONCE // rows))
        weights = np.empty((some, rows))
        for each in weights:
            each[...] = np.bincount(rng.integers(0, rows, rows), minlength=rows)
        yield weights if pair.weights is None else weights * pair.weights
        left -= some
