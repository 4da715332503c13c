"""Calls in other processes come back as if they had been made here, whatever becomes of the processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from time import monotonic

import pytest
import tasks

from kerash_cli.errors import BadInput, WorkerFailed
from kerash_cli.parallel.executor import Serial, Workers


@pytest.fixture(params=["serial", "workers"])
def executor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Executor]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    with Serial() if request.param == "serial" else Workers(2) as executor:
        yield executor


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    with Workers(1) as executor:
        yield executor


def test_calls_give_what_the_function_gives(executor: Executor) -> None:
    futures = [executor.submit(tasks.add, number, 2, c=3) for number in range(20)]
    assert [future.result() for future in futures] == [number + 5 for number in range(20)]


def test_an_error_that_is_a_users_to_mend_comes_back_as_one(executor: Executor) -> None:
    with pytest.raises(BadInput, match=r"expected another word, got 'wörd'"):
        executor.submit(tasks.refuse, "wörd").result()
    assert executor.submit(tasks.add, 1, 2).result() == 3


def test_workers_are_other_processes_and_as_many_as_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    with Workers(2) as executor:
        found = {executor.submit(tasks.process).result() for _ in range(20)}
    assert os.getpid() not in found
    assert len(found) == 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP])
def test_a_call_whose_process_ends_or_stops_is_tried_once_more(workers: Workers, tmp_path: Path, number: int) -> None:
    assert workers.submit(tasks.fall, str(tmp_path), 1, number).result() == "well"


def test_a_call_whose_process_ends_twice_is_given_up_and_others_go_on(workers: Workers, tmp_path: Path) -> None:
    with pytest.raises(WorkerFailed, match=r"killed by SIGKILL \(signal 9\)"):
        workers.submit(tasks.fall, str(tmp_path), 2).result()
    assert len(list(tmp_path.iterdir())) == 2
    assert workers.submit(tasks.add, 1, 2).result() == 3


def test_a_fault_comes_back_as_one(workers: Workers) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)a worker failed.*Traceback.*ValueError: planted"):
        workers.submit(tasks.fail).result()
    with pytest.raises(MemoryError):
        workers.submit(tasks.take_too_much).result()
    assert workers.submit(tasks.add, 1, 2).result() == 3


def test_leaving_in_error_gives_up_what_is_under_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    executor, begun = Workers(1), tmp_path / "begun"
    futures = [executor.submit(tasks.rest, str(begun)) for _ in range(3)]
    deadline = monotonic() + 60
    while not begun.exists():
        assert monotonic() < deadline
    executor.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert all(future.cancelled() or future.exception() for future in futures)


def test_workers_leave_when_their_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import os, signal, tasks\n"
        "from kerash_cli.parallel.executor import Workers\n"
        "executor = Workers(2)\n"
        "print(*{executor.submit(tasks.process).result() for _ in range(20)}, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path}, capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    deadline = monotonic() + 2
    for process in map(int, done.stdout.split()):
        while Path(f"/proc/{process}").exists():
            state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
            if state == "Z":
                break
            assert monotonic() < deadline
