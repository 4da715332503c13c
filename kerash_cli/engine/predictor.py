"""Prediction with a network, in tiles of a fixed number of rows, so that all results are rounded alike."""

from collections.abc import Mapping
from math import prod

import numpy as np

from kerash_cli.engine.calls import run_calls
from kerash_cli.engine.layers import Dense, Layer, Mode
from kerash_cli.engine.network import Network
from kerash_cli.engine.plans import Plan
from kerash_cli.engine.tensors import Array

FEW, MANY = 16, 128
"""Up to FEW tiles are taken one by one, more of them MANY at a time: a call for many takes little longer."""
MUCH = 1 << 19
"""Most bytes that the outputs of all layers may have for MANY tiles; else there are fewer, which stay in the cache."""


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
    """Computes the outputs of a trained network; a row's output does not depend on the rows around it.

    Many tiles are taken at a time if the network stacks: a stack of copies has a tile for each of them. So its products
    are those of a tile, and all other calls are made once.
    """

    def __init__(self, network: Network, params: Array, tile: int | None = None) -> None:
        """Takes `tile` rows at a time; more than the default is faster, but makes rounding depend on a row's place."""
        self._network, self._params = network, params
        self._many: Plan | None = None
        self._tile = network.plan(params, tile or network.tile, Mode())
        row = params.itemsize * sum(map(prod, network.shapes))
        self._copies = min(MANY, MUCH // (row * network.tile)) if tile is None and _stacks_exactly(network) else 1

    def __call__(self, x: Array) -> Array:
        """Returns a new array (rows, outputs) for x (rows, features); an overflow silently gives infinity or NaN."""
        result = np.empty((len(x), len(self._tile.a)), self._tile.a.dtype)
        plan = self._of_many() if self._copies > 1 and len(x) > FEW * len(self._tile.rows) else self._tile
        rows, calls, outputs = plan.rows[:, :-1], plan.forward, plan.a.T
        size = len(rows)
        with np.errstate(all="ignore"):
            for start in range(0, len(x), size):
                taken = x[start : start + size]
                if len(taken) < size:
                    rows[len(taken) :] = 0
                rows[: len(taken)] = taken
                run_calls(calls)
                result[start : start + size] = outputs[: len(taken)]
        return result

    def _of_many(self) -> Plan:
        """Returns the plan for many tiles, which is made when it is first needed."""
        if self._many is None:
            stack = np.broadcast_to(self._params, (self._copies, len(self._params)))
            self._many = self._network.plan(stack, self._copies * self._network.tile, Mode())
        return self._many


def _stacks_exactly(network: Network) -> bool:
    """Returns whether a stack of a network gives the same bits as the network.

    For a single unit, NumPy calls BLAS with a vector; if there is no bias, it does so otherwise in a stack.
    """
    units = [layer.units for layer in network.layers if isinstance(layer, Dense)]
    return network.stacks and (network.bias or 1 not in units)
