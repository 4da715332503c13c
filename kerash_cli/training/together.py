"""Trainings that take each step together: networks of one form, each with its own rows and its own best epoch.

What a few networks have in common is a job, as JSON values, and samples in a stage. `advance` trains for a while and
writes the state to a file, from which any process goes on. So workers can share out trainings that take different
times, and the results do not depend on who computed what.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from math import inf, isfinite
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerash_cli.engine import optimizers
from kerash_cli.engine.schedules import Schedule
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import Diverged
from kerash_cli.parallel.ranks import attached
from kerash_cli.store.stage import Stage, at_random
from kerash_cli.tables.table import Rows
from kerash_cli.training.evaluator import Evaluator
from kerash_cli.training.folds import SideBySide
from kerash_cli.training.loop import diverged
from kerash_cli.training.pool import judged
from kerash_cli.training.preparing import PreparedTraining
from kerash_cli.training.run import Run
from kerash_cli.training.samples import Samples, written
from kerash_cli.training.sources import GradientSource, InProcess
from kerash_cli.training.weighing import row_weights

PARTS = ("train", "val")

MOST_LEFT = 4
"""Maximum number of groups that a process keeps, compiled, in case that they come back."""


class Standing(NamedTuple):
    """Progress of trainings, as JSON values; each list has a value for each network."""

    file: str
    """File with the arrays of this state."""
    live: list[int]
    """Indexes of the networks that are still training."""
    epochs: list[int]
    best_epochs: list[int]
    best_losses: list[float | None]
    steps: int
    """Number of steps that the optimizer has taken, and with it the masks of dropout."""
    rng: dict[str, Any]
    """State of the generator that shuffles the rows."""

    @property
    def is_over(self) -> bool:
        """True if no network is training any more."""
        return not self.live


def form(prepared: PreparedTraining) -> tuple[Any, ...]:
    """Returns what trainings have in common if they can take each step together; nothing else has it if they can't."""
    weighted = prepared.settings.balance or prepared.settings.weights is not None
    alike = prepared.judged.stacks
    sizes = (len(prepared.training), 0 if prepared.judging is None else len(prepared.judging.rows))
    return (str(prepared.description), sizes, weighted) if alike else (object(),)


def begin(stage: Stage, members: Mapping[str, PreparedTraining], params: list[Array], epochs: int) -> dict[str, Any]:
    """Writes the samples of trainings of one `form` to the stage; returns the record that `advance` takes.

    `members` are the trainings by their names, and `params` their initial parameters. They end after `epochs` epochs.
    """
    first, *_ = members.values()
    settings, optimizer = first.settings, first.settings.optimizer_settings
    for part in PARTS:
        _stage(stage, part, list(members.values()))
    count, size = len(members), first.network.size
    begun = np.array(params)
    names = optimizers.OPTIMIZERS[settings.optimizer].remembers
    rows = len(first.training)
    run = Run.begin(
        *(first.judged, begun, optimizers.OPTIMIZERS[settings.optimizer], optimizer, rows, settings.seed),
        *(settings.batch_size, settings.epochs, settings.patience),
    )
    vectors = {name: np.zeros((count, size), first.dtype) for name in names}
    arrays: dict[str, NDArray[Any]] = {"params": begun, "best_params": begun, "order": run.order, **vectors}
    standing = Standing("", list(range(count)), [0] * count, [0] * count, [None] * count, 0, _state(run.rng))
    job = {
        "folder": str(stage.folder.resolve()),
        "names": list(members),
        "model": str(first.description),
        "bias": settings.bias,
        "loss": first.loss_name,
        "optimizer": settings.optimizer,
        "settings": {**asdict(optimizer), "schedule": str(optimizer.schedule)},
        "seed": settings.seed,
        "batch_size": settings.batch_size,
        "scheduled": settings.epochs,
        "epochs": epochs,
        "patience": settings.patience,
        "chunk_rule": first.chunk_rule,
    }
    return {"job": job, "standing": _saved(job, standing, arrays)._asdict()}


def ready() -> bool:
    """Returns at once: a worker that is asked this imports what it will need."""
    return True


