"""A rank: one of several processes that train a network together, or the only one."""

from collections.abc import Callable
from functools import partial
from itertools import chain
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from kerash_cli.engine.calls import run_calls
from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Calls, Indices
from kerash_cli.parallel.ranks import Door, Doors
from kerash_cli.training.chunks import Compiled
from kerash_cli.training.division import slices_of_run
from kerash_cli.training.rows import ByRows
from kerash_cli.training.run import CHUNK_RULE, batch_from
from kerash_cli.training.steps import Arrays, Division, Shapes, Step, Task
from kerash_cli.training.units import ByUnits


def rank_shapes(network: Network, rows: int, batch_size: int, ranks: int, dtype: Any, rule: int = CHUNK_RULE) -> Shapes:
    """Returns the arrays that the ranks of a run share besides its own: those of the division, and `stamps`.

    A rank stamps what it has computed with the number of the phase, by which an old result is noticed.
    """
    count = slices_of_run(network, rows, batch_size)
    divided = (
        ByUnits.shapes(network, rows, batch_size, ranks, dtype, count)
        if count > 1
        else ByRows.shapes(network, rows, batch_size, ranks, dtype, rule)
    )
    return {**divided, "stamps": ((ranks,), np.int64)}


class _Work(NamedTuple):
    """A step, and the doors between its phases."""

    step: Step
    judged: list[Door]
    learnt: list[Door]


class Rank:
    """A rank's share of every step."""

    hits = 0
    """Number of rows within the margin in the latest batch; see `GradientSource.hits`."""

    def __init__(
        self,
        task: Task,
        order: Indices,
        batch_size: int,
        shared: Arrays,
        rank: int = 0,
        ranks: int = 1,
        doors: Doors | None = None,
        check: Callable[[int], object] | None = None,
    ) -> None:
        """`order` has the rows' order in an epoch, and `shared` the arrays of `rank_shapes`.

        A rank that is not alone needs the `doors` that all ranks go through; behind each one, `check` is called with
        the number that `stamps` must have reached.
        """
        self._order, self._rows = order, len(order)
        self._batch_size, self._fewest = batch_size, task.network.fewest_rows
        self._doors, self._check = doors, check
        count = slices_of_run(task.network, len(order), batch_size)
        self._division: Division = (
            ByUnits(task, rank, ranks, shared, count) if count > 1 else ByRows(task, rank, ranks, shared)
        )
        self._stamp, self._now = shared["stamps"][rank : rank + 1].reshape(()), np.ones((), np.int64)
        self._steps = Compiled[tuple[int, int], _Work](self._compile)
        self._turn, self._turns, self._copies = 0, self._division.turns, self._division.copies
        apart = doors is not None and doors.apart
        self._whole = doors.door(self._division.whole) if doors and (apart or self._copies) else None
        """The door at the end of an epoch; None if the first rank has everything already."""
        self._ahead: _Work | None = None
        """The work on the next batch, whose rows are gathered already."""

    def step(self, start: int, stop: int) -> float:
        """Takes one step with the batch order[start:stop]; returns the sum of the batch's losses before the step.

        If the sum is not finite, no parameter changes, unless the rank is alone.
        """
        if start == 0:
            self._ahead = None
            if self._copies:
                self._division.begin()
        step, judged, learnt = self._ahead or self._gathered(start, stop)
        self._ahead = None
        self._run(step.judge, judged, stop)
        total = 0.0
        for loss in step.losses:
            total += loss.item()
        if step.hits:
            self.hits = sum(each.item() for each in step.hits)
        finite = isfinite(total)
        if finite and step.learn:
            self._run(step.learn, learnt)
        if stop == self._rows or not finite:
            if self._copies:
                self._division.end()
            if self._whole:
                self._whole()
        return total

    def first_door(self, start: int, stop: int) -> Door:
        """Returns the door that ranks come to first in a batch."""
        self._ahead = self._ahead or self._gathered(start, stop)
        return self._ahead.judged[0]

    def recompute(self, start: int, stop: int) -> float:
        """Returns the sum of a batch's losses, all computed by this rank, to check a sum that is not finite."""
        return self._division.recompute(self._order[start:stop])

    def _gathered(self, start: int, stop: int) -> _Work:
        work = self._steps[stop - start, self._turn]
        step = work.step
        self._turn = (self._turn + 1) % self._turns
        step.rows[...] = self._order[start:stop]
        if step.gather:
            run_calls(step.gather)
        return work

    def _run(self, phases: list[Calls], doors: list[Door], stop: int | None = None) -> None:
        """Runs the phases; while the others finish the first one, gathers the batch that begins with row `stop`."""
        for number, calls in enumerate(phases):
            if number:
                self._meet(doors[number - 1], stop if number == 1 else None)
            run_calls(calls)

    def _meet(self, door: Door, stop: int | None) -> None:
        """Ends a phase."""
        door.arrive()
        if stop is not None and stop < self._rows:
            self._ahead = self._gathered(*batch_from(stop, self._rows, self._batch_size, self._fewest))
        door.leave()
        if self._check:
            self._check(int(self._now))
        self._now += 1

    def _compile(self, n: int, turn: int) -> _Work:
        step = self._division.step(n, turn)
        if self._doors is None:
            judge, learn = (list(chain.from_iterable(phases)) for phases in ([step.gather, *step.judge], step.learn))
            return _Work(step._replace(gather=[], judge=[judge], learn=[learn] if learn else []), [], [])
        stamp = partial(np.copyto, self._stamp, self._now)
        for phases in (step.judge, step.learn):
            for calls in phases[:-1]:
                calls.append(stamp)
        judged, learnt = ([self._doors.door(each) for each in crossings] for crossings in (step.judged, step.learnt))
        return _Work(step, judged, learnt)
