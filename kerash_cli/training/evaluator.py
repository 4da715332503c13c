"""The mean loss of fixed samples while the parameters change."""

import numpy as np

from kerash_cli.engine.calls import run_calls
from kerash_cli.engine.losses import Loss
from kerash_cli.engine.network import Network
from kerash_cli.engine.predictor import Predictor
from kerash_cli.engine.tensors import Array
from kerash_cli.training.samples import Samples


class Evaluator:
    """Computes the mean loss of samples with the current values of `params`; `network` is as in `InProcess`."""

    def __init__(self, network: Network, loss: Loss, samples: Samples, params: Array) -> None:
        self._predict = Predictor(network, params, tile=network.roomy_tile)  # the samples never change places
        self.a: Array = np.empty((network.outputs, len(samples.x)), params.dtype)
        """Outputs of the network in the latest call, (outputs, rows)."""
        self._total, self._x = np.empty((), params.dtype), samples.x[:, :-1]
        self._judge = loss.calls(self.a, samples.y.T, samples.weight, self._total, np.empty_like(self.a), 1.0)

    def __call__(self) -> float:
        self.a[...] = self._predict(self._x).T
        run_calls(self._judge)
        return self._total.item() / len(self._x)
