from types import SimpleNamespace
from typing import cast

import pytest
from streams import ASCII, UTF8

from kerash_cli.training.run import Epoch, Run
from kerash_cli.views import training


def trained(losses: list[float]) -> Run:
    history = [Epoch(number, loss, None, 0.1, True, 0.0) for number, loss in enumerate(losses, 1)]
    return cast(Run, SimpleNamespace(history=history, best_epoch=len(losses)))


@pytest.mark.parametrize("lines", [40, 24, 14, 12])
def test_a_learning_curve_leaves_room_on_the_screen(monkeypatch: pytest.MonkeyPatch, lines: int) -> None:
    monkeypatch.setenv("LINES", str(lines))
    drawn = training.learning_curve(trained([100.0, 10.0, 1.0]), UTF8).splitlines()
    assert len(drawn) == min(12, lines - 4)
    assert drawn[0] == "loss (log scale)   ⠒⠒⠒ training   ● best epoch 3: 1"


def test_a_learning_curve_is_as_standard_error_can_show() -> None:
    assert training.learning_curve(trained([100.0, 10.0, 1.0]), ASCII).isascii()


def test_few_epochs_or_a_low_terminal_have_no_learning_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    assert training.learning_curve(trained([2.0, 1.0]), UTF8) == ""
    monkeypatch.setenv("LINES", "11")
    assert training.learning_curve(trained([3.0, 2.0, 1.0]), UTF8) == ""


RUN = {"epochs": 1000, "best_epoch": 90, "patience": 50}


@pytest.mark.parametrize(
    ("limit", "changed", "expected"),
    [
        (None, {"patience": 5000}, "30 min 0 s left"),
        (None, {}, "at most 30 min 0 s left"),
        (60.0, {}, "1 min 0 s left"),
        (100.0, {}, "at most 1 min 40 s left"),
        (7000.0, {"patience": 5000}, "30 min 0 s left"),
        (-1.0, {}, "0 s left"),
    ],
)
def test_the_time_left_knows_of_limit_and_patience(limit: float | None, changed: dict[str, int], expected: str) -> None:
    """After epoch 100 of 1000, at 2 s each; patience ends it at epoch 140, after 80 s, unless it is changed."""
    run = cast(Run, SimpleNamespace(**{**RUN, **changed}))
    assert training.time_left(run, Epoch(100, 0.1, 0.2, 0.1, False, 0.0), 2.0, limit) == expected


def test_patience_has_no_part_where_nothing_validates() -> None:
    run = cast(Run, SimpleNamespace(**RUN))
    assert training.time_left(run, Epoch(100, 0.1, None, 0.1, True, 0.0), 2.0, None) == "30 min 0 s left"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (59.6, "1 min 0 s"), (3_599, "59 min 59 s"), (7_800, "2 h 10 min"), (273_600, "3 d 4 h")],
)
def test_durations_have_two_units_at_most(seconds: float, expected: str) -> None:
    assert training.duration(seconds) == expected


def test_plain_lines_are_the_first_every_nth_and_the_last_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    run = cast(Run, SimpleNamespace(is_over=False))
    view = training.PlainLines(run, 3)
    for number in range(1, 9):
        run.is_over = number == 8  # type: ignore[misc]
        view.epoch(Epoch(number, 0.5, None, 0.1, True, 0.25))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"epoch {number} loss 0.5 0.25 s" for number in (1, 3, 6, 8)]
