"""Prediction with a network, in tiles of a fixed number of rows, so that all results are rounded alike."""

from collections.abc import Mapping

import numpy as np

from kerash_cli.engine.calls import run_calls
from kerash_cli.engine.layers import Layer, Mode
from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Array


def through(layer: Layer, x: Array, tensors: Mapping[str, Array]) -> Array:
    """Returns a layer's output for one sample x, given its tensors; x and the output are (depth, height, width)."""
    network = Network((layer,), x.shape, bias="bias" in tensors)
    params = np.empty(network.size, x.dtype)
    (views,) = network.tensors(params)
    for name, view in views.items():
        view[...] = tensors[name]
    plan = network.plan(params, 1, Mode())
    plan.rows[:, :-1] = x.ravel()
    run_calls(plan.forward)
    return plan.a.reshape(layer.output_shape(x.shape))


class Predictor:
    """Computes the outputs of a trained network; a row's output does not depend on the rows around it."""

    def __init__(self, network: Network, params: Array, tile: int | None = None) -> None:
        """Takes `tile` rows at a time; more than the default is faster, but makes rounding depend on a row's place."""
        self._plan = network.plan(params, tile or network.tile, Mode())

    def __call__(self, x: Array) -> Array:
        """Returns a new array (rows, outputs) for x (rows, features); an overflow silently gives infinity or NaN."""
        result = np.empty((len(x), len(self._plan.a)), self._plan.a.dtype)
        tile, calls, outputs = self._plan.rows[:, :-1], self._plan.forward, self._plan.a.T
        size = len(tile)
        with np.errstate(all="ignore"):
            for start in range(0, len(x), size):
                taken = x[start : start + size]
                if len(taken) < size:
                    tile[len(taken) :] = 0
                tile[: len(taken)] = taken
                run_calls(calls)
                result[start : start + size] = outputs[: len(taken)]
        return result
