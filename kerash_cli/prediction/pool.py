"""Prediction by several ranks (processes) that share the rows; the division of rows does not change the results."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Self

import numpy as np

from kerash_cli.engine.network import TILE, Network
from kerash_cli.engine.predictor import Predictor
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import WorkerFailed
from kerash_cli.model.description import ModelDescription
from kerash_cli.parallel.processes import Processes
from kerash_cli.parallel.ranks import Over, Ranks, Shapes, joined, shared_bytes
from kerash_cli.store.stage import Stage, stage
from kerash_cli.system import cores, memory

CAPACITY = 4096
"""Largest number of rows that the ranks share at a time."""

SLOWER = 4
"""Approximate factor by which a network that does not stack is slower in small tiles (groups of rows)."""


def operations(network: Network, rows: int) -> float:
    """Returns the number of operations that take as long, in large products, as the predictions for these rows."""
    return (1 if network.stacks else SLOWER) * float(network.flops) * rows


class PredictorPool:
    """A `Predictor` that shares the rows among several processes; leaving the `with` block ends the other processes."""

    def __init__(
        self, processes: Processes, folder: Stage, description: ModelDescription, network: Network, params: Array
    ) -> None:
        job = {"model": str(description), "bias": network.bias}
        self._ranks = Ranks(processes, folder, _shapes(network, params.dtype), job)
        arrays = self._ranks.arrays
        self._x, self._a, self._rows = arrays["x"], arrays["a"], arrays["rows"]
        arrays["params"][...] = params
        self._predict, self._meet = Predictor(network, params), self._ranks.meeting

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._ranks.__exit__(None, None, None)

    def __call__(self, x: Array) -> Array:
        """Returns the outputs for x, as a Predictor does."""
        result = np.empty((len(x), self._a.shape[1]), self._a.dtype)
        for start in range(0, len(x), CAPACITY):
            rows = x[start : start + CAPACITY]
            self._x[: len(rows)], self._rows[0] = rows, len(rows)
            self._a[: len(rows)] = np.nan
            self._meet()
            _share(self._predict, self._x, self._a, len(rows), 0, self._ranks.count)
            self._meet()
            self._check(rows)
            result[start : start + len(rows)] = self._a[: len(rows)]
        return result

    def _check(self, rows: Array) -> None:
        """Raises WorkerFailed if an output is still NaN (its initial value) where this process computes a number."""
        strange = np.flatnonzero(np.isnan(self._a[: len(rows)]).any(axis=1))
        if len(strange) and not np.array_equal(self._predict(rows[strange]), self._a[strange], equal_nan=True):
            raise WorkerFailed("a worker gave no result for some of its rows, or NaN in place of a number; try again")


@contextmanager
def predictor(
    description: ModelDescription,
    network: Network,
    params: Array,
    rows: int,
    mountpoint: str | None,
    tell: Callable[[str], object],
) -> Iterator[Callable[[Array], Array]]:
    """Yields a Predictor, or a PredictorPool in a new stage, whichever is faster for about `rows` rows."""
    plan = network.plan_bytes(network.tile, params.itemsize, gradient=False)
    most = min(cores.usable(), max(1, memory.available() // max(1, plan)))  # each has a plan of its own
    workers = cores.worthwhile(operations(network, rows), most)
    if workers == 1:
        yield Predictor(network, params)
        return
    size = shared_bytes(_shapes(network, params.dtype), workers)
    with (
        Processes(workers - 1, __name__) as processes,
        stage(size, mountpoint, tell) as folder,
        PredictorPool(processes, folder, description, network, params) as pool,
    ):
        yield pool


def work(job: Mapping[str, Any], ends: tuple[int, int]) -> None:
    """Computes a worker's share of each block of rows, until the job is over."""
    description = ModelDescription.parse(job["model"])
    network = Network(description.layers, description.known_shape, job["bias"])
    arrays, meet = joined(job, ends)
    with suppress(Over):
        meet()
        predict = Predictor(network, arrays["params"])
        while True:
            _share(predict, arrays["x"], arrays["a"], int(arrays["rows"][0]), job["rank"], job["ranks"])
            meet()
            meet()


def _share(predict: Predictor, x: Array, a: Array, rows: int, rank: int, ranks: int) -> None:
    """Computes the outputs for a rank's share of the first `rows` rows of x, and writes them to `a`."""
    tiles = -(-rows // TILE)
    first, last = (min(rows, TILE * (each * tiles // ranks)) for each in (rank, rank + 1))
    a[first:last] = predict(x[first:last])


def _shapes(network: Network, dtype: Any) -> Shapes:
    return {
        "params": ((network.size,), dtype),
        "x": ((CAPACITY, network.features), dtype),
        "a": ((CAPACITY, network.outputs), dtype),
        "rows": ((1,), np.int64),
    }
