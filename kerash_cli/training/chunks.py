"""Chunks: pieces of a batch, whose gradients are computed separately and added in order."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from kerash_cli.engine.layers import Mode
from kerash_cli.engine.losses import Loss
from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Array, Call, Calls
from kerash_cli.training.samples import Samples

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Compiled(dict[K, V]):
    """A dictionary that calls `make` with the elements of each new key that is looked up, and keeps the result."""

    def __init__(self, make: Callable[..., V]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Any) -> V:
        value = self[key] = self._make(*key)
        return value


class Slot(NamedTuple):
    """The parameters that a chunk reads, and the vector for its gradient; both (size,) or (folds, size)."""

    params: Array
    gradient: Array


class Chunks(Compiled[tuple[int, int, int], "Chunk"]):
    """The compiled chunks of a source of gradients; a key is (rows of chunk, rows of batch, index of the slot)."""

    def __init__(
        self,
        network: Network,
        loss: Loss,
        mode: Mode,
        slots: Sequence[Slot],
        weighted: bool = False,
        margin: float | None = None,
    ) -> None:
        """`network` is as in `InProcess`; `weighted` is True if samples have weights; `margin` is for counting hits."""
        super().__init__(
            lambda n, batch, slot: Chunk.compile(network, loss, mode, slots[slot], n, 1 / batch, weighted, margin)
        )


@dataclass(frozen=True)
class Judge:
    """The loss of `n` rows, compiled: given outputs and, by `gather`, targets, `compute` leaves the loss and hits."""

    y: Array
    weight: Array | None
    loss: Array
    """Sum of the rows' losses, 0-d."""
    hits: list[NDArray[np.intp]]
    """A list with one 0-d array, the number of hits; empty if there is no margin."""
    compute: Calls

    @classmethod
    def compile(cls, loss: Loss, a: Array, da: Array, scale: float, weighted: bool, margin: float | None) -> "Judge":
        """Compiles the loss of the outputs a (outputs, n), which also writes its gradient times `scale` to `da`."""
        y: Array = np.empty(a.shape[::-1], a.dtype).T
        total = np.empty((), a.dtype)
        weight = np.empty(a.shape[1], a.dtype) if weighted else None
        hits = [] if margin is None else [np.empty((), np.intp)]
        count = [] if margin is None else _count_hits(a, y, margin, hits[0])
        return cls(y, weight, total, hits, [*count, *loss.calls(a, y, weight, total, da, scale)])

    def gather(self, samples: Samples, rows: NDArray[np.intp]) -> Calls:
        """Returns calls that copy the targets whose indexes are in `rows` when the calls are made."""
        calls: Calls = [taken(samples.y, rows, self.y.T)]
        if self.weight is not None and samples.weight is not None:
            calls.append(taken(samples.weight, rows, self.weight))
        return calls


@dataclass(frozen=True)
class Chunk:
    """A compiled piece of a batch: after `gather`, `compute` leaves the summed loss, the hits and the gradient."""

    x: Array
    judge: Judge
    compute: Calls

    @classmethod
    def compile(
        cls,
        network: Network,
        loss: Loss,
        mode: Mode,
        slot: Slot,
        n: int,
        scale: float,
        weighted: bool,
        margin: float | None,
    ) -> "Chunk":
        """Compiles a chunk of `n` rows, which writes its gradient times `scale` to the slot.

        The means and variances for the buffers are written there too, times the chunk's share of the batch.
        """
        params, gradient = slot
        plan = network.plan(params, n, mode, gradient)
        judge = Judge.compile(loss, plan.a, plan.da, scale, weighted, margin)
        calls = [*plan.forward, *judge.compute, *plan.backward]
        measured, part = gradient[network.learnt :], np.asarray(n * scale, gradient.dtype)
        if measured.size and part != 1:
            calls.append(partial(np.multiply, measured, part, measured))
        return cls(plan.rows, judge, calls)

    def gather(self, samples: Samples, rows: NDArray[np.intp]) -> Calls:
        """Returns calls that copy the samples whose indexes are in `rows` when the calls are made."""
        return [taken(samples.x, rows, self.x), *self.judge.gather(samples, rows)]


def taken(values: Array, rows: NDArray[np.intp], out: Array) -> Call:
    """Returns the call that copies the rows with these indexes to `out`."""
    # Without mode "clip" `take` makes a copy first, so that a bad index could not leave `out` half written.
    return partial(values.take, rows, 0, out, "clip")


def _count_hits(a: Array, y: Array, margin: float, hits: NDArray[np.intp]) -> Calls:
    """Returns calls that count, into `hits`, the columns in which a and y (outputs, n) differ by at most `margin`."""
    distance, within = np.empty_like(a), np.empty(a.shape, np.bool_)
    near, largest = np.empty(a.shape[1], np.bool_), np.asarray(margin, a.dtype)
    return [
        partial(np.subtract, a, y, distance),
        partial(np.absolute, distance, distance),
        partial(np.less_equal, distance, largest, within),
        partial(np.logical_and.reduce, within, axis=0, out=near),
        partial(np.add.reduce, near, dtype=np.intp, out=hits),
    ]
