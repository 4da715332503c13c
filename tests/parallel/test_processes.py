"""Worker processes as their parent sees them: how they begin, what becomes of them, and how that is told."""

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import program
import pytest
from processes import gone

from kerash_cli.errors import KerashError, OutOfSpace, WorkerFailed
from kerash_cli.parallel import processes as parents
from kerash_cli.parallel.processes import PACKAGE, Processes, Worker


@pytest.fixture(autouse=True)
def tasks_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


@pytest.fixture
def one() -> Iterator[Processes]:
    with Processes(1, "tasks") as started:
        yield started


def given(worker: Worker) -> dict[str, Any]:
    """What a worker has got."""
    with open(os.dup(worker.ends[0]), "rb") as answers:
        found: dict[str, Any] = json.loads(answers.readline())
    return found


def files() -> list[str]:
    """The files that are open, apart from those that nobody refers to any more."""
    gc.collect()
    return sorted(os.listdir("/proc/self/fd"))


def fate(started: Processes, **job: object) -> KerashError:
    """The error for a worker that has such a job and ends."""
    (worker,) = started.workers
    started.give(worker, job)
    worker.process.wait(60)
    return started.failure(worker)


# Beginning


def test_workers_have_numbers_and_each_gets_its_own_job() -> None:
    with Processes(3, "tasks") as started:
        assert len(started) == 3
        assert [worker.number for worker in started.workers] == [1, 2, 3]
        for worker in started.workers:
            started.give(worker, {"own": worker.number, "text": "é" * 100_000})
        for worker in started.workers:
            found = given(worker)
            assert found["job"] == {"own": worker.number, "text": "é" * 100_000}
            assert found["process"] == worker.process.pid
            assert found["words"][2:] == [str(os.getpid()), "tasks"]


def test_a_worker_writes_nothing_to_the_standard_output(one: Processes, capfd: pytest.CaptureFixture[str]) -> None:
    fate(one, print="this", end=1)
    assert capfd.readouterr() == ("", "")


def test_fresh_workers_have_the_numbers_of_those_before_and_take_a_job() -> None:
    with Processes(2, "tasks") as started:
        before = [worker.process for worker in started.workers]
        for worker in started.workers:
            started.give(worker, {"own": 1})
            given(worker)
        started.renew()
        assert [process.poll() for process in before] == [0, 0]
        assert [worker.number for worker in started.workers] == [1, 2]
        for worker in started.workers:
            started.give(worker, {"own": 2})
            assert given(worker)["job"] == {"own": 2}


def test_workers_are_started_and_ended_until_there_are_as_many_as_asked_for(one: Processes) -> None:
    (first,) = one.workers
    one.resize(3)
    assert [worker.number for worker in one.workers] == [1, 2, 3]
    assert one.workers[0] is first
    spare = one.workers[1:]
    one.resize(1)
    assert one.workers == [first]
    assert [worker.process.returncode for worker in spare] == [0, 0]
    assert first.process.poll() is None
    one.resize(0)
    assert len(one) == 0
    assert first.process.returncode == 0


