"""kerash itself: the real `training.train`, with shuffling, losses and a log in a file; a thread is a worker here."""

import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.workloads import Race, Workload, shuffler
from kerash_cli.engine import losses, optimizers
from kerash_cli.engine.layers import Mode
from kerash_cli.parallel.processes import Processes
from kerash_cli.store.stage import stage, staged_bytes
from kerash_cli.training import pool
from kerash_cli.training.division import most_parts
from kerash_cli.training.log import RunLog
from kerash_cli.training.loop import train
from kerash_cli.training.pool import WorkerPool, described, pool_bytes
from kerash_cli.training.run import Run
from kerash_cli.training.samples import Samples
from kerash_cli.training.sources import InProcess

SPARE = 1 << 20


def picked(workload: Workload, cores: int) -> int:
    """How many workers kerash takes where the work is worth it."""
    return min(cores, most_parts(workload.network, len(workload.samples()[0]), workload.batch_size))


def prepare(workload: Workload, threads: int) -> Callable[[], Race]:
    """A function that trains from the start, each time."""
    description, network = workload.description, workload.network
    loss, fused = losses.after(workload.loss, description.activation)
    judged = network.on_logits() if fused else network
    initial = np.concatenate([part.ravel() for layer in workload.initial() for part in layer])
    x, y = workload.samples()
    rows, batch_size = len(x), workload.batch_size

    def race() -> Race:
        optimizer = optimizers.OPTIMIZERS[workload.optimizer](
            optimizers.OptimizerSettings(workload.rate, workload.momentum),
            initial.size,
            initial.dtype,
            -(-rows // batch_size),
            workload.epochs,
        )
        run = Run(
            initial.copy(),
            optimizer,
            Mode(training=True),
            np.arange(rows),
            shuffler(),
            batch_size,
            workload.epochs,
            patience=workload.epochs,
        )
        vectors = len(optimizer.vectors)
        size = staged_bytes(((rows, x.shape[1] + 1), x.dtype), (y.shape, y.dtype), ((SPARE,), np.uint8))
        size += pool_bytes(judged, rows, batch_size, threads, initial.dtype, vectors)
        with ExitStack() as stack:
            processes = stack.enter_context(Processes(threads - 1, pool.__name__))
            folder = stack.enter_context(stage(size, None, print))
            samples = Samples(
                folder.array("x_train", (rows, x.shape[1] + 1), x.dtype), folder.array("y_train", y.shape, y.dtype)
            )
            samples.x[:, :-1], samples.x[:, -1], samples.y[...] = x, 1, y
            if threads > 1:
                paths = {kind: str(folder.folder / f"{kind}_train.npy") for kind in "xy"}
                job = described(description, True, workload.loss, workload.optimizer, run, paths)
                source = stack.enter_context(WorkerPool(processes, folder, job, samples, run))
            else:
                source = InProcess(judged, loss, samples, run)
            log_folder = stack.enter_context(tempfile.TemporaryDirectory())
            log = stack.enter_context(RunLog(os.fspath(Path(log_folder, "log")), print))
            start = perf_counter()
            ends = [start]
            for epoch in train(run, source):
                log.epoch(epoch)
                ends.append(perf_counter())
            epochs = [after - before for before, after in pairwise(ends)]
            return Race(sum(epochs), epoch.loss, (epochs[0], epochs[-1]))

    return race
