"""Charts of any numbers and names: pictures are XML within their frame, and drawings fit the terminal."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from drawn import Drawn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streams import Shown
from wcwidth import wcswidth

from kerash_cli.views.charts.chart import (
    Axis,
    BandSeries,
    BarSeries,
    Chart,
    ChartMark,
    HistogramSeries,
    LineSeries,
    MatrixSeries,
    PointSeries,
    to_json,
)
from kerash_cli.views.charts.svg import svg
from kerash_cli.views.charts.terminal import draw

NUMBER = st.floats() | st.sampled_from([0.0, 1.0, 5e-324, 1e-300, 1.7e308, -1.7e308])
COUNT = st.floats(0, 1e308)
FLAGS, WIDE_SINCE_16 = [(0x1F1E6, 0x1F1FF)], [(0x2630, 0x2637), (0x268A, 0x268F), (0x4DC0, 0x4DFF), (0x1D300, 0x1D376)]
UNSURE = "".join(chr(code) for first, last in FLAGS + WIDE_SINCE_16 for code in range(first, last + 1))
"""Letters of which two are a flag, and signs that are wide since Unicode 16: terminals do not agree on their width."""

NAME = st.text(st.characters(exclude_characters=UNSURE), max_size=30)
COLOUR = st.integers(0, 6)


def lists(of: Any, size: int) -> Any:
    return st.lists(of, min_size=size, max_size=size)


@st.composite
def planes(draw: Any) -> Chart:
    """Lines, points, bands and histograms."""
    series = []
    for _ in range(draw(st.integers(0, 3))):
        size = draw(st.integers(0, 6))
        name, colour = draw(NAME), draw(COLOUR)
        columns = [draw(lists(NUMBER, size)) for _ in range(3)]
        kind = draw(st.sampled_from([LineSeries, PointSeries, BandSeries, HistogramSeries]))
        if kind is BandSeries:
            series.append(BandSeries(name, *columns, colour))
        elif kind is HistogramSeries:
            edges = sorted(draw(st.lists(st.floats(-1e308, 1e308), min_size=2, max_size=7, unique=True)))
            series.append(HistogramSeries(name, edges, draw(lists(COUNT, len(edges) - 1)), colour))
        else:
            series.append(kind(name, *columns[:2], colour))
    marks = [ChartMark(*each) for each in draw(st.lists(st.tuples(NAME, NUMBER, NUMBER, COLOUR), max_size=3))]
    axes = [Axis(draw(NAME), draw(st.sampled_from(["linear", "log"])), whole=draw(st.booleans())) for _ in range(2)]
    notes = draw(st.lists(NAME, max_size=2))
    return Chart(draw(NAME), draw(NAME), *axes, series, marks, notes, draw(st.booleans()))


@st.composite
def tables(draw: Any) -> Chart:
    """Bars and matrices."""
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    y = Axis(draw(NAME), names=draw(lists(NAME, rows)))
    if draw(st.booleans()):
        ends = [draw(lists(st.floats(-1e300, 1e300), rows)) for _ in range(3)]
        return Chart(draw(NAME), draw(NAME), Axis(draw(NAME)), y, [BarSeries(draw(NAME), *ends)])
    values = draw(lists(lists(NUMBER, columns), rows))
    flags = [draw(st.booleans()) for _ in range(3)]
    x = Axis(draw(NAME), names=draw(lists(NAME, columns)))
    return Chart(draw(NAME), draw(NAME), x, y, [MatrixSeries("", values, 1, *flags)])


def coordinates(picture: str) -> Sequence[float]:
    """Absolute horizontal coordinates."""
    return [float(x) for x in re.findall(r'[ML](-?[\d.e+-]+) |\bc?x="([^"]*)"', picture) for x in x if x]


@given(chart=planes() | tables())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_chart_is_a_picture_and_a_drawing(chart: Chart, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = svg(chart)
    drawn = Drawn(picture)
    _, _, width, height = map(float, drawn.root.get("viewBox", "").split())
    assert all(-1 <= x <= width + 1 for x in coordinates(picture))
    assert 50 < height < 2000
    assert not re.search(r"\b(nan|inf)\b", re.sub(r"<text.*?</text>|<title.*?</desc>", "", picture, flags=re.DOTALL))
    kinds = {each["kind"] for each in to_json(chart)["series"]}
    assert kinds <= {"line", "point", "band", "bar", "histogram", "matrix"}
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("NO_COLOR", "1")
    for columns in (23, 80):
        monkeypatch.setenv("COLUMNS", str(columns))
        for line in draw(chart, Shown()).splitlines():
            assert wcswidth(line) <= columns, line