def advance(record: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Trains for about so many seconds of the processor, at least one epoch; returns the record with the new standing.

    Raises Diverged if a training diverges.
    """
    job, standing = record["job"], Standing(**record["standing"])
    group = _left.pop(job["folder"], None)
    if group is None or not group.goes_on(standing):
        group = _GroupUnderWay(job, standing)
    group.train(process_time() + seconds)
    standing = group.saved()
    if not standing.is_over:
        _left[job["folder"]] = group
    while len(_left) > MOST_LEFT:
        del _left[next(iter(_left))]
    return {**record, "standing": standing._asdict()}


def best_params(record: Mapping[str, Any]) -> Array:
    """Returns the best parameters of each network so far, (networks, size)."""
    with np.load(record["standing"]["file"]) as arrays:
        found: Array = arrays["best_params"]
    return found


_left: "dict[str, _GroupUnderWay]" = {}
"""Groups that this process has left, by their folders; another process may have gone on with them since."""


class _GroupUnderWay:
    """Trainings under way in this process."""

    def __init__(self, job: Mapping[str, Any], standing: Standing) -> None:
        self._job, self._live = job, [*standing.live]
        self._count = len(standing.epochs)
        """Number of networks, whether they are still training or not."""
        self._network, self._loss = judged(job)
        self._training, self._weight = _samples(job["folder"], "train")
        self._arrays: dict[str, Array] = {}
        with np.load(standing.file) as arrays:
            self._run = self._begun(arrays["params"][self._live])
        self._compiled: tuple[GradientSource, list[Callable[[], float] | None]] | None = None
        self._load(standing)

    def goes_on(self, standing: Standing) -> bool:
        """Takes a later state; returns False if other networks are training there, so that nothing fits any more."""
        if standing.live != self._live:
            return False
        if standing.file != self._file:
            self._load(standing)
        return True

    def _load(self, standing: Standing) -> None:
        """Reads a state, into the arrays that the compiled calls are about."""
        run, self._file = self._run, standing.file
        self._epochs, self._best_epochs = [*standing.epochs], [*standing.best_epochs]
        self._best_losses = [inf if loss is None else loss for loss in standing.best_losses]
        with np.load(standing.file) as arrays:
            self._arrays = {name: arrays[name] for name in arrays.files}
        self._params()[...] = self._arrays["params"][self._live]
        run.order[...] = self._arrays["order"]
        run.rng.bit_generator.state = standing.rng
        run.optimizer.steps = run.mode.step = standing.steps
        for name, vector in run.optimizer.vectors.items():
            vector[...] = self._arrays[name][self._live].reshape(-1)

    def train(self, until: float) -> None:
        """Trains until that time, as `process_time` tells it."""
        with np.errstate(all="ignore"), at_random(self._training.x):  # an overflow shows in the loss
            while self._live and not self._course(until):
                self._compact()

    def saved(self) -> Standing:
        """Writes the arrays to a new file; returns how far the trainings have got. The group may go on afterwards."""
        if self._live:
            self._keep()
        losses = [None if loss == inf else loss for loss in self._best_losses]
        run = self._run
        standing = Standing(
            "", [*self._live], [*self._epochs], [*self._best_epochs], losses, run.optimizer.steps, _state(run.rng)
        )
        standing = _saved(self._job, standing, {**self._arrays, "order": run.order})
        self._file = standing.file
        return standing

    def _begun(self, params: Array) -> Run:
        """Returns a run of the networks that are training, with these parameters (networks, size)."""
        job, settings = self._job, self._job["settings"]
        own = optimizers.OptimizerSettings(**{**settings, "schedule": Schedule.parse(settings["schedule"])})
        run = Run.begin(
            *(self._network, params if len(params) > 1 else params[0], optimizers.OPTIMIZERS[job["optimizer"]], own),
            *(len(self._training.x) // self._count, job["seed"], job["batch_size"], job["scheduled"], job["patience"]),
        )
        run.chunk_rule = job["chunk_rule"]
        return run

    def _course(self, until: float) -> bool:
        """Trains until that time, or until one of the networks is done; returns whether the time has come."""
        self._compiled = self._compiled or (self._source(), self._judges())
        run, (source, judges) = self._run, self._compiled
        while True:
            run.rng.shuffle(run.order)
            total = 0.0
            for number, (start, stop) in enumerate(run.batches, 1):
                loss = source.step(start, stop)
                if not isfinite(loss):
                    raise self._diverged(self._live, number, loss)
                total += loss
                run.mode.step += 1
            for index, params, judge in zip(self._live, self._params(), judges, strict=True):
                judged = judge() if judge else total / len(run.order)
                if not (isfinite(judged) and isfinite(params.dot(params))):
                    raise self._diverged([index], len(run.batches), judged)
                self._epochs[index] += 1
                if judge is None or judged < self._best_losses[index]:
                    self._best_losses[index], self._best_epochs[index] = judged, self._epochs[index]
                    self._arrays["best_params"][index] = params
            if any(map(self._is_over, self._live)):
                return False
            if process_time() >= until:
                return True

    def _is_over(self, index: int) -> bool:
        epochs, job = self._epochs[index], self._job
        return bool(epochs >= job["epochs"] or epochs - self._best_epochs[index] >= job["patience"])

    def _compact(self) -> None:
        """Goes on with the networks that are not done."""
        self._keep()
        run = self._run
        self._live = [index for index in self._live if not self._is_over(index)]
        if not self._live:
            return
        self._run, self._compiled = self._begun(self._arrays["params"][self._live]), None
        self._run.order, self._run.rng = run.order, run.rng
        self._run.optimizer.steps = self._run.mode.step = run.optimizer.steps
        for name, vector in self._run.optimizer.vectors.items():
            vector[...] = self._arrays[name][self._live].reshape(-1)

    def _keep(self) -> None:
        """Copies the state of the networks that are training to the arrays of all."""
        for index, params in zip(self._live, self._params(), strict=True):
            self._arrays["params"][index] = params
        for name, vector in self._run.optimizer.vectors.items():
            self._arrays[name][self._live] = vector.reshape(len(self._live), -1)

    def _params(self) -> Array:
        """Returns the parameters of the networks that are training, (networks, size)."""
        return self._run.params.reshape(len(self._live), -1)

    def _source(self) -> GradientSource:
        """Returns the source of gradients of the networks that are training."""
        samples, run = self._training, self._run
        if not self._network.stacks:
            return InProcess(self._network, self._loss, samples._replace(weight=self._weight), run)
        rows = len(samples.x) // self._count
        indexes: Rows = np.array([np.arange(index * rows, (index + 1) * rows) for index in self._live])
        weight = None if self._weight is None else self._weight[indexes]
        return SideBySide(self._network, self._loss, samples, indexes, run, weight)

    def _judges(self) -> list[Callable[[], float] | None]:
        """Returns for each network the function that measures its loss on its validation rows; None without any."""
        if not (Path(self._job["folder"]) / "x_val.npy").exists():
            return [None for _ in self._live]
        samples, weight = _samples(self._job["folder"], "val")
        rows = len(samples.x) // self._count
        parts = [slice(index * rows, (index + 1) * rows) for index in self._live]
        own = [Samples(samples.x[each], samples.y[each], None if weight is None else weight[each]) for each in parts]
        return [
            Evaluator(self._network, self._loss, each, params) for each, params in zip(own, self._params(), strict=True)
        ]

    def _diverged(self, indexes: list[int], batch: int, loss: float) -> Diverged:
        names = " and ".join(self._job["names"][index] for index in indexes)
        self._run.epoch = self._epochs[indexes[0]]
        return Diverged(f"{names}: {diverged(self._run, batch, loss)}")


def _stage(stage: Stage, name: str, members: list[PreparedTraining]) -> None:
    """Writes a part of the samples of all trainings to the stage, one after the other, and their weights, if any."""
    parts = [each.part if name == "train" else each.judging for each in members]
    counts = [len(part.rows) if part else 0 for part in parts]
    first = members[0]
    if not sum(counts):  # an empty array can't be mapped
        return
    x = stage.array(f"x_{name}", (sum(counts), first.encoding.features + 1), first.dtype)
    y = stage.array(f"y_{name}", (sum(counts), first.encoding.outputs), first.dtype)
    weights: list[Array] = []
    for place, (own, part) in enumerate(zip(members, parts, strict=True)):
        if part is None:
            continue
        rows = slice(sum(counts[:place]), sum(counts[: place + 1]))
        written(Samples(x[rows], y[rows]), own.encoding, part.table, part.labels, part.rows)
        found = row_weights(own.settings, own.encoding, part, own.part)
        weights += [] if found is None else [found]
    if weights:
        stage.array(f"weight_{name}", (sum(counts),), first.dtype)[...] = np.concatenate(weights)


def _samples(folder: str, name: str) -> tuple[Samples, Array | None]:
    """Returns a part of the samples in a stage, whose file has to be there, and their weights, if any."""
    x, y = (attached(Path(folder) / f"{kind}_{name}.npy", writable=False) for kind in "xy")
    weights = Path(folder) / f"weight_{name}.npy"
    return Samples(x, y), attached(weights, writable=False) if weights.exists() else None


def _saved(job: Mapping[str, Any], standing: Standing, arrays: Mapping[str, NDArray[Any]]) -> Standing:
    """Writes the arrays to a file that is named by the steps, so that an earlier state stays; returns the standing."""
    file = Path(job["folder"]) / f"state-{standing.steps}.npz"
    with open(file, "wb") as output:
        np.savez(output, **arrays)  # type: ignore[arg-type]
    return standing._replace(file=str(file))


def _state(rng: "np.random.Generator") -> dict[str, Any]:
    """Returns the state of a generator as JSON values."""
    return dict(rng.bit_generator.state)
