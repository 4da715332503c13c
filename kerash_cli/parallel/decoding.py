"""Decoding the blocks of a large text table in this process and in workers, which share memory with it.

Workers only help. What a worker does not do, because it can't start, is stopped or dies, this process does itself.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from itertools import chain, islice
from mmap import mmap
from select import select
from struct import Struct
from typing import Any, NamedTuple, TypeVar

import numpy as np

from kerash_cli.errors import WorkerFailed
from kerash_cli.parallel.processes import Processes, Worker
from kerash_cli.parallel.ranks import LOOK, STOPPED
from kerash_cli.system import cores, files
from kerash_cli.tables.formats.decimal_block import Question, Values, alone, decode, reuse_memory

Item = TypeVar("Item")

ALONE = 16
"""Number of blocks that this process decodes before it starts workers; most tables have no more."""
MOST = 4
"""Maximum number of workers; this process does not read a file faster than so many decode it."""

_GIVEN = 2  # blocks that a worker has at a time, so that it need not wait for the next one
_AHEAD = 32  # blocks that may be done before their turn
_TEXT = 1 << 19  # bytes of the longest text that is given to a worker; it is twice as long as most
_SLOT = _TEXT + 8 * (_TEXT // 2)  # a text, and a float64 for each cell of a character and a separator
_ASKED, _ANSWERED = Struct("<qqqc"), Struct("<qq")  # slot, text size, width, delimiter; number of values, their type
_KINDS = tuple(map(np.dtype, (np.uint8, np.uint64, np.float64)))
_NO_VALUES = -1


def shared(asked: Iterable[tuple[Question | None, Item]]) -> Iterator[tuple[Values | None, Item]]:
    """Yields the result of `decode` for each question, None for None, in order; workers help from number ALONE on.

    With each question goes an item, which comes back with the answer.
    """
    asked = iter(asked)
    yield from alone(islice(asked, ALONE))
    first = next(asked, None)
    if first is None:
        return
    with ExitStack() as stack:
        helpers = _helpers(min(cores.usable() - 1, MOST), stack)
        begun: deque[tuple[_Decoding, Item]] = deque()
        for question, item in chain([first], asked):
            helper = next((each for each in helpers if question and each.has_room(question)), None)
            begun.append((helper.ask(question) if helper and question else _Decoding(question), item))
            for each in helpers:
                each.collect(0)
            while begun and (begun[0][0].is_done() or len(begun) > _AHEAD):
                decoding, item = begun.popleft()
                yield decoding.result(), item
        for decoding, item in begun:
            yield decoding.result(), item


def work(job: Mapping[str, Any], ends: tuple[int, int]) -> None:
    """Decodes the blocks that the parent puts into shared memory, until the pipe is closed."""
    reading, writing = ends
    reuse_memory()
    with open(job["memory"], "r+b") as file:
        memory = mmap(file.fileno(), 0)
    files.write_all(writing, _ANSWERED.pack(0, 0))
    with open(reading, "rb") as pipe:
        while asked := pipe.read(_ASKED.size):
            slot, size, width, delimiter = _ASKED.unpack(asked)
            start = slot * _SLOT
            values = decode(Question(memory[start : start + size], delimiter, width))
            if values is None:
                files.write_all(writing, _ANSWERED.pack(_NO_VALUES, 0))
                continue
            np.ndarray(values.shape, values.dtype, memory, start + _TEXT)[...] = values
            files.write_all(writing, _ANSWERED.pack(values.size, _KINDS.index(values.dtype)))


class _Decoding:
    """A question and, as soon as there is one, its answer."""

    def __init__(self, question: Question | None, helper: "_Helper | None" = None) -> None:
        self._helper = helper
        self._values = decode(question) if question and not helper else None

    def is_done(self) -> bool:
        """Returns whether `result` need not wait."""
        return self._helper is None

    def finish(self, values: Values | None) -> None:
        """Takes the answer."""
        self._helper, self._values = None, values

    def result(self) -> Values | None:
        """Waits for the helper, and returns the answer."""
        while self._helper is not None:
            self._helper.collect(LOOK)
        return self._values


class _Given(NamedTuple):
    slot: int
    question: Question
    decoding: _Decoding


class _Helper:
    """A worker and the memory shared with it, in slots with a text and its values."""

    def __init__(self, processes: Processes, worker: Worker, stack: ExitStack) -> None:
        self._processes, self._worker = processes, worker
        file = os.memfd_create("kerash")
        stack.callback(os.close, file)
        os.ftruncate(file, _GIVEN * _SLOT)
        self._memory = mmap(file, _GIVEN * _SLOT)
        self._free = deque(range(_GIVEN))
        self._given: deque[_Given] = deque()
        self._begun = self._lost = False
        self._stopped = 0
        processes.give(worker, {"memory": f"/proc/{os.getpid()}/fd/{file}"})

    def has_room(self, question: Question) -> bool:
        """Returns whether the worker has started and can take the question."""
        return bool(self._begun and not self._lost and self._free) and len(question.text) <= _TEXT

    def ask(self, question: Question) -> _Decoding:
        """Gives the worker a question."""
        slot, size = self._free.popleft(), len(question.text)
        self._memory[slot * _SLOT : slot * _SLOT + size] = question.text
        decoding = _Decoding(question, self)
        self._given.append(_Given(slot, question, decoding))
        try:
            asked = _ASKED.pack(slot, size, question.width, question.delimiter)
            files.write_all(self._worker.ends[1], asked)
        except OSError:
            self._lose()
        return decoding

    def collect(self, patience: float) -> None:
        """Waits up to `patience` seconds for an answer of the worker, and takes it."""
        if self._lost or (not self._given and self._begun):
            return
        reading = self._worker.ends[0]
        if not select([reading], [], [], patience)[0]:
            self._stopped = self._stopped + 1 if patience and self._processes.stopped() else 0
            if self._stopped >= STOPPED:
                self._lose()
            return
        answer = os.read(reading, _ANSWERED.size)
        if len(answer) < _ANSWERED.size:
            self._lose()
        elif not self._begun:
            self._begun = True
        else:
            self._take(*_ANSWERED.unpack(answer))

    def _take(self, size: int, kind: int) -> None:
        slot, (_, _, width), decoding = self._given.popleft()
        values: Values | None = None
        if size != _NO_VALUES:
            values = np.ndarray((size // width, width), _KINDS[kind], self._memory, slot * _SLOT + _TEXT).copy()
        decoding.finish(values)
        self._free.append(slot)

    def _lose(self) -> None:
        """Answers in place of a worker that does not."""
        self._lost = True
        for _, question, decoding in self._given:
            decoding.finish(decode(question))


def _helpers(count: int, stack: ExitStack) -> list[_Helper]:
    """Starts `count` workers, which end with the stack; fewer or none if that fails."""
    helpers: list[_Helper] = []
    if count > 0 and hasattr(os, "memfd_create"):
        with suppress(WorkerFailed, OSError):
            processes = stack.enter_context(Processes(count, __name__))
            for worker in processes.workers:
                helpers.append(_Helper(processes, worker, stack))
    return helpers
