"""Horizontal bars with names, in text."""

from collections.abc import Iterator

from kerash_cli.views.charts.chart import BarSeries, Chart
from kerash_cli.views.charts.lettering import Lettering, padded
from kerash_cli.views.charts.scales import AxisRange, ranges, short
from kerash_cli.views.layout import cells

WIDEST_NAME = 24
"""Largest number of columns for the name of a bar."""
SHORTEST = 4
"""Smallest number of columns for a bar."""


def bars(chart: Chart, series: BarSeries, lettering: Lettering) -> list[str]:
    """Returns a line for each bar: its name, the bar, its interval as a dash, and its value."""
    across, _ = ranges(chart)
    values = [short(value, 3) for value in series.values]
    right = max(map(cells, values), default=0)
    most = max(1, min(WIDEST_NAME, lettering.columns // 3, lettering.columns - right - 3 - SHORTEST))
    names = [lettering.fitted(name, most) for name in chart.y.names]
    left = max(map(cells, names), default=0)
    room = max(SHORTEST, lettering.columns - left - right - 3)
    found = [
        f"{padded(name, left)} {lettering.rules.vertical if across.low >= 0 else ' '}"
        f"{lettering.painted(_bar(series, place, across, room, lettering))} {padded(value, right, right=True)}"
        for place, (name, value) in enumerate(zip(names, values, strict=True))
    ]
    label = lettering.fitted(chart.x.label, lettering.columns)
    start = min(left + 2, lettering.columns - cells(label))
    return [*found, *([" " * start + label] if label else [])]


def _bar(
    series: BarSeries, place: int, across: AxisRange, room: int, lettering: Lettering
) -> Iterator[tuple[str, int | None]]:
    """Yields the characters of a bar, and their colours."""
    rules = lettering.rules
    zero, end = across.share(0.0) * room, across.share(series.values[place]) * room
    start, stop = min(zero, end), max(zero, end)
    low, high = start, start
    if series.low:
        low, high = across.share(series.low[place]) * room, across.share(series.high[place]) * room
    for cell in range(room):
        part = min(stop, cell + 1) - max(start, cell)
        eighth = round(part * 8)
        if eighth >= 8 or (eighth >= 4 and not rules.parts):
            yield rules.full, series.colour
        elif eighth > 0 and rules.parts and start <= cell:
            yield rules.parts[eighth - 1], series.colour
        elif low < cell + 1 and cell < high and high > low:
            yield rules.dash, 0
        elif across.low < 0 and int(zero) == cell:
            yield rules.vertical, 0
        else:
            yield " ", None
