from collections.abc import Generator
from contextlib import closing
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kerash_cli.errors import Diverged, KerashError, OutOfSpace
from kerash_cli.training import recording
from kerash_cli.training.checkpoint import Checkpoint
from kerash_cli.training.log import RunLog
from kerash_cli.training.recording import Saver, checkpointed, logged, measured, timed
from kerash_cli.training.run import Epoch, Figure, Run

RUN = cast(Run, SimpleNamespace(stop=""))


class Files:
    """Stands for a checkpoint and a log; `written` lists what was written to either, in order."""

    def __init__(self, due: tuple[int, ...] = (), full: tuple[int, ...] = ()) -> None:
        self.due, self.full = due, full
        self.latest = 0
        self.stored = 0
        self.waiting: list[int] = []
        self.written: list[str] = []
        self.tries = 0
        self.failure = None
        self.checkpoint, self.log = cast(Any, _Checkpoint(self)), cast(RunLog, _Log(self))


class _Checkpoint:
    def __init__(self, files: Files) -> None:
        self._files = files

    @property
    def is_current(self) -> bool:
        return self._files.latest == self._files.stored

    def epoch(self, run: Run) -> bool:
        self._files.latest += 1
        return self._files.latest in self._files.due

    def write(self) -> None:
        files = self._files
        files.tries += 1
        if files.tries in files.full:
            raise OutOfSpace("c: no space left")
        if files.latest != files.stored:
            files.stored = files.latest
            files.written.append(f"checkpoint {files.latest}")


class _Log:
    def __init__(self, files: Files) -> None:
        self._files = files

    def epoch(self, epoch: Epoch) -> None:
        self._files.waiting.append(epoch.number)

    def write(self) -> None:
        self._files.written += [f"log {number}" for number in self._files.waiting]
        self._files.waiting = []


def epochs(count: int, error: Exception | None = None) -> Generator[Epoch, None, None]:
    for number in range(1, count + 1):
        yield Epoch(number, 1 / number, None, 0.1, True, 0.0)
    if error:
        raise error


def test_the_log_never_has_an_epoch_that_the_checkpoint_has_not() -> None:
    files = Files(due=(2, 4))
    saver = Saver(files.checkpoint, print)
    passed = [each.number for each in logged(checkpointed(epochs(5), RUN, saver), files.log, saver)]
    assert passed == [1, 2, 3, 4, 5]
    assert files.written == [
        *("checkpoint 2", "log 1", "log 2"),
        *("checkpoint 4", "log 3", "log 4"),
        *("checkpoint 5", "log 5"),
    ]


@pytest.mark.parametrize("error", [Diverged("no longer finite"), KeyboardInterrupt()])
def test_everything_is_written_when_training_ends_by_an_error(error: Exception) -> None:
    files = Files()
    saver = Saver(files.checkpoint, print)
    with pytest.raises(type(error)):
        list(logged(checkpointed(epochs(3, error), RUN, saver), files.log, saver))
    assert files.written == ["checkpoint 3", "log 1", "log 2", "log 3"]


def test_everything_is_written_when_the_loop_is_left() -> None:
    files = Files()
    saver = Saver(files.checkpoint, print)
    with closing(logged(checkpointed(epochs(3), RUN, saver), files.log, saver)) as passed:
        next(passed)
    assert files.written == ["checkpoint 1", "log 1"]


def test_a_checkpoint_that_can_not_be_written_is_told_once_and_stops_nothing() -> None:
    files, told = Files(due=(1, 2, 3), full=(1, 2, 3, 4)), list[str]()
    saver = Saver(files.checkpoint, told.append)
    assert len(list(checkpointed(epochs(3), RUN, saver))) == 3
    assert told == ["c: no space left; going on without the checkpoint"]
    assert isinstance(saver.failure, OutOfSpace)


def test_a_later_checkpoint_makes_up_for_one_that_failed() -> None:
    files = Files(due=(1, 2), full=(1,))
    saver = Saver(files.checkpoint, lambda line: None)
    list(checkpointed(epochs(2), RUN, saver))
    assert (saver.failure, files.written) == (None, ["checkpoint 2"])


