"""A division into slices of the network: each rank computes whole batches with its own slices.

A slice's parameters, their gradients and the optimizer's state never leave the memory of its rank. What crosses are
the units of a hidden layer and their gradients, and of the last hidden layer each slice's share of the outputs. Every
rank adds up these shares, in the order of slices, and judges the sum by itself. With one hidden layer the ranks meet
once a batch.

The slices do not depend on the number of ranks, so that it does not change the result by a bit.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from kerash_cli.engine.allocation import aligned
from kerash_cli.engine.calls import run_calls
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import Optimizer, sum_of_squares
from kerash_cli.engine.plans import Given, Plan
from kerash_cli.engine.slices import Piece, Slices, cut, hidden
from kerash_cli.engine.tensors import Array, Calls, Indices
from kerash_cli.parallel.ranks import Crossing
from kerash_cli.training.chunks import Chunk, Judge, Slot, taken
from kerash_cli.training.run import batch_sizes
from kerash_cli.training.steps import Arrays, Shapes, Step, Task, own, together


class _Owned(NamedTuple):
    """A piece that this rank computes, with parameters, gradient and optimizer of its own."""

    piece: Piece
    stage: int
    number: int
    """Number of its slice."""
    params: Array
    gradient: Array
    optimizer: Optimizer


class ByUnits:
    """A `Division` into slices."""

    copies = True

    def __init__(self, task: Task, rank: int, ranks: int, shared: Arrays, count: int) -> None:
        """`count` is the number of slices."""
        self.turns = _turns(ranks)
        self._task, self._shared = task, shared
        self._slices = cut(task.network, count)
        self._numbers = [own(each, ranks, count) for each in range(ranks)]
        stages = range(len(self._slices.stages))
        self._pieces = [self._owned(stage, number) for stage in stages for number in self._numbers[rank]]

    @staticmethod
    def shapes(
        network: Network, rows: int, batch_size: int, ranks: int, dtype: np.dtype[np.floating], count: int
    ) -> Shapes:
        """Returns the arrays that ranks share, each for all turns.

        `sums` has each slice's share of the outputs, `units` the outputs of an earlier stage and a row of ones,
        `slopes` each slice's share of their gradient, and `squares` the sum of squares of each slice's gradient.
        """
        turns, (*widths, _) = _turns(ranks), hidden(network)
        shapes: Shapes = {"squares": ((turns, count), np.float64)}
        for n in batch_sizes(rows, batch_size, network.fewest_rows):
            shapes[f"sums_{n}"] = (turns, count, network.outputs, n), dtype
            for stage, width in enumerate(widths):
                shapes[f"units_{stage}_{n}"] = (turns, width + 1, n), dtype
                shapes[f"slopes_{stage}_{n}"] = (turns, count, width, n), dtype
        return shapes

    def step(self, n: int, turn: int) -> Step:
        return _Batch(self._task, self._pieces, self._slices, self._numbers, self._shared, n, turn).step()

    def begin(self) -> None:
        """Copies the numbers of this rank's pieces from the task's vectors."""
        whole = self._task.optimizer
        for piece, _, _, params, _, optimizer in self._pieces:
            piece.load(self._task.params, params)
            optimizer.steps = whole.steps
            for name, vector in whole.vectors.items():
                piece.load(vector, optimizer.vectors[name])

    def end(self) -> None:
        """Copies the numbers of this rank's pieces to the task's vectors."""
        whole = self._task.optimizer
        for piece, _, _, params, _, optimizer in self._pieces:
            piece.store(params, self._task.params)
            whole.steps = optimizer.steps
            for name, vector in whole.vectors.items():
                piece.store(optimizer.vectors[name], vector)

    def whole(self, source: int, target: int) -> list[Array]:
        vectors = [self._task.params, *(vector for _, vector in sorted(self._task.optimizer.vectors.items()))]
        pieces = [stage[number] for stage in self._slices.stages for number in self._numbers[source]]
        return [] if target else [view for each in pieces for vector in vectors for view in each.views(vector)]

    def recompute(self, rows: Indices) -> float:
        task, n = self._task, len(rows)
        slot = Slot(task.params, np.empty_like(task.params))
        chunk = Chunk.compile(task.network, task.loss, task.mode, slot, n, 1 / n, task.samples.weight is not None, None)
        run_calls([*chunk.gather(task.samples, rows), *chunk.compute])
        return chunk.judge.loss.item()

    def _owned(self, stage: int, number: int) -> _Owned:
        piece, optimizer = self._slices.stages[stage][number], self._task.optimizer
        params, gradient = (aligned((piece.network.size,), self._task.params.dtype) for _ in range(2))
        return _Owned(piece, stage, number, params, gradient, optimizer.sized(params.size))


class _Batch:
    """Compiles the work on a batch of n rows."""

    def __init__(
        self,
        task: Task,
        pieces: Sequence[_Owned],
        slices: Slices,
        numbers: Sequence[range],
        shared: Arrays,
        n: int,
        turn: int,
    ) -> None:
        """`numbers` has the numbers of each rank's slices."""
        self._stages, self._numbers = slices.stages, numbers
        self._task, self._pieces, self._n, self._last = task, pieces, n, len(slices.stages) - 1
        self._sums, self._squares = shared[f"sums_{n}"][turn], shared["squares"][turn]
        self._units, self._slopes = (
            [shared[f"{name}_{stage}_{n}"][turn] for stage in range(self._last)] for name in ("units", "slopes")
        )
        for units in self._units:
            units[-1] = 1
        self._x: Array = aligned((n, task.network.features + 1), task.params.dtype)
        self._x[:, -1] = 1
        self._end = _End.compile(task, slices.head, n)
        self._plans = [self._plan(each) for each in pieces]
        self._clips = task.optimizer.needs_all

    def step(self) -> Step:
        rows, samples, end = np.empty(self._n, np.intp), self._task.samples, self._end
        judge = [*_added(self._sums, end.total), *end.forward, *end.judge.compute]
        learn = self._by_stage(self._backward)[::-1]
        learn[0] = [*end.backward, *learn[0]]
        if self._clips:
            learn[-1] += [partial(self._measure, number) for number in sorted({each.number for each in self._pieces})]
            learn.append([call for stage in self._by_stage(self._update) for call in stage])
        return Step(
            rows,
            [taken(samples.x, rows, self._x), *end.judge.gather(samples, rows)],
            [*self._by_stage(self._forward), judge],
            [end.judge.loss],
            end.judge.hits,
            learn,
            [partial(self._judged, stage) for stage in range(self._last + 1)],
            self._learnt(),
        )

    def _judged(self, stage: int, source: int, target: int) -> list[Array]:
        """Returns what a rank has computed in a forward pass through a stage."""
        if stage == self._last:
            return [self._sums[together(self._numbers[source])]]
        return [self._units[stage][self._units_of(stage, source)]]

    def _learnt(self) -> list[Crossing]:
        """Returns what crosses between the phases of a backward pass."""

        def slopes(stage: int, source: int, target: int) -> list[Array]:
            return [self._slopes[stage][together(self._numbers[source]), self._units_of(stage, target)]]

        def squares(source: int, target: int) -> list[Array]:
            return [self._squares[together(self._numbers[source])]]

        backwards = [partial(slopes, stage) for stage in reversed(range(self._last))]
        return [*backwards, *([squares] if self._clips else [])]

    def _units_of(self, stage: int, rank: int) -> slice:
        """Returns the units of a stage that a rank computes."""
        pieces = [self._stages[stage][number] for number in self._numbers[rank]]
        return slice(pieces[0].units.start, pieces[-1].units.stop) if pieces else slice(0, 0)

    def _plan(self, owned: _Owned) -> Plan:
        stage, number = owned.stage, owned.number
        is_first, is_last = stage == 0, stage == self._last
        given = Given(
            rows=self._x if is_first else self._units[stage - 1].T,
            a=self._sums[number] if is_last else self._units[stage][owned.piece.units],
            da=self._end.slope if is_last else None,
            dx=None if is_first else self._slopes[stage - 1][number],
        )
        return owned.piece.network.plan(owned.params, self._n, self._task.mode, owned.gradient, given=given)

    def _by_stage(self, work: Callable[[_Owned, Plan], Calls]) -> list[Calls]:
        """Returns the calls of all pieces of a stage, for each stage."""
        stages: list[Calls] = [[] for _ in range(self._last + 1)]
        for owned, plan in zip(self._pieces, self._plans, strict=True):
            stages[owned.stage] += work(owned, plan)
        return stages

    def _forward(self, owned: _Owned, plan: Plan) -> Calls:
        draws = owned.stage * len(self._sums) + owned.number
        return [partial(setattr, self._task.mode, "chunk", draws), *plan.forward]

    def _backward(self, owned: _Owned, plan: Plan) -> Calls:
        calls: Calls = []
        if owned.stage < self._last:
            calls += _added(self._slopes[owned.stage][:, owned.piece.units], plan.da)
        calls += plan.backward
        return calls if self._clips else calls + self._update(owned, plan)  # while the gradient is in the cache

    def _update(self, owned: _Owned, plan: Plan) -> Calls:
        network = owned.piece.network
        return network.update(owned.optimizer, owned.params, owned.gradient, squares=self._all_squares)

    def _measure(self, number: int) -> None:
        """Writes the sum of the squares of a slice's gradients, over all stages."""
        own = (each for each in self._pieces if each.number == number)
        self._squares[number] = sum(sum_of_squares(each.gradient[: each.piece.network.learnt]) for each in own)

    def _all_squares(self) -> float:
        return float(sum(self._squares.tolist()))


