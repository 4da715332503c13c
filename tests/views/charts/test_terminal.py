import re

import pytest
from drawn import dots
from streams import ASCII, UTF8, Shown
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
    Series,
)
from kerash_cli.views.charts.terminal import draw

NAMES = ["setosa", "versicolor", "virginica"]
ALL: list[Series] = [
    LineSeries("a", [0, 1, 2], [3, 1, 2]),
    PointSeries("b", [0, 1, 2], [3, 1, 2]),
    BandSeries("c", [0, 1, 2], [3, 1, 2], [4, 4, 4]),
    HistogramSeries("d", [0, 1, 2], [3, 1]),
    BarSeries("e", [1.0, -2.0, 3.0], [0.5, -3, 2], [1.5, -1, 4]),
    MatrixSeries("f", [[5, 0, 1], [2, 7, 0], [0, 0, 9]], marks_diagonal=True),
    MatrixSeries("g", [[0.5, -0.25, 1], [-2, 0, 0], [0, 0, 1]], shows_values=False),
]


@pytest.fixture(autouse=True)
def _locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


def chart(series: Series, **more: object) -> Chart:
    names = NAMES if isinstance(series, BarSeries | MatrixSeries) else ()
    axes = {"x": Axis("across", names=names if isinstance(series, MatrixSeries) else ()), "y": Axis("up", names=names)}
    return Chart(**{"title": "t", "description": "d", "series": [series], **axes, **more})  # type: ignore[arg-type]


def area(text: str) -> list[str]:
    """The lines between the axes, without what is left of them."""
    return [re.split("[│┤]", line)[1] for line in text.splitlines() if re.search("[│┤]", line)]


def test_a_line_goes_through_its_points() -> None:
    y = [0.0, 7.0, 3.0, 10.0, 6.0]
    text = draw(chart(LineSeries("", [0, 1, 2, 3, 4], y), x=Axis(low=0, high=4), y=Axis(low=0, high=10)), UTF8, 14)
    found = dots(area(text))
    width, height = max(x for x, _ in found), max(y for _, y in found)
    for place, value in enumerate(y):
        assert (round(place / 4 * width), round((10 - value) / 10 * height)) in found
    assert {x for x, _ in found} == set(range(width + 1))  # no gap


def test_a_number_stands_beside_the_row_of_its_dots() -> None:
    text = draw(chart(LineSeries("", [0, 1], [5, 5]), y=Axis(low=0, high=10)), UTF8, 14)
    (line,) = (line for line in text.splitlines() if re.match(r" *5 ┤", line))
    assert dots([line])


def test_a_number_stands_below_the_column_of_its_dots() -> None:
    text = draw(chart(LineSeries("", [4, 4], [0, 1]), x=Axis(low=0, high=10)), UTF8, 14)
    axis, numbers = text[text.rindex("\n", 0, text.index("└")) + 1 :].splitlines()[:2]
    place = axis.index("└") + 1 + min(x for x, _ in dots(area(text))) // 2
    assert axis[place] == "┬"
    assert numbers[place] == "4"


def test_a_histogram_is_filled_up_to_its_counts() -> None:
    text = draw(chart(HistogramSeries("", [0, 1, 2], [10, 5]), x=Axis(low=0, high=2), y=Axis(high=10)), UTF8, 14)
    found = dots(area(text))
    height, width = max(y for _, y in found) + 1, max(x for x, _ in found) + 1
    for share, expected in ((0.25, 1.0), (0.75, 0.5)):
        column = [y for x, y in found if x == int(share * width)]
        assert len(column) / height == pytest.approx(expected, abs=0.05)


def test_a_band_shows_both_edges() -> None:
    text = draw(chart(BandSeries("", [0, 1], [2, 2], [8, 8]), y=Axis(low=0, high=10)), UTF8, 14)
    rows = {y for _, y in dots(area(text))}
    assert len(rows) == 2


def test_points_are_single_dots() -> None:
    text = draw(chart(PointSeries("", [0, 5, 10], [0, 5, 10])), UTF8, 14)
    assert len(dots(area(text))) == 3


