"""The training, and the one after it, as the command runs them."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from experiments import CLASSES, ROOM, counted, prepared
from pools import silent

from kerash_cli.commands._train_course import Course
from kerash_cli.store.stage import stage
from kerash_cli.training import experiment
from kerash_cli.training.experiment import Experiment
from kerash_cli.training.run import Epoch, Run
from kerash_cli.views.messages import Console


def course(begun: Experiment, limit: float | None = None) -> Course:
    request: Any = SimpleNamespace(every=None, limit=limit, log=None)
    return Course(request, Console(True), begun.run, None, None)


def test_a_second_training_that_diverges_leaves_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(ROOM, str(tmp_path), silent) as place:
        begun = experiment.start(prepared(CLASSES, counted(60), refit=True, epochs=3), place)
        ours = course(begun)
        assert ours.train(begun) is None
        train_again = Experiment.train_again

        def spoilt(self: Experiment, *words: Any) -> Experiment:
            again = train_again(self, *words)
            again.run.params[...] = float("nan")
            return again

        monkeypatch.setattr(Experiment, "train_again", spoilt)
        again, diverged = ours.train_again(begun)
        assert again is None
        assert "training diverged" in str(diverged)
        assert "in epoch 1, batch 1" in str(diverged)
        assert begun.conclude(again).training["best_epoch"] == begun.run.best_epoch


def test_the_second_training_has_the_time_that_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(ROOM, str(tmp_path), silent) as place:
        begun = experiment.start(prepared(CLASSES, counted(60), refit=True, epochs=3), place)
        ours = course(begun, limit=1000.0)
        assert ours.train(begun) is None
        asked: list[float | None] = []

        def timed(epochs: Iterator[Epoch], run: Run, left: float | None) -> Iterator[Epoch]:
            asked.append(left)
            yield from epochs

        monkeypatch.setattr("kerash_cli.training.recording.timed", timed)
        monkeypatch.setattr("kerash_cli.commands._train_course.monotonic", lambda: ours._begun + 990)
        again, _ = ours.train_again(begun)
        assert again is not None
        monkeypatch.setattr("kerash_cli.commands._train_course.monotonic", lambda: ours._begun + 1200)
        ours.train_again(begun)
        assert asked == [pytest.approx(10), 0.0]


def test_a_signal_between_the_trainings_stops_the_second(tmp_path: Path) -> None:
    with stage(ROOM, str(tmp_path), silent) as place:
        begun = experiment.start(prepared(CLASSES, counted(60), refit=True, epochs=3), place)
        ours = course(begun)
        assert ours.train(begun) is None
        ours.stop = "interrupted"
        again, diverged = ours.train_again(begun)
        assert (again, diverged, ours.stop) == (None, None, "interrupted")