class _End(NamedTuple):
    """The end of a forward pass, on every rank: the last activation, unless the loss includes it, and the loss."""

    total: Array
    """The sum of all slices' shares of the outputs, (outputs, n)."""
    slope: Array
    """Its gradient, (outputs, n)."""
    judge: Judge
    forward: Calls
    backward: Calls

    @classmethod
    def compile(cls, task: Task, head: Network | None, n: int) -> "_End":
        """Compiles the end for n rows; `head` is as in `Slices`."""
        dtype, weighted = task.params.dtype, task.samples.weight is not None
        total: Array = np.ones((task.network.outputs + 1, n), dtype)
        if head is None:
            slope: Array = np.empty((task.network.outputs, n), dtype)
            judge = Judge.compile(task.loss, total[:-1], slope, 1 / n, weighted, task.margin)
            return cls(total[:-1], slope, judge, [], [])
        nothing = np.empty(0, dtype)
        plan = head.plan(nothing, n, task.mode, nothing, with_dx=True, given=Given(rows=total.T))
        judge = Judge.compile(task.loss, plan.a, plan.da, 1 / n, weighted, task.margin)
        assert plan.dx is not None
        return cls(total[:-1], plan.dx, judge, plan.forward, plan.backward)


def _added(parts: Array, out: Array) -> Calls:
    """Returns the calls that add up arrays, (count, ...), in order."""
    first, second, *others = parts
    calls: Calls = [partial(np.add, first, second, out)]
    return calls + [partial(np.add, out, other, out) for other in others]


def _turns(ranks: int) -> int:
    """Returns the number of turns: a rank may begin a batch while another one still reads what the last one wrote."""
    return min(ranks, 2)
