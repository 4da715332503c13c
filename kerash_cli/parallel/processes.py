"""Worker processes: new interpreters that read a job from standard input and end when their parent ends."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self

from kerash_cli.errors import KerashError, OutOfSpace, WorkerFailed
from kerash_cli.system.launching import ONE_THREAD
from kerash_cli.system.signals import ASKING, ENDING

PACKAGE = Path(__file__).parents[2]
PATIENCE = 1.0
"""Seconds that a worker is given to end by itself, before it is killed."""
TAIL = 4096
"""Maximum number of bytes that are read from the end of a worker's standard error to find its last line."""
WITHHELD = {*ENDING, *ASKING}
"""Signals that only the parent handles, although a terminal or a batch system sends them to the workers too."""
_SIGNALS = {each.value: each.name for each in signal.Signals}


class Worker(NamedTuple):
    """A worker process, as its parent sees it."""

    number: int
    process: "subprocess.Popen[bytes]"
    errors: BinaryIO
    """File with the worker's standard error."""
    ends: tuple[int, int]
    """Two descriptors of pipes: one to read from the worker, one to write to it."""


class Processes:
    """Starts `count` worker processes; leaving the `with` block ends them.

    Each worker imports `module` at once, while the parent still reads its data. When the worker gets a job, it calls
    the module's function `work` with the job.
    """

    def __init__(self, count: int, module: str) -> None:
        self.workers: list[Worker] = []
        self._module = module
        try:
            self.resize(count)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self.workers)

    def resize(self, count: int) -> None:
        """Starts or ends workers until there are `count`; raises WorkerFailed if one can't start."""
        spare, self.workers = self.workers[count:], self.workers[:count]
        _end(spare)
        for number in range(len(self.workers) + 1, count + 1):
            try:
                self.workers.append(_started(number, self._module))
            except OSError as error:
                raise WorkerFailed(f"worker {number} could not start: {error.strerror}; try --workers 1") from None

    def renew(self) -> None:
        """Starts as many fresh workers, since each one does one job."""
        count = len(self)
        self.resize(0)
        self.resize(count)

    def signal(self, number: int) -> None:
        """Sends a signal to all workers."""
        for worker in self.workers:
            worker.process.send_signal(number)

    def give(self, worker: Worker, job: Mapping[str, Any]) -> None:
        """Sends a worker its job; raises WorkerFailed if the worker has ended."""
        assert worker.process.stdin is not None
        try:
            worker.process.stdin.write(json.dumps(dict(job)).encode() + b"\n")
            worker.process.stdin.flush()
        except OSError:
            raise self.failure(worker) from None

    def check(self, patient: bool = False) -> None:
        """Raises WorkerFailed if a worker has ended; with `patient`, waits up to PATIENCE seconds for one to end."""
        deadline = monotonic() + PATIENCE
        while True:
            for worker in self.workers:
                if worker.process.poll() is not None:
                    raise self.failure(worker)
            if not patient or monotonic() > deadline:
                return
            sleep(0.01)

    def stopped(self) -> list[Worker]:
        """Returns the workers that a signal has stopped, on systems with /proc."""
        return [worker for worker in self.workers if _state(worker.process.pid) in ("T", "t")]

    def failure(self, worker: Worker) -> KerashError:
        """Returns the error for a worker that no longer answers."""
        fate, code = self.fate(worker), worker.process.poll()
        if code == OutOfSpace.exit_code:
            return OutOfSpace(f"worker {worker.number}: {_last_line(worker.errors)}; try --workers 1")
        if code is not None and code < 0:
            advice = (
                "out of memory? try --batch-size 16 or --workers 1" if code == -signal.SIGKILL else "try --workers 1"
            )
            return WorkerFailed(f"worker {worker.number} {fate}: {advice}")
        return WorkerFailed(f"worker {worker.number} {fate}; try --workers 1")

    def fate(self, worker: Worker) -> str:
        """Returns a phrase that describes how a worker ended, such as `was killed by SIGKILL (signal 9)`."""
        with suppress(subprocess.TimeoutExpired):
            worker.process.wait(PATIENCE)
        code = worker.process.poll()
        if code is None:
            return "no longer answers"
        if code < 0:
            name = _SIGNALS.get(-code, "a signal without a name")
            return f"was killed by {name} (signal {-code})"
        return f"ended (exit {code}): {_last_line(worker.errors) or 'it said nothing'}"

    def close(self) -> None:
        """Ends all workers."""
        gone, self.workers = self.workers, []
        _end(gone)


def _started(number: int, module: str) -> Worker:
    """Starts a worker for the jobs of a module; raises OSError, and leaves nothing behind, if that fails."""
    with ExitStack() as ours, ExitStack() as theirs:
        (reading, to_write), (to_read, writing) = _pipe(ours, theirs), _pipe(theirs, ours)
        errors = ours.enter_context(_unnamed())
        path = os.pathsep.join([str(PACKAGE), *filter(None, [os.environ.get("PYTHONPATH")])])
        words = map(str, (to_read, to_write, os.getpid(), module))
        command = [sys.executable, "-P", "-m", "kerash_cli.parallel.worker", *words]
        # The worker inherits the blocked signals.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, WITHHELD)
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=(to_read, to_write),
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": path},
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        ours.pop_all()
        return Worker(number, process, errors, (reading, writing))


def _pipe(reader: ExitStack, writer: ExitStack) -> tuple[int, int]:
    """Makes a pipe and returns its two descriptors, which the stacks `reader` and `writer` will close."""
    reading, writing = os.pipe()
    reader.callback(os.close, reading)
    writer.callback(os.close, writing)
    return reading, writing


def _unnamed() -> BinaryIO:
    """Opens a file without a name, in memory if the system allows that."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("kerash"), "w+b")
    return tempfile.TemporaryFile()


def _end(workers: Sequence[Worker]) -> None:
    """Ends workers by closing their standard input; kills those that still run after PATIENCE seconds."""
    for worker in workers:
        assert worker.process.stdin is not None
        with suppress(OSError):
            worker.process.stdin.close()
    for worker in workers:
        try:
            worker.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()
        worker.errors.close()
        for end in worker.ends:
            os.close(end)


def _state(process: int) -> str:
    """Returns the letter of a process's state from /proc; an empty string if it can't be read."""

    with suppress(OSError, IndexError):
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
    return ""


def _last_line(errors: BinaryIO) -> str:
    end = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, end - TAIL))
    lines = errors.read().decode("utf-8", "replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
