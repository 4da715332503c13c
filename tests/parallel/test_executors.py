"""Calls in other processes come back as if they had been made here, whatever becomes of the processes."""

import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor
from pathlib import Path
from time import monotonic

import program
import pytest
import tasks
from pools import silent
from processes import gone

from kerash_cli.errors import BadInput, WorkerFailed
from kerash_cli.parallel import executors, processes
from kerash_cli.parallel.executors import Serial, Workers


@pytest.fixture(autouse=True)
def tasks_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


@pytest.fixture(params=["serial", "workers"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with Serial() if request.param == "serial" else Workers(2, silent) as executor:
        yield executor


@pytest.fixture
def said() -> list[str]:
    """What the executor of `workers` tells."""
    return []


@pytest.fixture
def workers(said: list[str]) -> Iterator[Workers]:
    with Workers(1, said.append) as executor:
        yield executor


def test_calls_give_what_the_function_gives(executor: Executor) -> None:
    futures = [executor.submit(tasks.add, number, 2, c=3) for number in range(20)]
    assert [future.result() for future in futures] == [number + 5 for number in range(20)]


def test_an_error_that_is_a_users_to_mend_comes_back_as_one(executor: Executor) -> None:
    with pytest.raises(BadInput, match=r"expected another word, got 'wörd'"):
        executor.submit(tasks.refuse, "wörd").result()
    assert executor.submit(tasks.add, 1, 2).result() == 3


def test_workers_are_other_processes_and_as_many_as_asked_for() -> None:
    with Workers(2, silent) as executor:
        found = {executor.submit(tasks.process).result() for _ in range(20)}
    assert os.getpid() not in found
    assert len(found) == 2


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGSTOP, signal.SIGRTMIN + 1]
)
def test_a_call_whose_process_ends_or_stops_is_tried_once_more(
    workers: Workers, said: list[str], tmp_path: Path, number: int
) -> None:
    assert workers.submit(tasks.fall, str(tmp_path), 1, number).result() == "well"
    assert not said


@pytest.mark.parametrize(
    ("way", "fate"),
    [
        ("die", "was killed by SIGKILL (signal 9)"),
        ("leave", "ended (exit 3): it said nothing"),
        ("break off", "was killed by SIGKILL (signal 9)"),
        ("babble", "gave an invalid answer"),
        ("say a list", "gave an invalid answer"),
        ("say nothing of use", "gave an invalid answer"),
        ("say two things", "gave an invalid answer"),
    ],
)
def test_a_call_that_no_worker_answers_is_made_in_this_process(
    workers: Workers, said: list[str], tmp_path: Path, way: str, fate: str
) -> None:
    assert workers.submit(tasks.fall_elsewhere, str(tmp_path), os.getpid(), way).result() == os.getpid()
    assert len(list(tmp_path.iterdir())) == 2
    assert said == [f"2 workers in a row failed, the last one {fate}: going on in this process"]
    assert workers.submit(tasks.process).result() != os.getpid()


def test_an_error_of_the_last_try_comes_back_as_it_is(workers: Workers, tmp_path: Path) -> None:
    with pytest.raises(MemoryError):
        workers.submit(tasks.fall_elsewhere, str(tmp_path), os.getpid(), "die", "memory").result()
    with pytest.raises(BadInput, match="expected another word"):
        workers.submit(tasks.fall_elsewhere, str(tmp_path), os.getpid(), "die", "refuse").result()


def test_calls_whose_workers_die_while_they_start_are_made_in_this_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: list[str]
) -> None:
    plant = "import os, sys\nif 'kerash_cli.parallel.worker' in sys.orig_argv:\n    os._exit(7)\n"
    monkeypatch.setenv("PYTHONPATH", program.planted(tmp_path, plant))
    with Workers(2, said.append) as executor:
        futures = [executor.submit(tasks.add, number, 1) for number in range(3)]
        assert [future.result() for future in futures] == [1, 2, 3]
    fate = "ended (exit 7): it said nothing"
    assert said == [f"2 workers in a row failed, the last one {fate}: going on in this process"] * 3


def test_calls_are_made_in_this_process_where_no_worker_can_start(
    workers: Workers, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert workers.submit(tasks.process).result() == os.getpid()
    assert said == ["2 workers in a row failed, the last one could not start: going on in this process"]
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    monkeypatch.undo()
    assert workers.submit(os.getpid).result() != os.getpid()


def test_a_worker_that_is_killed_while_it_waits_is_replaced(workers: Workers, said: list[str]) -> None:
    first = workers.submit(tasks.process).result()
    os.kill(first, signal.SIGKILL)
    assert workers.submit(tasks.process).result() not in (first, os.getpid())
    assert not said


def test_an_interrupt_of_the_last_try_ends_it(workers: Workers, tmp_path: Path) -> None:
    """It is made by whoever asks, so that a signal's handler can end it."""
    future = workers.submit(tasks.fall_elsewhere, str(tmp_path), os.getpid(), "die", "interrupt")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # importing the program leaves another one
    try:
        with pytest.raises(KeyboardInterrupt):
            future.result()
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_fault_comes_back_as_one(workers: Workers) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)a worker failed.*Traceback.*ValueError: planted"):
        workers.submit(tasks.fail).result()
    with pytest.raises(MemoryError):
        workers.submit(tasks.take_too_much).result()
    assert workers.submit(tasks.add, 1, 2).result() == 3


