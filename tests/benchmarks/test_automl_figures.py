"""How contenders compare: the arithmetic over tables, with values worked out by hand."""

import math
from collections.abc import Sequence
from typing import Any

import pytest

from benchmarks.automl import figures


def results(method: str, table: str, losses: Sequence[float | None], **scores: Sequence[float]) -> list[dict[str, Any]]:
    """A record of each fold; one without a loss failed."""
    records = []
    for fold, loss in enumerate(losses):
        told = {} if loss is None else {"loss": loss, **{name: values[fold] for name, values in scores.items()}}
        records.append({"table": table, "fold": fold, "method": method, **told})
    return records


def test_a_ratio_is_that_of_the_mean_losses_and_each_table_weighs_the_same() -> None:
    records = [
        *results("a", "one", [1.0, 3.0]),  # mean 2, by 1: 2
        *results("b", "one", [0.5, 1.5]),
        *results("a", "two", [10.0]),  # by 20: 1/2
        *results("b", "two", [20.0]),
        *results("a", "three", [1.0]),  # by 8: 1/8
        *results("b", "three", [8.0]),
    ]
    found = figures.compare(records, "a", "b")
    assert found.tables == 3
    assert found.ratio.mean == pytest.approx(0.5)  # the cube root of 2 x 1/2 x 1/8
    assert found.median == pytest.approx(0.5)
    assert found.better == 2


def test_only_folds_that_both_finished_count() -> None:
    records = [
        *results("a", "one", [1.0, None, 3.0]),
        *results("b", "one", [2.0, 100.0, None]),
        *results("a", "two", [None]),
        *results("b", "two", [5.0]),
    ]
    found = figures.compare(records, "a", "b")
    assert (found.tables, found.better) == (1, 1)
    assert found.ratio.mean == pytest.approx(0.5)
    assert math.isnan(found.ratio.low)


def test_scores_are_compared_where_there_are_any() -> None:
    records = [
        *results("a", "classes", [0.1, 0.1], accuracy=[0.9, 0.8]),
        *results("b", "classes", [0.1, 0.1], accuracy=[0.8, 0.6]),
        *results("a", "more classes", [0.1], accuracy=[0.5]),
        *results("b", "more classes", [0.1], accuracy=[0.6]),
        *results("a", "numbers", [1.0], r2=[0.25]),
        *results("b", "numbers", [1.0], r2=[0.5]),
    ]
    found = figures.compare(records, "a", "b")
    assert found.accuracy.mean == pytest.approx((0.15 - 0.1) / 2)
    assert found.r2.mean == pytest.approx(-0.25)


def test_a_loss_of_nearly_nothing_does_not_decide() -> None:
    records = [*results("a", "one", [0.0]), *results("b", "one", [2e-6])]
    assert figures.compare(records, "a", "b").ratio.mean == pytest.approx(0.5)


def test_methods_that_share_no_fold_have_no_ratio() -> None:
    found = figures.compare([*results("a", "one", [1.0]), *results("b", "two", [1.0])], "a", "b")
    assert (found.tables, found.better) == (0, 0)
    assert math.isnan(found.ratio.mean)
    assert math.isnan(found.median)


def test_the_interval_of_two_values_goes_from_one_to_the_other() -> None:
    """A quarter of the samples are twice the first, a quarter twice the second."""
    assert figures.interval([1.0, 2.0]) == (1.5, 1.0, 2.0)


def test_the_interval_of_many_values_is_that_of_their_mean() -> None:
    """Of 100 values, half of them 0 and half 1: a mean of .5 whose standard error is .05, so .402 to .598."""
    found = figures.interval([0.0, 1.0] * 50)
    assert found == pytest.approx((0.5, 0.402, 0.598), abs=0.011)
    assert found == figures.interval([0.0, 1.0] * 50)
