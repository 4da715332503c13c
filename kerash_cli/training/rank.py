"""A rank: one of several processes that train a network together.

The work on a batch has two halves. In the first, each rank computes the gradients of its own chunks, into vectors that
all ranks can read. When all ranks are done, each one adds up its part of these vectors, in the order of chunks, and
updates that part of the parameters. If the optimizer is cheap and a core's cache holds everything, each rank instead
updates all parameters in its own copy: that is faster than fetching the numbers that another core wrote.

The number of ranks does not change the result by a bit: the rule that cuts chunks does not depend on it, and the second
half is elementwise.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerash_cli.engine.calls import run_calls
from kerash_cli.engine.layers import Mode
from kerash_cli.engine.losses import Loss
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import Optimizer
from kerash_cli.engine.tensors import Array, Calls, Shape
from kerash_cli.training.chunks import Chunks, Compiled, Slot, chunks
from kerash_cli.training.samples import Samples

CACHE = 1 << 19
"""Size, in bytes, of the part of a core's own cache that a chunk leaves free."""

PART = 16
"""Number of parameters in the smallest part that a rank updates: one cache line of float32 numbers."""


class Shared(NamedTuple):
    """The arrays that all ranks share."""

    params: Array
    """Parameters of the network, (size,)."""
    order: NDArray[np.int64]
    """Order of the rows in this epoch, (rows,)."""
    slots: Array
    """Gradient of each chunk, (chunks, size)."""
    losses: Array
    """Sum of each chunk's losses, (chunks,)."""
    hits: NDArray[np.intp]
    """Number of hits in each chunk, (chunks,); see `GradientSource.hits`."""
    stamps: NDArray[np.int64]
    """Number of the step in which each chunk was computed, (chunks,), by which an old gradient is noticed."""

    @staticmethod
    def shapes(size: int, rows: int, batch_chunks: int, dtype: Any) -> dict[str, tuple[Shape, Any]]:
        """Returns the shape and type of each array, by its name."""
        return {
            "params": ((size,), dtype),
            "order": ((rows,), np.int64),
            "slots": ((batch_chunks, size), dtype),
            "losses": ((batch_chunks,), dtype),
            "hits": ((batch_chunks,), np.intp),
            "stamps": ((batch_chunks,), np.int64),
        }


@dataclass(frozen=True)
class _Step:
    """The calls for both halves of the work on a batch, and the number of its chunks."""

    compute: Calls
    reduce: Calls
    chunks: int


class Rank:
    """A rank's share of every step. The ranks' optimizers share their vectors unless `keeps_own` returns True."""

    def __init__(
        self,
        rank: int,
        ranks: int,
        shared: Shared,
        meet: Callable[[], None],
        network: Network,
        loss: Loss,
        samples: Samples,
        optimizer: Optimizer,
        mode: Mode,
        margin: float | None,
    ) -> None:
        self._rank, self._ranks, self._shared, self._meet = rank, ranks, shared, meet
        self._network, self._samples, self._mode = network, samples, mode
        self._gradient = np.empty_like(shared.params)
        alone = keeps_own(optimizer, shared.params)
        self._part = slice(0, network.size) if alone else part(rank, ranks, network.size)
        self._update = network.update(optimizer, shared.params, self._gradient, self._part)
        self._reduced = slice(0, network.size) if optimizer.needs_all else self._part
        slots = [Slot(shared.params, slot) for slot in shared.slots]
        self._chunks = Chunks(network, loss, mode, slots, samples.weight is not None, margin)
        self._steps = Compiled[tuple[int, int], _Step](self._compile)
        self._now = np.zeros((), np.int64)

    @property
    def now(self) -> int:
        """Number of steps begun so far."""
        return int(self._now)

    def step(self, start: int, stop: int, check: Callable[[int], object] | None = None) -> float:
        """Takes one step with the batch order[start:stop]; returns the sum of the batch's losses before the step.

        If the sum is not finite, no parameter changes. When all ranks have computed their chunks, `check` is called
        with the number of chunks.
        """
        step = self._steps[start, stop]
        self._now += 1
        run_calls(step.compute)
        self._meet()
        if check:
            check(step.chunks)
        losses, total = self._shared.losses, 0.0
        for chunk in range(step.chunks):
            total += losses.item(chunk)
        if not isfinite(total):
            return total
        run_calls(step.reduce)
        run_calls(self._update)
        self._meet()
        return total

    def recompute(self, start: int, stop: int) -> float:
        """Returns the sum of a batch's losses, all computed by this rank, to check a sum that is not finite."""
        total = 0.0
        for index, rows in enumerate(self._cut(start, stop)):
            chunk = self._chunks[len(rows), stop - start, 0]
            self._mode.chunk = index
            run_calls([*chunk.gather(self._samples, rows), *chunk.compute])
            total += chunk.loss.item()
        self._mode.chunk = 0
        return total

    def _cut(self, start: int, stop: int) -> list[NDArray[np.int64]]:
        count = chunks(stop - start, self._network.flops, self._network.size)
        return np.array_split(self._shared.order[start:stop], count)

    def _compile(self, start: int, stop: int) -> _Step:
        shared, parts = self._shared, self._cut(start, stop)
        compute: Calls = []
        for index in own(self._rank, self._ranks, len(parts)):
            chunk = self._chunks[len(parts[index]), stop - start, index]
            place = slice(index, index + 1)
            compute += [
                partial(setattr, self._mode, "chunk", index),
                *chunk.gather(self._samples, parts[index]),
                *chunk.compute,
                partial(np.copyto, shared.losses[place].reshape(()), chunk.loss),
                *(partial(np.copyto, shared.hits[place].reshape(()), hits) for hits in chunk.hits),
                partial(np.copyto, shared.stamps[place].reshape(()), self._now),
            ]
        part = self._reduced
        total, slots = self._gradient[part], [shared.slots[index][part] for index in range(len(parts))]
        first, *others = slots
        reduce: Calls = [partial(np.add, first, others[0], total)] if others else [partial(np.copyto, total, first)]
        reduce += [partial(np.add, total, other, total) for other in others[1:]]
        return _Step(compute, reduce, len(parts))


def keeps_own(optimizer: Optimizer, params: Array) -> bool:
    """Returns whether each rank has its own copy of the parameters and updates all of them."""
    return optimizer.cheap and params.nbytes <= CACHE


def own(rank: int, ranks: int, count: int) -> range:
    """Returns the indexes of the chunks that a rank computes; one rank has at most one chunk more than another."""
    return range(rank * count // ranks, (rank + 1) * count // ranks)


def part(rank: int, ranks: int, size: int) -> slice:
    """Returns the slice of the parameters that a rank updates."""
    lines = -(-size // PART)
    first, last = (PART * (each * lines // ranks) for each in (rank, rank + 1))
    return slice(min(first, size), min(last, size))
