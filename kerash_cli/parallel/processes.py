"""Worker processes: fresh interpreters that wait for a job on standard input and leave when that ends."""

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

PACKAGE = Path(__file__).parents[2]
PATIENCE = 1.0
"""Seconds that a worker has to leave before it is killed."""
TAIL = 4096
"""Bytes of a worker's standard error that its last line is looked for in."""
WITHHELD = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2}
"""Signals that are the parent's to handle, which a terminal or a batch system sends to the whole group."""
_SIGNALS = {each.value: each.name for each in signal.Signals}


class Worker(NamedTuple):
    """A process, what it writes to standard error, and the pipes of its barrier: to read from it, to write to it."""

    number: int
    process: "subprocess.Popen[bytes]"
    errors: BinaryIO
    ends: tuple[int, int]


class Processes:
    """Starts `count` worker processes; leaving the `with` block ends them.

    Each imports `module` while the parent still reads its data, and gives its job to that module's `work`.
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
        """Makes them so many: starts those that are missing, sends the others away. WorkerFailed if none can start."""
        spare, self.workers = self.workers[count:], self.workers[:count]
        _end(spare)
        for number in range(len(self.workers) + 1, count + 1):
            try:
                self.workers.append(_started(number, self._module))
            except OSError as error:
                raise WorkerFailed(f"worker {number} could not start: {error.strerror}; try --workers 1") from None

    def signal(self, number: int) -> None:
        """Sends a signal to all of them."""
        for worker in self.workers:
            worker.process.send_signal(number)

    def give(self, worker: Worker, job: Mapping[str, Any]) -> None:
        """Tells a worker its job; WorkerFailed if it is no longer there."""
        assert worker.process.stdin is not None
        try:
            worker.process.stdin.write(json.dumps(dict(job)).encode() + b"\n")
            worker.process.stdin.flush()
        except OSError:
            raise self.failure(worker) from None

    def check(self, patient: bool = False) -> None:
        """WorkerFailed if a worker has ended; `patient` where one is about to."""
        deadline = monotonic() + PATIENCE
        while True:
            for worker in self.workers:
                if worker.process.poll() is not None:
                    raise self.failure(worker)
            if not patient or monotonic() > deadline:
                return
            sleep(0.01)

    def stopped(self) -> list[Worker]:
        """Those that a signal has stopped, as far as the system tells."""
        return [worker for worker in self.workers if _state(worker.process.pid) in ("T", "t")]

    def failure(self, worker: Worker) -> KerashError:
        """What became of a worker, in a line."""
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
        """What became of a worker that no longer answers: `was killed by SIGKILL (signal 9)`."""
        with suppress(subprocess.TimeoutExpired):
            worker.process.wait(PATIENCE)
        code = worker.process.poll()
        if code is not None and code < 0:
            name = _SIGNALS.get(-code, "a signal without a name")
            return f"was killed by {name} (signal {-code})"
        return f"ended (exit {code}): {_last_line(worker.errors) or 'it said nothing'}"

    def close(self) -> None:
        """Ends all workers."""
        gone, self.workers = self.workers, []
        _end(gone)


def _started(number: int, module: str) -> Worker:
    """A worker for the jobs of a module; OSError, with nothing left of it, where there can be none."""
    with ExitStack() as ours, ExitStack() as theirs:
        (reading, to_write), (to_read, writing) = _pipe(ours, theirs), _pipe(theirs, ours)
        errors = ours.enter_context(_unnamed())
        path = os.pathsep.join([str(PACKAGE), *filter(None, [os.environ.get("PYTHONPATH")])])
        words = map(str, (to_read, to_write, os.getpid(), module))
        command = [sys.executable, "-P", "-m", "kerash_cli.parallel.worker", *words]
        # Blocked here, they stay blocked there.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, WITHHELD)
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=(to_read, to_write),
                env={**os.environ, "PYTHONPATH": path},
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        ours.pop_all()
        return Worker(number, process, errors, (reading, writing))


def _pipe(reader: ExitStack, writer: ExitStack) -> tuple[int, int]:
    """A pipe, whose ends these close."""
    reading, writing = os.pipe()
    reader.callback(os.close, reading)
    writer.callback(os.close, writing)
    return reading, writing


def _unnamed() -> BinaryIO:
    """A new file without a name, in memory where there are such."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("kerash"), "w+b")
    return tempfile.TemporaryFile()


def _end(workers: Sequence[Worker]) -> None:
    """Workers that see the end of their input leave; those that don't are killed."""
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
    """The letter that /proc has for it; nothing where there is none."""
    with suppress(OSError, IndexError):
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
    return ""


def _last_line(errors: BinaryIO) -> str:
    end = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, end - TAIL))
    lines = errors.read().decode("utf-8", "replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
