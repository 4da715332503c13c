import json
from pathlib import Path

import pytest

from kerash_cli.errors import BadInput
from kerash_cli.model.history import History, read_log
from kerash_cli.views.charts.chart import LineSeries
from kerash_cli.views.charts.kinds import figure, learning, rate

LOSSES = [4.0, 2.0, 0.15, 0.1]
VALIDATION = [5.0, 3.0, 1.0, 2.0]


def run(
    folder: Path,
    losses: list[float] = LOSSES,
    validation: list[float] | None = VALIDATION,
    figures: list[float] | None = None,
) -> History:
    """The history in a run log that is written here."""
    best, lines = float("inf"), []
    for number, loss in enumerate(losses, 1):
        decisive = validation[number - 1] if validation else loss
        line = {
            "epoch": number,
            "loss": loss,
            "validation_loss": validation and validation[number - 1],
            "learning_rate": 0.1 / number,
            "improved": decisive < best,
            "seconds": 0.5,
        }
        best = min(best, decisive)
        if figures:
            line["validation_accuracy"] = figures[number - 1]
        lines.append(json.dumps(line) + "\n")
    path = folder / "run.log"
    path.write_text("".join(lines), encoding="ascii")
    return read_log(str(path))[0]


def drawn(series: object) -> tuple[str, list[float], list[float], int, bool]:
    assert isinstance(series, LineSeries)
    return series.name, [*series.x], [*series.y], series.colour, series.dashed


def test_a_learning_curve_has_both_losses_and_marks_the_best_epoch(tmp_path: Path) -> None:
    (chart,) = learning([("run.log", run(tmp_path))])
    assert [drawn(each) for each in chart.series] == [
        ("training", [1, 2, 3, 4], LOSSES, 1, False),
        ("validation", [1, 2, 3, 4], VALIDATION, 2, False),
    ]
    ((mark),) = chart.marks
    assert (mark.label, mark.x, mark.y, mark.colour) == ("best epoch 3: 1", 3, 1.0, 2)
    assert (chart.title, chart.x.label, chart.y.label, chart.y.scale) == (
        "Learning curve: run.log", "epoch", "loss", "log",
    )  # fmt: skip
    assert "training loss from 4 to 0.1, validation loss from 5 to 2, best epoch 3 of 4" in chart.description


def test_without_validation_the_training_loss_is_marked(tmp_path: Path) -> None:
    (chart,) = learning([("run.log", run(tmp_path, validation=None))])
    assert [drawn(each)[0] for each in chart.series] == ["training"]
    assert [(mark.x, mark.y, mark.colour) for mark in chart.marks] == [(4, 0.1, 1)]


def test_losses_that_are_0_or_less_have_a_linear_scale(tmp_path: Path) -> None:
    (chart,) = learning([("run.log", run(tmp_path, [3.0, 0.1, 0.0, -1.0]))])
    assert chart.y.scale == "linear"


def test_several_trainings_have_a_colour_each_and_few_of_them_dashed_training_losses(tmp_path: Path) -> None:
    one, two = run(tmp_path), run(tmp_path, [3.0, 2.0], [4.0, 3.5])
    (chart,) = learning([("a", one), ("b", two)])
    assert [drawn(each)[0] for each in chart.series] == ["a", "a, training", "b", "b, training"]
    assert [drawn(each)[3:] for each in chart.series] == [(1, False), (1, True), (2, False), (2, True)]
    assert drawn(chart.series[2])[1:3] == ([1, 2], [4.0, 3.5])
    assert [mark.label for mark in chart.marks] == ["best epoch 3: 1 (a)", "best epoch 2: 3.5 (b)"]
    (many,) = learning([(name, one) for name in "abcd"])
    assert [drawn(each)[0] for each in many.series] == ["a", "b", "c", "d"]


def test_of_several_trainings_those_without_validation_have_dashed_losses(tmp_path: Path) -> None:
    one, two = run(tmp_path), run(tmp_path, [3.0, 2.0], None)
    (chart,) = learning([("a", one), ("b", two)])
    assert drawn(chart.series[-1]) == ("b, training", [1, 2], [3.0, 2.0], 2, True)
    assert (chart.marks[1].x, chart.marks[1].y) == (2, 2.0)


def test_a_figure_by_epoch(tmp_path: Path) -> None:
    (chart,) = figure([("run.log", run(tmp_path, figures=[0.2, 0.4, 0.9, 0.8]))])
    assert [drawn(each)[1:3] for each in chart.series] == [([1, 2, 3, 4], [0.2, 0.4, 0.9, 0.8])]
    assert [(mark.x, mark.y) for mark in chart.marks] == [(3, 0.9)]
    assert chart.title == "Validation accuracy: run.log"


def test_epochs_whose_figure_was_not_measured_are_left_out() -> None:
    history = History((1, 2, 3), (3.0, 2.0, 1.0), None, (0.1,) * 3, "rmse", (5.0, None, 4.0), 3)
    (chart,) = figure([("m", history)])
    assert drawn(chart.series[0])[1:3] == ([1, 3], [5.0, 4.0])


def test_a_figure_that_is_missing_or_different_is_an_error(tmp_path: Path) -> None:
    with_one, without = run(tmp_path, figures=[0.2, 0.4, 0.9, 0.8]), run(tmp_path)
    with pytest.raises(BadInput, match="no figure was measured"):
        figure([("run.log", without)])
    with pytest.raises(BadInput, match="different figures"):
        figure([("a", with_one), ("b", without)])


def test_the_learning_rate_by_epoch(tmp_path: Path) -> None:
    (chart,) = rate([("run.log", run(tmp_path))])
    assert drawn(chart.series[0])[2] == [0.1, 0.05, 0.1 / 3, 0.025]