def test_a_failure_after_one_that_was_made_up_for_is_told_again() -> None:
    files, told = Files(due=(1, 2, 3), full=(1, 3, 4)), list[str]()
    saver = Saver(files.checkpoint, told.append)
    list(checkpointed(epochs(3), RUN, saver))
    assert told == ["c: no space left; going on without the checkpoint"] * 2
    assert files.written == ["checkpoint 2"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (KerashError("c: is a folder"), "c: is a folder"),
        (BrokenPipeError(32, "Broken pipe"), "[Errno 32] Broken pipe"),
        (MemoryError(), "out of memory"),
    ],
)
def test_whatever_keeps_a_checkpoint_from_being_written_stops_nothing(error: Exception, expected: str) -> None:
    def write() -> None:
        raise error

    told = list[str]()
    saver = Saver(cast(Any, SimpleNamespace(write=write)), told.append)
    saver.write()
    saver.write()
    assert saver.failure is error
    assert told == [f"{expected}; going on without the checkpoint"]


def test_one_that_asks_gets_a_checkpoint_now_and_of_the_epoch_under_way() -> None:
    files, before = Files(), SimpleNamespace(checkpoint=Checkpoint("c", {}))
    saver = Saver(files.checkpoint, print)
    files.latest = 2
    assert not before.checkpoint.is_asked_for
    saver.ask()
    assert files.written == ["checkpoint 2"]
    assert before.checkpoint.is_asked_for


def test_a_log_without_checkpoints_is_written_at_the_end_and_when_it_is_due() -> None:
    files = Files()
    passed = logged(epochs(2), files.log, None)
    assert next(passed).number == 1
    assert (files.waiting, files.written) == ([1], [])
    assert next(passed).number == 2
    passed.close()
    assert files.written == ["log 1", "log 2"]


def test_a_handler_that_asks_in_the_middle_of_writing_does_not_write_twice() -> None:
    writes = list[str]()

    def write() -> None:
        writes.append("write")
        saver.ask()

    saver = Saver(cast(Any, SimpleNamespace(write=write)), print)
    saver.write()
    assert writes == ["write"]


def test_only_wanted_epochs_are_measured() -> None:
    figure = Figure("accuracy", 0.5)
    passed = measured(epochs(4), lambda epoch: epoch._replace(figure=figure), lambda epoch: epoch.number % 2 == 0)
    assert [each.figure for each in passed] == [None, figure, None, figure]


class Clock:
    """Stands for a thread that waits; `strike` is what it does when the time is over."""

    made: "list[Clock]"

    def __init__(self, seconds: float, strike: Any) -> None:
        self.seconds, self.strike, self.state = seconds, strike, "new"
        self.daemon = False
        self.made.append(self)

    def start(self) -> None:
        self.state = "running"

    def cancel(self) -> None:
        self.state = "cancelled"


@pytest.mark.parametrize(("stop", "expected"), [("", "time"), ("interrupted", "interrupted")])
def test_a_time_limit_gives_a_run_a_reason_to_stop(monkeypatch: pytest.MonkeyPatch, stop: str, expected: str) -> None:
    monkeypatch.setattr(Clock, "made", [], raising=False)
    monkeypatch.setattr(recording, "Timer", Clock)
    run = cast(Run, SimpleNamespace(stop=stop))
    passed = timed(epochs(2), run, 90.0)
    next(passed)
    (clock,) = Clock.made
    assert (clock.seconds, clock.state, run.stop) == (90.0, "running", stop)
    assert clock.daemon  # it keeps no process from ending
    clock.strike()
    assert run.stop == expected
    list(passed)
    assert clock.state == "cancelled"


def test_a_time_limit_needs_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused(Clock):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Clock, "made", [], raising=False)
    monkeypatch.setattr(recording, "Timer", Refused)
    with pytest.raises(KerashError, match="--time: no thread"):
        next(timed(epochs(1), RUN, 1.0))


def test_what_was_not_asked_for_changes_nothing() -> None:
    passed = logged(checkpointed(timed(epochs(3), RUN, None), RUN, None), None, None)
    assert list(passed) == list(epochs(3))
