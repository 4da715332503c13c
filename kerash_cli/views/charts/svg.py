"""Pictures of charts as SVG, to be opened alone or put into a page."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from zlib import crc32

from kerash_cli.errors import printable
from kerash_cli.views.charts.chart import (
    SIGNS,
    BandSeries,
    Chart,
    ChartMark,
    LineSeries,
    MatrixSeries,
    PointSeries,
    Series,
)
from kerash_cli.views.charts.markup import LETTER, escaped, number, shortened, text, width
from kerash_cli.views.charts.palette import CLASS, fill, stroke, style
from kerash_cli.views.charts.scales import AxisRange, ranges
from kerash_cli.views.charts.svg_series import DASHES, Plane, elements
from kerash_cli.views.layout import wrapped

NAMESPACE = "http://www.w3.org/2000/svg"
WIDTH = 640
"""Width of a picture unless another one is asked for; a page may show it narrower."""
SIZE, TITLE_SIZE = 13.0, 16.0
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', Helvetica, Arial, sans-serif"
EDGE, LINE = 16.0, 20.0
"""Free space around the picture, and the height of a line of text."""
HEIGHT, BAR, CELL = 280.0, 28.0, 64.0
"""Height of the area between the axes, or of each bar; and the largest height of a matrix's cell."""
NAMED = 16.0
"""Height of a matrix's cell that is no square, if there is room: that of its name."""
TALLEST, SQUARE = 560.0, 360.0
"""Largest height of a matrix, and of the area of a square chart."""
TICKS_UP, TICK_WIDTH = 6, 80
"""Largest number of ticks of the vertical axis, and the width that a tick of the horizontal one needs."""
NAME = 24
"""Largest number of letters of a name beside a bar or a cell."""


def svg(chart: Chart, size: int = WIDTH, key: str = "", styled: bool = True) -> str:
    """Returns a picture of the chart, `size` units wide.

    `key` sets the ids of equal charts in one page apart. Its colours are light or dark as the reader's settings say;
    unless `styled`, it has no style sheet and is light.
    """
    picture, _ = _picture(chart, size, key, _style(styled))
    return picture.replace("<svg ", f'<svg xmlns="{NAMESPACE}" style="max-width:100%;height:auto" ', 1)


def stacked(charts: Sequence[Chart], styled: bool = True) -> str:
    """Returns one picture of several charts, one below the other."""
    if len(charts) == 1:
        return svg(charts[0], styled=styled)
    parts, top = list[str](), 0.0
    for place, chart in enumerate(charts):
        picture, height = _picture(chart, WIDTH, str(place), _style(styled and place == 0))
        parts.append(picture.replace("<svg ", f'<svg y="{number(top)}" ', 1))
        top += height
    box = f'viewBox="0 0 {WIDTH} {number(top)}" width="{WIDTH}" height="{number(top)}"'
    opening = f'<svg xmlns="{NAMESPACE}" class="{CLASS}" {box} style="max-width:100%;height:auto">'
    return f"{opening}\n{''.join(parts)}</svg>\n"


def _style(styled: bool) -> str:
    return f"<style>{style()}</style>\n" if styled else ""


def _picture(chart: Chart, size: int, key: str, sheet: str) -> tuple[str, float]:
    """Returns an svg element, which has no namespace yet, and its height."""
    head, plane, foot, height = _layout(chart, size)
    body = "\n".join([*head, *_axes(chart, plane), *elements(chart, plane), *foot])
    mark = f"c{crc32((key + chart.title + chart.description + body).encode('utf-8', 'replace')):08x}"
    opening = (
        f'<svg class="{CLASS}" viewBox="0 0 {size} {number(height)}" width="{size}" height="{number(height)}" '
        f'role="img" aria-labelledby="{mark}t {mark}d" font-family="{FONTS}" font-size="{number(SIZE)}">\n'
        f'<title id="{mark}t">{escaped(chart.title)}</title>\n<desc id="{mark}d">{escaped(chart.description)}</desc>\n'
    )
    paper = f'<rect {fill("paper")} width="{size}" height="{number(height)}"/>\n'
    return f"{opening}{sheet}{paper}{body}\n</svg>\n", height


class _Layout(NamedTuple):
    head: list[str]
    plane: Plane
    foot: list[str]
    height: float


