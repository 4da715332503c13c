"""Metrics of amounts: distances between predictions and targets."""

from math import inf
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kerash_cli.encoding.cells import Floats
from kerash_cli.model.metrics.base import DISTANCE, metric

CLOSE_TO_ZERO = 0.01
"""Share of the mean size of targets below which a target is close to 0: percentages of it say nothing."""

_MOST = float(np.finfo(np.float64).max)  # reported for numbers beyond float64
_QUARTER = 0.25  # neither the quotient of two numbers nor its deviation from a mean can overflow float64


def distances(predicted: ArrayLike, expected: ArrayLike) -> Floats:
    """Returns each row's mean distance between prediction and target, (rows,); infinite beyond float64."""
    with np.errstate(over="ignore"):
        distance: Floats = np.abs(_difference(predicted, expected)).mean(axis=1) / _QUARTER
    return distance


@metric("mae", ("values",), greater_is_better=False, bounds=DISTANCE, saved=True, of_rows=distances)
def mean_absolute_error(predicted: ArrayLike, expected: ArrayLike, weights: Floats | None = None) -> float:
    """The mean distance between prediction and target."""
    distance = np.abs(_difference(predicted, expected))
    return _whole(_mean(distance.ravel(), _for_each(distance, weights)))


@metric("rmse", ("values",), greater_is_better=False, bounds=DISTANCE, saved=True)
def root_mean_square_error(predicted: ArrayLike, expected: ArrayLike, weights: Floats | None = None) -> float:
    """The root of the mean squared distance between prediction and target."""
    difference = _difference(predicted, expected)
    return _whole(_norm(difference.ravel(), _for_each(difference, weights)))


# No naive guess: that explains nothing.
@metric("r2", ("values",), greater_is_better=True, bounds=(-inf, 1.0), naive=False, saved=True)
def r2(predicted: ArrayLike, expected: ArrayLike, weights: Floats | None = None) -> float:
    """The share of the variance that is explained, averaged over targets.

    For a target that does not vary it is 0, or 1 if all predictions are exact.
    """
    truth = _columns(expected)
    from_first = truth * _QUARTER - truth[:1] * _QUARTER  # 0 all along where a column does not vary
    error = _norm(_difference(predicted, expected), weights)
    variation = _norm(from_first - _mean(from_first, weights), weights)
    constant = variation == 0
    with np.errstate(over="ignore"):
        explained = 1 - np.square(error / np.where(constant, 1, variation))
    return float(_mean(np.where(constant, error == 0, explained.clip(-_MOST))))


@metric("median_error", ("values",), greater_is_better=False, bounds=DISTANCE)
def median_error(predicted: ArrayLike, expected: ArrayLike, weights: Floats | None = None) -> float:
    """The distance between prediction and target that half of the rows exceed, averaged over targets."""
    columns = np.abs(_difference(predicted, expected)).T
    return _whole(np.mean([median(each, weights) for each in columns]))


@metric("largest_error", ("values",), greater_is_better=False, bounds=DISTANCE)
def largest_error(predicted: ArrayLike, expected: ArrayLike, weights: Floats | None = None) -> float:
    """The largest distance between a prediction and its target."""
    return _whole(np.abs(_difference(predicted, expected)).max())


@metric("mape", ("values",), greater_is_better=False, bounds=DISTANCE, undefined="a target is 0 or close to it")
def mean_absolute_percentage_error(
    predicted: ArrayLike, expected: ArrayLike, weights: Floats | None = None
) -> float | None:
    """The mean distance between prediction and target as a share of the target: 0.1 is 10 %.

    None if a target is 0, or less than a hundredth of the mean size of its column: its percentages would be absurd.
    """
    sizes = np.abs(_columns(expected)) * _QUARTER
    if (sizes <= CLOSE_TO_ZERO * _mean(sizes)).any():
        return None
    with np.errstate(over="ignore"):
        shares = np.minimum(np.abs(_difference(predicted, expected)) / sizes, _MOST * _QUARTER)
    return min(float(np.mean(_mean(shares, weights))), _MOST)


def median(values: Floats, weights: Floats | None = None) -> Any:
    """Returns the median of values (rows,); if half of the weights are below a value, the mean of it and the next."""
    if weights is None:
        return np.median(values)
    order = np.argsort(values)
    order = order[weights[order] > 0]
    below = np.cumsum(weights[order])
    half = below[-1] / 2
    place = min(int(np.searchsorted(below, half)), len(order) - 1)
    upper = place + 1 if below[place] - half <= np.finfo(np.float64).eps and place + 1 < len(order) else place
    return (values[order[place]] + values[order[upper]]) / 2


def _difference(predicted: ArrayLike, expected: ArrayLike) -> Floats:
    """Returns a quarter of the differences, (rows, columns)."""
    return _columns(predicted) * _QUARTER - _columns(expected) * _QUARTER


def _columns(values: ArrayLike) -> Floats:
    given = np.asarray(values, np.float64)
    return given.reshape(len(given), -1)


def _whole(quarter: Any) -> float:
    return min(float(quarter), _MOST * _QUARTER) / _QUARTER


def _for_each(values: Floats, weights: Floats | None) -> Floats | None:
    """Returns the weights of the rows for each of the values (rows, columns), in the order of `ravel`."""
    return None if weights is None else np.repeat(weights, values.shape[1])


def _mean(values: NDArray[Any], weights: Floats | None = None) -> Any:
    """Returns the mean over rows, without overflow."""
    scale = _scale(values)
    return scale * np.average(values / scale, axis=0, weights=weights)


def _norm(values: Floats, weights: Floats | None) -> Any:
    """Returns the root of the mean square over rows, without overflow or underflow in between."""
    scale = _scale(values)
    return scale * np.sqrt(np.average(np.square(values / scale), axis=0, weights=weights))


def _scale(values: NDArray[Any]) -> Any:
    """Returns a power of two for each column, close to its largest value; dividing by a power of two does not round."""
    _, exponent = np.frexp(np.abs(values).max(axis=0))
    return np.ldexp(1.0, exponent - 1)
