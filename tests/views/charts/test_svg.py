import re

import numpy as np
import pytest
from drawn import SVG, Drawn, corners

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
    Series,
)
from kerash_cli.views.charts.svg import svg

HOSTILE = "<script>alert('x')</script> & \"q\" ]]> \x1b[31m\0\udc80\ufffe</title>"


def chart(*series: Series, **more: object) -> Chart:
    return Chart(**{"title": "t", "description": "d", "x": Axis(), "y": Axis(), "series": series, **more})  # type: ignore[arg-type]


def test_a_line_goes_through_its_points_as_the_numbers_beside_the_axes_say() -> None:
    x, y = [0.0, 3.0, 7.5, 10.0], [100.0, 400.0, 150.0, 300.0]
    drawn = Drawn(svg(chart(LineSeries("", x, y))))
    ((*found,),) = drawn.lines(1)
    across, up = drawn.across(["2", "8"]), drawn.up(["100", "300"])
    assert [across.value(place) for place, _ in found] == pytest.approx(x, abs=0.01)
    assert [up.value(place) for _, place in found] == pytest.approx(y, abs=1)


def test_a_logarithmic_axis_is_one() -> None:
    y = [3.0, 0.02, 0.5]
    drawn = Drawn(svg(chart(LineSeries("", [1, 2, 3], y), y=Axis("loss", "log"))))
    ((*found,),) = drawn.lines(1)
    up = drawn.up(["0.1", "1"], log=True)
    assert [up.value(place) for _, place in found] == pytest.approx(y, rel=0.01)
    assert any(words == "loss (log scale)" for _, _, words in drawn.texts())


def test_bars_and_intervals_end_at_their_values() -> None:
    series = BarSeries("", [4.0, -1.0], [3.0, -1.5], [4.5, 0.0])
    drawn = Drawn(svg(chart(series, y=Axis(names=["a", "b"]))))
    across = drawn.across(["0", "4"])
    _, *bars = drawn.root.findall(SVG + "rect")
    ends = [(across.value(x), across.value(x + wide)) for x, wide in (_side(each) for each in bars)]
    assert ends == [pytest.approx((0, 4), abs=0.02), pytest.approx((-1, 0), abs=0.02)]
    (whiskers,) = (each.get("d", "") for each in drawn.root.findall(SVG + "path") if each.get("class") == "s-ink")
    found = [across.value(float(x)) for x in re.findall(r"M([\d.]+) [\d.]+v8", whiskers)]
    assert found == pytest.approx([3, 4.5, -1.5, 0], abs=0.02)
    heights = {words: y for _, y, words in drawn.texts()}
    assert heights["a"] < heights["b"]


def _side(rect: object) -> tuple[float, float]:
    return float(rect.get("x")), float(rect.get("width"))  # type: ignore[attr-defined]


def test_a_histogram_has_a_bar_from_edge_to_edge_unless_there_is_nothing_in_it() -> None:
    drawn = Drawn(svg(chart(HistogramSeries("", [0, 10, 20, 40], [6, 0, 3]))))
    across, up = drawn.across(["10", "30"]), drawn.up(["2", "4"])
    _, *bars = drawn.root.findall(SVG + "rect")
    assert [across.value(float(each.get("x", ""))) for each in bars] == pytest.approx([0, 20], abs=0.1)
    assert [up.value(float(each.get("y", ""))) for each in bars] == pytest.approx([6, 3], abs=0.05)


def test_points_and_bands_are_where_they_belong() -> None:
    drawn = Drawn(svg(chart(PointSeries("", [1, 4], [2, 8]), BandSeries("", [1, 4], [1, 6], [3, 9]))))
    across, up = drawn.across(["2.0", "3.0"]), drawn.up(["2", "8"])
    points = [(across.value(x), up.value(y)) for part in drawn.lines(1) for x, y in part]
    assert points == [pytest.approx((1, 2), abs=0.05), pytest.approx((4, 8), abs=0.05)]
    (band,) = (each.get("d", "") for each in drawn.root.findall(SVG + "path") if each.get("class") == "f-1")
    around = [(across.value(x), up.value(y)) for x, y in corners(band)[0]]
    assert around == [pytest.approx(corner, abs=0.05) for corner in ((1, 3), (4, 9), (4, 6), (1, 1))]


def test_a_mark_is_a_ring_at_its_point_and_its_label_is_in_the_legend() -> None:
    drawn = Drawn(svg(chart(LineSeries("loss", [0, 10], [0, 100]), marks=[ChartMark("best epoch 4", 4, 60)])))
    across, up = drawn.across(["2", "8"]), drawn.up(["20", "80"])
    *_, ring = drawn.root.findall(SVG + "circle")
    place = across.value(float(ring.get("cx", ""))), up.value(float(ring.get("cy", "")))
    assert place == pytest.approx((4, 60), abs=0.5)
    assert {"loss", "best epoch 4"} <= {words for _, _, words in drawn.texts()}