def test_leaving_in_error_gives_up_what_is_under_way(tmp_path: Path) -> None:
    executor, begun = Workers(1, silent), tmp_path / "begun"
    futures = [executor.submit(tasks.rest, str(begun)) for _ in range(3)]
    deadline = monotonic() + 60
    while not begun.exists():
        assert monotonic() < deadline
    executor.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    for future in futures[:2]:
        with pytest.raises((WorkerFailed, CancelledError)):
            future.result()
    with pytest.raises(CancelledError):  # nobody began it
        futures[2].result()


def test_a_call_that_takes_long_is_waited_for(
    workers: Workers, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "STOPPED", 2)
    monkeypatch.setattr(executors, "LOOK", 0.01)
    assert workers.submit(tasks.nap, 0.3).result() == "rested"
    assert not said


def test_calls_whose_workers_are_stopped_are_made_in_this_process(
    workers: Workers, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "STOPPED", 2)
    monkeypatch.setattr(executors, "LOOK", 0.01)
    monkeypatch.setattr(processes, "PATIENCE", 0.05)
    assert workers.submit(tasks.fall, str(tmp_path), 2, signal.SIGSTOP).result() == "well"
    assert said == ["2 workers in a row failed, the last one was stopped by a signal: going on in this process"]


def test_a_long_call_and_a_long_answer_arrive_whole(workers: Workers) -> None:
    text = "é" * 300_000
    assert workers.submit(tasks.echo, text).result() == text


def test_a_worker_that_is_asked_interrupts_its_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: list[str]
) -> None:
    monkeypatch.setenv("NOTED", str(tmp_path / "noted"))
    with Workers(1, said.append, tasks.note) as executor:
        asked = executor.submit(tasks.await_note, str(tmp_path / "begun"))
        while not (tmp_path / "begun").exists():
            pass
        assert not (tmp_path / "noted").exists()
        executor.ask()
        assert asked.result() == "noted"
    assert not said


def test_a_worker_of_which_nothing_is_asked_keeps_signals_waiting(
    workers: Workers, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = workers.submit(tasks.process).result()
    workers.ask()
    assert workers.submit(tasks.process).result() == first
    assert not said


def test_a_call_is_made_once_however_often_its_result_is_asked_for(tmp_path: Path) -> None:
    made: list[int] = []
    future = Serial().submit(made.append, 1)
    assert not made
    assert [future.result(), future.result()] == [None, None]
    assert made == [1]
    refused = Serial().submit(tasks.refuse, "this")
    for _ in range(2):
        with pytest.raises(BadInput):
            refused.result()


def test_no_call_is_taken_once_the_workers_have_ended(said: list[str]) -> None:
    executor = Workers(1, said.append)
    executor.shutdown()
    with pytest.raises(WorkerFailed, match=r"a thread for a worker could not start \(.*\); try --workers 1$"):
        executor.submit(tasks.process)


def test_calls_that_were_asked_for_are_answered_before_the_workers_end(said: list[str]) -> None:
    with Workers(1, said.append) as executor:
        futures = [executor.submit(tasks.add, number, 1) for number in range(3)]
    assert [future.result() for future in futures] == [1, 2, 3]
    assert not said


def test_workers_end_with_their_executor(said: list[str]) -> None:
    executor = Workers(1, said.append)
    worker = executor.submit(tasks.process).result()
    executor.shutdown()
    assert gone(worker, 0)


def test_a_worker_that_closes_its_pipe_is_told_as_one_that_no_longer_answers(
    workers: Workers, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "PATIENCE", 0.05)
    assert workers.submit(tasks.fall_elsewhere, str(tmp_path), os.getpid(), "close").result() == os.getpid()
    assert said == ["2 workers in a row failed, the last one no longer answers: going on in this process"]


def test_workers_leave_when_their_parent_is_killed(tmp_path: Path) -> None:
    starting = (
        "import os, signal, tasks\n"
        "from kerash_cli.parallel.executors import Workers\n"
        "executor = Workers(2, print)\n"
        "print(*{executor.submit(tasks.process).result() for _ in range(20)}, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = program.finished([sys.executable, "-c", starting], tmp_path, {**os.environ, "PYTHONPATH": path})
    assert done.code == -signal.SIGKILL
    assert all(gone(int(process), 2) for process in done.out.split())
