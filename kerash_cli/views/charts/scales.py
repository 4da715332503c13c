"""Ends and ticks of axes."""

from collections.abc import Iterable, Iterator, Sequence
from math import ceil, floor, isfinite, log10
from typing import Any, Literal, NamedTuple

import numpy as np

from kerash_cli.encoding.cells import Floats
from kerash_cli.encoding.phrases import rounded
from kerash_cli.views.charts.chart import (
    Axis,
    BandSeries,
    BarSeries,
    Chart,
    HistogramSeries,
    LineSeries,
    MatrixSeries,
    Numbers,
    PointSeries,
    Series,
)

MARGIN = 0.04
"""Share of an axis that is left free beyond the data, where the axis has no ends of its own."""
LOG_FROM = 20.0
"""Ratio of the largest to the smallest value from which a logarithmic scale shows more."""
LARGE = 1e7
"""Smallest number that is written with an exponent."""
DIGITS = 6
"""Largest number of digits of a tick on a logarithmic axis."""
_MOST = float(np.finfo(np.float64).max)
_LEAST = float(np.finfo(np.float64).tiny)
_EXACT = 2**50
"""Largest multiple of a step that ticks are made of; beyond it, floats can't tell neighbours apart."""


class Tick(NamedTuple):
    """A value on an axis and its label; `share` is its place, from 0 at the low end to 1 at the high end."""

    value: float
    share: float
    label: str


