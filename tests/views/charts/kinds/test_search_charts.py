from collections.abc import Sequence
from itertools import pairwise
from math import isnan
from typing import Any

import pytest

from kerash_cli.errors import BadInput
from kerash_cli.evolution.history import SearchRecord
from kerash_cli.views.charts import kinds
from kerash_cli.views.charts.chart import LineSeries, PointSeries
from kerash_cli.views.charts.kinds.searches import MOST_CANDIDATES


def candidate(
    generation: int, index: int, loss: float, parameters: int, parent: Sequence[int] | None
) -> dict[str, Any]:
    return {"generation": generation, "index": index, "loss": loss, "parameters": parameters, "parent": parent}


TRIED = [
    candidate(0, 0, 0.9, 100, None),
    candidate(0, 1, 0.5, 50, None),
    candidate(1, 0, 0.7, 20, [0, 0]),
    candidate(1, 1, 0.2, 400, [0, 1]),
    candidate(2, 0, 0.3, 60, [1, 1]),
]
FOUND = SearchRecord(TRIED, [TRIED[1], TRIED[3]], [[1, 1, 3]])


def points(series: object) -> list[tuple[float, float]]:
    assert isinstance(series, LineSeries | PointSeries)
    return list(zip(series.x, series.y, strict=True))


def test_the_best_loss_falls_in_steps() -> None:
    (chart,) = kinds.search([("s", FOUND)])
    each, best = chart.series
    assert points(each) == [(1, 0.9), (2, 0.5), (3, 0.7), (4, 0.2), (5, 0.3)]
    steps = [(1, 0.9), (2, 0.9), (2, 0.5), (3, 0.5), (3, 0.5), (4, 0.5), (4, 0.2), (5, 0.2), (5, 0.2)]
    assert points(best) == steps
    assert "best loss from 0.9 to 0.2 over 5 evaluations" in chart.description


def test_several_searches_have_a_line_each() -> None:
    other = SearchRecord(TRIED[:2], None, [])
    (chart,) = kinds.search([("s", FOUND), ("t", other)])
    assert [(each.name, each.colour) for each in chart.series] == [("s", 1), ("t", 2)]


def test_on_the_front_no_network_is_smaller_and_better() -> None:
    (chart,) = kinds.pareto([("s", FOUND)])
    each, line, front = chart.series
    assert sorted(points(each)) == sorted((one["parameters"], one["loss"]) for one in TRIED)
    assert points(front) == [(20, 0.7), (50, 0.5), (60, 0.3), (400, 0.2)]
    assert points(line)[-3:] == [(60, 0.3), (400, 0.3), (400, 0.2)]
    assert chart.x.scale == "log"


def test_a_family_tree_joins_children_with_their_parents() -> None:
    (chart,) = kinds.family([("s", FOUND)])
    others, each, lineage = chart.series
    assert branches(others) == [((0, 0.9), (1, 0.7)), ((1, 0.2), (2, 0.3))]
    assert branches(lineage) == [((0, 0.5), (1, 0.2))]
    assert len(points(each)) == 5
    assert [(mark.x, mark.y) for mark in chart.marks] == [(1, 0.2)]


def branches(series: object) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    return [(a, b) for a, b in pairwise(points(series)) if not isnan(a[0]) and not isnan(b[0])]


def test_a_search_without_a_result_is_an_error() -> None:
    for kind in (kinds.search, kinds.pareto, kinds.family):
        with pytest.raises(BadInput, match="s: no network was trained to the end yet"):
            kind([("s", SearchRecord([], None, []))])


def test_of_a_long_search_the_best_networks_are_shown() -> None:
    many = [candidate(place // 100, place % 100, 1.0 + place, 10 + place, None) for place in range(5000)]
    (chart,) = kinds.family([("s", SearchRecord(many, None, []))])
    losses = [loss for _, loss in points(chart.series[1])]
    assert (len(losses), max(losses)) == (MOST_CANDIDATES, MOST_CANDIDATES)
    assert chart.notes == ["3000 of 5000 networks are shown"]
