"""Series of a chart as elements of SVG."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.cells import Floats
from kerash_cli.views.charts.chart import (
    BandSeries,
    BarSeries,
    Chart,
    ChartMark,
    HistogramSeries,
    LineSeries,
    MatrixSeries,
    PointSeries,
    Series,
)
from kerash_cli.views.charts.markup import number, text
from kerash_cli.views.charts.palette import fill, stroke
from kerash_cli.views.charts.scales import AxisRange, short
from kerash_cli.views.charts.strengths import strengths
from kerash_cli.views.charts.thinning import pieces, thinned

DASHES = 'stroke-dasharray="6 4"'
LEVELS = 20
"""Number of shades of a matrix."""
FAINTEST, STRONGEST = 0.12, 0.72
"""Opacity of the faintest and of the strongest cell; on both, ink can be read, on light and on dark paper."""
SMALLEST_CELL = 26.0
"""Smallest height of a cell that has its value written in it."""


class Plane(NamedTuple):
    """The area between the axes, in the coordinates of the picture, and the ranges of the axes."""

    left: float
    top: float
    width: float
    height: float
    across: AxisRange
    up: AxisRange

    def x(self, values: object) -> Floats:
        """Returns the horizontal coordinates of values."""
        return self.left + self.width * self.across.shares(values)

    def y(self, values: object) -> Floats:
        """Returns the vertical coordinates of values; the names of an axis of categories begin at the top."""
        shares = self.up.shares(values)
        return self.top + self.height * (shares if self.up.names else 1 - shares)


def elements(chart: Chart, plane: Plane) -> Iterator[str]:
    """Yields the elements of all series and marks."""
    for series in chart.series:
        yield from _series(series, plane)
    for mark in chart.marks:
        yield from _mark(mark, plane)


def _series(series: Series, plane: Plane) -> Iterator[str]:
    if isinstance(series, LineSeries):
        more = f' stroke-width="2" stroke-linejoin="round" {DASHES}' if series.dashed else ' stroke-width="2"'
        if path := _path(series.x, series.y, plane):
            yield f'<path {stroke(series.colour)}{more} d="{path}"/>'
    elif isinstance(series, PointSeries):
        yield from _points(series, plane)
    elif isinstance(series, BandSeries):
        yield from _band(series, plane)
    elif isinstance(series, BarSeries):
        yield from _bars(series, plane)
    elif isinstance(series, HistogramSeries):
        yield from _histogram(series, plane)
    else:
        yield from _matrix(series, plane)


def _path(x: object, y: object, plane: Plane) -> str:
    """Returns the path of a line, without the points that make no difference."""
    return "".join(_joined(*part, plane) for part in pieces(plane.across.shares(x), plane.up.shares(y)))


def _joined(x: Floats, y: Floats, plane: Plane) -> str:
    columns = max(1, round(plane.width))
    xs, ys = thinned(x, y, columns)
    across, down = plane.left + plane.width * xs, plane.top + plane.height * (1 - ys)
    places = [f"{number(a)} {number(b)}" for a, b in zip(across.tolist(), down.tolist(), strict=True)]
    if len(places) == 1:
        return f"M{places[0]}h0.01"
    return "M" + "L".join(places)


def _points(series: PointSeries, plane: Plane) -> Iterator[str]:
    x, y = plane.x(series.x), plane.y(series.y)
    places = zip(x.tolist(), y.tolist(), strict=True)
    shown = dict.fromkeys(f"M{number(a)} {number(b)}h0" for a, b in places if a == a and b == b)
    if shown:
        yield (
            f'<path {stroke(series.colour)} stroke-width="5" stroke-linecap="round" stroke-opacity="0.55" '
            f'd="{"".join(shown)}"/>'
        )


def _band(series: BandSeries, plane: Plane) -> Iterator[str]:
    x = plane.across.shares(series.x)
    low, high = plane.up.shares(series.low), plane.up.shares(series.high)
    known = ~(np.isnan(x) | np.isnan(low) | np.isnan(high))
    columns = max(1, round(plane.width))
    upper, lower = thinned(x[known], high[known], columns), thinned(x[known], low[known], columns)
    corners = [*zip(*upper, strict=True), *reversed([*zip(*lower, strict=True)])]
    if corners:
        places = (
            f"{number(plane.left + plane.width * a)} {number(plane.top + plane.height * (1 - b))}" for a, b in corners
        )
        yield f'<path {fill(series.colour)} fill-opacity="0.2" d="M{"L".join(places)}z"/>'


def _bars(series: BarSeries, plane: Plane) -> Iterator[str]:
    zero = float(plane.x([0.0])[0])
    values, places = plane.x(series.values), plane.y(range(len(series.values)))
    thick = min(22.0, 0.65 * plane.height / max(1, len(series.values)))
    for end, y in zip(values.tolist(), places.tolist(), strict=True):
        yield (
            f'<rect {fill(series.colour)} x="{number(min(zero, end))}" y="{number(y - thick / 2)}" '
            f'width="{number(abs(end - zero))}" height="{number(thick)}"/>'
        )
    if len(series.low):
        ends = zip(plane.x(series.low).tolist(), plane.x(series.high).tolist(), places.tolist(), strict=True)
        path = "".join(_whisker(low, high, y) for low, high, y in ends)
        yield f'<path {stroke("paper")} stroke-width="4.5" d="{path}"/>'  # an edge: ink alone is hard to see on a bar
        yield f'<path {stroke("ink")} stroke-width="1.5" d="{path}"/>'


def _whisker(low: float, high: float, y: float) -> str:
    """Returns the path of an interval: a line with a stroke at both ends."""
    above = number(y - 4)
    return f"M{number(low)} {above}v8M{number(low)} {number(y)}H{number(high)}M{number(high)} {above}v8"


def _histogram(series: HistogramSeries, plane: Plane) -> Iterator[str]:
    edges, heights = plane.x(series.edges).tolist(), plane.y(series.counts).tolist()
    base = float(plane.y([0.0])[0])
    for left, right, top in zip(edges, edges[1:], heights, strict=False):
        if top < base and right > left:  # NaN is a place that a logarithmic axis does not have
            yield (
                f'<rect {fill(series.colour)} x="{number(left)}" y="{number(top)}" '
                f'width="{number(max(0.5, right - left - 1))}" height="{number(base - top)}"/>'
            )


def _matrix(series: MatrixSeries, plane: Plane) -> Iterator[str]:
    rows = np.asarray(series.rows, np.float64)
    strong = strengths(series, rows)
    high, wide = plane.height / rows.shape[0], plane.width / rows.shape[1]
    levels = np.ceil(np.nan_to_num(np.abs(strong)) * LEVELS).astype(int)
    warm = _is_warm(series, strong)
    for level in range(1, LEVELS + 1):
        opacity = number(FAINTEST + (STRONGEST - FAINTEST) * level / LEVELS)
        for role, chosen in (("heat", ~warm), ("warm", warm)):
            if path := _runs((levels == level) & chosen, plane, wide, high):
                yield f'<path {fill(role)} fill-opacity="{opacity}" d="{path}"/>'
    yield f'<path {stroke("grid")} d="{_cell(plane, 0, 0, rows.shape[1], wide, high, rows.shape[0])}"/>'
    if series.marks_diagonal:
        places = range(min(rows.shape))
        path = "".join(_cell(plane, place, place, 1, wide, high) for place in places)
        yield f'<path {stroke("ink")} stroke-width="1.5" d="{path}"/>'
    if series.shows_values and high >= SMALLEST_CELL and wide >= SMALLEST_CELL:
        yield from _values(rows, plane, wide, high)


def _is_warm(series: MatrixSeries, strong: Floats) -> NDArray[np.bool_]:
    """Returns which cells have the warm colour: positive ones or, if the diagonal is marked, those beside it."""
    if series.marks_diagonal:
        found: NDArray[np.bool_] = np.eye(*strong.shape) == 0
        return found
    return (strong > 0) & (not series.shows_values)


def _runs(chosen: NDArray[np.bool_], plane: Plane, wide: float, high: float) -> str:
    """Returns the path around the chosen cells; neighbours in a row are one rectangle."""
    parts = []
    for row in np.flatnonzero(chosen.any(axis=1)).tolist():
        edges = np.flatnonzero(np.diff(chosen[row].astype(np.int8), prepend=0, append=0)).tolist()
        parts += [
            _cell(plane, row, start, stop - start, wide, high)
            for start, stop in zip(edges[::2], edges[1::2], strict=True)
        ]
    return "".join(parts)


def _cell(plane: Plane, row: int, column: int, count: int, wide: float, high: float, rows: int = 1) -> str:
    """Returns the path around `count` cells of a row, or of several rows."""
    x, y = plane.left + wide * column, plane.top + high * row
    return f"M{number(x)} {number(y)}h{number(wide * count)}v{number(high * rows)}h{number(-wide * count)}z"


def _values(rows: Floats, plane: Plane, wide: float, high: float) -> Iterator[str]:
    size = min(14.0, high * 0.45, wide * 0.3)
    yield f'<g {fill("ink")} font-size="{number(size)}" text-anchor="middle">'
    for row, line in enumerate(rows.tolist()):
        for column, value in enumerate(line):
            if value == value and value:
                x, y = plane.left + wide * (column + 0.5), plane.top + high * (row + 0.5) + size * 0.35
                yield text(x, y, short(value))
    yield "</g>"


def _mark(mark: ChartMark, plane: Plane) -> Iterator[str]:
    (x,), (y,) = plane.x([mark.x]).tolist(), plane.y([mark.y]).tolist()
    if x == x and y == y:
        place = f'cx="{number(x)}" cy="{number(y)}" r="5"'
        yield f"<circle {fill('paper')} {place}/>"
        yield f'<circle {stroke(mark.colour)} stroke-width="2.5" {place}/>'
