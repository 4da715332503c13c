from typing import Any

import pytest

from kerash_cli.training.fold_groups import Fold
from kerash_cli.views import screen
from kerash_cli.views.charts.scales import short
from kerash_cli.views.comparison import comparison_report
from kerash_cli.views.folds import about_fold, tables
from kerash_cli.views.html import figures as html
from kerash_cli.views.report import in_a_line, report

SCORES: dict[str, Any] = {
    "rows": 4,
    "accuracy": 0.75,
    "interval": [0.24681, 0.9],
    "baseline": {"accuracy": 0.5},
    "classes": {
        "a": {"precision": 1.0, "rows": 2},
        "a name that is much too long for a table of a report": {"precision": 0.5, "rows": 2},
    },
    "confusion": [[1, 1], [0, 2]],
}


def test_a_figure_stands_beside_that_of_the_naive_guess() -> None:
    lines = [line.split() for line in report(SCORES).splitlines()]
    assert lines[0] == ["4", "rows", "model", "naive", "guess"]
    assert lines[1] == ["accuracy", "0.75", "0.5"]
    assert lines[2] == ["95", "%", "interval", "0.247", "to", "0.9"]


def test_a_long_name_is_shortened() -> None:
    assert "a name that is much too long for a tabl…" in report(SCORES)


def test_columns_of_a_narrow_confusion_matrix_are_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "fits", lambda stream, rows: False)
    last = report(SCORES).rpartition("\n\n")[2].splitlines()
    assert last[0].split()[-2:] == ["1", "2"]
    assert [line.split()[:2] for line in last[1:]] == [["1", "a"], ["2", "a"]]


def test_each_of_several_targets_has_a_row() -> None:
    scores = {"rows": 2, "rmse": 1.5, "baseline": {}, "targets": {"x": {"rmse": 1.0}, "y": {"rmse": 2.0}}}
    assert [line.split() for line in report(scores).splitlines()[-3:]] == [["target", "rmse"], ["x", "1"], ["y", "2"]]


NEAR = 0.99996
"""A figure that is 1 with four digits."""


def test_a_figure_near_one_is_nowhere_shown_as_one() -> None:
    scores = {
        **SCORES, "auc": NEAR, "interval": [0.5, NEAR], "baseline": {"auc": NEAR},
        "classes": {name: {"recall": NEAR, "rows": 2} for name in "ab"}, "confusion": [[NEAR, 0], [0, 2]],
    }  # fmt: skip
    assert report(scores).count(str(NEAR)) == 2 + 1 + 2 + 1
    assert in_a_line({"auc": NEAR, "baseline": {"auc": NEAR}}) == f"auc {NEAR} (naive guess {NEAR})"
    fold = Fold(1, 9, 9, 2, 3, {"auc": NEAR, "baseline": {"auc": NEAR}})
    assert about_fold(fold, "auc").count(str(NEAR)) == 2
    assert tables([fold, fold]).count(str(NEAR)) == 4
    assert html.figure(NEAR) == short(NEAR) == str(NEAR)
    assert html.interval((0.5, NEAR)) == f"95 %: 0.5 to {NEAR}"
    figure = {"values": (NEAR, 0.5), "difference": NEAR, "interval": (0.5, NEAR), "p": NEAR, "test": "bootstrap"}
    told = {"rows": 9, "models": "ab", "main": "auc", "same": False, "better": "a", "figures": {"auc": figure}}
    table, sentence = comparison_report(told).split("\n\n")
    assert table.count(str(NEAR)) == sentence.count(str(NEAR)) == 4
