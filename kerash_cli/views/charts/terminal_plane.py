"""Lines, points, bands and histograms, drawn between two axes of text."""

from collections.abc import Iterator, Sequence

import numpy as np

from kerash_cli.encoding.cells import Floats
from kerash_cli.views.charts.canvas import DASHES, Canvas, Stroke
from kerash_cli.views.charts.chart import (
    BandSeries,
    Chart,
    HistogramSeries,
    LineSeries,
    PointSeries,
    Series,
)
from kerash_cli.views.charts.lettering import LETTERS, Lettering, padded
from kerash_cli.views.charts.scales import AxisRange, Tick, ranges
from kerash_cli.views.charts.thinning import pieces, thinned
from kerash_cli.views.layout import cells

LEAST_ROWS, FOOT = 3, 2
"""Smallest number of rows of a drawing, and of lines below it."""
ROWS_OF_TICK, COLUMNS_OF_TICK = 3, 11
"""Rows and columns of a drawing for each tick of its axes."""
SAMPLES = ("\u2812\u2812\u2812", "\u2812\u2802\u2810", "\u2812\u2812\u2802", "\u2802\u2802\u2802")
"""Samples of lines with each dash, for the legend."""
DOTS = 3
"""Number of the dash of dots."""
WIDEST_SQUARE = 4
"""Largest number of columns for each row, if both axes have the same unit; 2 would be a square."""


