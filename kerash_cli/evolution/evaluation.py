"""Evaluating a candidate: a pure function of JSON values, of samples in a stage, and of the parent's weights.

Any process that runs it writes the same bytes to the candidate's file and returns the same values, except for the
seconds.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from math import ceil, isfinite
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple, Self

import numpy as np

from kerash_cli.engine import optimizers
from kerash_cli.engine.losses import Loss
from kerash_cli.engine.network import Network
from kerash_cli.engine.randomness import Key, derived
from kerash_cli.engine.schedules import Schedule
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import Diverged, KerashError
from kerash_cli.evolution.inheritance import inherit
from kerash_cli.evolution.recipe import Recipe
from kerash_cli.model import archive
from kerash_cli.model.description import ModelDescription
from kerash_cli.parallel.executors import CallFiles
from kerash_cli.parallel.ranks import attached
from kerash_cli.system import files
from kerash_cli.tables.table import Rows
from kerash_cli.training.checkpoint import Checkpoint
from kerash_cli.training.evaluator import Evaluator
from kerash_cli.training.folds import Folds, SideBySide, initial, outputs, row_losses
from kerash_cli.training.loop import train
from kerash_cli.training.matching import network_and_loss
from kerash_cli.training.run import Run
from kerash_cli.training.samples import Samples

FEWEST_EPOCHS = 10
"""Minimum number of epochs for a table: with more than about 3,000 rows, more batches train than a recipe says.

