"""Predicting with a network, in tiles that are all rounded alike."""

from collections.abc import Mapping

import numpy as np

from kerash_cli.engine.calls import run_calls
from kerash_cli.engine.layers import Layer, Mode
from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Array


def through(layer: Layer, x: Array, tensors: Mapping[str, Array]) -> Array:
    """What one layer with these tensors makes of the sample x; both are (depth, height, width), in the type of x."""
    network = Network((layer,), x.shape, bias="bias" in tensors)
    params = np.empty(network.size, x.dtype)
    for name, view in network.tensors(params)[0].items():
        view[...] = tensors[name]
    plan = network.plan(params, 1, Mode())
    plan.rows[:, :-1] = x.reshape(1, -1)
    run_calls(plan.forward)
    return plan.a.reshape(network.shapes[-1])


class Predictor:
    """Outputs of a trained network for any number of rows, each the same whatever it travels with."""

    def __init__(self, network: Network, params: Array, tile: int | None = None) -> None:
        """`tile` rows at a time: more are faster, but then a row's last digits depend on its place."""
        self._plan = network.plan(params, tile or network.tile, Mode())

    def __call__(self, x: Array) -> Array:
        """x (rows, features) to a new array (rows, outputs); what overflows becomes infinite or NaN, in silence."""
        result = np.empty((len(x), len(self._plan.a)), self._plan.a.dtype)
        tile = self._plan.rows[:, :-1]
        for start in range(0, len(x), len(tile)):
            taken = x[start : start + len(tile)]
            tile[: len(taken)] = taken
            tile[len(taken) :] = 0
            with np.errstate(all="ignore"):
                run_calls(self._plan.forward)
            result[start : start + len(tile)] = self._plan.a.T[: len(taken)]
        return result
