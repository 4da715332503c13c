"""Runs of training with few rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerash_cli.engine import losses
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import Layer, Mode
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import OPTIMIZERS, OptimizerSettings
from kerash_cli.engine.tensors import Array
from kerash_cli.training.run import Run
from kerash_cli.training.samples import Samples
from kerash_cli.training.sources import InProcess

SIGMOID, TANH = Activation("sigmoid"), Activation("tanh")


def samples(x: Any, y: Any, dtype: Any = np.float64, weight: Array | None = None) -> Samples:
    x = np.asarray(x, dtype)
    return Samples(np.hstack([x, np.ones((len(x), 1), dtype)]), np.asarray(y, dtype), weight)


def new_run(params: Array, rows: int, **settings: Any) -> Run:
    options = {"batch_size": rows, "epochs": 3, "patience": 10**9, "optimizer": "sgd", "seed": 0, **settings}
    steps = -(-rows // options["batch_size"])
    own = OptimizerSettings(options.get("rate"))
    optimizer = OPTIMIZERS[options["optimizer"]](own, params.size, params.dtype, steps, options["epochs"])
    rng = np.random.default_rng(options["seed"])
    mode = Mode(training=True, seed=options["seed"])
    return Run(
        params, optimizer, mode, np.arange(rows), rng, *(options[k] for k in ("batch_size", "epochs", "patience"))
    )


def regression(layers: Sequence[Layer], rows: int, dtype: Any = np.float64, **settings: Any) -> tuple[Run, InProcess]:
    """A run of 3 inputs to 2 outputs over random samples, by mean square."""
    network = Network(layers, (1, 1, 3))
    rng = np.random.default_rng(1)
    run = new_run(network.initial(0, np.dtype(dtype)), rows, **settings)
    own = samples(rng.standard_normal((rows, 3)), rng.standard_normal((rows, 2)), dtype)
    return run, InProcess(network, losses.MeanSquare(), own, run)
