from dataclasses import replace
from typing import Any

from kerash_cli.prediction.importance import Importance, Importances
from kerash_cli.views.charts import kinds
from kerash_cli.views.charts.chart import BarSeries, MatrixSeries


def found(columns: list[tuple[str, float, float | None, float | None]], blocks: str = "", greater: bool = True) -> Any:
    rows = tuple(Importance(*column, 1) for column in columns)
    return Importances(rows, "log_loss", greater, 0.5, 100, 100, 5, 0, None, blocks, (), "")


def test_columns_have_bars_with_their_intervals() -> None:
    (chart,) = kinds.importance([("m", found([("a", 0.3, 0.2, 0.4), ("b", -0.1, -0.2, 0.0)]))])
    (bars,) = chart.series
    assert isinstance(bars, BarSeries)
    assert (bars.values, bars.low, bars.high) == ([0.3, -0.1], [0.2, -0.2], [0.4, 0.0])
    assert (chart.y.names, chart.x.label) == (["a", "b"], "how much lower log loss is if the column is permuted")
    assert chart.notes == ["lines: 95 % intervals"]


def test_without_intervals_there_are_bars_alone() -> None:
    (chart,) = kinds.importance([("m", found([("a", 0.3, None, None)], "blocks of 2x2 pixels", greater=False))])
    (bars,) = chart.series
    assert isinstance(bars, BarSeries)
    assert (bars.values, bars.low, chart.notes) == ([0.3], (), [])
    assert chart.x.label == "how much higher log loss is if blocks of 2x2 pixels are permuted"


def test_of_many_columns_the_most_important_are_shown() -> None:
    (chart,) = kinds.importance([("m", found([(f"c{place}", 1 - place / 99, None, None) for place in range(50)]))])
    assert len(chart.y.names) == 30
    assert chart.notes == ["20 more columns are less important"]


def test_of_an_image_there_is_an_image() -> None:
    measured = replace(
        found([("rows 1, columns 1", 0.3, None, None)], "blocks of 2x2 pixels"), image=((0.3, 0.1), (0.0, -0.1))
    )
    _, chart = kinds.importance([("m", measured)])
    (cells,) = chart.series
    assert isinstance(cells, MatrixSeries)
    assert (cells.rows, cells.shows_values) == (((0.3, 0.1), (0.0, -0.1)), False)
    assert (chart.title, chart.notes) == ("Importance in the image: m", ["blocks of 2x2 pixels"])
    assert chart.description == "A cell for each block; the most important is rows 1, columns 1."
