"""A rank: one of several processes that train a network together, or the only one."""

from collections.abc import Callable
from functools import partial
from itertools import chain
from math import isfinite
from typing import Any

import numpy as np

from kerash_cli.engine.calls import run_calls
from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Calls, Indices
from kerash_cli.parallel.ranks import Meeting
from kerash_cli.training.chunks import Compiled
from kerash_cli.training.division import slices_of_run
from kerash_cli.training.rows import ByRows
from kerash_cli.training.run import batch_from
from kerash_cli.training.steps import Arrays, Division, Shapes, Step, Task
from kerash_cli.training.units import ByUnits


def rank_shapes(network: Network, rows: int, batch_size: int, ranks: int, dtype: Any) -> Shapes:
    """Returns the arrays that the ranks of a run share besides its own: those of the division, and `stamps`.

    A rank stamps what it has computed with the number of the phase, by which an old result is noticed.
    """
    count = slices_of_run(network, rows, batch_size)
    divided = (
        ByUnits.shapes(network, rows, batch_size, ranks, dtype, count)
        if count > 1
        else ByRows.shapes(network, rows, batch_size, ranks, dtype)
    )
    return {**divided, "stamps": ((ranks,), np.int64)}


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
        meeting: Meeting | None = None,
        check: Callable[[int], object] | None = None,
    ) -> None:
        """`order` has the rows' order in an epoch, and `shared` the arrays of `rank_shapes`.

        A rank that is not alone needs a `meeting` of all ranks; after each meeting, `check` is called with the number
        that `stamps` must have reached.
        """
        self._order, self._rows = order, len(order)
        self._batch_size, self._fewest = batch_size, task.network.fewest_rows
        self._meeting, self._check = meeting, check
        count = slices_of_run(task.network, len(order), batch_size)
        self._division: Division = (
            ByUnits(task, rank, ranks, shared, count) if count > 1 else ByRows(task, rank, ranks, shared)
        )
        self._stamp, self._now = shared["stamps"][rank : rank + 1].reshape(()), np.ones((), np.int64)
        self._steps = Compiled[tuple[int, int], Step](self._compile)
        self._turn, self._turns, self._copies = 0, self._division.turns, self._division.copies
        self._ahead: Step | None = None
        """The step of the next batch, whose rows are gathered already."""

    def step(self, start: int, stop: int) -> float:
        """Takes one step with the batch order[start:stop]; returns the sum of the batch's losses before the step.

        If the sum is not finite, no parameter changes, unless the rank is alone.
        """
        if start == 0:
            self._ahead = None
            if self._copies:
                self._division.begin()
        step = self._ahead or self._gathered(start, stop)
        self._ahead = None
        self._run(step.judge, stop)
        total = 0.0
        for loss in step.losses:
            total += loss.item()
        if step.hits:
            self.hits = sum(each.item() for each in step.hits)
        finite = isfinite(total)
        if finite and step.learn:
            self._run(step.learn)
        if self._copies and (stop == self._rows or not finite):
            self._division.end()
            if self._meeting:
                self._meeting()
        return total

    def recompute(self, start: int, stop: int) -> float:
        """Returns the sum of a batch's losses, all computed by this rank, to check a sum that is not finite."""
        return self._division.recompute(self._order[start:stop])

    def _gathered(self, start: int, stop: int) -> Step:
        step = self._steps[stop - start, self._turn]
        self._turn = (self._turn + 1) % self._turns
        step.rows[...] = self._order[start:stop]
        if step.gather:
            run_calls(step.gather)
        return step

    def _run(self, phases: list[Calls], stop: int | None = None) -> None:
        """Runs the phases; while the others finish the first one, gathers the batch that begins with row `stop`."""
        for number, calls in enumerate(phases):
            if number:
                self._meet(stop if number == 1 else None)
            run_calls(calls)

    def _meet(self, stop: int | None) -> None:
        """Ends a phase."""
        assert self._meeting is not None, "a rank that is alone has one phase"
        self._meeting.arrive()
        if stop is not None and stop < self._rows:
            self._ahead = self._gathered(*batch_from(stop, self._rows, self._batch_size, self._fewest))
        self._meeting.leave()
        if self._check:
            self._check(int(self._now))
        self._now += 1

    def _compile(self, n: int, turn: int) -> Step:
        step = self._division.step(n, turn)
        if self._meeting is None:
            judge, learn = (list(chain.from_iterable(phases)) for phases in ([step.gather, *step.judge], step.learn))
            return step._replace(gather=[], judge=[judge], learn=[learn] if learn else [])
        stamp = partial(np.copyto, self._stamp, self._now)
        for phases in (step.judge, step.learn):
            for calls in phases[:-1]:
                calls.append(stamp)
        return step
