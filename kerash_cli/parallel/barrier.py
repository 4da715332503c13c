"""Barriers, at which each rank waits until all have arrived."""

import os
import platform
from collections.abc import Callable, Sequence
from select import select
from time import perf_counter, sleep
from typing import Protocol

ORDERED = platform.machine() in ("x86_64", "AMD64")
"""True if all processors of this machine see writes to memory in the order in which they were made."""

STRIDE = 8
"""Number of items of 8 bytes from one rank's counter to the next, so that each counter has its own cache line."""

SPINS = 500
"""Number of times that a waiting rank checks a counter before it first calls `sched_yield`: about 20 µs in all."""
YIELDING = 1e-4
"""Seconds during which a waiting rank calls `sched_yield` between checks, before it starts to sleep."""
LONGEST_SLEEP = 2e-3
"""Maximum number of seconds that a waiting rank sleeps at a time."""


class Barrier(Protocol):
    """A point where each rank waits for all others, in two halves: a rank may work between arriving and leaving."""

    def arrive(self) -> None:
        """Tells the other ranks that this one has arrived."""

    def leave(self) -> None:
        """Waits until every rank has arrived as often as this rank has."""

    def release(self) -> None:
        """Lets ranks that wait for this one go on, without waiting for them."""


class Counters:
    """A barrier with one counter per rank in shared memory.

    A waiting rank spins briefly, then calls `sched_yield` between checks, then sleeps for longer and longer times. This
    works only on processors that keep writes in order, as x86-64 does: a rank that sees a new count also sees all
    earlier writes.
    """

    def __init__(self, counters: memoryview, rank: int, ranks: int, watch: Callable[[float], object]) -> None:
        """`counters` has format "q" and STRIDE items per rank; `watch` is called with the seconds waited so far."""
        self._counters, self._mine, self._watch = counters, STRIDE * rank, watch
        self._others = [STRIDE * other for other in range(ranks) if other != rank]
        self._count = 0

    def arrive(self) -> None:
        self._count += 1
        self._counters[self._mine] = self._count

    def leave(self) -> None:
        counters, count = self._counters, self._count
        for other in self._others:
            spins = 0
            while counters[other] < count:
                spins += 1
                if spins == SPINS:
                    self._wait_long(other, count)

    def release(self) -> None:
        self.arrive()

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
    """A barrier for any processor: each rank sends a byte to the first rank through a pipe, and that rank answers."""

    def __init__(self, rank: int, ends: Sequence[tuple[int, int]], watch: Callable[[float], object]) -> None:
        """`ends` has pairs of descriptors: one to read from and one to write to.

        The first rank has a pair for every other rank; any other rank has only one pair, for the first rank. `watch` is
        called with the seconds waited so far, or with infinity if the other end is closed.
        """

        self._first, self._ends, self._watch = rank == 0, ends, watch

    def arrive(self) -> None:
        if not self._first:
            self.release()

    def leave(self) -> None:
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
