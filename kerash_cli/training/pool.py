"""Training by several ranks: `WorkerPool` runs in the parent, `work` in each worker."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from time import perf_counter
from typing import Any, Self

import numpy as np

from kerash_cli.engine import optimizers
from kerash_cli.engine.layers import Mode
from kerash_cli.engine.losses import Loss
from kerash_cli.engine.network import Network
from kerash_cli.engine.schedules import Schedule
from kerash_cli.errors import WorkerFailed
from kerash_cli.model.description import ModelDescription
from kerash_cli.parallel.processes import Processes
from kerash_cli.parallel.ranks import Doors, Over, Ranks, attached, joined, shared_bytes
from kerash_cli.store.stage import Stage, at_random
from kerash_cli.training.matching import network_and_loss
from kerash_cli.training.rank import Rank, rank_shapes
from kerash_cli.training.run import CHUNK_RULE, Run, batches
from kerash_cli.training.samples import Samples
from kerash_cli.training.steps import Arrays, Shapes, Task

VECTOR = "vector_"
"""Beginning of the names of the arrays that are the optimizer's vectors."""


def pool_bytes(
    network: Network, rows: int, batch_size: int, ranks: int, dtype: Any, vectors: int, rule: int = CHUNK_RULE
) -> int:
    """Returns the size, in bytes, of the files that a pool adds to its stage; the optimizer has so many vectors."""
    return shared_bytes(run_shapes(network, rows, batch_size, ranks, dtype, map(str, range(vectors)), rule), ranks)


def run_shapes(
    network: Network, rows: int, batch_size: int, ranks: int, dtype: Any, vectors: Iterable[str], rule: int
) -> Shapes:
    """Returns all arrays that the ranks share: a run's parameters, order and optimizer, and what a step needs."""
    return {
        "params": ((network.size,), dtype),
        "order": ((rows,), np.int64),
        **{f"{VECTOR}{name}": ((network.size,), dtype) for name in vectors},
        **rank_shapes(network, rows, batch_size, ranks, dtype, rule),
    }


class WorkerPool:
    """A GradientSource that shares each batch among several ranks (processes); this process is rank 0.

    `step` raises WorkerFailed if a worker dies, is stopped, does not answer, or returns a loss that is not finite
    although this process computes a finite one for the same rows.
    """

    def __init__(
        self,
        processes: Processes,
        stage: Stage,
        job: Mapping[str, Any],
        samples: Samples,
        run: Run,
        margin: float | None = None,
    ) -> None:
        """`job` comes from `described`. The samples are in files; the run's arrays are moved to files in the stage."""
        network, loss = judged(job)
        old, rows = dict(run.optimizer.vectors), len(run.order)
        count, dtype = 1 + len(processes), run.params.dtype
        shapes = run_shapes(network, rows, run.batch_size, count, dtype, old, run.chunk_rule)
        self._ranks = Ranks(processes, stage, shapes, {**job, **standing(run, margin)})
        arrays = self._ranks.arrays
        arrays["params"][...], arrays["order"][...] = run.params, run.order
        run.params, run.order = arrays["params"], arrays["order"]
        for name, vector in old.items():
            run.optimizer.vectors[name] = arrays[f"{VECTOR}{name}"]
            run.optimizer.vectors[name][...] = vector
        self._meet, self._stamps = self._ranks.meeting, arrays["stamps"]
        own = Task(network, loss, samples, run.params, run.optimizer, run.mode, margin, run.chunk_rule)
        self._rank = Rank(own, run.order, run.batch_size, arrays, 0, self._ranks.count, self._meet, self._check)

    def __enter__(self) -> Self:
        """Starts the job and waits until all workers are ready."""
        self._meet()
        return self

    def __exit__(self, *error: object) -> None:
        self._ranks.__exit__(None, None, None)

    @property
    def hits(self) -> int:
        """Number of rows within the margin in the latest batch."""
        return self._rank.hits

    def step(self, start: int, stop: int) -> float:
        if start == 0:
            self._meet()  # the rows have their new order
        begun = perf_counter()
        loss = self._rank.step(start, stop)
        self._ranks.slowest = max(self._ranks.slowest, perf_counter() - begun)
        if not isfinite(loss) and isfinite(self._rank.recompute(start, stop)):
            raise WorkerFailed(
                f"a worker computed a loss of {loss}, but this process computed a finite one; try --workers 1"
            )
        return loss

    def _check(self, now: int) -> None:
        """Raises WorkerFailed if what a rank has computed belongs to an earlier phase than `now`."""
        for rank, stamp in enumerate(self._stamps.tolist()):
            if stamp < now:
                raise WorkerFailed(f"worker {rank} returned the result of an earlier step; try --workers 1")


