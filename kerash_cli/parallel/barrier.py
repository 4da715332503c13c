"""Where ranks meet: nobody leaves before all have come."""

import os
import platform
from collections.abc import Callable, Sequence
from select import select
from time import perf_counter, sleep
from typing import Protocol

ORDERED = platform.machine() in ("x86_64", "AMD64")
"""Whether all processors see stores in the order in which they were made."""

STRIDE = 8
"""Counters of 8 bytes from one rank's to the next one's: a cache line."""

SPINS = 500  # about 20 µs
YIELDING = 1e-4
LONGEST_SLEEP = 2e-3


class Barrier(Protocol):
    """Whoever comes waits for all the others."""

    def wait(self) -> None:
        """Returns when every rank has called it as often as this one."""

    def release(self) -> None:
        """Lets the others go on once, without waiting for them."""


class Counters:
    """A barrier of one counter each in memory that all share.

    It spins briefly, then yields, then sleeps ever longer. A rank that sees another's counter sees all that was written
    before it, because the processor keeps stores in order: x86-64 does.
    """

    def __init__(self, counters: memoryview, rank: int, ranks: int, watch: Callable[[float], object]) -> None:
        """`counters` of format "q", STRIDE of them a rank; `watch` is told the seconds waited while it takes long."""
        self._counters, self._mine, self._watch = counters, STRIDE * rank, watch
        self._others = [STRIDE * other for other in range(ranks) if other != rank]
        self._count = 0

    def wait(self) -> None:
        counters = self._counters
        self._count = count = self._count + 1
        counters[self._mine] = count
        for other in self._others:
            spins = 0
            while counters[other] < count:
                spins += 1
                if spins == SPINS:
                    self._wait_long(other, count)

    def release(self) -> None:
        self._count += 1
        self._counters[self._mine] = self._count

    def _wait_long(self, other: int, count: int) -> None:
        start = perf_counter()
        while self._counters[other] < count:
            waited = perf_counter() - start
            if waited < YIELDING:
                os.sched_yield()
            else:
                self._watch(waited)
                sleep(min(LONGEST_SLEEP, waited / 10))


class Pipes:
    """A barrier of bytes through pipes, right on any processor: all tell the first rank, and that one tells all."""

    def __init__(self, rank: int, ends: Sequence[tuple[int, int]], watch: Callable[[float], object]) -> None:
        """`ends` are descriptors to read from and to write to: the first rank's of each other, another's its own.

        `watch` is told the seconds waited, infinitely many where nobody is at the other end.
        """
        self._first, self._ends, self._watch = rank == 0, ends, watch

    def wait(self) -> None:
        if not self._first:
            self.release()
        for end, _ in self._ends:
            self._read(end)
        if self._first:
            self.release()

    def release(self) -> None:
        for _, end in self._ends:
            try:
                os.write(end, b".")
            except BrokenPipeError:
                self._watch(float("inf"))

    def _read(self, end: int) -> None:
        start = perf_counter()
        while not select([end], [], [], 0.05)[0]:
            self._watch(perf_counter() - start)
        if not os.read(end, 1):
            self._watch(float("inf"))
