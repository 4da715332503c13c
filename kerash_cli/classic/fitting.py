"""Fitting a genome to the samples of a stored model, batch by batch."""

from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kerash_cli.classic.genomes import Genome, Genomes
from kerash_cli.classic.models import Models, StoredModel, samples
from kerash_cli.classic.places import find
from kerash_cli.classic.storing import FLOAT64, PARTS
from kerash_cli.engine import optimizers
from kerash_cli.engine.losses import HalfSquare
from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, Diverged, at, listed
from kerash_cli.model.description import ModelDescription
from kerash_cli.parallel.processes import Processes
from kerash_cli.store.mountpoint import Mountpoint
from kerash_cli.store.stage import Stage
from kerash_cli.system import memory
from kerash_cli.training.division import most_parts
from kerash_cli.training.loop import diverged
from kerash_cli.training.pool import WorkerPool, described, pool_bytes
from kerash_cli.training.run import Run, require_rows
from kerash_cli.training.samples import Samples
from kerash_cli.training.sources import GradientSource, InProcess


class Batch(NamedTuple):
    """Figures of a batch, computed before the weights change."""

    epoch: int
    """Number of the epoch; the first is 0."""
    number: int
    """Number of the batch in its epoch; the first is 0."""
    cost: float
    """Sum of the squared errors of a row's outputs, averaged over the rows of the batch."""
    accuracy: float

    def __str__(self) -> str:
        """Returns the line that kerash printed in 2019."""
        return f"Epoch: {self.epoch:4} Batch: {self.number:4} cost: {self.cost:f} accuracy: {100 * self.accuracy:.1f}%"


def model_of(genome: Genome, places: Sequence[Mountpoint], named: str | None) -> tuple[Models, str]:
    """Returns the shelf and the name of the stored model whose samples a genome is fitted to.

    It is `named`, else the genome's own, else the only stored model with as many inputs and outputs as the genome.
    """
    if chosen := named or genome.model:
        return find(Models, places, chosen), chosen
    network = genome.network
    fitting = []
    for shelf in map(Models, places):
        for name in shelf.names():
            with shelf.reading(name) as folder:
                encoding = StoredModel.read(folder).encoding
            if (encoding.features, encoding.outputs) == (network.features, network.outputs):
                fitting.append((shelf, name))
    if len(fitting) != 1:
        expected = f"{at(str(places[0].root))}expected one stored model of {_ends(network)}, got"
        if not fitting:
            raise BadInput(f"{expected} none; try kerash store-model first")
        names = listed([name for _, name in fitting])
        raise BadInput(f"{expected} {len(fitting)}: {names}; try --model NAME")
    return fitting[0]


def material(places: Sequence[Mountpoint], name: str, model: str) -> tuple[ModelDescription, Array, Array]:
    """Returns what an evolution starts from: a genome's description, and all inputs and targets of a stored model.

    The stored model is the one called `model`; if none has that name, `model_of` chooses it.
    """
    shelf = find(Genomes, places, name)
    with shelf.holding(name) as folder:
        genome = Genome.read(folder)
    stored = any(model in Models(place).names() for place in places)
    models, model = model_of(genome, places, model if stored else None)
    with models.holding(model, shared=True) as folder:
        parts = [fitting_samples(genome, folder, part) for part in PARTS]
        x, y = (np.concatenate([getattr(part, axis) for part in parts]) for axis in "xy")
    return genome.description, x[:, :-1], y


def fitting_samples(genome: Genome, folder: Path, part: str) -> Samples:
    """Returns the samples of a stored model, from its folder; raises BadInput if they do not fit the genome."""
    found = samples(folder, part)
    network = genome.network
    if (found.x.shape[1] - 1, found.y.shape[1]) != (network.features, network.outputs):
        raise BadInput(
            f"{at(str(folder))}expected samples of {_ends(network)}, as the genome has, got {found.x.shape[1] - 1} and "
            f"{found.y.shape[1]}; try --model, or kerash create-genome again"
        )
    return found


def _ends(network: Network) -> str:
    return f"{network.features} numbers in and {network.outputs} out"


class Fit:
    """The fitting of a genome: `batches` trains it on its samples, and `result` is the trained genome."""

    def __init__(
        self,
        genome: Genome,
        samples: Samples,
        *,
        epochs: int,
        batch_size: int,
        learning_rate: float,
        margin: float,
        seed: int,
    ) -> None:
        rows, params, network = len(samples.x), genome.params, genome.network
        require_rows(network, rows, batch_size, "BATCH_SIZE 32")
        memory.require(network.plan_bytes(min(batch_size, rows), 8), "", "try a smaller BATCH_SIZE")
        settings = optimizers.OptimizerSettings(learning_rate=learning_rate)
        self.run = Run.begin(network, params, optimizers.SGD, settings, rows, seed, batch_size, epochs, patience=epochs)
        self._genome, self._samples, self._margin = genome, samples, margin
        self._cost = 0.0

    @property
    def most_workers(self) -> int:
        """Largest number of processes that can share a batch."""
        return most_parts(self._genome.network, len(self.run.order), self.run.batch_size)

    def staged_bytes(self, workers: int) -> int:
        """Returns the size, in bytes, of a stage for `workers` workers."""
        return pool_bytes(
            self._genome.network,
            len(self.run.order),
            self.run.batch_size,
            workers,
            FLOAT64,
            len(self.run.optimizer.vectors),
        )

    def shared(self, processes: Processes, stage: Stage, folder: Path) -> GradientSource:
        """Returns a source of gradients that uses `processes` and this process; `folder` has the sample files."""
        paths = {kind: str((folder / f"{kind}_train.npy").resolve()) for kind in "xy"}
        job = described(self._genome.description, self._genome.bias, "half-square", "sgd", self.run, paths)
        return WorkerPool(processes, stage, job, self._samples, self.run, self._margin)

    def batches(self, source: GradientSource | None = None) -> Iterator[Batch]:
        """Trains with `source`, or in this process alone, and yields each batch.

        Training ends after the last epoch, or after the batch in which `run.stop` is set. The cost of a shorter last
        batch is a mean over its own rows. Raises Diverged if a cost or the parameters are no longer finite; `result`
        still has the last epoch in which all were finite.
        """
        run = self.run
        source = source or InProcess(self._genome.network, HalfSquare(), self._samples, run, self._margin)
        while not run.stop and run.epoch < run.epochs:
            run.rng.shuffle(run.order)
            cost = 0.0
            for number, (start, stop) in enumerate(run.batches):
                with np.errstate(all="ignore"):  # an overflow is noticed in the cost
                    loss = source.step(start, stop)
                if not isfinite(loss):
                    raise Diverged(diverged(run, number, loss, first=0, advice=""))
                run.mode.step += 1
                cost = loss / ((stop - start) / 2)
                if not isfinite(cost):
                    raise Diverged(diverged(run, number, cost, first=0, advice=""))
                yield Batch(run.epoch, number, cost, source.hits / (stop - start))
                if run.stop:
                    break
            if not np.isfinite(run.params).all():
                raise Diverged(diverged(run, number, cost, first=0, advice=""))
            self._cost = cost
            np.copyto(run.best_params, run.params)
            run.epoch += 1
            run.best_epoch = run.epoch

    @property
    def result(self) -> Genome:
        """The genome with the parameters and the cost of the last epoch; unchanged if there was none."""

        if not self.run.best_epoch:
            return self._genome
        return self._genome.fitted(self.run.best_params, self._cost)