def described(
    description: ModelDescription, bias: bool, loss: str, optimizer: str, run: Run, samples: Mapping[str, str]
) -> dict[str, Any]:
    """Returns the job that `WorkerPool` takes; `samples` has the paths of the files of x, y and, if used, weight."""
    settings = run.optimizer.settings
    return {
        "model": str(description),
        "bias": bias,
        "loss": loss,
        "optimizer": optimizer,
        "settings": {**asdict(settings), "schedule": str(settings.schedule)},
        "epochs": run.optimizer.epochs,
        "samples": dict(samples),
    }


def standing(run: Run, margin: float | None) -> dict[str, Any]:
    """Returns what a job has besides `described` when it begins."""
    return {
        "optimizer_steps": run.optimizer.steps,
        "seed": run.mode.seed,
        "step": run.mode.step,
        "batch_size": run.batch_size,
        "chunk_rule": run.chunk_rule,
        "margin": margin,
    }


def work(job: Mapping[str, Any], ends: tuple[int, int]) -> None:
    """Computes a worker's share of every step, until the job is over."""
    arrays, meet = joined(job, ends)
    samples = Samples(**{name: attached(Path(path), writable=False) for name, path in job["samples"].items()})
    with suppress(Over):
        meet()
        take_part(job, samples, arrays, meet, meet)


def take_part(
    job: Mapping[str, Any], samples: Samples, arrays: Arrays, doors: Doors, begin: Callable[[], object]
) -> None:
    """Computes a rank's share of every step; raises Over when the job is over.

    `arrays` are those of `run_shapes`, with the state of the run. `begin` is called before each epoch, when the order
    of the rows has to be the new one.
    """
    network, loss = judged(job)
    settings = optimizers.OptimizerSettings(
        **{**job["settings"], "schedule": Schedule.parse(job["settings"]["schedule"])}
    )
    params, order = arrays["params"], arrays["order"]
    cut = batches(len(order), job["batch_size"], network.fewest_rows)
    optimizer = optimizers.OPTIMIZERS[job["optimizer"]](settings, network.size, params.dtype, len(cut), job["epochs"])
    optimizer.steps = job["optimizer_steps"]
    optimizer.vectors = {name.removeprefix(VECTOR): arrays[name] for name in arrays if name.startswith(VECTOR)}
    mode = Mode(training=True, seed=job["seed"], step=job["step"])
    with np.errstate(all="ignore"), at_random(samples.x):
        own = Task(network, loss, samples, params, optimizer, mode, job["margin"], job["chunk_rule"])
        rank = Rank(own, order, job["batch_size"], arrays, job["rank"], job["ranks"], doors)
        while True:
            begin()
            for start, stop in cut:
                if not isfinite(rank.step(start, stop)):
                    break
                mode.step += 1


def judged(job: Mapping[str, Any]) -> tuple[Network, Loss]:
    """Returns the network and the loss of a job, as `network_and_loss` does."""
    description = ModelDescription.parse(job["model"])
    network = Network(description.layers, description.known_shape, job["bias"])
    return network_and_loss(network, job["loss"], description.activation)
