"""Training by several ranks: `WorkerPool` runs in the parent, `work` in each worker."""

from collections.abc import Mapping
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
from kerash_cli.parallel.ranks import Over, Ranks, attached, joined, shared_bytes
from kerash_cli.store.stage import Stage
from kerash_cli.training.chunks import chunks
from kerash_cli.training.matching import network_and_loss
from kerash_cli.training.rank import Rank, Shared, keeps_own, own
from kerash_cli.training.run import Run, batches
from kerash_cli.training.samples import Samples

_VECTOR = "vector_"


def largest_chunks(network: Network, rows: int, batch_size: int) -> int:
    """Returns the maximum number of chunks in a batch of the run."""
    sizes = {stop - start for start, stop in batches(rows, batch_size, network.fewest_rows)}
    return max(chunks(size, network.flops, network.size) for size in sizes)


def pool_bytes(network: Network, rows: int, batch_size: int, ranks: int, dtype: Any, vectors: int) -> int:
    """Returns the size, in bytes, of the files that a pool adds to its stage."""
    shapes = Shared.shapes(network.size, rows, largest_chunks(network, rows, batch_size), dtype)
    return shared_bytes({**shapes, **{f"vector_{each}": ((network.size,), dtype) for each in range(vectors)}}, ranks)


class WorkerPool:
    """A GradientSource that shares each batch among several ranks (processes); this process is rank 0.

    `step` raises WorkerFailed if a worker dies, is stopped, does not answer, or returns a loss that is not finite
    although this process computes a finite one for the same rows.
    """

    hits = 0

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
        network, loss = _judged(job)
        dtype, old = run.params.dtype, dict(run.optimizer.vectors)
        count = largest_chunks(network, len(run.order), run.batch_size)
        shapes = Shared.shapes(network.size, len(run.order), count, dtype)
        vectors = {f"{_VECTOR}{name}": (vector.shape, dtype) for name, vector in old.items()}
        standing = {
            "optimizer_steps": run.optimizer.steps,
            "seed": run.mode.seed,
            "step": run.mode.step,
            "batch_size": run.batch_size,
            "margin": margin,
        }
        self._ranks = Ranks(processes, stage, {**shapes, **vectors}, {**job, **standing})
        arrays = self._ranks.arrays
        self._shared = Shared(**{name: arrays[name] for name in shapes})
        self._shared.params[...], self._shared.order[...] = run.params, run.order
        run.params, run.order = self._shared.params, self._shared.order
        for name, vector in old.items():
            run.optimizer.vectors[name] = arrays[f"{_VECTOR}{name}"]
            run.optimizer.vectors[name][...] = vector
        self._margin, self._meet = margin, self._ranks.meeting
        self._rank = Rank(
            0, self._ranks.count, self._shared, self._meet, network, loss, samples, run.optimizer, run.mode, margin
        )

    def __enter__(self) -> Self:
        """Starts the job and waits until all workers are ready."""
        self._meet()
        return self

    def __exit__(self, *error: object) -> None:
        self._ranks.__exit__(None, None, None)

    def step(self, start: int, stop: int) -> float:
        if start == 0:
            self._meet()  # the rows have their new order
        begun = perf_counter()
        loss = self._rank.step(start, stop, self._check)
        self._ranks.slowest = max(self._ranks.slowest, perf_counter() - begun)
        if not isfinite(loss) and isfinite(self._rank.recompute(start, stop)):
            raise WorkerFailed(
                f"a worker computed a loss of {loss}, but this process computed a finite one; try --workers 1"
            )
        return loss

    def _check(self, count: int) -> None:
        """Counts the hits of `count` chunks; raises WorkerFailed if a chunk's result belongs to an earlier step."""
        stamps, now = self._shared.stamps, self._rank.now
        for chunk in range(count):
            if stamps.item(chunk) != now:
                ranks = self._ranks.count
                rank = next(rank for rank in range(ranks) if chunk in own(rank, ranks, count))
                raise WorkerFailed(f"worker {rank} returned the result of an earlier step; try --workers 1")
        if self._margin is not None:
            self.hits = int(self._shared.hits[:count].sum())


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
        "epochs": run.epochs,
        "samples": dict(samples),
    }


def work(job: Mapping[str, Any], ends: tuple[int, int]) -> None:
    """Computes a worker's share of every step, until the job is over."""
    network, loss = _judged(job)
    arrays, meet = joined(job, ends)
    shared = Shared(**{name: arrays[name] for name in Shared._fields})
    samples = Samples(**{name: attached(Path(path), writable=False) for name, path in job["samples"].items()})
    settings = optimizers.OptimizerSettings(
        **{**job["settings"], "schedule": Schedule.parse(job["settings"]["schedule"])}
    )
    cut = batches(len(shared.order), job["batch_size"], network.fewest_rows)
    optimizer = optimizers.OPTIMIZERS[job["optimizer"]](
        settings, network.size, shared.params.dtype, len(cut), job["epochs"]
    )
    optimizer.steps = job["optimizer_steps"]
    vectors = {name.removeprefix(_VECTOR): arrays[name] for name in arrays if name.startswith(_VECTOR)}
    mode = Mode(training=True, seed=job["seed"], step=job["step"])
    with suppress(Over), np.errstate(all="ignore"):
        meet()
        if keeps_own(optimizer, shared.params):
            shared = shared._replace(params=shared.params.copy())
            vectors = {name: vector.copy() for name, vector in vectors.items()}
        optimizer.vectors = vectors
        rank = Rank(job["rank"], job["ranks"], shared, meet, network, loss, samples, optimizer, mode, job["margin"])
        while True:
            meet()
            for start, stop in cut:
                if not isfinite(rank.step(start, stop)):
                    break
                mode.step += 1


def _judged(job: Mapping[str, Any]) -> tuple[Network, Loss]:
    """Returns the network and the loss of a job, as `network_and_loss` does."""
    description = ModelDescription.parse(job["model"])
    network = Network(description.layers, description.known_shape, job["bias"])
    return network_and_loss(network, job["loss"], description.activation)
