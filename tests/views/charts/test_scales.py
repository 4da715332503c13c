import math

import pytest

from kerash_cli.views.charts.chart import Axis, BarSeries, Chart, ChartMark, HistogramSeries, LineSeries, MatrixSeries
from kerash_cli.views.charts.scales import AxisRange, ranges, scale_for, short


def labels(low: float, high: float, most: int, **more: bool) -> list[str]:
    return [tick.label for tick in AxisRange(low, high, **more).ticks(most)]


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0, 1, 6, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0, 1, 3, ["0.0", "0.5", "1.0"]),
        (-3.2, 3.2, 7, ["-3", "-2", "-1", "0", "1", "2", "3"]),
        (97, 212, 4, ["100", "150", "200"]),
        (0, 3e6, 4, ["0", "1000000", "2000000", "3000000"]),
        (0, 3e7, 4, ["0", "1e7", "2e7", "3e7"]),
        (8e6, 1.2e7, 3, ["8e6", "1e7", "1.2e7"]),
        (0, 3e-7, 4, ["0", "1e-7", "2e-7", "3e-7"]),
        (1000.001, 1000.004, 4, ["1000.001", "1000.002", "1000.003", "1000.004"]),
    ],
)
def test_ticks_are_multiples_of_1_2_or_5_and_have_the_digits_that_tell_them_apart(
    low: float, high: float, most: int, expected: list[str]
) -> None:
    assert labels(low, high, most) == expected


def test_an_axis_that_counts_has_whole_ticks() -> None:
    assert labels(1, 3, 8, whole=True) == ["1", "2", "3"]
    assert labels(1, 2, 8) != labels(1, 2, 8, whole=True) == ["1", "2"]


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0.001, 100, 6, ["0.001", "0.01", "0.1", "1", "10", "100"]),
        (1e-12, 1, 5, ["1e-12", "1e-9", "1e-6", "0.001", "1"]),
        (50, 3e7, 6, ["100", "1000", "10000", "100000", "1e6", "1e7"]),
        (0.04, 1.2, 6, ["0.05", "0.1", "0.2", "0.5", "1"]),
        (0.31, 0.39, 4, ["0.32", "0.34", "0.36", "0.38"]),
    ],
)
def test_ticks_of_a_logarithmic_axis_are_powers_of_ten_or_what_is_between_them(
    low: float, high: float, most: int, expected: list[str]
) -> None:
    assert labels(low, high, most, log=True) == expected


def test_a_tick_is_where_its_value_is() -> None:
    assert [tick.share for tick in AxisRange(10, 30).ticks(3)] == [0, 0.5, 1]
    assert [tick.share for tick in AxisRange(0.01, 100, log=True).ticks(5)] == pytest.approx([0, 0.25, 0.5, 0.75, 1])


@pytest.mark.parametrize(
    "values",
    [
        [0.0, 0.0],
        [5.0, 5.0],
        [-1.7e308, 1.7e308],
        [5e-324, 1e-323],
        [1e300, 1.0000000001e300],
        [2.0**60, 2.0**60 + 256],
    ],
)
@pytest.mark.parametrize("most", [1, 2, 6])
def test_numbers_at_the_limits_of_floats_have_places_and_ticks(values: list[float], most: int) -> None:
    _, up = ranges(Chart("", "", Axis(), Axis(), [LineSeries("", [0, 1], values)]))
    shares = up.shares(values).tolist()
    ticks = up.ticks(most)
    assert all(0 <= share <= 1 for share in shares)
    assert 1 <= len(ticks) <= most
    assert all(0 <= tick.share <= 1 for tick in ticks)


def test_an_axis_leaves_a_margin_unless_it_has_ends_or_bars() -> None:
    line = LineSeries("", [0, 10], [1, 2])
    across, up = ranges(Chart("", "", Axis(low=-5), Axis(high=2), [line]))
    assert (across.low, up.high) == (-5, 2)
    assert across.high > 10
    assert up.low < 1
    _, up = ranges(Chart("", "", Axis(), Axis(), [HistogramSeries("", [0, 1, 2], [3, 4])]))
    assert up.low == 0
    across, _ = ranges(Chart("", "", Axis(), Axis(names=["a"]), [BarSeries("", [3.0])]))
    assert across.low == 0


def test_a_mark_is_within_the_axes() -> None:
    mark = ChartMark("", 30, -7)
    across, up = ranges(Chart("", "", Axis(), Axis(), [LineSeries("", [0, 10], [1, 2])], [mark]))
    assert across.high > 30
    assert up.low < -7


def test_cells_and_names_are_around_whole_numbers() -> None:
    chart = Chart("", "", Axis(names=["a", "b"]), Axis(), [MatrixSeries("", [[1, 2], [3, 4], [5, 6]])])
    across, _ = ranges(chart)
    assert [(tick.label, tick.share) for tick in across.ticks(5)] == [("a", 0.25), ("b", 0.75)]


def test_what_is_not_positive_has_no_place_on_a_logarithmic_axis() -> None:
    _, up = ranges(Chart("", "", Axis(), Axis(scale="log"), [LineSeries("", [0, 1, 2], [0.0, 1.0, 100.0])]))
    assert up.low > 0
    assert [math.isfinite(share) for share in up.shares([-1.0, math.nan, 1.0])] == [False, False, True]


@pytest.mark.parametrize(
    ("values", "scale"),
    [([1.0, 0.1], "linear"), ([1.0, 0.04], "log"), ([1.0, 0.0], "linear"), ([math.inf, 1.0], "linear"), ([], "linear")],
)
def test_a_scale_is_logarithmic_for_positive_values_that_differ_by_a_factor_of_20(
    values: list[float], scale: str
) -> None:
    assert scale_for([values]) == scale


def test_short_numbers() -> None:
    assert [short(value) for value in (0.123456, 1234567, 2.0, 1e-9)] == ["0.1235", "1.235e6", "2", "1e-9"]