class AxisRange(NamedTuple):
    """The values at both ends of an axis, and how it counts in between."""

    low: float
    high: float
    log: bool = False
    whole: bool = False
    names: Sequence[str] = ()

    def shares(self, values: Any) -> Floats:
        """Returns the places of values, from 0 at the low end to 1 at the high end; others are NaN or cut off."""
        given = np.asarray(values, np.float64)
        low, high = self.low, self.high
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.log:
                given, low, high = np.log(given), float(np.log(low)), float(np.log(high))
            # Halves: the difference of two finite numbers may be too large for a float.
            return np.clip((given / 2 - low / 2) / (high / 2 - low / 2), 0, 1)

    def share(self, value: float) -> float:
        """Returns the place of one value."""
        return float(self.shares([value])[0])

    def ticks(self, most: int) -> list[Tick]:
        """Returns at most `most` ticks, but at least one, at round values."""
        most = max(1, most)
        if self.names:
            step = -(-len(self.names) // most)
            found = [(float(place), self.names[place]) for place in range(0, len(self.names), step)]
        else:
            ends = self.low, self.high
            found = _log_ticks(*ends, most) if self.log else _linear_ticks(*ends, most, self.whole)
        shares = self.shares([value for value, _ in found])
        return [Tick(value, float(share), label) for (value, label), share in zip(found, shares, strict=True)]


def ranges(chart: Chart) -> tuple[AxisRange, AxisRange]:
    """Returns the ranges of the horizontal and the vertical axis, so that all series and marks are within them."""
    found = [_extent(each) for each in chart.series]
    xs = [*(x for x, _ in found), *([mark.x] for mark in chart.marks)]
    ys = [*(y for _, y in found), *([mark.y] for mark in chart.marks)]
    has_base = any(isinstance(each, HistogramSeries) for each in chart.series)
    return _range(chart.x, xs, 0.0 if chart.bars else None), _range(chart.y, ys, 0.0 if has_base else None)


def scale_for(values: Iterable[Numbers]) -> Literal["linear", "log"]:
    """Returns `log` if all finite values are positive and differ by a factor of LOG_FROM or more, else `linear`."""
    finite = _finite(values)
    if not len(finite) or finite.min() <= 0:
        return "linear"
    return "log" if finite.max() / LOG_FROM >= finite.min() else "linear"


def short(value: float, digits: int = 4) -> str:
    """Returns a number in a few digits: `0.0123`, `1.5e6`."""
    return _plain_exponent(rounded(value, digits))


def _extent(series: Series) -> tuple[Numbers, Numbers]:
    """Returns the values of a series on the horizontal and on the vertical axis."""
    if isinstance(series, LineSeries | PointSeries):
        return series.x, series.y
    if isinstance(series, BandSeries):
        return series.x, [*series.low, *series.high]
    if isinstance(series, BarSeries):
        return [0.0, *series.values, *series.low, *series.high], []
    if isinstance(series, HistogramSeries):
        return series.edges, [0.0, *series.counts]
    assert isinstance(series, MatrixSeries)
    return [-0.5, len(series.rows[0]) - 0.5], [-0.5, len(series.rows) - 0.5]


def _finite(values: Iterable[Numbers]) -> Floats:
    parts = [np.asarray(each, np.float64).ravel() for each in values]
    joined = np.concatenate([np.empty(0), *parts])
    found: Floats = joined[np.isfinite(joined)]
    return found


def _range(axis: Axis, values: Iterable[Numbers], base: float | None = None) -> AxisRange:
    if axis.names:
        return AxisRange(-0.5, len(axis.names) - 0.5, names=axis.names)
    found, log = _finite(values), axis.scale == "log"
    if log:
        found = np.maximum(found[found > 0], _LEAST)
    low, high = (float(found.min()), float(found.max())) if len(found) else (1.0, 10.0) if log else (0.0, 1.0)
    low, high = axis.low if axis.low is not None else low, axis.high if axis.high is not None else high
    low, high = _apart(low, high, log)
    free_low, free_high = axis.low is None and low != base, axis.high is None
    if axis.whole:
        return AxisRange(low, high, log, whole=True)
    below, above = _widened(low, high, log)
    return AxisRange(below if free_low else low, above if free_high else high, log)


def _apart(low: float, high: float, log: bool) -> tuple[float, float]:
    """Returns two ends that differ, around the given ones."""
    if high / 2 - low / 2 > max(abs(low), abs(high)) * 1e-12 and high / 2 - low / 2 > _LEAST:
        return low, high
    if log:
        return max(low / 2, _LEAST), min(high * 2, _MOST)
    about = abs(low) / 2 or 0.5
    return max(low - about, -_MOST), min(high + about, _MOST)


def _widened(low: float, high: float, log: bool) -> tuple[float, float]:
    """Returns the ends with a margin beyond them."""
    if log:
        factor = (high / low) ** MARGIN if isfinite(high / low) else 1.0
        return max(low / factor, _LEAST), min(high * factor, _MOST)
    margin = (high / 2 - low / 2) * 2 * MARGIN if high / 2 - low / 2 < _MOST / 4 else 0.0
    return max(low - margin, -_MOST), min(high + margin, _MOST)


def _linear_ticks(low: float, high: float, most: int, whole: bool) -> list[tuple[float, str]]:
    half = high / 2 - low / 2
    exponent = floor(log10(half / most)) if half / most > 0 else -300
    for more in range(4):
        for digit in (1, 2, 5):
            power = exponent + more
            if whole and power < 0:
                continue
            first, last = _multiples(low, high, digit, power)
            if last - first < most:
                if abs(first) > _EXACT or abs(last) > _EXACT or last < first:
                    return [(low, short(low, 17))]
                places = range(first, last + 1)
                return _labelled([_times(place * digit, power) for place in places], power)
    return [(low, short(low))]


def _multiples(low: float, high: float, digit: int, power: int) -> tuple[int, int]:
    """Returns the first and the last multiple of `digit` * 10 ** `power` from `low` to `high`."""
    step = _times(digit, power)
    return ceil(min(low / step, 1e300) - 1e-9), floor(min(high / step, 1e300) + 1e-9)


def _times(count: int, power: int) -> float:
    """Returns `count` * 10 ** `power`, rounded once."""
    return float(f"{count}e{power}")


def _labelled(values: Sequence[float], power: int) -> list[tuple[float, str]]:
    """Returns multiples of 10 ** `power` with labels that have as many digits as tell them apart."""
    top = max(map(abs, values))
    if top < LARGE and power > -6:
        return [(value, f"{value:.{max(0, -power)}f}") for value in values]
    digits = max(0, min(16, floor(log10(top)) - power)) if top else 0
    shown = [_bare(f"{value:.{digits}e}") for value in values]
    return [(value, label if value else "0") for value, label in zip(values, shown, strict=True)]


def _bare(text: str) -> str:
    """Returns `1.5e6` for `1.50e+06`."""
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent)}"


def _plain_exponent(text: str) -> str:
    """Returns `1.5e6` for `1.5e+06`."""
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else text


def _log_ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    first, last = ceil(log10(low) - 1e-9), floor(log10(high) + 1e-9)
    decades = [_times(1, power) for power in range(first, last + 1)]
    if len(decades) < 3:
        between = [value for value in _between(first - 1, last) if low <= value <= high]
        if 3 <= len(between) <= most:
            return [(value, short(value, DIGITS)) for value in between]
    if len(decades) < 2:
        positive = [(value, label) for value, label in _linear_ticks(low, high, most, False) if value > 0]
        return positive or [(low, short(low))]
    step = -(-len(decades) // most)
    return [(value, short(value, DIGITS)) for value in decades[::step]]


def _between(first: int, last: int) -> Iterator[float]:
    """Yields 1, 2 and 5 times each power of ten."""
    for power in range(first, last + 1):
        yield from (_times(digit, power) for digit in (1, 2, 5))
