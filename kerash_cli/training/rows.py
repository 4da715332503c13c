"""A division into chunks of rows: each rank computes the gradients of its own chunks.

The ranks write them to vectors that all can read. When all are done, each one adds up its part of these vectors, in the
order of chunks, and updates that part of the parameters. If the optimizer is cheap and a core's cache holds everything,
each rank instead updates all parameters in its own copy: that is faster than fetching the numbers that another core
wrote.

The number of ranks does not change the result by a bit: the second half is elementwise.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from kerash_cli.engine.allocation import aligned
from kerash_cli.engine.calls import run_calls
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import Optimizer
from kerash_cli.engine.tensors import Array, Calls, Indices
from kerash_cli.training import division
from kerash_cli.training.chunks import Chunks, Slot
from kerash_cli.training.steps import Arrays, Shapes, Step, Task, own, together

CACHE = 1 << 19
"""Size, in bytes, of the part of a core's own cache that a chunk leaves free."""

PART = 16
"""Number of parameters in the smallest part that a rank updates: one cache line of float32 numbers."""


class ByRows:
    """A `Division` into chunks of rows."""

    turns = 1
    copies = False

    def __init__(self, task: Task, rank: int, ranks: int, shared: Arrays) -> None:
        updates_all = keeps_own(task.optimizer, task.params)
        if rank and updates_all:
            task.optimizer.vectors = {name: vector.copy() for name, vector in task.optimizer.vectors.items()}
            task = replace(task, params=task.params.copy())
        self._task, self._rank, self._ranks, self._shared = task, rank, ranks, shared
        network, params = task.network, task.params
        # A rank that is alone adds the gradient of each chunk to the first one's.
        self._gradient = shared["slots"][0] if ranks == 1 else aligned(params.shape, params.dtype)
        everything = slice(0, network.size)
        self._parts = [everything if updates_all else part_of(each, ranks, network.size) for each in range(ranks)]
        self._added_parts = [everything] * ranks if task.optimizer.needs_all else self._parts
        self._updates_all = updates_all
        self._update = network.update(task.optimizer, params, self._gradient, self._parts[rank])
        slots = [Slot(params, slot) for slot in shared["slots"]]
        weighted = task.samples.weight is not None
        self._chunks = Chunks(network, task.loss, task.mode, slots, weighted, task.margin)

    @staticmethod
    def shapes(
        network: Network, rows: int, batch_size: int, ranks: int, dtype: np.dtype[np.floating], rule: int
    ) -> Shapes:
        """Returns the arrays that ranks share: for each chunk the gradient, the sum of losses, the number of hits."""
        count = division.most_parts(network, rows, batch_size, rule)
        return {
            "slots": ((count if ranks > 1 else min(count, 2), network.size), dtype),
            "losses": ((count,), dtype),
            "hits": ((count,), np.intp),
        }

    def step(self, n: int, turn: int) -> Step:
        rows, samples, mode, alone = np.empty(n, np.intp), self._task.samples, self._task.mode, self._ranks == 1
        parts = self._cut(rows)
        if alone and len(parts) == 1:
            chunk = self._chunks[n, n, 0]
            calls = [*chunk.compute, *self._update]
            return Step(rows, chunk.gather(samples, rows), [calls], [chunk.judge.loss], chunk.judge.hits, [], [], [])
        losses = [self._shared["losses"][i : i + 1].reshape(()) for i in range(len(parts))]
        hits = [
            self._shared["hits"][i : i + 1].reshape(())
            for i in range(len(parts) if self._task.margin is not None else 0)
        ]
        gather: Calls = []
        compute: Calls = []
        for index in own(self._rank, self._ranks, len(parts)):
            # The chunks of a rank that is alone take turns with the memory of two.
            chunk = self._chunks[len(parts[index]), n, min(index, 1) if alone else index]
            (compute if alone else gather).extend(chunk.gather(samples, parts[index]))
            compute += [
                partial(setattr, mode, "chunk", index),
                *chunk.compute,
                partial(np.copyto, losses[index], chunk.judge.loss),
                *(partial(np.copyto, hits[index], each) for each in chunk.judge.hits),
            ]
            if alone and index:
                compute.append(partial(np.add, self._gradient, self._shared["slots"][1], self._gradient))
        compute.append(partial(setattr, mode, "chunk", 0))  # where a batch that is not cut expects it
        if alone:
            return Step(rows, gather, [[*compute, *self._update]], losses, hits, [], [], [])
        learn: list[Calls] = [[*self._added(len(parts)), *self._update], []]
        judged = partial(self._judged, len(parts))
        return Step(rows, gather, [compute, []], losses, hits, learn, [judged], [self._learnt])

    def begin(self) -> None:
        """Does nothing, as there are no copies."""

    def end(self) -> None:
        """Does nothing, as there are no copies."""

    def whole(self, source: int, target: int) -> list[Array]:
        if target or self._updates_all:
            return []
        return [vector[self._parts[source]] for _, vector in sorted(self._task.optimizer.vectors.items())]

    def recompute(self, rows: Indices) -> float:
        total = 0.0
        for index, part in enumerate(self._cut(rows)):
            chunk = self._chunks[len(part), len(rows), 0]
            self._task.mode.chunk = index
            run_calls([*chunk.gather(self._task.samples, part), *chunk.compute])
            total += chunk.judge.loss.item()
        self._task.mode.chunk = 0
        return total

    def _cut(self, rows: Indices) -> list[Indices]:
        network = self._task.network
        return np.array_split(rows, division.chunks(len(rows), network.flops, network.size, self._task.rule))

    def _judged(self, count: int, source: int, target: int) -> list[Array]:
        """Returns the losses and hits of a rank's chunks, of `count` in all, and what another adds of the gradients."""
        own_ones, shared = together(own(source, self._ranks, count)), self._shared
        hits = [] if self._task.margin is None else [shared["hits"][own_ones]]
        return [shared["losses"][own_ones], *hits, shared["slots"][own_ones, self._added_parts[target]]]

    def _learnt(self, source: int, target: int) -> list[Array]:
        """Returns the parameters that a rank has updated and others have not."""
        return [] if self._updates_all else [self._task.params[self._parts[source]]]

    def _added(self, count: int) -> Calls:
        """Returns the calls that add up this rank's part of the gradients of `count` chunks."""
        part = self._added_parts[self._rank]
        total, slots = self._gradient[part], [slot[part] for slot in self._shared["slots"][:count]]
        first, *others = slots
        if not others:
            return [partial(np.copyto, total, first)]
        return [partial(np.add, first, others[0], total), *(partial(np.add, total, each, total) for each in others[1:])]


def keeps_own(optimizer: Optimizer, params: Array) -> bool:
    """Returns whether each rank has its own copy of the parameters and updates all of them."""
    return optimizer.cheap and params.nbytes <= CACHE


def part_of(rank: int, ranks: int, size: int) -> slice:
    """Returns the slice of the parameters that a rank updates."""
    lines = -(-size // PART)
    first, last = (PART * (each * lines // ranks) for each in (rank, rank + 1))
    return slice(min(first, size), min(last, size))