def _layout(chart: Chart, size: int) -> _Layout:
    """Places title, legend, axes and notes below each other."""
    across, up = ranges(chart)
    head, top = [], EDGE
    if chart.title:
        head.append(text(EDGE, top + 14, _fitted(chart.title, size - 2 * EDGE, TITLE_SIZE), _TITLE))
        top += LINE + 6
    legend, top = _legend(chart, size, top)
    head += legend
    label = _vertical_label(chart)
    if label:
        head.append(text(EDGE, top + 12, _fitted(label, size - 2 * EDGE, SIZE), fill("soft")))
        top += LINE
    top += 8
    left = EDGE + 8 + _widest(chart, up)
    plane = _plane(chart, left, top, size - EDGE - left, across, up)
    below, foot = plane.top + plane.height + 8 + _under(chart, plane), []
    if chart.x.label:
        foot.append(_centred(plane, below + 14, chart.x.label + (" (log scale)" if across.log else "")))
        below += LINE
    signs = [SIGNS] if chart.matrix and not chart.matrix.shows_values else []
    for note in [*signs, *chart.notes]:
        for line in _broken(note, size - 2 * EDGE):
            foot.append(text(EDGE, below + 14, line, fill("soft")))
            below += LINE - 2
    return _Layout(head, plane, foot, below + EDGE / 2)


_TITLE = f'{fill("ink")} font-size="{number(TITLE_SIZE)}" font-weight="600"'


def _vertical_label(chart: Chart) -> str:
    return chart.y.label + (" (log scale)" if chart.y.label and chart.y.scale == "log" else "")


def _fitted(words: str, room: float, size: float) -> str:
    return shortened(words, max(4, int(room / (size * LETTER))))


def _broken(words: str, room: float) -> list[str]:
    return wrapped(printable(words), max(10, int(room / (SIZE * LETTER))))


def _widest(chart: Chart, up: AxisRange) -> float:
    """Returns the room that the vertical axis needs for its numbers or names."""
    labels = [*chart.y.names]
    if not labels and not chart.matrix:
        labels = [tick.label for tick in up.ticks(TICKS_UP)]
    return max((width(shortened(label, NAME), SIZE) for label in labels), default=0.0)


def _plane(chart: Chart, left: float, top: float, room: float, across: AxisRange, up: AxisRange) -> Plane:
    """Returns the area between the axes; that of a matrix has square cells."""
    if chart.matrix:
        rows, columns = len(chart.matrix.rows), len(chart.matrix.rows[0])
        wide, high = min(CELL, room / columns), TALLEST / rows
        if chart.matrix.marks_diagonal or not chart.y.names:
            wide = high = min(wide, high)
        return Plane(left, top, wide * columns, min(high, max(wide, NAMED)) * rows, across, up)
    if chart.bars:
        return Plane(left, top, room, BAR * max(1, len(chart.y.names)), across, up)
    if chart.square:
        side = min(room, SQUARE)
        return Plane(left, top, side, side, across, up)
    return Plane(left, top, room, HEIGHT, across, up)


def _legend(chart: Chart, size: int, top: float) -> tuple[list[str], float]:
    """Returns the elements of the legend, and where it ends."""
    found, x, y = list[str](), EDGE, top
    entries = [
        *((_sample(each), each.name) for each in chart.series if each.name and not isinstance(each, MatrixSeries)),
        *((_ring(mark), mark.label) for mark in chart.marks if mark.label),
    ]
    for sample, name in entries:
        words = _fitted(name, size - 2 * EDGE - 34, SIZE)
        wide = 34 + width(words, SIZE)
        if x > EDGE and x + wide > size - EDGE:
            x, y = EDGE, y + LINE
        found.append(f'<g transform="translate({number(x)} {number(y + 8)})">{sample}</g>')
        found.append(text(x + 30, y + 12, words, fill("ink")))
        x += wide + 14
    return found, y + LINE + 4 if found else top


def _sample(series: Series) -> str:
    """Returns a small picture of a series, 22 units wide, around the height 0."""
    if isinstance(series, LineSeries):
        dashes = f" {DASHES}" if series.dashed else ""
        return f'<path {stroke(series.colour)} stroke-width="2"{dashes} d="M0 0H22"/>'
    if isinstance(series, PointSeries):
        return f'<circle {fill(series.colour)} cx="11" cy="0" r="3"/>'
    opacity = ' fill-opacity="0.2"' if isinstance(series, BandSeries) else ""
    return f'<rect {fill(series.colour)}{opacity} x="3" y="-5" width="16" height="10"/>'


