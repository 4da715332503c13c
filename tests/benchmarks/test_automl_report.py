"""The report of the comparison: verdicts, failures, and the results that the documentation shows."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.automl import report, xor
from benchmarks.automl.__main__ import RUN, Results
from benchmarks.automl.contenders import METHODS, Method
from benchmarks.automl.figures import Interval

RUNS = [{"table": RUN, "date": "2026-01-02T03:04:05Z", "processor": "p", "versions": {"kerash": "1"}}]


def record(table: str, method: str, fold: int = 0, **told: Any) -> dict[str, Any]:
    return {"table": table, "method": method, "fold": fold, "budget": 20.0, "cpu_seconds": 19.0, "error": "", **told}


@pytest.mark.parametrize(
    ("mean", "high", "bounded", "expected"),
    [
        (0.84, 0.99, True, "met"),
        (0.84, 1.0, True, "MISSED"),
        (0.84, 1.0, False, "met"),
        (0.86, 0.9, True, "MISSED"),
        (0.8, 0.9, True, "beyond"),
        (float("nan"), float("nan"), False, ""),
    ],
)
def test_a_verdict_is_about_the_mean_and_where_asked_the_bound(
    mean: float, high: float, bounded: bool, expected: str
) -> None:
    assert report.verdict(Method("", "", "", 0.85, 0.8, bounded), Interval(mean, 0.5, high)) == expected


def test_the_comparison_shows_ratio_median_wins_and_scores() -> None:
    records = [
        record("car", "evolve", loss=0.1, accuracy=0.9),
        record("car", "catboost", loss=0.2, accuracy=0.8, cpu_seconds=23.0),
        record("airfoil", "evolve", loss=2.0, r2=0.5),
        record("airfoil", "catboost", loss=1.0, r2=0.75),
    ]
    parts = list(report.sections(records, RUNS))
    ours, catboost = parts[0].rows[1:]
    assert ours[0] == "kerash evolve"
    assert catboost[1] == "1.000"  # the geometric mean of 1/2 and 2
    assert catboost[2] == "[0.500, 2.000]"
    assert catboost[3:7] == ["1.000", "1 of 2", "+0.100", "-0.250"]
    assert catboost[7:] == ["<= 0.92, bound < 1", "MISSED", "21.0"]
    assert parts[1].rows[1][1] == "0.500"  # of the classes alone
    assert parts[2].rows[1][1] == "2.000"  # of the numbers alone
    assert parts[3].rows[1:] == [["car", "0.1", "0.2"], ["airfoil", "2", "1"]]


def test_every_row_of_a_table_has_as_many_cells() -> None:
    records = [record(table, method, loss=1.0, r2=0.5) for table in ("airfoil", "bdims") for method in METHODS]
    for part in report.sections(records, RUNS):
        assert len({len(row) for row in part.rows}) <= 1, part.title
    assert "| table |" in report.markdown(list(report.sections(records, RUNS)))


def test_failures_and_overruns_are_told() -> None:
    records = [
        record("car", "evolve", loss=0.1),
        record("car", "flaml", cpu_seconds=30.0, loss=0.1),
        record("wine", "evolve", loss=0.1),
        record("wine", "flaml", error="gone"),
    ]
    found = report.text(list(report.sections(records, RUNS)))
    assert "FLAML, any model: failed on 1 of 2 splits, not in ratios: wine" in found
    assert "24.5 *" in found


@pytest.mark.parametrize(("accuracy", "seconds", "expected"), [(0.979, 59, "met"), (0.977, 59, "M"), (0.99, 61, "M")])
def test_digits_must_be_right_and_in_time(accuracy: float, seconds: float, expected: str) -> None:
    records = [
        {"table": "digits", "fold": fold, "accuracy": accuracy, "wall_seconds": seconds, "error": ""}
        for fold in range(5)
    ]
    assert f"s each: {expected}" in report.text(list(report.sections(records, RUNS)))


@pytest.mark.parametrize(("wrong", "seconds", "expected"), [(0, 1.9, "met"), (1, 1.9, "MISSED"), (0, 2.1, "MISSED")])
def test_xor_must_be_right_and_in_time(wrong: int, seconds: float, expected: str) -> None:
    common = {"table": "xor", "cpu_seconds": 1.0, "wall_seconds": seconds, "error": "", "evaluations": 5}
    kerash = [{**common, "method": "kerash", "seed": seed, "right": seed >= wrong} for seed in range(xor.SEEDS)]
    assert f"s each: {expected}" in report.text(list(report.sections(kerash, RUNS)))


def test_results_go_on_from_what_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    first = Results(path)
    first.add(record("car", "evolve", loss=0.1))
    first.add(record("car", "evolve", 1, loss=0.1))
    again = Results(path)
    assert len(again.records) == 2
    assert len(again.runs) == 1
    assert again.has(table="car", fold=1, method="evolve")
    assert not again.has(table="car", fold=2, method="evolve")
