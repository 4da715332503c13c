"""Cross-validation in one run: one network for each fold, trained side by side.

Each fold trains on the same number of rows, in batches of the same sizes. So the networks of all folds can be stacked
and take each step together: five small networks take little longer than one.
"""

from collections.abc import Sequence
from functools import partial
from itertools import accumulate, pairwise
from typing import NamedTuple, Self

import numpy as np

from kerash_cli.engine.calls import run_calls
from kerash_cli.engine.losses import Loss
from kerash_cli.engine.network import Network
from kerash_cli.engine.predictor import Predictor
from kerash_cli.engine.randomness import Key, derived
from kerash_cli.engine.tensors import Array, Call, Calls
from kerash_cli.tables.table import Rows
from kerash_cli.training.chunks import Chunks, Compiled, Slot
from kerash_cli.training.run import Run
from kerash_cli.training.samples import Samples


class Folds(NamedTuple):
    """Indexes of each fold's training rows and validation rows; both arrays are (folds, rows)."""

    training: Rows
    validation: Rows

    @property
    def sizes(self) -> list[int]:
        """Number of validation rows of each fold."""
        return [len(own) for own in self.validation]

    def judged(self, samples: Samples) -> Samples:
        """Returns the samples of the validation rows, fold by fold."""
        rows = self.validation.reshape(-1)
        return Samples(samples.x[rows], samples.y[rows])


class SideBySide:
    """A GradientSource that trains one network for each fold.

    `run.params` is (folds, size), or (size,) for one fold; `run.order` has indexes into each fold's training rows. If a
    layer can't be stacked, the networks are computed one at a time.
    """

    hits = 0

    def __init__(
        self,
        network: Network,
        loss: Loss,
        samples: Samples,
        training: Rows,
        run: Run,
        weight: Array | None = None,
    ) -> None:
        """`network` computes the inputs of the loss: its last activation is left out if the loss includes it.

        `training` (folds, rows) has the indexes of each fold's training rows, and `weight` their weights; None if all
        count the same.
        """
        self._samples, self._training, self._weight, self._run = samples, training, weight, run
        self._gradient = np.empty_like(run.params)
        apart = run.params.ndim == 2 and not network.stacks
        self._parts = [slice(k, k + 1) for k in range(len(training))] if apart else [slice(None)]
        self._update = network.update(run.optimizer, run.params, self._gradient)
        slots = [Slot(_own(run.params, part), _own(self._gradient, part)) for part in self._parts]
        self._chunks = Chunks(network, loss, run.mode, slots, weight is not None)
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
        return sum(loss.item() for loss in losses) / len(self._training)

    def _compile(self, n: int) -> tuple[Rows, Calls, list[Array]]:
        """Returns an array for the order's part of a batch of n rows, the calls of a step, and the losses."""
        places, calls = np.empty(n, np.intp), list[Call]()
        losses: list[Array] = []
        for number, part in enumerate(self._parts):
            training = self._training[part]
            rows = np.empty((len(training), n), np.intp)
            chunk = self._chunks[rows.size, n, number]
            # Without mode "clip" `take` makes a copy first.
            calls.append(partial(training.take, places, 1, rows, "clip"))
            if self._weight is not None and chunk.judge.weight is not None:
                weight = chunk.judge.weight.reshape(rows.shape)
                calls.append(partial(self._weight[part].take, places, 1, weight, "clip"))
            calls += [*chunk.gather(self._samples, rows.reshape(-1)), *chunk.compute]
            losses.append(chunk.judge.loss)
        return places, calls + self._update, losses


def initial(
    network: Network,
    folds: int,
    seed: int,
    dtype: np.dtype[np.floating],
    law: str | None = None,
    zero_last: bool = False,
) -> Array:
    """Returns the initial parameters of each fold's network, (folds, size), as `Network.initial` draws them."""
    seeds = (derived(seed, Key.INITIAL, fold) for fold in range(folds))
    return np.array([network.initial(each, dtype, law, zero_last) for each in seeds])


def training_rows(sizes: Sequence[int], rows: int) -> Rows:
    """Returns the indexes of each fold's training rows, (folds, rows): all but its own.

    The rows are in the order of their folds: so many of the first one, and so on, then those that are in none. A fold
    with fewer training rows than another has its first one again in the last places, where its weight should be 0.
    """
    found = np.empty((len(sizes), rows - min(sizes)), np.intp)
    for own, (start, stop) in zip(found, _bounds(sizes), strict=True):
        own[...] = 0 if start else stop
        own[:start], own[start : start + rows - stop] = np.arange(start), np.arange(stop, rows)
    return found


def outputs(network: Network, params: Array, x: Array, sizes: Sequence[int], tile: int | None = None) -> Array:
    """Returns the outputs (rows, outputs) for inputs x (rows, features), each computed by its fold's network.

    The inputs are in the order of their folds, which have so many rows each. `params` is (folds, size), or (size,) for
    one fold; `tile` is as in `Predictor`.
    """
    parts = zip(params.reshape(len(sizes), -1), _bounds(sizes), strict=True)
    return np.concatenate([Predictor(network, own, tile)(x[slice(*rows)]) for own, rows in parts])


def row_losses(network: Network, loss: Loss, params: Array, samples: Samples, sizes: Sequence[int]) -> Array:
    """Returns the loss of each row, (rows,); parameters and rows are as in `outputs`, `network` as in `SideBySide`."""
    a = outputs(network, params, samples.x[:, :-1], sizes, network.roomy_tile).T
    terms = np.empty_like(a)
    with np.errstate(all="ignore"):
        run_calls(loss.terms(a, samples.y.T, terms, np.empty_like(a)))
    found: Array = terms.mean(axis=0) if loss.mean_over_outputs else terms.sum(axis=0)
    return found


def _bounds(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Returns the first row of each fold, and the one after its last."""
    return list(pairwise(accumulate(sizes, initial=0)))


def _own(vectors: Array, part: slice) -> Array:
    """Returns the vectors of the folds in `part`, (folds, size), or the one vector, (size,), of a single fold."""
    own = vectors[part]
    return own[0] if own.ndim == 2 and len(own) == 1 else own
