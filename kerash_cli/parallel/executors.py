"""Executors, as in `concurrent.futures`, that call functions in worker processes or in this process.

`parallel.cluster` has one whose workers are on other machines, and `parallel.kinds` all of them by name.

A submitted function must be a member of a module; its arguments and its result are JSON values. The exceptions of a
function are raised in this process: KerashError and MemoryError unchanged, any other one as a RuntimeError with the
traceback. If a worker dies, another one makes its call; if that one dies too, this process makes the call.
"""

import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from importlib import import_module
from queue import SimpleQueue
from select import select
from traceback import format_exc
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from kerash_cli import errors
from kerash_cli.errors import KerashError, WorkerFailed
from kerash_cli.parallel.processes import Processes
from kerash_cli.parallel.ranks import LOOK, STOPPED
from kerash_cli.system import files

T = TypeVar("T")

TRIALS = 2
"""Number of workers that try a call before this process makes it."""

_ANSWERS = ({"result"}, {"error", "message"}, {"memory"}, {"fault"})
"""Keys of each kind of answer."""


class CallFiles(NamedTuple):
    """Keys under which a record, the argument of a function, has paths."""

    folders: tuple[str, ...] = ()
    """Folders of files that stay as they are, the same for all calls."""
    read: tuple[str, ...] = ()
    """Files that a call reads."""
    written: tuple[str, ...] = ()
    """Files that a call writes; if they exist, it reads them first."""


class Crew(Executor):
    """An executor that knows how many calls it makes at a time."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown(cancel_futures=error is not None)

    @property
    def width(self) -> int:
        """Number of calls that are made at a time."""
        return 1

    def ask(self) -> None:
        """Makes the workers on this machine call the function that they were told to call when they are asked."""


class Serial(Crew):
    """Calls a function in this process, when its result is first asked for."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        return Deferred(partial(fn, *args, **kwargs))


class Deferred(Future[T]):
    """A future that makes its call when its result is asked for."""

    def __init__(self, call: Callable[[], T]) -> None:
        super().__init__()
        self._call = call

    def result(self, timeout: float | None = None) -> T:
        if not self.done():
            try:
                self.set_result(self._call())
            except Exception as error:
                self.set_exception(error)
        return super().result(timeout)


class _Lost(Exception):
    """Raised if a worker gives no valid answer; the message says why."""


