from typing import Any

import numpy as np
import pytest

from kerash_cli.encoding.targets.values import Values
from kerash_cli.model.scoring import Judged
from kerash_cli.views.charts import kinds
from kerash_cli.views.charts.chart import HistogramSeries, LineSeries, PointSeries
from kerash_cli.views.charts.svg import svg


def judged(true: Any, guessed: Any, labels: tuple[str, ...] = ("price",), weights: Any = None) -> Judged:
    columns = [np.asarray(each, np.float64).reshape(-1, len(labels)) for each in (guessed, true)]
    return Judged(Values.unscaled("any", len(labels), labels), *columns, None, weights)


def points(series: Any) -> list[tuple[float, float]]:
    assert isinstance(series, PointSeries)
    return [(float(x), float(y)) for x, y in zip(series.x, series.y, strict=True)]


def test_predicted_numbers_stand_over_true_ones_around_a_diagonal() -> None:
    (chart,) = kinds.predicted([("m", judged([1, 2, 5], [2, 2, -3]))])
    diagonal, cloud = chart.series
    assert points(cloud) == [(1, 2), (2, 2), (5, -3)]
    assert isinstance(diagonal, LineSeries)
    assert (diagonal.x, diagonal.y) == ([-3, 5], [-3, 5])
    assert (chart.x.low, chart.x.high) == (chart.y.low, chart.y.high)
    assert chart.x.low is not None
    assert chart.x.low < -3
    assert (chart.x.label, chart.y.label) == ("true price", "predicted price")
    assert "half of 3 rows are within 1" in chart.description


def test_several_models_have_a_colour_each() -> None:
    (chart,) = kinds.predicted([("a", judged([1, 2], [1, 2])), ("b", judged([1, 2], [2, 1]))])
    assert [(each.name, each.colour) for each in chart.series] == [("exact", 0), ("a", 1), ("b", 2)]


def test_each_target_has_a_chart() -> None:
    labels = tuple(f"t{place}" for place in range(8))
    model = judged(np.arange(16), np.zeros(16), labels)
    charts = kinds.predicted([("m", model)])
    assert [chart.x.label for chart in charts] == [f"true t{place}" for place in range(6)]
    assert points(charts[2].series[1]) == [(2, 0), (10, 0)]
    assert charts[-1].notes == ["2 more targets are not shown"]


def test_residuals_are_counted_and_stand_over_the_predictions() -> None:
    true, guessed = np.array([1.0, 2, 3, 10]), np.array([0.0, 4, 3, 7])
    histogram, scatter = kinds.residuals([("m", judged(true, guessed))])
    (bars,) = histogram.series
    assert isinstance(bars, HistogramSeries)
    counts, edges = np.histogram(true - guessed, 30)
    np.testing.assert_allclose(bars.edges, edges)
    assert [*bars.counts] == counts.tolist()
    assert points(scatter.series[1]) == [(0, 1), (4, -2), (3, 0), (7, 3)]


def test_rows_count_as_much_as_their_weights() -> None:
    histogram, _ = kinds.residuals([("m", judged([0, 1], [0, 0], weights=np.array([0.5, 2.0])))])
    (bars,) = histogram.series
    assert isinstance(bars, HistogramSeries)
    assert (bars.counts[0], bars.counts[-1]) == (0.5, 2.0)


def test_residuals_of_several_models_are_outlines_over_the_same_bins() -> None:
    histogram, _ = kinds.residuals([("a", judged([0, 1], [0, 0])), ("b", judged([0, 9], [0, 6]))])
    one, two = histogram.series
    assert isinstance(one, LineSeries)
    assert isinstance(two, LineSeries)
    assert [*one.x] == [*two.x]
    assert (min(one.x), max(one.x)) == (0, 3)
    assert sum(one.y) == 2 * 2  # each bin twice, at both of its ends


def test_a_few_rows_far_away_do_not_flatten_the_rest() -> None:
    true = np.concatenate([np.random.default_rng(0).normal(size=1000), [1e6]])
    histogram, _ = kinds.residuals([("m", judged(true, np.zeros(1001)))])
    (bars,) = histogram.series
    assert isinstance(bars, HistogramSeries)
    assert max(bars.edges) < 10
    beyond = 1001 - int(sum(bars.counts))
    assert histogram.notes == [f"{beyond} of 1001 rows lie beyond the ends"]
    assert 1 <= beyond < 20


def test_residuals_that_are_all_far_from_0_are_all_shown() -> None:
    true = np.linspace(1000, 1001, 50)
    histogram, _ = kinds.residuals([("m", judged(true, np.zeros(50)))])
    (bars,) = histogram.series
    assert isinstance(bars, HistogramSeries)
    assert (bars.edges[0], bars.edges[-1], sum(bars.counts), histogram.notes) == (1000, 1001, 50, [])


def test_of_many_rows_an_even_sample_is_shown() -> None:
    true = np.arange(50_000.0)
    (chart,) = kinds.predicted([("m", judged(true, true))])
    assert [x for x, _ in points(chart.series[1])[:3]] == [0, 16, 33]
    assert chart.notes == ["3000 of 50000 rows are shown"]
    assert len(svg(chart)) < 100_000


@pytest.mark.parametrize("values", [([5.0], [5.0]), ([1.7e308, -1.7e308], [-1.7e308, 1.7e308]), ([0, 5e-324], [0, 0])])
def test_numbers_at_the_limits_of_floats_can_be_drawn(values: tuple[list[float], list[float]]) -> None:
    for kind in (kinds.predicted, kinds.residuals):
        for chart in kind([("m", judged(*values))]):
            assert "nan" not in svg(chart).replace("aria", "")
