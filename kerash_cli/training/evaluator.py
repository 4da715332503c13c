"""The mean loss of fixed samples while the parameters change."""

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

import numpy as np

from kerash_cli.engine.calls import run_calls
from kerash_cli.engine.layers import Mode
from kerash_cli.engine.losses import Loss
from kerash_cli.engine.network import Network
from kerash_cli.engine.predictor import Predictor
from kerash_cli.engine.tensors import Array
from kerash_cli.training.samples import Samples

TILE = 64
"""Number of rows of each fold that are computed at once."""


class Evaluator:
    """Computes the mean loss of samples with the current values of `params`; `network` is as in `InProcess`."""

    def __init__(
        self, network: Network, loss: Loss, samples: Samples, params: Array, folds: Sequence[int] = ()
    ) -> None:
        """With parameters (folds, size), each fold has a network of its own, which computes its rows.

        `folds` then has the number of rows of each fold; these follow each other.
        """
        self._predict = (
            _of_folds(network, params, folds)
            if params.ndim == 2
            else Predictor(network, params, tile=network.roomy_tile)  # the samples never change places
        )
        self.a: Array = np.empty((network.outputs, len(samples.x)), params.dtype)
        """Outputs of the network in the latest call, (outputs, rows)."""
        self._total, self._x = np.empty((), params.dtype), samples.x[:, :-1]
        self._judge = loss.calls(self.a, samples.y.T, samples.weight, self._total, np.empty_like(self.a), 1.0)

    def __call__(self) -> float:
        self.a[...] = self._predict(self._x).T
        run_calls(self._judge)
        return self._total.item() / len(self._x)


def _of_folds(network: Network, params: Array, folds: Sequence[int]) -> Callable[[Array], Array]:
    """Returns a function that computes the outputs (rows, outputs) of rows that are in the order of their folds."""
    if network.stacks and len(set(folds)) == 1:
        return _Stacked(network, params, folds[0])
    bounds = list(pairwise(accumulate(folds, initial=0)))
    parts = [Predictor(network, own, tile=network.roomy_tile) for own in params]
    return lambda x: np.concatenate([part(x[slice(*own)]) for part, own in zip(parts, bounds, strict=True)])


class _Stacked:
    """Computes the outputs of several networks at once, each for the same number of rows."""

    def __init__(self, network: Network, params: Array, rows: int) -> None:
        """Makes a plan for each size of a tile: some rows of each network at a time, as many as stay in the cache."""
        self._count, self._outputs, self._dtype = len(params), network.outputs, params.dtype
        self._tiles = [slice(start, min(start + TILE, rows)) for start in range(0, rows, TILE)]
        sizes = {tile.stop - tile.start for tile in self._tiles}
        self._plans = {size: network.plan(params, self._count * size, Mode()) for size in sizes}

    def __call__(self, x: Array) -> Array:
        """Returns the outputs (rows, outputs) for x (rows, features); the rows of one network follow another's."""
        theirs = x.reshape(self._count, -1, x.shape[1])
        result: Array = np.empty((*theirs.shape[:2], self._outputs), self._dtype)
        for tile in self._tiles:
            plan = self._plans[tile.stop - tile.start]
            own = theirs[:, tile]
            plan.rows.reshape(*own.shape[:2], -1)[..., :-1] = own
            run_calls(plan.forward)
            result[:, tile] = plan.a.reshape(-1, *own.shape[:2]).transpose(1, 2, 0)
        return result.reshape(len(x), -1)