def _ring(mark: ChartMark) -> str:
    return f'<circle {stroke(mark.colour)} cx="11" cy="0" r="4.5" stroke-width="2.5"/>'


def _axes(chart: Chart, plane: Plane) -> Iterator[str]:
    """Yields grid lines, ticks, and their labels."""
    if chart.matrix:
        yield from _names_below(chart, plane)
        yield from _names_beside(chart, plane)
        return
    bottom, right = plane.top + plane.height, plane.left + plane.width
    ticks = plane.across.ticks(max(2, int(plane.width // TICK_WIDTH)))
    places = plane.x([tick.value for tick in ticks]).tolist()
    grid = "".join(f"M{number(x)} {number(plane.top)}V{number(bottom)}" for x in places)
    if plane.up.names:
        yield from _names_beside(chart, plane)
    else:
        rows = plane.up.ticks(TICKS_UP)
        heights = plane.y([tick.value for tick in rows]).tolist()
        grid += "".join(f"M{number(plane.left)} {number(y)}H{number(right)}" for y in heights)
        yield f'<g {fill("soft")} text-anchor="end">'
        yield from (text(plane.left - 8, y + 4.5, tick.label) for tick, y in zip(rows, heights, strict=True))
        yield "</g>"
    yield f'<path {stroke("grid")} d="{grid}"/>'
    yield f'<path {stroke("soft")} d="M{number(plane.left)} {number(plane.top)}V{number(bottom)}H{number(right)}"/>'
    yield f'<g {fill("soft")} text-anchor="middle">'
    for tick, x in zip(ticks, places, strict=True):
        yield text(min(x, right + EDGE - width(tick.label, SIZE) / 2), bottom + 18, tick.label)
    yield "</g>"


def _names_beside(chart: Chart, plane: Plane) -> Iterator[str]:
    """Yields names of the vertical axis, as many as there is room for."""
    if not chart.y.names:
        return
    ticks = plane.up.ticks(max(1, int(plane.height // (SIZE + 3))))
    heights = plane.y([tick.value for tick in ticks]).tolist()
    yield f'<g {fill("ink")} text-anchor="end">'
    for tick, y in zip(ticks, heights, strict=True):
        yield text(plane.left - 8, y + 4.5, shortened(tick.label, NAME))
    yield "</g>"


def _names_below(chart: Chart, plane: Plane) -> Iterator[str]:
    """Yields names below the columns of a matrix, as many as there is room for; long ones are turned."""
    if not chart.x.names:
        return
    ticks = plane.across.ticks(max(1, int(plane.width // (SIZE + 3))))
    places, bottom = plane.x([tick.value for tick in ticks]).tolist(), plane.top + plane.height
    turned = _are_turned(chart, plane)
    yield f'<g {fill("ink")} text-anchor="{"end" if turned else "middle"}">'
    for tick, x in zip(ticks, places, strict=True):
        turn = f'transform="rotate(-40 {number(x + 4)} {number(bottom + 14)})"' if turned else ""
        yield text(x + 4 * turned, bottom + (14 if turned else 18), shortened(tick.label, NAME), turn)
    yield "</g>"


def _are_turned(chart: Chart, plane: Plane) -> bool:
    """Returns whether the names of a matrix's columns are too long to stand side by side."""
    step = max(1, -(-len(chart.x.names) // max(1, int(plane.width // (SIZE + 3)))))
    cell = plane.width / len(chart.x.names)
    return any(width(shortened(name, NAME), SIZE) > cell * step - 6 for name in chart.x.names)


def _under(chart: Chart, plane: Plane) -> float:
    """Returns the room that the labels below the horizontal axis need."""
    if not chart.matrix:
        return LINE
    if not chart.x.names:
        return 0.0
    if not _are_turned(chart, plane):
        return LINE
    return 14 + 0.65 * max(width(shortened(name, NAME), SIZE) for name in chart.x.names)


def _centred(plane: Plane, y: float, words: str) -> str:
    """Returns a label below the plane; one that is wider than the plane ends where it does."""
    wide = width(words, SIZE) > plane.width
    x, anchor = (plane.left + plane.width, "end") if wide else (plane.left + plane.width / 2, "middle")
    room = plane.width + plane.left - EDGE
    return text(x, y, _fitted(words, room, SIZE), f'{fill("soft")} text-anchor="{anchor}"')