def test_a_worker_finds_the_package_first_and_then_what_its_parent_finds(
    monkeypatch: pytest.MonkeyPatch, one: Processes
) -> None:
    paths = []
    start = subprocess.Popen

    def watched(*arguments: Any, **options: Any) -> Any:
        paths.append(options["env"]["PYTHONPATH"])
        return start(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", watched)
    one.resize(2)
    monkeypatch.delenv("PYTHONPATH")
    Processes(1, "kerash_cli.parallel.executors").close()
    assert paths == [f"{PACKAGE}{os.pathsep}{Path(__file__).parent}", str(PACKAGE)]
    assert (PACKAGE / "kerash_cli" / "parallel").is_dir()


@pytest.mark.parametrize("count", [1, 2])
def test_a_worker_that_cannot_start_is_told_and_the_others_end(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    started: list[Any] = []
    start, before = subprocess.Popen, files()

    def failing(*arguments: Any, **options: Any) -> Any:
        if len(started) + 1 == count:
            raise FileNotFoundError(2, "No such file or directory")
        started.append(start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", failing)
    with pytest.raises(WorkerFailed) as caught:
        Processes(3, "tasks")
    expected = f"worker {count} could not start: No such file or directory; try --workers 1"
    assert str(caught.value) == expected
    assert [process.returncode for process in started] == [0] * (count - 1)
    del started[:]
    assert files() == before


def test_signals_are_as_they_were_once_a_worker_is_started(one: Processes) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        one.resize(2)
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before | {signal.SIGTERM}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@pytest.mark.parametrize("number", [*parents.ENDING, *parents.ASKING])
def test_signals_that_a_terminal_sends_to_all_are_the_parents_affair(one: Processes, number: int) -> None:
    (worker,) = one.workers
    one.give(worker, {})
    given(worker)
    one.signal(number)
    os.write(worker.ends[1], b"x")
    assert os.read(worker.ends[0], 1) == b"."
    assert worker.process.poll() is None


def test_a_signal_is_sent_to_all_workers() -> None:
    with Processes(2, "tasks") as started:
        started.signal(signal.SIGKILL)
        assert [worker.process.wait(60) for worker in started.workers] == [-9, -9]


def test_what_a_worker_says_is_kept_where_there_are_no_files_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    with Processes(1, "tasks") as started:
        assert str(fate(started, say="on a disk", end=2)) == "worker 1 ended (exit 1): on a disk; try --workers 1"


# What becomes of them


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        ({"end": 1}, "ended (exit 0): it said nothing"),
        ({"end": 2}, "ended (exit 1): it said nothing"),
        ({"end": 8, "say": "this"}, "ended (exit 7): this"),
        ({"end": 2, "say": "first\nsecond \n\n \n"}, "ended (exit 1): second"),
        ({"end": 2, "say": "x" * 10_000}, f"ended (exit 1): {'x' * 4095}"),
        ({"end": 2, "say": "é"}, "ended (exit 1): é"),
    ],
    ids=["0", "1", "7", "lines", "long", "accent"],
)
def test_a_worker_that_ended_is_told_with_its_last_line(one: Processes, job: dict[str, Any], expected: str) -> None:
    error = fate(one, **job)
    assert isinstance(error, WorkerFailed)
    assert str(error) == f"worker 1 {expected}; try --workers 1"
    assert one.fate(one.workers[0]) == expected


def test_a_worker_without_room_is_told_as_one(one: Processes) -> None:
    error = fate(one, end=4, say="no room for NumPy")
    assert isinstance(error, OutOfSpace)
    assert str(error) == "worker 1: no room for NumPy; try --workers 1"


@pytest.mark.parametrize(
    ("number", "name", "advice"),
    [
        (signal.SIGKILL, "SIGKILL (signal 9)", "out of memory? try --batch-size 16 or --workers 1"),
        (signal.SIGSEGV, "SIGSEGV (signal 11)", "try --workers 1"),
        (signal.SIGRTMIN + 1, f"a signal without a name (signal {signal.SIGRTMIN + 1})", "try --workers 1"),
    ],
)
def test_a_worker_that_was_killed_is_told_with_the_signal(one: Processes, number: int, name: str, advice: str) -> None:
    (worker,) = one.workers
    worker.process.send_signal(number)
    error = one.failure(worker)
    assert isinstance(error, WorkerFailed)
    assert str(error) == f"worker 1 was killed by {name}: {advice}"


def test_a_worker_that_lives_but_is_asked_about_no_longer_answers(
    one: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parents, "PATIENCE", 0.01)
    assert one.fate(one.workers[0]) == "no longer answers"
    assert str(one.failure(one.workers[0])) == "worker 1 no longer answers; try --workers 1"


def test_a_worker_that_has_ended_gets_no_job(one: Processes) -> None:
    (worker,) = one.workers
    worker.process.kill()
    worker.process.wait(60)
    with pytest.raises(WorkerFailed, match="worker 1 was killed by SIGKILL"):
        one.give(worker, {"text": "x" * 100_000})


def test_a_check_finds_the_worker_that_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parents, "PATIENCE", 1000.0)  # for which only a patient one waits
    with Processes(2, "tasks") as started:
        started.check()
        started.give(started.workers[1], {"end": 6})
        started.workers[1].process.wait(60)
        with pytest.raises(WorkerFailed, match=r"worker 2 ended \(exit 5\)"):
            started.check()


def test_a_patient_check_waits_for_a_worker_to_end(one: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parents, "PATIENCE", 60.0)
    one.give(one.workers[0], {"end": 6})
    with pytest.raises(WorkerFailed, match=r"worker 1 ended \(exit 5\)"):
        one.check(patient=True)


def test_a_patient_check_does_not_wait_for_ever(one: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parents, "PATIENCE", 0.02)
    one.check(patient=True)
    assert one.workers[0].process.poll() is None


def test_workers_that_a_signal_has_stopped_are_found() -> None:
    with Processes(2, "tasks") as started:
        assert started.stopped() == []
        second = started.workers[1]
        second.process.send_signal(signal.SIGSTOP)
        while not started.stopped():
            assert second.process.poll() is None
        assert started.stopped() == [second]
        second.process.send_signal(signal.SIGCONT)
        while started.stopped():
            assert second.process.poll() is None
        second.process.kill()
        second.process.wait()
        assert started.stopped() == []


