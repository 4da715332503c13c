"""Training by ranks that mpiexec started: `MpiPool` runs in the first one, `follow` in each other one.

They do the same work as the ranks of `pool`. Each has arrays of its own, and what one writes and another reads is sent
at the doors between the phases of a step. The first rank alone reads, prints, saves, validates and decides.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite, prod
from time import perf_counter
from typing import Any, Self

import numpy as np

from kerash_cli.engine.allocation import aligned
from kerash_cli.errors import BadInput, WorkerFailed
from kerash_cli.parallel.mpi import MpiTeam, World
from kerash_cli.parallel.ranks import Over
from kerash_cli.system import arithmetic
from kerash_cli.training.pool import VECTOR, judged, run_shapes, standing, take_part
from kerash_cli.training.rank import Rank
from kerash_cli.training.run import Run, batch_from
from kerash_cli.training.samples import Samples
from kerash_cli.training.steps import Arrays, Shapes, Task

_ARITHMETIC = "arithmetic"


@dataclass(frozen=True)
class MpiRanks:
    """The ranks that train: `OtherRanks`."""

    world: World
    ranks: int
    """Number of ranks with work; the others wait for the end."""

    def __len__(self) -> int:
        """Returns the number of ranks beside this one."""
        return self.ranks - 1

    def renew(self) -> None:
        """Does nothing, since a rank does one job after the other."""

    def source(self, job: Mapping[str, Any], samples: Samples, run: Run) -> "MpiPool":
        """Returns a source of gradients for a run."""
        return MpiPool(self, job, samples, run)


def assembled() -> World:
    """Meets all processes that mpiexec started. Raises BadInput as `World` does."""
    return World({_ARITHMETIC: arithmetic.fingerprint()})


def check_alike(world: World) -> None:
    """Raises BadInput if a rank has another version or another arithmetic than this one, the first."""
    for name, what, advice in (
        ("kerash", "kerash", "try the same version on all machines"),
        (_ARITHMETIC, "arithmetic", f"try env {arithmetic.ALIKE} in front of kerash"),
    ):
        if other := world.differing(name):
            raise BadInput(
                f"rank {other['rank']} on {other['machine']}: expected {what} {world.value(name)}, as rank 0 has, "
                f"got {other[name]}; {advice}"
            )


class MpiPool:
    """A GradientSource that shares each batch among ranks that mpiexec started; this process is the first.

    `step` raises WorkerFailed if a rank does not answer, or returns a loss that is not finite although this process
    computes a finite one for the same rows.
    """

    def __init__(self, ranks: MpiRanks, job: Mapping[str, Any], samples: Samples, run: Run) -> None:
        """`job` comes from `described`."""
        self._ranks, self._run, self._samples = ranks, run, samples
        self._sizes = run.batch_size, run.fewest_rows
        shapes = {
            name: (array.shape, array.dtype.str) for name, array in samples._asdict().items() if array is not None
        }
        self._job = {
            **job,
            **standing(run, None),
            "ranks": ranks.ranks,
            "rows": len(run.order),
            "dtype": run.params.dtype.str,
            "vectors": sorted(run.optimizer.vectors),
            "samples": shapes,
        }
        self._next: tuple[int, int] | None = None
        """The batch that the others come to next; None for the beginning of an epoch."""
        self._in_step = False
        """True while this rank is in a step, or an error has ended one."""

    def __enter__(self) -> Self:
        """Starts the job, and sends the samples and the state of the run."""
        world, job, run = self._ranks.world, self._job, self._run
        network, loss = judged(job)
        world.give(job)
        team = _team(world, job)
        assert team is not None, "it is the first rank"
        world.settled = False
        samples = Samples(**team.spread(self._samples._asdict(), job["samples"]))
        vectors = {f"{VECTOR}{name}": vector for name, vector in run.optimizer.vectors.items()}
        arrays = {**_arrays(job, without=("params", "order", *vectors)), **vectors}
        arrays |= {"params": run.params, "order": run.order}
        _copy_state(team, arrays)
        self._team, self._doors = team, team.doors()
        self._begin = self._doors.door(_new_order(arrays))
        own = Task(network, loss, samples, run.params, run.optimizer, run.mode, None, run.chunk_rule)
        self._rank = Rank(own, run.order, run.batch_size, arrays, 0, team.count, self._doors)
        return self

    def __exit__(self, *error: object) -> None:
        """Ends the job at the next door, where the others wait; after an error at a door, they are ended later."""
        if self._in_step:
            return
        self._doors.over[0] = 1
        with suppress(Over):
            (self._rank.first_door(*self._next) if self._next else self._begin)()
        self._team.close()
        self._ranks.world.settled = True

    @property
    def hits(self) -> int:
        """Always 0, as there is no margin."""
        return 0

    def step(self, start: int, stop: int) -> float:
        self._in_step = True
        if start == 0:
            self._begin()  # the rows have their new order
        begun = perf_counter()
        loss = self._rank.step(start, stop)
        self._doors.slowest = max(self._doors.slowest, perf_counter() - begun)
        self._in_step = False
        goes_on = stop < len(self._run.order) and isfinite(loss)
        self._next = batch_from(stop, len(self._run.order), *self._sizes) if goes_on else None
        if not isfinite(loss) and isfinite(self._rank.recompute(start, stop)):
            raise WorkerFailed(f"a rank computed a loss of {loss}, but the first one a finite loss; try --workers 1")
        return loss


def follow(world: World) -> None:
    """Does what the first rank asks for, until that dismisses the others."""
    for job in world.jobs():
        if team := _team(world, job):
            _work(team, job)


def _work(team: MpiTeam, job: Mapping[str, Any]) -> None:
    """Computes this rank's share of every step, until the job is over."""
    samples = Samples(**team.spread(None, job["samples"]))
    arrays, doors = _arrays(job), team.doors()
    _copy_state(team, arrays)
    with suppress(Over):
        begin = doors.door(_new_order(arrays))
        take_part({**job, "rank": team.rank}, samples, arrays, doors, begin)
    team.close()


def _team(world: World, job: Mapping[str, Any]) -> MpiTeam | None:
    """Returns the team for a job; None for a rank without work. Raises OutOfSpace in the first rank."""
    sizes = (prod(shape) * np.dtype(dtype).itemsize for shape, dtype in job["samples"].values())
    own = (prod(shape) * np.dtype(dtype).itemsize for shape, dtype in _shapes(job).values())
    has_room = world.has_room(sum(own), sum(sizes), job["ranks"])
    return world.team(job["ranks"]) if has_room else None


def _shapes(job: Mapping[str, Any]) -> Shapes:
    """Returns the arrays that each rank has beside the samples."""
    network, _ = judged(job)
    dtype = np.dtype(job["dtype"])
    rows, batch_size, rule = job["rows"], job["batch_size"], job["chunk_rule"]
    return run_shapes(network, rows, batch_size, job["ranks"], dtype, job["vectors"], rule)


def _arrays(job: Mapping[str, Any], without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Returns new arrays for a rank; their values are undefined."""
    shapes = _shapes(job)
    return {name: aligned(shape, np.dtype(dtype)) for name, (shape, dtype) in shapes.items() if name not in without}


def _copy_state(team: MpiTeam, arrays: Arrays) -> None:
    """Copies the parameters and the optimizer's vectors from the first rank to the others."""
    team.same([arrays[name] for name in sorted(arrays) if name == "params" or name.startswith(VECTOR)])


def _new_order(arrays: Arrays) -> Any:
    """Returns what crosses at the beginning of an epoch."""
    return lambda source, target: [] if source else [arrays["order"]]
