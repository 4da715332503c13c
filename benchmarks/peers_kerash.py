"""kerash itself: the real `training.train`, with shuffling, losses and a log in a file."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.workloads import Race, Workload
from kerash_cli.description import ModelDescription
from kerash_cli.engine import losses, optimizers
from kerash_cli.engine.layers import Mode
from kerash_cli.engine.network import Network
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.runlog import RunLog
from kerash_cli.training import InProcess, Run, Samples, train


def prepare(workload: Workload, threads: int) -> Callable[[], Race]:
    """A function that trains from the start, each time."""
    x, y = workload.samples()
    samples = Samples(np.hstack([x, np.ones_like(x[:, :1])]), np.asfortranarray(y))
    first, *hidden, last = workload.sizes
    lines = [f"{first} 1 1", "input", *(f"dense {units} {workload.hidden}" for units in hidden)]
    description = ModelDescription.parse("\n".join([*lines, f"dense {last} {workload.output}"]))
    network = Network(description.layers, description.known_shape)
    loss, fused = losses.after(workload.loss, description.activation)
    initial = np.concatenate([part.ravel() for layer in workload.initial() for part in layer])

    def race() -> Race:
        settings = optimizers.Settings(workload.rate)
        optimizer = optimizers.OPTIMIZERS[workload.optimizer](
            settings, initial.size, initial.dtype, -(-len(x) // workload.batch_size), workload.epochs
        )
        run = Run(
            initial.copy(),
            optimizer,
            Mode(training=True),
            np.arange(len(x)),
            generator(0, Key.SHUFFLE),
            workload.batch_size,
            workload.epochs,
            patience=workload.epochs,
        )
        source = InProcess(network.on_logits() if fused else network, loss, samples, run)
        with tempfile.TemporaryDirectory() as folder, RunLog(os.fspath(Path(folder, "log")), print) as log:
            start = perf_counter()
            for epoch in train(run, source):
                log.epoch(epoch)
            return Race(perf_counter() - start, epoch.loss)

    return race
