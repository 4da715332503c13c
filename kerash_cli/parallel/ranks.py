"""Ranks: processes that share arrays in a stage and meet at a barrier, until the first rank ends the job."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias

import numpy as np

from kerash_cli.engine.tensors import Shape
from kerash_cli.errors import WorkerFailed
from kerash_cli.parallel.barrier import ORDERED, STRIDE, Barrier, Counters, Pipes
from kerash_cli.parallel.processes import Processes
from kerash_cli.store.stage import Stage, staged_bytes

Shapes = Mapping[str, tuple[Shape, Any]]

LOOK = 0.05
"""Seconds between two checks of the workers."""

STOPPED = 40
"""Number of checks in a row (about 2 s) that must find a worker stopped before it counts as failed. No checks are made
while all processes are suspended together."""

LONGEST_WAIT = 60.0
"""Seconds without an answer after which a worker counts as failed, or 20 times the longest piece of work so far if that
is longer."""


Crossing: TypeAlias = Callable[[int, int], Sequence[Any]]
"""Returns what a rank (the first number) has written and another one (the second) is about to read, as views of arrays.

These arrays are laid out alike in both ranks.
"""


class Door(Protocol):
    """A point of the work where each rank waits for all others: beyond it, each one has what crosses to it."""

    def arrive(self) -> None:
        """Tells the other ranks that this one has arrived; it may do something else before it leaves."""

    def leave(self) -> None:
        """Waits for all ranks after this one has arrived; raises Over if the first rank has ended the job."""

    def __call__(self) -> None:
        """Waits for all ranks; raises Over if the first rank has ended the job."""


class Doors(Protocol):
    """Makes the doors of a rank."""

    apart: bool
    """True if the ranks share no memory, so that what crosses has to be moved."""

    def door(self, crossing: Crossing) -> Door:
        """Returns a door; all ranks go through the same ones, in the same order."""


class Over(Exception):
    """Raised in a worker when the first rank has ended the job."""


class Ranks:
    """The first rank's side: makes the shared arrays, sends the workers their job, and watches them.

    Leaving the `with` block ends the job. `meeting` raises WorkerFailed if a worker dies, stops, or does not answer.
    """

    def __init__(self, processes: Processes, stage: Stage, shapes: Shapes, job: Mapping[str, Any]) -> None:
        """`shapes` has the shape and dtype of each shared array, by name; `job` consists of JSON values."""
        self.count = 1 + len(processes)
        self.arrays: dict[str, Any] = {
            name: stage.array(name, shape, dtype) for name, (shape, dtype) in _all(shapes, self.count).items()
        }
        self.slowest = 0.0
        """Seconds of the longest piece of work so far."""
        self._processes = processes
        self._looked, self._found_stopped = 0.0, 0
        kind = "counters" if ORDERED else "pipes"
        whole = {**job, "stage": str(stage.folder.resolve()), "arrays": list(self.arrays)}
        for rank, worker in enumerate(processes.workers, 1):
            processes.give(worker, {**whole, "rank": rank, "ranks": self.count, "barrier": kind})
        ends = [worker.ends for worker in processes.workers]
        self._barrier = _barrier(kind, self.arrays, 0, self.count, ends, self._watch)
        self.meeting = Meeting(self._barrier, self.arrays)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.arrays["control"][0] = 1
        self._barrier.release()

    def _watch(self, waited: float) -> None:
        """Checks the workers every LOOK seconds of a wait, and at once if a pipe is closed."""
        if waited == float("inf"):
            self._processes.check(patient=True)
            raise WorkerFailed("a worker no longer answers; try --workers 1")
        now = monotonic()
        if now - self._looked < LOOK:
            return
        self._looked = now
        self._processes.check()
        stopped = self._processes.stopped()
        self._found_stopped = self._found_stopped + 1 if stopped else 0
        if self._found_stopped >= STOPPED:
            raise WorkerFailed(f"worker {stopped[0].number} was stopped by a signal; try --workers 1")
        if waited > max(LONGEST_WAIT, 20 * self.slowest):
            raise WorkerFailed(f"a worker did not answer for {waited:.0f} s; try --workers 1")


class Meeting:
    """Waits at the barrier for all ranks; each rank has its own Meeting.

    It is a Door, and as ranks share what crosses, all their doors.
    """

    apart = False

    def __init__(self, barrier: Barrier, arrays: Mapping[str, Any]) -> None:
        self._control = arrays["control"].data
        self._wait = barrier.leave
        self.arrive = barrier.arrive
        """Tells the other ranks that this one has arrived; it may do something else before it leaves."""

    def door(self, crossing: Crossing) -> Door:
        """Returns this Meeting."""
        return self

    def __call__(self) -> None:
        """Waits for all ranks; raises Over if the first rank has ended the job."""
        self.arrive()
        self.leave()

    def leave(self) -> None:
        """Waits for all ranks after this one has arrived; raises Over if the first rank has ended the job."""
        self._wait()
        if self._control[0]:
            raise Over


def joined(job: Mapping[str, Any], ends: tuple[int, int]) -> tuple[dict[str, Any], Meeting]:
    """Connects this worker to a job; returns the shared arrays by name, and the worker's Meeting."""
    stage = Path(job["stage"])
    arrays = {name: attached(stage / f"{name}.npy") for name in job["arrays"]}
    barrier = _barrier(job["barrier"], arrays, job["rank"], job["ranks"], [ends], _leave_if_alone)
    return arrays, Meeting(barrier, arrays)


def attached(path: Path, writable: bool = True) -> Any:
    """Maps an array from the stage of another process into memory."""
    return np.load(path, mmap_mode="r+" if writable else "r", allow_pickle=False).view(np.ndarray)


def shared_bytes(shapes: Shapes, ranks: int) -> int:
    """Returns the size, in bytes, of a stage with arrays of these shapes and the barrier of `ranks` ranks."""
    return staged_bytes(*_all(shapes, ranks).values())


def _all(shapes: Shapes, ranks: int) -> dict[str, tuple[Shape, Any]]:
    return {**shapes, "control": ((2,), np.int64), "counters": ((ranks * STRIDE,), np.int64)}


def _barrier(
    kind: str,
    arrays: Mapping[str, Any],
    rank: int,
    ranks: int,
    ends: Sequence[tuple[int, int]],
    watch: Callable[[float], object],
) -> Barrier:
    if kind == "counters":
        return Counters(arrays["counters"].data.cast("B").cast("q"), rank, ranks, watch)
    return Pipes(rank, ends, watch)


def _leave_if_alone(waited: float) -> None:
    """Raises Over in a worker if the other end of its pipe is closed."""

    if waited == float("inf"):
        raise Over