On tables of 3,000 to 20,000 rows, 10 epochs were better than 4, and 25 hardly better than 10.
"""

PATHS = CallFiles(folders=("stage",), read=("parent",), written=("file",))
"""Keys of the paths in the record that `evaluate` takes."""

MOST_ROWS = 512
"""Maximum number of rows on which inheritance compares networks and fits weights."""


class Regime(NamedTuple):
    """The settings with which candidates are trained and judged."""

    batch_size: int
    loss: str
    dtype: str = "float32"
    for_table: bool = False
    """True if it is a search for a table: the last layer starts at zero, and trainings are longer and more patient."""
    answers: bool = False
    """True if the answers to the validation rows are kept, to choose ensembles by them."""

    def epochs(self, steps: int, rows: int) -> int:
        """Returns the number of epochs of a full training of so many batches, if `rows` rows train."""
        return max(FEWEST_EPOCHS if self.for_table else 1, round(steps / ceil(rows / self.batch_size)))

    def patience(self, epochs: int) -> int:
        """Returns the number of epochs without a lower validation loss after which a candidate's training stops."""
        return max(10, epochs // 3) if self.for_table else max(5, epochs // 5)


class Job(NamedTuple):
    """The task of evaluating one candidate up to a given epoch."""

    regime: Regime
    stage: str
    """Folder with the samples (`x_all.npy`, `y_all.npy`) and with the folds (`training_SPLIT.npy` and so on)."""
    split: str
    seed: int
    """Seed of everything random in the training."""
    origin: str
    """A digest that identifies the samples and the folds."""
    recipe: Recipe
    ancestry: tuple[str, ...]
    """Descriptions of parent, networks in between, and candidate, one mutation apart; empty without inheritance."""
    parent: str | None
    """File with the parent's weights, if weights are inherited."""
    file: str
    """The candidate's file: a checkpoint with the best parameters so far."""
    share: float
    """Share of the epochs of a full training after which the evaluation ends."""
    inputs: str | None = None
    """File with the indexes of the inputs that the candidate sees; None if it sees all."""

    def to_json(self) -> dict[str, Any]:
        """Returns the JSON values that `evaluate` takes."""
        record = self._asdict()
        recipe = record.pop("recipe")
        return {**record, "regime": self.regime._asdict(), "genome": recipe.to_json()}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Returns the job from which `to_json` made the record."""
        plain = {name: value for name, value in record.items() if name not in ("regime", "genome", "ancestry")}
        regime, recipe = Regime(**record["regime"]), Recipe.from_json(record["genome"])
        return cls(**plain, regime=regime, recipe=recipe, ancestry=tuple(record["ancestry"]))

    @property
    def identity(self) -> dict[str, Any]:
        """Returns everything that decides the result, as JSON values."""
        job = self.to_json()
        return {name: job[name] for name in ("regime", "split", "seed", "origin", "genome", "ancestry")}


def evaluate(record: Mapping[str, Any]) -> dict[str, Any]:
    """Trains a job's candidate for a `share` of its epochs; continues from its checkpoint if there is one.

    After a full training, the file has the best parameters, the result, and, if the regime asks for them, the answers:
    the last weighted sums for each validation row (rows, outputs), fold by fold, from the network that did not train
    on it. Such a file is not trained again.

    Returns JSON values by name. `loss` is the mean over all validation rows in the best epoch, and `deviation` is the
    standard error of this mean. `epochs` is the number of epochs so far, `best_epoch` the best of them, and `seconds`
    the time that the call took. `error` is how far the network deviated from its parent's before training (None if no
    weights were inherited). If training diverges, `loss` is None and `reason` says why.
    """
    before = perf_counter()
    job = Job.from_json(record)
    if (known := known_result(job)) is not None:
        return {**known, "seconds": perf_counter() - before}
    samples, folds = _samples(job)
    result: dict[str, Any] = dict.fromkeys(("loss", "deviation", "error", "reason", "stopped"))
    result |= {"epochs": 0, "best_epoch": 0}
    try:
        run, result["error"] = _begun(job, samples, folds)
        saver = Checkpoint(job.file, job.identity)
        if Path(job.file).exists():
            with suppress(KerashError):  # another job's file, which is of no use
                saver.resume(run)
        until = max(1, round(job.share * run.epochs))
        if run.epoch > until:
            run, _ = _begun(job, samples, folds)
        network, loss = _judged(job)
        judged = folds.judged(samples)
        if run.epoch < until:
            source = SideBySide(network, loss, samples, folds.training, run)
            _train(run, source, Evaluator(network, loss, judged, run.params, folds.sizes), until, saver)
        rows = row_losses(network, loss, run.best_params, judged, folds.sizes).astype(np.float64)
        result |= {"loss": run.best_loss, "epochs": run.epoch, "best_epoch": run.best_epoch}
        result["stopped"] = "patience" if run.epoch < run.epochs else "epochs"
        result["deviation"] = float(rows.std() / max(1, len(rows) - 1) ** 0.5)
        if job.share < 1:
            saver.epoch(run)
            saver.write()
        else:
            _write(job, judged.x[:, :-1], folds.sizes, run, result)
    except Diverged as error:
        result["reason"] = str(error)
    return {**result, "seconds": perf_counter() - before}


def _train(run: Run, source: SideBySide, judge: Evaluator, until: int, saver: Checkpoint) -> None:
    """Trains up to an epoch, and writes checkpoints that are asked for; raises Diverged if training diverges."""
    for _ in train(run, source, judge):
        if run.epoch >= until:
            break
        if saver.is_asked_for:
            saver.epoch(run)
            with suppress(KerashError):  # the file is written again when the job is done
                saver.write()
    if not all(np.isfinite(vector).all() for vector in run.optimizer.vectors.values()):
        raise Diverged(f"training diverged: the gradients in epoch {run.epoch} are not finite")


def _write(job: Job, x: Array, sizes: Sequence[int], run: Run, result: Mapping[str, Any]) -> None:
    """Writes the file of a candidate that was trained in full; x (rows, features) is what judged it, fold by fold."""
    tensors = {"best_params": run.best_params}
    if job.regime.answers:
        network = job.recipe.network.on_logits()
        tensors["answers"] = outputs(network, run.best_params, x, sizes, network.roomy_tile)
    with files.replacing(job.file) as output:
        archive.save(output, tensors, {"candidate": job.identity, "result": dict(result)})


def known_result(job: Job) -> dict[str, Any] | None:
    """Returns what `evaluate` returned for this job, without the seconds; None unless its file has all of a training.

    The file may be that of another job, or have a part of the training, or be damaged: then it is of no use.
    """
    if job.share < 1 or not Path(job.file).exists():
        return None
    with suppress(KerashError):
        record = archive.load(job.file).record
        if record.get("candidate") == json.loads(json.dumps(job.identity)):
            return dict(record["result"])
    return None


def told(file: str) -> dict[str, Any] | None:
    """Returns the identity and the result of a candidate that was trained in full; None if it is another file.

    Raises as `archive.load` does.
    """
    record = archive.load(file).record
    if "candidate" not in record:
        return None
    return {"identity": record["candidate"], "result": record["result"]}


def best_params(file: str) -> Array:
    """Returns the best parameters in a candidate's file: (folds, size), or (size,) for one fold."""
    return archive.load(file).tensors["best_params"]


