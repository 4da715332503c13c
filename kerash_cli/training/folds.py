"""Cross-validation in one run: one network for each fold, trained side by side.

Each fold trains on the same number of rows, in batches of the same sizes. So the networks of all folds can be stacked
and take each step together: five small networks take little longer than one.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Self

import numpy as np

from kerash_cli.engine.calls import run_calls
from kerash_cli.engine.layers import Mode
from kerash_cli.engine.losses import Loss
from kerash_cli.engine.network import Network
from kerash_cli.engine.predictor import Predictor
from kerash_cli.engine.tensors import Array, Call, Calls
from kerash_cli.tables.table import Rows
from kerash_cli.training.chunks import Chunks, Compiled, Slot
from kerash_cli.training.evaluator import Evaluator
from kerash_cli.training.run import Run
from kerash_cli.training.samples import Samples

TILE = 64
"""Number of validation rows per fold that are computed at once."""


class Folds(NamedTuple):
    """Indexes of each fold's training rows and validation rows; both arrays are (folds, rows)."""

    training: Rows
    validation: Rows


class SideBySide:
    """A GradientSource that trains one network for each fold.

    `run.params` is (folds, size), or (size,) for one fold; `run.order` has indexes into each fold's training rows.
    If a layer can't be stacked, the networks are computed one at a time.
    """

    hits = 0

    def __init__(self, network: Network, loss: Loss, samples: Samples, folds: Folds, run: Run) -> None:
        """`network` computes the inputs of the loss: its last activation is left out if the loss includes it."""
        self._network, self._loss, self._samples, self._folds, self._run = network, loss, samples, folds, run
        self._gradient = np.empty_like(run.params)
        apart = run.params.ndim == 2 and not network.stacks
        self._parts = [slice(k, k + 1) for k in range(len(folds.training))] if apart else [slice(None)]
        self._update = network.update(run.optimizer, run.params, self._gradient)
        slots = [Slot(_own(run.params, part), _own(self._gradient, part)) for part in self._parts]
        self._chunks = Chunks(network, loss, run.mode, slots)
        self._steps = Compiled[tuple[int], tuple[Rows, Calls, list[Array]]](self._compile)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Does nothing, because there is no process to end."""

    def step(self, start: int, stop: int) -> float:
        """Takes one step with a batch of each fold; returns the sum of a batch's losses, averaged over the folds."""
        places, calls, losses = self._steps[stop - start,]
        places[...] = self._run.order[start:stop]
        run_calls(calls)
        return sum(loss.item() for loss in losses) / len(self._folds.training)

    def validator(self) -> Callable[[], float]:
        """Returns a function that computes the mean loss of all validation rows, each row with its fold's network."""
        parts = [self._judge(part) for part in self._parts]

        def validate() -> float:
            return sum(judge() for judge in parts) / len(parts)

        return validate

    def row_losses(self, params: Array) -> Array:
        """Returns the loss of each validation row with the given parameters, fold by fold, (rows,)."""
        found = []
        for own, rows in zip(params.reshape(len(self._folds.validation), -1), self._folds.validation, strict=True):
            a = Predictor(self._network, own, self._network.roomy_tile)(self._samples.x[rows, :-1]).T
            y, terms = self._samples.y[rows].T, np.empty_like(a)
            with np.errstate(all="ignore"):
                run_calls(self._loss.terms(a, y, terms, np.empty_like(a)))
            found.append(terms.mean(axis=0) if self._loss.mean_over_outputs else terms.sum(axis=0))
        return np.concatenate(found)

    def _compile(self, n: int) -> tuple[Rows, Calls, list[Array]]:
        """Returns an array for the order's part of a batch of n rows, the calls of a step, and the losses."""
        places, calls = np.empty(n, np.intp), list[Call]()
        losses: list[Array] = []
        for number, part in enumerate(self._parts):
            training = self._folds.training[part]
            rows = np.empty((len(training), n), np.intp)
            chunk = self._chunks[rows.size, n, number]
            # Without mode "clip" `take` makes a copy first.
            calls.append(partial(training.take, places, 1, rows, "clip"))
            calls += [*chunk.gather(self._samples, rows.reshape(-1)), *chunk.compute]
            losses.append(chunk.judge.loss)
        return places, calls + self._update, losses

    def _judge(self, part: slice) -> Callable[[], float]:
        params, rows = _own(self._run.params, part), self._folds.validation[part]
        if params.ndim == 1:
            return Evaluator(self._network, self._loss, _taken(self._samples, rows[0]), params)
        # Some rows of each fold at a time, so that what one call leaves the next one finds in the cache.
        tiles = [rows[:, start : start + TILE].reshape(-1) for start in range(0, rows.shape[1], TILE)]
        plans = {size: self._network.plan(params, size, Mode()) for size in {len(tile) for tile in tiles}}
        samples = _taken(self._samples, np.concatenate(tiles))
        a, total = np.empty((self._network.outputs, rows.size), params.dtype), np.empty((), params.dtype)
        calls: Calls = []
        start = 0
        for tile in tiles:
            plan, columns = plans[len(tile)], slice(start, start + len(tile))
            calls += [partial(np.copyto, plan.rows, samples.x[columns]), *plan.forward]
            calls.append(partial(np.copyto, a[:, columns], plan.a))
            start += len(tile)
        calls += self._loss.calls(a, samples.y.T, None, total, np.empty_like(a), 1.0)

        def validate() -> float:
            run_calls(calls)
            return total.item() / rows.size

        return validate


def _taken(samples: Samples, rows: Rows) -> Samples:
    return Samples(samples.x[rows], samples.y[rows])


def _own(vectors: Array, part: slice) -> Array:
    """Returns the vectors of the folds in `part`, (folds, size), or the one vector, (size,), of a single fold."""
    own = vectors[part]
    return own[0] if own.ndim == 2 and len(own) == 1 else own