def test_a_matrix_shows_its_counts_and_marks_the_diagonal() -> None:
    names, heads = ["a", "b", "c"], ["A", "B", "C"]
    series = MatrixSeries("", [[5, 0, 1], [2, 7, 0], [0, 0, 0]], marks_diagonal=True, by_row=True)
    drawn = Drawn(svg(chart(series, x=Axis("predicted", names=heads), y=Axis("expected", names=names))))
    place = {words: (x, y) for x, y, words in drawn.texts()}
    assert place["5"][1] == place["1"][1] < place["2"][1] == place["7"][1]
    assert place["5"][0] == place["2"][0] < place["7"][0] < place["1"][0]
    assert place["5"][1] == pytest.approx(place["a"][1], abs=3)
    assert place["7"][0] == pytest.approx(place["B"][0], abs=3)
    (diagonal,) = (each.get("d", "") for each in drawn.root.findall(SVG + "path") if each.get("class") == "s-ink")
    assert diagonal.count("M") == 3
    faint, strong = (_opacities(drawn, role) for role in ("warm", "heat"))
    assert len(faint) == len(strong) == 2  # 1 of 6 and 2 of 9; 5 of 6 and 7 of 9
    assert max(faint) < min(strong)


def _opacities(drawn: Drawn, role: str) -> list[float]:
    paths = drawn.root.findall(SVG + "path")
    return [float(each.get("fill-opacity", "")) for each in paths if each.get("class") == f"f-{role}"]


def test_hostile_texts_are_texts() -> None:
    names = [HOSTILE, "b"]
    charts = [
        chart(LineSeries(HOSTILE, [0, 1], [0, 1]), marks=[ChartMark(HOSTILE, 0, 0)], notes=[HOSTILE]),
        chart(MatrixSeries("", [[1, 0], [0, 1]]), x=Axis(HOSTILE, names=names), y=Axis(HOSTILE, names=names)),
        chart(BarSeries(HOSTILE, [1, 2]), title=HOSTILE, description=HOSTILE, y=Axis(names=names)),
    ]
    for each in charts:
        picture = svg(each)
        drawn = Drawn(picture)  # a control character or a lone surrogate would be no XML
        assert not [one for one in drawn.root.iter() if one.tag.removeprefix(SVG) in ("script", "a", "foreignObject")]
        picture.encode("ascii", "xmlcharrefreplace")
        assert "]]>" not in picture
        assert "\x1b" not in picture
    assert any("<script>" in words for _, _, words in Drawn(svg(charts[0])).texts())


def test_a_picture_says_what_it_shows_and_runs_and_loads_nothing() -> None:
    picture = svg(chart(LineSeries("", [0, 1], [0, 1]), title="Loss", description="It falls."))
    root = Drawn(picture).root
    title, description = root.find(SVG + "title"), root.find(SVG + "desc")
    assert title is not None
    assert description is not None
    assert (title.text, description.text, root.get("role")) == ("Loss", "It falls.", "img")
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert not re.search("url[(]|href|@import", picture)
    assert re.findall(r"https?://[^\"]*", picture) == ["http://www.w3.org/2000/svg"]


def test_ids_of_two_charts_differ_and_a_key_sets_equal_charts_apart() -> None:
    one, two = (chart(LineSeries("", [0, 1], [0, y])) for y in (1, 2))
    ids = [re.findall(r'id="(\w+)"', picture) for picture in (svg(one), svg(two), svg(one, key="2"))]
    assert len({each for pair in ids for each in pair}) == 6
    assert svg(one) == svg(one)


@pytest.mark.parametrize(
    "series",
    [
        LineSeries("", np.arange(1_000_000), np.random.default_rng(0).normal(size=1_000_000)),  # type: ignore[arg-type]
        PointSeries("", np.random.default_rng(0).random(3000), np.random.default_rng(1).random(3000)),  # type: ignore[arg-type]
    ],
)
def test_a_picture_of_many_points_is_small(series: Series) -> None:
    assert len(svg(chart(series))) < 100_000


@pytest.mark.parametrize(
    "series",
    [
        LineSeries("", [], []),
        LineSeries("", [1, 2], [np.nan, np.nan]),
        LineSeries("", [1], [np.inf]),
        PointSeries("", [], []),
        BandSeries("", [], [], []),
        HistogramSeries("", [0, 1], [0]),
        MatrixSeries("", [[np.nan]]),
        MatrixSeries("", [[0.0]], shows_values=False),
    ],
)
def test_nothing_to_see_is_a_picture_too(series: Series) -> None:
    Drawn(svg(chart(series)))


def test_every_text_is_within_the_picture() -> None:
    names = ["a name that is rather long, and goes on and on" * 2, "b"]
    for each in (
        chart(BarSeries("x" * 200, [1, 2]), title="t" * 200, x=Axis("x" * 200), y=Axis("y" * 200, names=names)),
        chart(LineSeries("x" * 200, [0, 1], [1, 2]), notes=["n " * 200], marks=[ChartMark("m" * 99, 0, 1)]),
    ):
        drawn = Drawn(svg(each))
        _, _, width, height = map(float, drawn.root.get("viewBox", "").split())
        for x, y, words in drawn.texts():
            assert 0 <= x <= width
            assert 0 <= y <= height
            assert len(words) * 13 * 0.5 <= width  # of a mean letter of a common font


def test_cells_are_as_high_as_their_names_need_and_square_where_there_are_none() -> None:
    rows = [[1.0] * 60] * 4
    named = Drawn(svg(chart(MatrixSeries("", rows, shows_values=False), y=Axis(names=["a", "b", "c", "d"]))))
    assert {"a", "b", "c", "d"} <= {words for _, _, words in named.texts()}
    bare = Drawn(svg(chart(MatrixSeries("", rows, shows_values=False))))
    assert not [words for _, _, words in bare.texts() if words.isdigit()]
    (frame,) = (each.get("d", "") for each in bare.root.findall(SVG + "path") if each.get("class") == "s-grid")
    width, height = (float(each) for each in re.findall(r"[hv](\d[\d.]*)", frame))
    assert width / 60 == pytest.approx(height / 4, rel=0.01)