# Ending


def test_workers_end_by_themselves_and_leave_no_file_open() -> None:
    before = files()
    with Processes(2, "tasks") as started:
        workers = list(started.workers)
        for worker in workers:
            started.give(worker, {})
            given(worker)
    assert [worker.process.returncode for worker in workers] == [0, 0]
    assert len(started) == 0
    assert files() == before


def test_a_worker_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parents, "PATIENCE", 0.05)
    with Processes(1, "tasks") as started:
        (worker,) = started.workers
        worker.process.send_signal(signal.SIGSTOP)
        while not started.stopped():
            pass
    assert worker.process.returncode == -signal.SIGKILL


# The worker's side


class Begun:
    """A worker that a test has started itself, with its standard input and its two pipes."""

    def __init__(self, parent: int, folder: Path, **more: str) -> None:
        (self.answers, to_write), (to_read, self.calls) = os.pipe(), os.pipe()
        words = [str(to_read), str(to_write), str(parent), "tasks"]
        environment = {**os.environ, "PYTHONPATH": f"{PACKAGE}{os.pathsep}{Path(__file__).parent}", **more}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "kerash_cli.parallel.worker", *words],
            pass_fds=(to_read, to_write),
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=environment,
        )
        os.close(to_read)
        os.close(to_write)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stderr):
            assert stream is not None
            stream.close()
        os.close(self.answers)
        os.close(self.calls)


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Begun]:
    worker = Begun(os.getpid(), tmp_path)
    yield worker
    worker.end()


def test_a_worker_whose_parent_has_no_job_for_it_ends_in_peace(begun: Begun) -> None:
    assert begun.process.stdin is not None
    begun.process.stdin.write(b'{"half a job')
    begun.process.stdin.close()
    assert begun.process.wait(60) == 0


def test_a_worker_at_work_ends_in_peace_with_its_parent(begun: Begun) -> None:
    assert begun.process.stdin is not None
    begun.process.stdin.write(b"{}\n\n")
    begun.process.stdin.flush()
    assert os.read(begun.answers, 10)
    assert begun.process.poll() is None
    begun.process.stdin.close()
    assert begun.process.wait(60) == 0


def test_a_worker_that_has_done_its_job_ends_before_its_parent(begun: Begun) -> None:
    assert begun.process.stdin is not None
    begun.process.stdin.write(b'{"return":true}\n')
    begun.process.stdin.flush()
    assert begun.process.wait(60) == 0


def test_a_worker_ignores_an_interrupt(begun: Begun) -> None:
    assert begun.process.stdin is not None
    begun.process.stdin.write(b"{}\n")
    begun.process.stdin.flush()
    assert os.read(begun.answers, 1 << 16)
    begun.process.send_signal(signal.SIGINT)
    os.write(begun.calls, b"x")
    assert os.read(begun.answers, 1) == b"."


def test_a_worker_whose_parent_is_another_process_ends_at_once(tmp_path: Path) -> None:
    worker = Begun(os.getppid(), tmp_path)
    assert worker.process.wait(60) == 0
    worker.end()


def test_a_worker_without_room_for_numpy_says_so(tmp_path: Path) -> None:
    plant = (
        "from kerash_cli.system import memory\nfrom kerash_cli.errors import OutOfSpace\n"
        "def refuse():\n    raise OutOfSpace('NumPy needs more')\nmemory.require_numpy = refuse\n"
    )
    path = os.pathsep.join([program.planted(tmp_path, plant), str(PACKAGE), str(Path(__file__).parent)])
    worker = Begun(os.getpid(), tmp_path, PYTHONPATH=path)
    assert worker.process.wait(60) == 3
    assert worker.process.stderr is not None
    assert worker.process.stderr.read() == b"NumPy needs more\n"
    worker.end()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a process with its parent")
def test_a_worker_that_is_stopped_is_killed_with_its_parent(tmp_path: Path) -> None:
    starting = (
        "import os, signal\nfrom kerash_cli.parallel.processes import Processes\n"
        "started = Processes(1, 'tasks')\n(worker,) = started.workers\nstarted.give(worker, {})\n"
        "os.read(worker.ends[0], 1)\nworker.process.send_signal(signal.SIGSTOP)\n"
        "while not started.stopped(): pass\n"
        "print(worker.process.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = os.pathsep.join([str(PACKAGE), str(Path(__file__).parent)])
    done = program.finished([sys.executable, "-c", starting], tmp_path, {**os.environ, "PYTHONPATH": path})
    assert done.code == -signal.SIGKILL
    pid = int(done.out)
    try:
        assert gone(pid, 10)
    finally:
        if not gone(pid, 0):
            os.kill(pid, signal.SIGKILL)