def test_bars_are_as_long_as_their_values() -> None:
    text = draw(chart(BarSeries("", [4.0, 2.0, 0.5]), x=Axis(high=4)), UTF8)
    lengths = [line.count("█") + ("▏▎▍▌▋▊▉█".find(line.split("█")[-1][:1]) + 1) % 8 / 8 for line in area(text)]
    assert lengths[0] / lengths[1] == pytest.approx(2, rel=0.03)
    assert lengths[0] / lengths[2] == pytest.approx(8, rel=0.06)
    assert [line.split()[-1] for line in text.splitlines()[1:4]] == ["4", "2", "0.5"]


def test_a_small_matrix_has_numbers_and_its_diagonal_in_brackets() -> None:
    matrix = MatrixSeries("", [[50, 0, 0], [0, 47, 3], [0, 2, 48]], marks_diagonal=True)
    rows = [line.split() for line in draw(chart(matrix), UTF8).splitlines()[-3:]]
    expected = [["[50]", "0", "0"], ["0", "[47]", "3"], ["0", "2", "[48]"]]
    assert rows == [[name, *row] for name, row in zip(NAMES, expected, strict=True)]


def test_columns_of_a_wider_matrix_have_numbers_instead_of_names() -> None:
    names = [f"a class with a name {place}" for place in range(10)]
    matrix = MatrixSeries("", [[place == row for place in range(10)] for row in range(10)], marks_diagonal=True)
    text = draw(Chart("", "", Axis("predicted", names=names), Axis("expected", names=names), [matrix]), UTF8)
    head, first, *_ = text.splitlines()
    assert head.split()[-10:] == [str(number) for number in range(1, 11)]
    assert first.startswith("1 a class")
    assert "[1]" in first


def test_a_large_matrix_has_shades() -> None:
    names = [f"class {place}" for place in range(40)]
    rows = [[9 * (row == place) + (row == 3 and place == 39) for place in range(40)] for row in range(40)]
    matrix = MatrixSeries("", rows, marks_diagonal=True, by_row=True)
    text = draw(Chart("", "", Axis("predicted", names=names), Axis("expected", names=names), [matrix]), UTF8)
    lines = text.splitlines()
    assert [lines[place].index("█") for place in range(40)] == list(range(9, 49))
    assert lines[3][9 + 39] == "░"


def test_a_matrix_that_is_larger_than_the_screen_says_what_a_cell_stands_for() -> None:
    rows = [[float(row == place) for place in range(300)] for row in range(300)]
    names = [str(place) for place in range(300)]
    matrix = MatrixSeries("", rows, marks_diagonal=True)
    text = draw(Chart("", "", Axis("predicted", names=names), Axis("expected", names=names), [matrix]), UTF8)
    assert "each cell stands for 5 x 5" in text
    assert text.count("█") == 2 * 60 or text.count("█") == 60


