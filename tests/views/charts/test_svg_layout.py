"""Texts of a picture: where they are, measured as those of DejaVu Sans, whose letters are wide."""

import re
from itertools import combinations, pairwise
from math import cos, radians, sin
from typing import NamedTuple

import pytest
from drawn import SVG, Drawn

from kerash_cli.views.charts.chart import (
    Axis,
    BarSeries,
    Chart,
    ChartMark,
    LineSeries,
    MatrixSeries,
    PointSeries,
    Series,
)
from kerash_cli.views.charts.svg import stacked, svg


class Box(NamedTuple):
    """The corners of a text, turned if it is."""

    left: float
    right: float
    top: float
    bottom: float
    words: str
    turned: bool


def boxes(picture: str) -> list[Box]:
    found = []
    root = Drawn(picture).root
    parents = {child: parent for parent in root.iter() for child in parent}
    for each in root.iter(SVG + "text"):
        size = float(_inherited(each, parents, "font-size") or 13)
        width = 0.56 * size * len(each.text or "")
        x, y = float(each.get("x", "")), float(each.get("y", ""))
        start = x - {"middle": width / 2, "end": width}.get(_inherited(each, parents, "text-anchor") or "", 0.0)
        if turn := re.match(r"rotate\(-(\d+) ", each.get("transform", "")):
            angle = radians(float(turn[1]))
            box = (x - width * cos(angle), x, y - size, y + width * sin(angle))
        else:
            box = (start, start + width, y - 0.75 * size, y + 0.2 * size)
        found.append(Box(*box, each.text or "", bool(turn)))
    return found


def _inherited(element: object, parents: dict, name: str) -> str | None:  # type: ignore[type-arg]
    while element is not None:
        if value := element.get(name):  # type: ignore[attr-defined]
            return str(value)
        element = parents.get(element)
    return None


def chart(*series: Series, **more: object) -> Chart:
    axes = {"x": Axis(), "y": Axis()}
    return Chart(**{"title": "A title, which is rather long", "description": "", **axes, "series": series, **more})  # type: ignore[arg-type]


NAMES = ["setosa", "versicolor", "virginica"]
LONG = [f"a rather long name {place}" for place in range(12)]
CHARTS = {
    "line": chart(LineSeries("training", [1, 200], [1e-9, 3e7]), x=Axis("epoch", whole=True), y=Axis("loss", "log")),
    "legend": chart(
        *(LineSeries(f"the log of run {place}.log", [0, 1], [0, place]) for place in range(12)),
        marks=[ChartMark(f"best epoch {place}", 0, 0) for place in range(4)],
        x=Axis("epoch"),
        y=Axis("loss"),
    ),
    "notes": chart(PointSeries("rows", [0, 1e6], [-1e-7, 1e-7]), x=Axis("x"), y=Axis("y"), notes=["one " * 40, "two"]),
    "bars": chart(BarSeries("", [1, 2, 3]), x=Axis("loss"), y=Axis(names=NAMES), notes=["one"]),
    "confusion": chart(MatrixSeries("", [[5] * 3] * 3), x=Axis("predicted", names=NAMES), y=Axis("true", names=NAMES)),
    "turned": chart(MatrixSeries("", [[5] * 12] * 12), x=Axis("predicted", names=LONG), y=Axis("true", names=LONG)),
    "many": chart(
        MatrixSeries("", [[1] * 50] * 50),
        x=Axis("predicted", names=[str(place) for place in range(50)]),
        y=Axis("true", names=[f"class {place}" for place in range(50)]),
    ),
    "weights": chart(
        MatrixSeries("", [[1] * 60] * 4, shows_values=False), x=Axis("60 units"), y=Axis("input", names=LONG[:4])
    ),
}


@pytest.mark.parametrize("size", [640, 420, 320])
@pytest.mark.parametrize("shown", CHARTS.values(), ids=CHARTS)
def test_texts_are_within_the_picture_and_do_not_overlap(shown: Chart, size: int) -> None:
    picture = svg(shown, size)
    _, _, width, height = map(float, Drawn(picture).root.get("viewBox", "").split())
    found = boxes(picture)
    for each in found:
        assert each.left >= 0, each
        assert each.right <= width, each
        assert each.bottom <= height, each
    for one, two in combinations(found, 2):
        apart = one.right <= two.left or two.right <= one.left or one.bottom <= two.top or two.bottom <= one.top
        assert apart or (one.turned and two.turned), (one, two)


def test_names_below_a_matrix_are_turned_only_if_they_are_too_long() -> None:
    assert [each for each in boxes(svg(CHARTS["turned"])) if each.turned]
    assert not [each for each in boxes(svg(CHARTS["many"])) if each.turned]


def test_a_legend_fills_its_lines() -> None:
    lines: dict[float, float] = {}
    for each in boxes(svg(CHARTS["legend"])):
        if each.words.startswith("the log"):
            lines[each.top] = max(lines.get(each.top, 0.0), each.right)
    assert 3 <= len(lines) <= 5
    assert all(right > 400 for right in lines.values())
    assert all(below - above == pytest.approx(20) for above, below in pairwise(sorted(lines)))


def test_values_are_written_only_into_cells_that_have_room() -> None:
    words = {each.words for each in boxes(svg(chart(MatrixSeries("", [[7] * 40] * 4))))}
    assert "7" not in words
    assert "5" in {each.words for each in boxes(svg(CHARTS["confusion"]))}


def test_several_charts_are_one_below_the_other() -> None:
    one = Chart("one", "", Axis(), Axis(), [LineSeries("", [0, 1], [0, 1])])
    root = Drawn(stacked([one, one])).root
    first, second = root.findall(SVG + "svg")
    assert float(second.get("y", "")) == float(first.get("height", ""))
    assert float(root.get("height", "")) == 2 * float(first.get("height", ""))
    assert len({each.get("id") for each in root.iter() if each.get("id")}) == 4
    assert len(list(root.iter(SVG + "style"))) == 1
    assert stacked([one]) == svg(one)