def plane(chart: Chart, lettering: Lettering, lines: int) -> list[str]:
    """Returns a line with the legend, the drawing with both axes, and the label of the horizontal axis."""
    across, up = ranges(chart)
    strokes = _strokes(chart, lettering)
    head = _legend(chart, strokes, lettering)
    for below in (FOOT, FOOT + 1):  # the label of the horizontal axis may need a line of its own
        rows = max(LEAST_ROWS, lines - len(head) - below)
        ticks = up.ticks(max(2, rows // ROWS_OF_TICK + 1))
        left = max(cells(lettering.text(tick.label)) for tick in ticks)
        columns = lettering.columns - left - 2
        if chart.square:
            columns = min(columns, rows * WIDEST_SQUARE)
        canvas = Canvas(columns, rows, lettering.braille)
        foot = _foot(chart.x.label, across, canvas, columns, left, lettering)
        if len(foot) <= below:
            break
    _fill(canvas, chart, strokes, across, up, lettering)
    at = {_row(tick, canvas, rows): lettering.text(tick.label) for tick in ticks}
    rules = lettering.rules
    body = [
        lettering.faded(padded(at.get(row, ""), left, right=True) + " " + (rules.tick if row in at else rules.vertical))
        + lettering.painted(characters)
        for row, characters in enumerate(canvas.rows())
    ]
    return [*head, *body, *foot]


def _fill(
    canvas: Canvas, chart: Chart, strokes: Sequence[Stroke], across: AxisRange, up: AxisRange, lettering: Lettering
) -> None:
    """Draws all series and marks."""
    for series, stroke in zip(chart.series, strokes, strict=True):
        _draw(series, stroke, canvas, across, up)
    for mark in chart.marks:
        x, y = across.share(mark.x), up.share(mark.y)
        if np.isfinite(x) and np.isfinite(y):
            canvas.letter(*_dot(x, y, canvas), lettering.rules.ring, mark.colour)


def _strokes(chart: Chart, lettering: Lettering) -> list[Stroke]:
    """Returns how each series is drawn; without colours, dashes tell lines apart."""
    found, lines = list[Stroke](), 0
    for place, series in enumerate(chart.series):
        letter = LETTERS[place % len(LETTERS)] if series.colour else "."
        dash = 0
        if isinstance(series, LineSeries):
            dash = int(series.dashed) if lettering.colours or not series.colour else lines % len(DASHES)
            lines += series.colour > 0
        found.append(Stroke(series.colour, letter, dash))
    return found


def _dot(x: float, y: float, canvas: Canvas) -> tuple[int, int]:
    """Returns the dot at a place whose coordinates are from 0 to 1."""
    return round(x * (canvas.width - 1)), round(y * (canvas.height - 1))


def _row(tick: Tick, canvas: Canvas, rows: int) -> int:
    """Returns the row of characters, from the top, in which a tick of the vertical axis is."""
    _, dot = _dot(0, tick.share, canvas)
    return (canvas.height - 1 - dot) * rows // canvas.height


def _draw(series: Series, stroke: Stroke, canvas: Canvas, across: AxisRange, up: AxisRange) -> None:
    if isinstance(series, LineSeries):
        for points in _dots(across.shares(series.x), up.shares(series.y), canvas):
            canvas.line(points, stroke)
    elif isinstance(series, PointSeries):
        shares = zip(across.shares(series.x).tolist(), up.shares(series.y).tolist(), strict=True)
        for x, y in dict.fromkeys(_dot(x, y, canvas) for x, y in shares if x == x and y == y):
            canvas.dot(x, y, stroke)
    elif isinstance(series, BandSeries):
        for edge in (series.low, series.high):
            for points in _dots(across.shares(series.x), up.shares(edge), canvas):
                canvas.line(points, stroke._replace(dash=DOTS))
    elif isinstance(series, HistogramSeries):
        _draw_histogram(series, stroke, canvas, across, up)


def _dots(x: Floats, y: Floats, canvas: Canvas) -> Iterator[list[tuple[int, int]]]:
    """Yields the dots of each part of a line."""
    for part in pieces(x, y):
        xs, ys = thinned(*part, canvas.width)
        yield [_dot(*place, canvas) for place in zip(xs.tolist(), ys.tolist(), strict=True)]


def _draw_histogram(series: HistogramSeries, stroke: Stroke, canvas: Canvas, across: AxisRange, up: AxisRange) -> None:
    edges, base = across.shares(series.edges), up.share(0.0)
    columns = (np.arange(canvas.width) + 0.5) / canvas.width
    bins = np.searchsorted(edges, columns, side="right") - 1
    heights = up.shares(series.counts)
    for column, place in enumerate(bins.tolist()):
        if 0 <= place < len(heights) and series.counts[place] > 0:
            _, low = _dot(0, base, canvas)
            _, high = _dot(0, float(heights[place]), canvas)
            canvas.column(column, low, high, stroke)


def _legend(chart: Chart, strokes: Sequence[Stroke], lettering: Lettering) -> list[str]:
    """Returns the label of the vertical axis, and behind it the legend, in as many lines as necessary."""
    entries = list(_entries(chart, strokes, lettering))
    lines, used = list[str](), 0
    for plain, shown in entries:
        if lines and used + 3 + cells(plain) <= lettering.columns:
            lines[-1] += "   " + shown
            used += 3 + cells(plain)
        else:
            lines.append(shown)
            used = cells(plain)
    return lines


def _entries(chart: Chart, strokes: Sequence[Stroke], lettering: Lettering) -> Iterator[tuple[str, str]]:
    """Yields each part of the legend, without colours and with them."""
    most = lettering.columns
    scale = " (log scale)" if chart.y.scale == "log" else ""
    if chart.y.label:
        label = lettering.fitted(chart.y.label + scale, most)
        yield label, label
    for series, stroke in zip(chart.series, strokes, strict=True):
        if series.name:
            sample = _sample(series, stroke, lettering)
            name = lettering.fitted(series.name, most - cells(sample) - 1)
            yield f"{sample} {name}", f"{lettering.coloured(sample, stroke.colour)} {name}"
    for mark in chart.marks:
        if mark.label:
            ring, name = lettering.rules.ring, lettering.fitted(mark.label, most - 2)
            yield f"{ring} {name}", f"{lettering.coloured(ring, mark.colour)} {name}"


def _sample(series: Series, stroke: Stroke, lettering: Lettering) -> str:
    """Returns a few characters that look like the series."""
    if not lettering.braille:
        return stroke.letter if isinstance(series, PointSeries) else stroke.letter * 2
    if isinstance(series, PointSeries):
        return "\u2802"
    if isinstance(series, HistogramSeries):
        return "\u28ff"
    return SAMPLES[stroke.dash] if isinstance(series, LineSeries) else SAMPLES[DOTS]


def _foot(label: str, across: AxisRange, canvas: Canvas, columns: int, left: int, lettering: Lettering) -> list[str]:
    """Returns the horizontal axis, its numbers, and its label: beside the numbers, or below if there is no room."""
    ticks = across.ticks(max(3, columns // COLUMNS_OF_TICK))
    rules, places = lettering.rules, [_dot(tick.share, 0, canvas)[0] * columns // canvas.width for tick in ticks]
    axis = [rules.horizontal] * columns
    numbers, end = "", 0
    for tick, place in zip(ticks, places, strict=True):
        axis[place] = rules.foot
        text = lettering.fitted(tick.label, columns)
        start = max(0, min(place - cells(text) // 2 + left + 2, lettering.columns - cells(text)))
        if not numbers or start > end:
            numbers += " " * (start - end) + text
            end = start + cells(text)
    edge = left + 2 + columns
    shown = lettering.fitted(label, lettering.columns)
    lines = [lettering.faded(" " * (left + 1) + rules.corner + "".join(axis)), lettering.faded(numbers)]
    if label and end + 2 + cells(shown) <= edge:
        lines[-1] += " " * (edge - end - cells(shown)) + shown
    elif label:
        start = min(edge - columns // 2 - cells(shown) // 2 - 1, lettering.columns - cells(shown))
        lines.append(" " * max(0, start) + shown)
    return lines
