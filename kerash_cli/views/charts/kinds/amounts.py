"""Charts of predicted numbers: predicted against true, and what is between them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kerash_cli.encoding.cells import Floats
from kerash_cli.views.charts.chart import Axis, Chart, HistogramSeries, LineSeries, PointSeries, Series, colour_of
from kerash_cli.views.charts.kinds.base import kind
from kerash_cli.views.charts.scales import short
from kerash_cli.views.charts.thinning import sample

if TYPE_CHECKING:
    from kerash_cli.model.scoring import Judged

VALUES = ("values",)
MOST_TARGETS = 6
"""Maximum number of targets that have charts of their own."""
MOST_POINTS = 3000
"""Maximum number of rows of a model that are shown as points."""
MOST_BINS = 30
MIDDLE = (0.005, 0.995)
"""Quantiles beyond which residuals are left out of a histogram that they would make much wider."""
_MOST = 1.7e308
FAR = 3.0
"""Ratio of the width of all residuals to that of the middle ones, from which the others are left out."""


@kind("predicted", "judged", "predicted-true", targets=VALUES)
def predicted(named: "Sequence[tuple[str, Judged]]") -> list[Chart]:
    """The predicted numbers over the true ones."""
    charts = []
    for target, label in _targets(named):
        pairs = [(name, _column(judged.expected, target), _column(judged.answers, target)) for name, judged in named]
        ends = [float(end(each)) for _, *both in pairs for each in both for end in (np.min, np.max)]
        low, high = min(ends), max(ends)
        series: list[Series] = [LineSeries("exact", [low, high], [low, high], 0, dashed=True)]
        for place, (name, true, guessed) in enumerate(pairs):
            rows = sample(len(true), MOST_POINTS)
            series.append(PointSeries(name if len(named) > 1 else "", true[rows], guessed[rows], colour_of(place)))
        said = "; ".join(f"{name}: {_said(true, guessed)}" for name, true, guessed in pairs)
        what, notes = _title(f"{label}: predicted over true", named), [*_thinned(named), *_more(named, target)]
        axes = _axis(f"true {label}", low, high), _axis(f"predicted {label}", low, high)
        charts.append(Chart(what, f"{said}.", *axes, series, notes=notes, square=True))
    return charts


@kind("residuals", "judged", "errors", targets=VALUES)
def residuals(named: "Sequence[tuple[str, Judged]]") -> list[Chart]:
    """The true numbers minus the predicted ones: how many of each size, and over the predicted numbers."""
    charts = []
    for target, label in _targets(named):
        charts += [_histogram(named, target, label), _scatter(named, target, label)]
    return charts


def _targets(named: "Sequence[tuple[str, Judged]]") -> list[tuple[int, str]]:
    """Returns the place and the name of each target that is shown."""
    return list(enumerate(named[0][1].targets.labels))[:MOST_TARGETS]


def _column(values: Floats, target: int) -> Floats:
    return np.asarray(values, np.float64).reshape(len(values), -1)[:, target]


def _residuals(judged: "Judged", target: int) -> Floats:
    return np.clip(_column(judged.expected, target) / 2 - _column(judged.answers, target) / 2, -1e307, 1e307) * 2


def _histogram(named: "Sequence[tuple[str, Judged]]", target: int, label: str) -> Chart:
    found = [_residuals(judged, target) for _, judged in named]
    every = np.concatenate(found)
    low, high = _middle(every)
    beyond = int(((every < low) | (every > high)).sum())
    edges = np.linspace(low, high, MOST_BINS + 1) if low < high else np.array([low - 0.5, low + 0.5])
    series: list[Series] = []
    for place, ((name, judged), values) in enumerate(zip(named, found, strict=True)):
        counts, _ = np.histogram(values, edges, weights=judged.weights)
        if len(named) == 1:
            series.append(HistogramSeries("", edges, counts))
        else:
            outline = np.repeat(edges, 2), np.concatenate([[0], np.repeat(counts, 2), [0]])
            series.append(LineSeries(name, *outline, colour_of(place)))
    notes = [f"{beyond} of {len(every)} rows lie beyond the ends"] if beyond else []
    medians = (f"{name}: median {short(float(np.median(each)))}" for (name, _), each in zip(named, found, strict=True))
    what = _title(f"{label}: residuals", named)
    axes = Axis(f"true minus predicted {label}"), Axis("rows", low=0.0)
    return Chart(what, f"{'; '.join(medians)}.", *axes, series, notes=[*notes, *_more(named, target)])


def _middle(values: Floats) -> tuple[float, float]:
    """Returns the ends of a histogram: all values or, if a few of them are far away, those in the middle."""
    low, high = float(values.min()), float(values.max())
    inner, outer = (float(each) for each in np.quantile(values, MIDDLE))
    return (inner, outer) if outer > inner and (high / 2 - low / 2) > FAR * (outer / 2 - inner / 2) else (low, high)


def _scatter(named: "Sequence[tuple[str, Judged]]", target: int, label: str) -> Chart:
    series: list[Series] = []
    ends = [float(end(_column(judged.answers, target))) for _, judged in named for end in (np.min, np.max)]
    series.append(LineSeries("", [min(ends), max(ends)], [0, 0], 0, dashed=True))
    for place, (name, judged) in enumerate(named):
        guessed, values = _column(judged.answers, target), _residuals(judged, target)
        rows = sample(len(values), MOST_POINTS)
        series.append(PointSeries(name if len(named) > 1 else "", guessed[rows], values[rows], colour_of(place)))
    what = _title(f"{label}: residuals over predictions", named)
    axes = Axis(f"predicted {label}"), Axis(f"true minus predicted {label}")
    return Chart(what, "Each point is a row; 0 is exact.", *axes, series, notes=_thinned(named))


def _said(true: Floats, guessed: Floats) -> str:
    far = np.abs(true / 2 - guessed / 2)  # halves: no difference is too large for a float
    half = float(np.quantile(far, 0.5, method="nearest"))
    return f"half of {len(true)} rows are within {short(min(half, _MOST / 2) * 2)}"


def _title(what: str, named: "Sequence[tuple[str, Judged]]") -> str:
    return f"{what} ({named[0][0]})" if len(named) == 1 else what


def _thinned(named: "Sequence[tuple[str, Judged]]") -> list[str]:
    rows = len(named[0][1].expected)
    return [f"{MOST_POINTS} of {rows} rows are shown"] if rows > MOST_POINTS else []


def _more(named: "Sequence[tuple[str, Judged]]", target: int) -> list[str]:
    """Returns a note about targets without a chart, below the chart of the last target that has one."""
    more = len(named[0][1].targets.labels) - MOST_TARGETS
    return [f"{more} more targets are not shown"] if more > 0 and target == MOST_TARGETS - 1 else []


def _axis(label: str, low: float, high: float) -> Axis:
    """Returns an axis from `low` to `high`, with a margin beyond them."""
    margin = (high / 2 - low / 2) * 0.08
    return Axis(label, low=max(low - margin, -_MOST), high=min(high + margin, _MOST))