def answers(file: str) -> Array:
    """Returns the answers in the file of a candidate that was trained in full; see `evaluate`."""
    return archive.load(file).tensors["answers"]


def _judged(job: Job) -> tuple[Network, Loss]:
    return network_and_loss(job.recipe.network, job.regime.loss, job.recipe.description.activation)


def _samples(job: Job) -> tuple[Samples, Folds]:
    names = ["x_all", "y_all", *(f"{name}_{job.split}" for name in Folds._fields)]
    x, y, *cut = (attached(Path(job.stage) / f"{name}.npy", writable=False) for name in names)
    if job.inputs:
        seen = attached(Path(job.stage) / f"{job.inputs}.npy", writable=False)
        x = x[:, [*seen.tolist(), -1]]  # the last column is one of ones
    return Samples(x, y), Folds(*cut)


def _begun(job: Job, samples: Samples, folds: Folds) -> tuple[Run, float | None]:
    """Returns a new run, and the deviation of its network from the parent's (None if no weights are inherited)."""
    regime, recipe = job.regime, job.recipe
    count, rows = folds.training.shape
    params, error = _initial(job, samples, folds)
    epochs = regime.epochs(recipe.steps, rows)
    settings = optimizers.OptimizerSettings(
        recipe.learning_rate, weight_decay=recipe.weight_decay, schedule=Schedule("cosine")
    )
    run = Run.begin(
        recipe.network,
        params[0] if count == 1 else params,
        optimizers.AdamW,
        settings,
        rows,
        job.seed,
        regime.batch_size,
        epochs,
        regime.patience(epochs),
    )
    return run, error


def _initial(job: Job, samples: Samples, folds: Folds) -> tuple[Array, float | None]:
    """Returns the initial parameters (folds, size), and the largest deviation from a parent's network, or None."""
    dtype, network = np.dtype(job.regime.dtype), job.recipe.network
    if job.parent is None:
        return initial(network, len(folds.training), job.seed, dtype, zero_last=job.regime.for_table), None
    seeds = [derived(job.seed, Key.INITIAL, fold) for fold in range(len(folds.training))]
    descriptions = [ModelDescription.parse(text) for text in job.ancestry]
    given = best_params(job.parent).reshape(len(seeds), -1)
    try:
        with np.errstate(all="ignore"):  # an overflow shows in the error
            inherited = [
                inherit(descriptions, own, partial(_drawn, seed=seed, dtype=dtype), samples.x[_some(rows), :-1])
                for seed, own, rows in zip(seeds, given, folds.training, strict=True)
            ]
    except np.linalg.LinAlgError as error:
        raise Diverged(f"the parent's activations are not finite: {error}") from None
    largest = max(made for _, made in inherited)
    if not isfinite(largest):
        raise Diverged(f"expected a child that computes what its parent did, got one with an error of {largest}")
    return np.array([params for params, _ in inherited]), largest


def _some(rows: Rows) -> Rows:
    """Returns at most MOST_ROWS of the rows, evenly spread, because files are often sorted."""
    if len(rows) <= MOST_ROWS:
        return rows
    return rows[np.linspace(0, len(rows) - 1, MOST_ROWS).astype(np.intp)]


def _drawn(network: Network, seed: int, dtype: np.dtype[Any]) -> Array:
    return network.initial(seed, dtype)
