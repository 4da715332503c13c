"""Portions of a file that this process and workers turn into responses, in order; the workers share memory with it.

Workers only help. What a worker does not do, because it can't start, is stopped or dies, this process does itself.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from itertools import chain
from mmap import mmap
from select import select
from struct import Struct
from time import process_time
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias, TypeVar

from kerash_cli.errors import KerashError
from kerash_cli.parallel.executors import name, named
from kerash_cli.parallel.processes import Processes, Worker
from kerash_cli.parallel.ranks import LOOK, STOPPED
from kerash_cli.system import cores, files, memory
from kerash_cli.tables.source import PIECE

Item = TypeVar("Item")

ALONE = 0.1
"""Seconds of processor time after which this process starts workers; a worker takes twice as many to start."""
MOST = 4
"""Maximum number of workers; this process does not read a file faster than so many work on it."""

_GIVEN = 2  # portions that a worker has at a time, so that it need not wait for the next one
_AHEAD = 32  # portions that may be done before their turn
_LONGEST = 2 * PIECE  # bytes of a portion that is given to a worker
_SLOT = _LONGEST + 8 * _LONGEST  # a portion and its response
_ASKED, _ANSWERED = Struct("<qqqq"), Struct("<qq")  # slot and the numbers of a Portion; the numbers of a response
_NO_RESPONSE = -1


class Portion(NamedTuple):
    """Bytes of a file, and two numbers that say more about them."""

    content: bytes
    first: int
    second: int


class Response(NamedTuple):
    """Bytes made of a portion, and a number that says more about them."""

    content: Any
    """An object whose bytes, in C order, are meant."""
    number: int


Work: TypeAlias = Callable[[Portion], Response | None]
"""Makes the response of a portion; None if that is not possible."""


class Assignment(NamedTuple):
    """A description of the function that works: `maker`, a member of a module, returns it for these JSON values."""

    maker: Callable[..., Work]
    arguments: Sequence[Any] = ()
    named: Mapping[str, Any] = MappingProxyType({})


def shared(
    portions: Iterable[tuple[Portion | None, Item]], work: Work, assign: Callable[[ExitStack], Assignment], room: int
) -> Iterator[tuple[Response | None, Item]]:
    """Yields the response of each portion, None for None, in order; workers help after some time.

    With each portion goes an item, which comes back with the response. `assign` is called when workers start, and may
    leave to its stack what they need; `room` is how many bytes of memory a worker takes. A response may wait for later
    portions.
    """
    portions = iter(portions)
    start = process_time()
    for portion, item in portions:
        yield work(portion) if portion else None, item
        if process_time() - start > ALONE:
            break
    first = next(portions, None)
    if first is None:
        return
    with ExitStack() as stack:
        helpers = _helpers(min(cores.usable() - 1, MOST, memory.available() // room), assign, stack)
        begun: deque[tuple[_Task, Item]] = deque()
        for portion, item in chain([first], portions):
            helper = next((each for each in helpers if portion and each.has_room(portion)), None)
            begun.append((_Task(work, portion, helper), item))
            for each in helpers:
                each.collect(0)
            while begun and (begun[0][0].is_done() or len(begun) > _AHEAD):
                task, item = begun.popleft()
                yield task.result(), item
        for task, item in begun:
            yield task.result(), item


def work(job: Mapping[str, Any], ends: tuple[int, int]) -> None:
    """Answers the portions that the parent puts into shared memory, until the pipe is closed."""
    reading, writing = ends
    memory.reuse()
    answered = named(job["maker"])(*job["arguments"], **job["named"])
    with open(job["memory"], "r+b") as file:
        slots = mmap(file.fileno(), 0)
    files.write_all(writing, _ANSWERED.pack(0, 0))
    with open(reading, "rb") as pipe:
        while asked := pipe.read(_ASKED.size):
            slot, size, first, second = _ASKED.unpack(asked)
            start = slot * _SLOT
            response = answered(Portion(slots[start : start + size], first, second))
            content = memoryview(b"" if response is None else response.content).cast("B")
            if response is None or len(content) > _SLOT - _LONGEST:
                files.write_all(writing, _ANSWERED.pack(_NO_RESPONSE, 0))
                continue
            slots[start + _LONGEST : start + _LONGEST + len(content)] = content
            files.write_all(writing, _ANSWERED.pack(len(content), response.number))


class _Task:
    """A portion, and as soon as there is one its response: that of a helper, if one is given."""

    def __init__(self, work: Work, portion: Portion | None, helper: "_Helper | None") -> None:
        self._work, self._portion, self._helper = work, portion, helper
        self._response: Response | None = None
        if helper and portion:
            helper.give(portion, self)
        else:
            self.do()

    def is_done(self) -> bool:
        """Returns whether `result` need not wait."""
        return self._helper is None

    def do(self) -> None:
        """Makes the response in this process."""
        self.finish(self._work(self._portion) if self._portion else None)

    def finish(self, response: Response | None) -> None:
        """Takes the response."""
        self._helper, self._response = None, response

    def result(self) -> Response | None:
        """Waits for the helper, and returns the response."""
        while self._helper is not None:
            self._helper.collect(LOOK)
        return self._response


class _Helper:
    """A worker and the memory shared with it, in slots with a portion and its response."""

    def __init__(self, processes: Processes, worker: Worker, assignment: Assignment, stack: ExitStack) -> None:
        self._processes, self._worker = processes, worker
        file = os.memfd_create("kerash")
        stack.callback(os.close, file)
        os.ftruncate(file, _GIVEN * _SLOT)
        self._slots = mmap(file, _GIVEN * _SLOT)
        self._free = deque(range(_GIVEN))
        self._given: deque[tuple[int, _Task]] = deque()
        self._begun = self._lost = False
        self._stopped = 0
        stack.callback(self._end)
        maker, arguments, named_ones = assignment
        call = {"maker": name(maker), "arguments": arguments, "named": dict(named_ones)}
        processes.give(worker, {**call, "memory": path_of(file)})

    def has_room(self, portion: Portion) -> bool:
        """Returns whether the worker has started and can take the portion."""
        return bool(self._begun and not self._lost and self._free) and len(portion.content) <= _LONGEST

    def give(self, portion: Portion, task: _Task) -> None:
        """Gives the worker the portion of a task."""
        slot, size = self._free.popleft(), len(portion.content)
        self._slots[slot * _SLOT : slot * _SLOT + size] = portion.content
        self._given.append((slot, task))
        with suppress(BrokenPipeError):  # noticed when the response is read
            files.write_all(self._worker.ends[1], _ASKED.pack(slot, size, portion.first, portion.second))

    def collect(self, patience: float) -> None:
        """Waits up to `patience` seconds for a response of the worker, and takes it."""
        if self._lost or (self._begun and not self._given):
            return
        reading = self._worker.ends[0]
        if not select([reading], [], [], patience)[0]:
            self._stopped = self._stopped + 1 if patience and self._processes.stopped() else 0
            if self._stopped >= STOPPED:
                self._lose()
            return
        response = os.read(reading, _ANSWERED.size)
        if len(response) < _ANSWERED.size:
            self._lose()
        elif not self._begun:
            self._begun = True
        else:
            self._take(*_ANSWERED.unpack(response))

    def _end(self) -> None:
        """Ends the worker at once if it is still starting; any other one ends with its input."""
        if not self._begun:
            self._worker.process.kill()

    def _take(self, size: int, number: int) -> None:
        slot, task = self._given.popleft()
        start = slot * _SLOT + _LONGEST
        task.finish(None if size == _NO_RESPONSE else Response(self._slots[start : start + size], number))
        self._free.append(slot)

    def _lose(self) -> None:
        """Answers in place of a worker that does not."""
        self._lost = True
        for _, task in self._given:
            task.do()


def path_of(file: int) -> str:
    """Returns the path under which a worker can open an open file of this process."""
    return f"/proc/{os.getpid()}/fd/{file}"


def _helpers(count: int, assign: Callable[[ExitStack], Assignment], stack: ExitStack) -> list[_Helper]:
    """Starts `count` workers, which end with the stack; fewer or none if that fails."""
    helpers: list[_Helper] = []
    if count > 0 and hasattr(os, "memfd_create"):
        with suppress(KerashError, OSError):
            processes = stack.enter_context(Processes(count, __name__))
            assignment = assign(stack)
            for worker in processes.workers:
                helpers.append(_Helper(processes, worker, assignment, stack))
    return helpers
