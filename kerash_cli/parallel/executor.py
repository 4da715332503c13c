"""Functions that are called in other processes, one after the other in each: executors as in `concurrent.futures`.

What is submitted is a function of a module, JSON values are its arguments, and JSON values it returns. What it raises
comes back: a KerashError and MemoryError as they were, a fault of ours as a RuntimeError with its traceback. A process
that ends on the way is replaced, and the call tried once more.
"""

import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from importlib import import_module
from queue import SimpleQueue
from select import select
from traceback import format_exc
from types import TracebackType
from typing import Any, TypeVar

from kerash_cli import errors
from kerash_cli.errors import KerashError, WorkerFailed
from kerash_cli.parallel.processes import Processes
from kerash_cli.parallel.sharing import LOOK, STOPPED

T = TypeVar("T")

TRIALS = 2


class Serial(Executor):
    """Calls a function in this process, when its result is first asked for."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        return _Deferred(partial(fn, *args, **kwargs))


class _Deferred(Future[T]):
    """Makes its call when it is asked."""

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


class Workers(Executor):
    """So many worker processes, started with the first call."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._all: list[Processes] = []
        self._idle: SimpleQueue[Processes] = SimpleQueue()
        self._threads = ThreadPoolExecutor(count)
        self._closing = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown(cancel_futures=error is not None)

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        if not self._all:
            for _ in range(self._count):
                self._all.append(Processes(1))
                self._idle.put(self._all[-1])
            for processes in self._all:
                processes.give(processes.workers[0], {"kind": "calls"})
        call = {"function": f"{fn.__module__}:{fn.__qualname__}", "arguments": args, "named": kwargs}
        return self._threads.submit(self._call, json.dumps(call).encode() + b"\n")

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """With `cancel_futures`, calls under way are given up too."""
        self._closing = cancel_futures
        if cancel_futures:
            for processes in self._all:
                for worker in processes.workers:
                    worker.process.kill()
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        for processes in self._all:
            processes.close()

    def _call(self, call: bytes) -> Any:
        processes = self._idle.get()
        try:
            for trial in range(1, TRIALS + 1):
                try:
                    return _result(_ask(processes, call))
                except WorkerFailed:
                    if self._closing:
                        raise
                    processes.resize(0)
                    processes.resize(1)
                    processes.give(processes.workers[0], {"kind": "calls"})
                    if trial == TRIALS:
                        raise
        finally:
            self._idle.put(processes)


def work(job: Mapping[str, Any], ends: tuple[int, int]) -> None:
    """What a worker does with a job of this kind: calls, until it is told to leave."""
    reading, writing = ends
    with open(reading, "rb") as calls:
        for line in calls:
            call = json.loads(line)
            module, _, name = call["function"].partition(":")
            try:
                answer = {"result": getattr(import_module(module), name)(*call["arguments"], **call["named"])}
            except KerashError as error:
                answer = {"error": type(error).__name__, "message": str(error)}
            except MemoryError:
                answer = {"memory": True}
            except Exception:
                answer = {"fault": format_exc()}
            os.write(writing, json.dumps(answer).encode() + b"\n")


def _ask(processes: Processes, call: bytes) -> bytes:
    """A worker's answer; WorkerFailed if it ends or is stopped instead."""
    (worker,) = processes.workers
    reading, writing = worker.ends
    with suppress(BrokenPipeError):  # which shows when its answer is read
        os.write(writing, call)
    answer, stopped = bytearray(), 0
    while not answer.endswith(b"\n"):
        if select([reading], [], [], LOOK)[0]:
            piece = os.read(reading, 1 << 16)
            if not piece:
                raise processes.failure(worker)
            answer += piece
            continue
        stopped = stopped + 1 if processes.stopped() else 0
        if stopped >= STOPPED:
            worker.process.kill()
            raise processes.failure(worker)
    return bytes(answer)


def _result(answer: bytes) -> Any:
    found = json.loads(answer)
    if "error" in found:
        raise getattr(errors, found["error"])(found["message"])
    if "memory" in found:
        raise MemoryError
    if "fault" in found:
        raise RuntimeError(f"a worker failed\n{found['fault']}")
    return found["result"]