class Workers(Crew):
    """Calls functions in at most `count` worker processes, which are started when they are needed.

    If TRIALS workers fail in a call, `tell` is called with a message, and the call is made in this process, by the
    thread that asks for the result: so Ctrl-C ends the call like other work, and this process makes only one call at a
    time. When `ask` is called, each worker interrupts its work and calls `asked`, a member of a module.
    """

    def __init__(self, count: int, tell: Callable[[str], object], asked: Callable[[], object] | None = None) -> None:
        self._tell = tell
        self._job = {"asked": name(asked)} if asked else {}
        self._all = [Processes(0, __name__) for _ in range(count)]
        self._idle: SimpleQueue[Processes] = SimpleQueue()
        for processes in self._all:
            self._idle.put(processes)
        self._threads = ThreadPoolExecutor(count)
        self._closing = False

    @property
    def width(self) -> int:
        """Number of workers."""
        return len(self._all)

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        call = {"function": name(fn), "arguments": args, "named": kwargs}
        try:
            asked = self._threads.submit(self._call, json.dumps(call).encode() + b"\n")
        except RuntimeError as error:
            raise WorkerFailed(f"a thread for a worker could not start ({error}); try --workers 1") from None
        return Deferred(partial(self._finished, asked, partial(fn, *args, **kwargs)))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the workers; with `cancel_futures`, abandons running calls, and this process does not make them."""
        self._closing = cancel_futures
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        for processes in self._all:
            processes.close()

    def ask(self) -> None:
        """Makes all workers call `asked`."""
        for processes in self._all:
            processes.signal(signal.SIGUSR1)

    def _finished(self, asked: "Future[dict[str, Any]]", call: Callable[[], T]) -> T:
        """Returns the result of a worker; if none could answer, makes the call in this process."""
        try:
            answer = asked.result()
        except _Lost as lost:
            self._tell(f"{TRIALS} workers in a row failed, the last one {lost}: going on in this process")
        else:
            found: T = result_of(answer)
            return found
        return call()

    def _call(self, call: bytes) -> dict[str, Any]:
        """Returns the answer of a worker; raises _Lost if TRIALS workers gave no answer."""
        processes = self._idle.get()
        try:
            for _ in range(TRIALS - 1):
                with suppress(_Lost):
                    return self._tried(processes, call)
            return self._tried(processes, call)
        finally:
            self._idle.put(processes)

    def _tried(self, processes: Processes, call: bytes) -> dict[str, Any]:
        """Returns a worker's answer, after starting the worker if necessary; a worker that fails is ended."""
        try:
            if not processes:
                _start(processes, self._job)
            return _checked(self._ask(processes, call))
        except _Lost:
            processes.resize(0)
            raise

    def _ask(self, processes: Processes, call: bytes) -> bytes:
        """Sends a call to a worker and returns its answer; raises _Lost if the worker ends or is stopped instead."""
        (worker,) = processes.workers
        reading, writing = worker.ends
        with suppress(BrokenPipeError):  # noticed below, when the answer is read
            files.write_all(writing, call)
        answer, stopped = bytearray(), 0
        while not answer.endswith(b"\n"):
            if self._closing:
                raise WorkerFailed("the workers were ended before they answered")
            if select([reading], [], [], LOOK)[0]:
                piece = os.read(reading, 1 << 16)
                if not piece:
                    raise _Lost(processes.fate(worker))
                answer += piece
                continue
            stopped = stopped + 1 if processes.stopped() else 0
            if stopped >= STOPPED:
                raise _Lost("was stopped by a signal")
        return bytes(answer)


def work(job: Mapping[str, Any], ends: tuple[int, int]) -> None:
    """Makes the calls that the parent sends to this worker, until the pipe is closed."""
    reading, writing = ends
    if "asked" in job:
        asked = named(job["asked"])
        signal.signal(signal.SIGUSR1, lambda number, frame: asked())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
    with open(reading, "rb") as calls:
        for line in calls:
            call = json.loads(line)
            answer = answered(call["function"], call["arguments"], call["named"])
            files.write_all(writing, json.dumps(answer).encode() + b"\n")


def answered(function: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Calls a function by its name; returns its result, or its error, as JSON values."""
    try:
        return {"result": named(function)(*arguments, **keywords)}
    except KerashError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        return {"memory": True}
    except Exception:
        return {"fault": format_exc()}


def name(function: Callable[..., object]) -> str:
    """Returns the name under which another process finds a function: `MODULE:FUNCTION`."""
    return f"{function.__module__}:{function.__qualname__}"


def named(name: str) -> Callable[..., Any]:
    """Returns the function for which `_name` returned this name."""
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found


def _start(processes: Processes, job: Mapping[str, Any]) -> None:
    """Starts a worker that waits for calls; raises _Lost if it can't start. If it dies at once, the next call fails."""
    try:
        processes.resize(1)
    except WorkerFailed:
        raise _Lost("could not start") from None
    with suppress(WorkerFailed):
        processes.give(processes.workers[0], job)


def _checked(line: bytes) -> dict[str, Any]:
    """Returns the answer in a worker's line; raises _Lost if it is invalid."""
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or answer.keys() not in _ANSWERS:
        raise _Lost("gave an invalid answer")
    return answer


def result_of(answer: Mapping[str, Any]) -> Any:
    """Returns the result in an answer, or raises the error in it."""
    if "error" in answer:
        raise getattr(errors, answer["error"])(answer["message"])
    if "memory" in answer:
        raise MemoryError
    if "fault" in answer:
        raise RuntimeError(f"a worker failed\n{answer['fault']}")
    return answer["result"]
