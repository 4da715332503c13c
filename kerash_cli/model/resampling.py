"""Metrics of rows that are drawn again, with replacement: the bootstrap, Efron 1979, doi 10.1214/aos/1176344552

All that matters of a resample is how often it has each row, which is a weight. A metric that is a mean over rows, or
that has a function in WAYS, is computed for many resamples at once; any other one resample by resample.
"""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from kerash_cli.encoding.cells import Floats
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.model.many_weights import WAYS, OfWeights
from kerash_cli.model.metrics import Metric
from kerash_cli.model.pairing import Pair
from kerash_cli.model.scoring import Guess

MOST, FEWEST = 2000, 200
"""Largest and smallest number of resamples."""

DRAWN = 4_000_000
"""Approximate number of rows that are drawn, which limits the number of resamples."""

UNSETTLED = frozenset({"largest_error"})
"""Metrics of which resamples say nothing: a largest value can only be smaller in them."""

_AT_ONCE = 1 << 19  # numbers: a matrix of resamples and rows, 4 MB, which caches hold


def count(rows: int) -> int:
    """Returns the number of resamples of so many rows."""
    return max(FEWEST, min(MOST, DRAWN // max(1, rows)))


def resamples(pair: Pair, metrics: Sequence[Metric], seed: int) -> dict[str, Floats]:
    """Returns the second model's metric less the first's in each resample, by the name of the metric."""
    if not metrics:
        return {}
    measures = {metric.name: [resampled(metric, pair, guess) for guess in pair.guesses] for metric in metrics}
    found: dict[str, list[Floats]] = {name: [] for name in measures}
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for weights in _drawn(pair, seed):
            for name, (first, second) in measures.items():
                found[name].append(second(weights) - first(weights))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def resampled(metric: Metric, pair: Pair, guess: Guess) -> OfWeights:
    """Returns the function that gives a metric of each resample for its weights of the rows, (resamples, rows).

    NaN stands for one that is undefined.
    """
    given, expected = getattr(guess, metric.given), pair.expected
    if metric.of_rows:
        return partial(_means, metric.of_rows(given, expected))
    if metric.name in WAYS:
        return WAYS[metric.name](given, expected)

    def one_by_one(weights: Floats) -> Floats:
        values = (metric.function(given, expected, each) for each in weights)
        return np.array([np.nan if value is None else value for value in values], np.float64)

    return one_by_one


def _means(of_rows: Floats, weights: Floats) -> Floats:
    means: Floats = weights @ of_rows / weights.sum(axis=1)
    return means


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