def test_signs_of_weights_are_seen_without_colours() -> None:
    text = draw(chart(MatrixSeries("", [[1.0, -1.0], [0.0, 0.4]], shows_values=False), y=Axis()), ASCII)
    assert text.splitlines()[1].split() == ["##=="] or "##==" in text


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
@pytest.mark.parametrize("series", ALL, ids=lambda series: type(series).__name__)
def test_a_drawing_fits_the_terminal(series: Series, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    wide = "ein sehr langer Name 層層層層層層層層層層層層層層層層層層層層層層層層層層層層層層層層"
    names = [wide, "b", "c"] if isinstance(series, BarSeries | MatrixSeries) else []
    more = {"y": Axis(wide, names=names), "marks": [ChartMark(wide, 1, 1)], "notes": [wide]}
    for line in draw(chart(series, title=wide, **more), Shown()).splitlines():
        assert wcswidth(line) <= columns, line


def test_it_has_as_many_lines_as_wanted() -> None:
    for lines in (8, 12, 20):
        text = draw(chart(LineSeries("", [0, 1], [0, 1])), UTF8, lines)
        assert len(text.splitlines()) == lines


@pytest.mark.parametrize("series", ALL, ids=lambda series: type(series).__name__)
def test_what_a_stream_can_not_show_is_ascii(series: Series) -> None:
    text = draw(chart(series, title="Größe", marks=[ChartMark("é", 1, 1)]), ASCII)
    assert text.isascii()
    assert text.strip()


def test_colours_are_there_on_a_terminal_that_has_them_only(monkeypatch: pytest.MonkeyPatch) -> None:
    line = chart(LineSeries("", [0, 1], [0, 1]))
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[38;5;" in draw(line, Shown())
    assert "\x1b" not in draw(line, UTF8)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in draw(line, Shown())
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in draw(line, Shown())


def test_without_colours_dashes_tell_lines_apart() -> None:
    flat = [LineSeries(name, [0, 1], [y, y]) for name, y in (("one", 1), ("two", 2))]
    text = draw(Chart("", "", Axis(), Axis(), flat), UTF8)
    found = dots(area(text))
    counts = [len([1 for _, y in found if y == row]) for row in sorted({y for _, y in found})]
    assert len(counts) == 2
    assert counts[0] < 0.6 * counts[1]  # the upper one has gaps


def test_without_braille_each_line_has_a_letter_of_its_own() -> None:
    text = draw(
        Chart("", "", Axis(), Axis(), [LineSeries(n, [0, 1], [y, y]) for n, y in (("one", 1), ("two", 2))]), ASCII
    )
    assert "** one" in text
    assert "oo two" in text
    assert "*****" in text
    assert "ooo" in text


def test_control_characters_of_names_are_escaped() -> None:
    text = draw(chart(LineSeries("a\x1b[31m\nb", [0, 1], [0, 1]), title="\x1b]0;x\x07"), UTF8)
    assert "\x1b" not in text
    assert "a\\x1b[31m\\nb" in text


def test_a_mark_is_at_its_point() -> None:
    flat = LineSeries("", [0, 10], [0, 0])
    text = draw(chart(flat, x=Axis(low=0, high=10), y=Axis(low=0, high=10), marks=[ChartMark("m", 10, 10)]), UTF8, 12)
    lines = area(text)
    assert lines[0].endswith("●")


def coloured(monkeypatch: pytest.MonkeyPatch, chart: Chart) -> list[str]:
    monkeypatch.setenv("TERM", "xterm-256color")
    return draw(chart, Shown()).splitlines()


def test_weights_without_names_are_half_blocks_in_colours_of_their_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [[1.0, -1.0], [-1.0, float("nan")], [0.0, 1.0]]
    _, first, second, *_ = coloured(monkeypatch, chart(MatrixSeries("", rows, shows_values=False), y=Axis()))
    orange, blue, grey = 16 + 36 * 5 + 6 * 3, 16 + 6 * 3 + 5, 16 + 43 * 2
    assert first == f"\x1b[38;5;{orange};48;5;{blue}m▀\x1b[0m\x1b[38;5;{blue}m▀\x1b[0m"
    assert second == f"\x1b[38;5;{grey}m▀\x1b[0m\x1b[38;5;{orange}m▀\x1b[0m"


def test_on_a_terminal_with_colours_counts_beside_the_diagonal_stand_out(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = MatrixSeries("", [[9, 0, 0], [0, 5, 4], [0, 0, 9]], marks_diagonal=True, by_row=True)
    *_, first, second, _ = coloured(monkeypatch, chart(matrix))
    assert first.count("\x1b[38;5;") == 1  # the count on the diagonal; a 0 has no colour
    assert [int(number) for number in re.findall(r"48;5;(\d+)m", second)] == [16 + 6 * 2 + 4, 16 + 36 * 3 + 6]
    names = [str(place) for place in range(30)]
    rows = [[9.0 * (row == place) for place in range(30)] for row in range(30)]
    wide = Chart("", "", Axis("p", names=names), Axis("e", names=names), [MatrixSeries("", rows, marks_diagonal=True)])
    assert all(line.count("\x1b[38;5;") == 1 for line in coloured(monkeypatch, wide)[:30])


def test_a_drawing_has_at_most_20_lines_and_leaves_two_of_the_terminal_free(monkeypatch: pytest.MonkeyPatch) -> None:
    line = chart(LineSeries("", [0, 1], [0, 1]))
    for lines, expected in ((50, 20), (15, 13)):
        monkeypatch.setenv("LINES", str(lines))
        assert len(draw(line, Shown()).splitlines()) == expected
    assert len(draw(line, UTF8).splitlines()) == 20  # no terminal


def test_bars_to_both_sides_begin_at_a_line() -> None:
    text = draw(chart(BarSeries("", [2.0, -2.0, 0.0])), UTF8)
    right, left, none = (line[11:-6] for line in text.splitlines()[1:4])
    zero = none.index("│")
    assert right.index("█") - zero in (0, 1)
    assert left.rindex("█") - zero in (0, -1)
    assert right.count("█") == pytest.approx(left.count("█"), abs=1)
