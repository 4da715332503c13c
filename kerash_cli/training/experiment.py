"""Training from tables to a trained model: `prepare`, `start`, then the loop of training, then `conclude`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from kerash_cli.encoding.phrases import counted
from kerash_cli.engine import optimizers
from kerash_cli.engine.network import Network
from kerash_cli.engine.predictor import Predictor
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import Diverged
from kerash_cli.model import history, seen
from kerash_cli.model.facts import Facts
from kerash_cli.model.history import History, Point
from kerash_cli.model.merging import Member, merged
from kerash_cli.model.trained import TrainedModel
from kerash_cli.parallel.processes import Processes
from kerash_cli.store.stage import Stage
from kerash_cli.system import arithmetic
from kerash_cli.tables.table import Rows
from kerash_cli.training.dividing import Part
from kerash_cli.training.evaluator import Evaluator
from kerash_cli.training.facts import measured
from kerash_cli.training.folds import SideBySide, initial, outputs, training_rows
from kerash_cli.training.matching import network_and_loss
from kerash_cli.training.pool import WorkerPool, described
from kerash_cli.training.preparing import PreparedTraining, prepare, training_bytes
from kerash_cli.training.repeats import repeated
from kerash_cli.training.run import Epoch, Figure, Run
from kerash_cli.training.samples import Samples, staged
from kerash_cli.training.sources import GradientSource, InProcess, OtherRanks
from kerash_cli.training.weighing import row_weights

__all__ = ["Experiment", "PreparedTraining", "prepare", "start", "training_bytes"]


@dataclass(frozen=True)
class Experiment:
    """A run that is ready to start, with its samples in a stage (arrays as files in the mountpoint)."""

    prepared: PreparedTraining
    run: Run
    source: GradientSource
    judge: Evaluator
    """Evaluator for the validation rows, or for the training rows if none validate."""
    training: Samples
    validation: Samples | None
    """Samples of the validation rows; with folds, fold by fold."""
    test: Samples | None
    again: "StagedParts | None" = None
    """The samples of the training of all rows that follows this one, if the settings ask for it."""

    def remarks(self) -> list[str]:
        """Returns a message for rows of another table that validate, or rows kept for the test, that also train."""
        prepared, lines = self.prepared, list[str]()
        for part, samples, where, what in (
            (prepared.other, self.validation, "", "validation"),
            (prepared.test, self.test, " kept for the test", "the test"),
        ):
            if part and samples and (twice := repeated(self.training, samples)):
                are = "is a row that trains, too" if twice == 1 else "are rows that train, too"
                whole = f"{counted(len(samples.x), 'row')}{where}"
                lines.append(f"{part.table.source}: {twice} of {whole} {are}, so that {what} looks too easy")
        return lines

    @property
    def validate(self) -> Callable[[], float] | None:
        """A function that returns the mean loss of the validation rows; None if there are no such rows."""
        return self.judge if self.validation else None

    def measure(self, epoch: Epoch) -> Epoch:
        """Returns the latest epoch with its figure added: accuracy, or RMSE in the target's unit.

        The figure is measured on the validation rows, or on the training rows if none validate. The figure is
        also added to the epoch in the run's history.
        """
        if self.validation is None:
            self.judge()
        prepared, scored = self.prepared, self.validation or self.training
        fused = prepared.judged is not prepared.network
        a = prepared.description.activation(self.judge.a) if fused else self.judge.a
        trained = TrainedModel(prepared.description, prepared.network, self.run.params, prepared.encoding, {})
        name, value = trained.figure(a.T, scored.y)
        if isfinite(value):
            name = f"validation_{name}" if self.validation else name
            epoch = self.run.history[-1] = epoch._replace(figure=Figure(name, value))
        return epoch

    def train_again(self, resume: Callable[[Run], object] | None = None) -> "Experiment":
        """Sets up the training of all rows, from the same initial weights and for as many epochs as were best.

        The learning rate takes the course that it took until then. `resume` is as in `start`.
        """
        assert self.again is not None, "the settings ask for it, and there are rows that validate"
        if self.again.processes:
            self.again.processes.renew()
        return _begun(*self.again, resume, self.run.best_epoch)

    def conclude(self, again: "Experiment | None" = None) -> TrainedModel:
        """Returns the model with the best parameters so far, and with a record of how it was trained.

        With `again`, the training of all rows after this one, the parameters are those at its end; the metrics stay
        those that chose the number of epochs.
        """
        prepared, run, last = self.prepared, self.run, again or self
        final = last._model()
        judged = self._model() if again else final
        scored = self.training if self.validation is None else self.validation
        tables = {"data": prepared.table.sha256, "label": prepared.labels.sha256 if prepared.labels else None}
        tables |= prepared.digests()
        training = {
            "settings": {
                **prepared.settings.record(),
                "loss": prepared.loss_name,
                "learning_rate": run.optimizer.rate,
                **prepared.origin(),
            },
            "sha256": tables,
            "epochs": run.epoch,
            "best_epoch": run.best_epoch,
            "stopped": run.stop or ("patience" if run.epoch < run.epochs else "epochs"),
            "scored_on": "validation" if scored is self.validation else "training",
            "metrics": judged.scores(self._outputs(scored), scored.y),
            "seen": seen.packed(seen.hashes(last.training.x[:, :-1], last.training.y)),
            "arithmetic": arithmetic.joined(f"{run.arithmetic} {last.run.arithmetic}"),
            **last._tested(final),
        }
        if run.history:
            training["history"] = self._history(training["metrics"]).record()
            training["facts"] = self._facts(training["metrics"]).record()
        if again:
            training["refit"] = {"rows": len(again.training.x), "loss": again.run.history[-1].loss}
        if prepared.folds:
            training |= {"averaged": len(prepared.folds), "network": str(prepared.description)}
        return final._replace(training=training)

    def wants(self, epoch: Epoch) -> bool:
        """Returns whether the saved model will have the figure of this epoch, which `measure` adds."""
        return self.validation is not None and history.has_figure(epoch.number)

    def _history(self, metrics: Mapping[str, Any]) -> History:
        """Returns the history of the run; the figure of the best epoch is that of the metrics."""
        run, name = self.run, self.prepared.encoding.targets.main_metric

        def figure(epoch: Epoch) -> float | None:
            if self.validation is None or epoch.number == run.best_epoch:
                return None if self.validation is None else metrics[name]
            return epoch.figure.value if epoch.figure and self.wants(epoch) else None

        points = [
            Point(each.number, each.loss, each.validation_loss, each.learning_rate, figure(each))
            for each in run.history
        ]
        return History.of(points, run.best_epoch, f"validation_{name}")

    def _facts(self, metrics: Mapping[str, Any]) -> Facts:
        """Returns facts about the run; with folds, about the network of the first one, on the rows that train it."""
        prepared, samples, best = self.prepared, self.training, self.run.best_params
        first = initial_params(prepared)
        if prepared.folds:
            own = slice(prepared.folds[0], None)
            samples, best, first = Samples(samples.x[own], samples.y[own]), best[0], first[0]
        networks, activation = (prepared.network, prepared.judged), prepared.description.activation
        return measured(networks, prepared.loss, activation, (first, best), samples, metrics.get("classes", {}))

    def _model(self) -> TrainedModel:
        """Returns the model with the best parameters so far, without a record; the networks of folds become one."""
        prepared, network, params = self.prepared, self.prepared.network, self.run.best_params
        if not prepared.folds:
            return TrainedModel(prepared.description, network, params, prepared.encoding, {})
        description, params = merged(
            [Member(prepared.description, params, None, 1)], prepared.encoding.features, bias=network.bias
        )
        network = Network(description.layers, description.known_shape, network.bias)
        return TrainedModel(description, network, params, prepared.encoding, {})

    def _outputs(self, scored: Samples) -> Array:
        """Returns the outputs (rows, outputs) for the rows that are scored, with folds by the network of each fold."""
        network, params = self.prepared.network, self.run.best_params
        if self.prepared.folds:
            return outputs(network, params, scored.x[:, :-1], self.prepared.folds)
        return Predictor(network, params)(scored.x[:, :-1])

    def _tested(self, trained: TrainedModel) -> dict[str, Any]:
        """Returns the figures of the model on the rows kept for the test, under `test`; empty if there are none."""
        prepared, test = self.prepared, self.prepared.test
        if self.test is None or test is None:
            return {}
        judged, loss_function = network_and_loss(trained.network, prepared.loss_name, trained.description.activation)
        with np.errstate(all="ignore"):
            loss = Evaluator(judged, loss_function, self.test, trained.params)()
        targets = prepared.encoding.encode_targets(test.table, test.labels, np.float64)
        figures: dict[str, Any] = {"loss": loss if isfinite(loss) else None}
        try:
            figures |= trained.judge(trained.outputs(self.test.x[:, :-1]), targets)
        except Diverged as error:  # the model may be good on other rows
            figures |= {"rows": len(targets), "failed": str(error)}
        return {"test": figures}


class StagedParts(NamedTuple):
    """The samples of a training in its stage."""

    prepared: PreparedTraining
    stage: Stage
    processes: Processes | OtherRanks | None
    training: Samples
    validation: Samples | None
    test: Samples | None


def start(
    prepared: PreparedTraining,
    stage: Stage,
    processes: Processes | OtherRanks | None = None,
    resume: Callable[[Run], object] | None = None,
) -> Experiment:
    """Writes the samples to the stage, draws the initial weights and sets up the run.

    `processes` train together with this process: workers of its own, or ranks that mpiexec started. `resume` may set
    the run to the state in a checkpoint. Raises BadInput if the model would be too large.
    """
    parts, again = _staged_parts(prepared, stage, processes), prepared.again
    later = _staged_parts(again, stage.inner("again"), processes) if again else None  # what is wrong is raised now
    return replace(_begun(*parts, resume), again=later)


def _begun(
    prepared: PreparedTraining,
    stage: Stage,
    processes: Processes | OtherRanks | None,
    training: Samples,
    validation: Samples | None,
    test: Samples | None,
    resume: Callable[[Run], object] | None,
    epochs: int | None = None,
) -> Experiment:
    """Draws the initial weights and sets up the run, of `epochs` epochs if they are given."""
    settings, network = prepared.settings, prepared.network
    params = initial_params(prepared)
    TrainedModel(prepared.description, network, params, prepared.encoding, {}).check_size()
    run = Run.begin(
        network,
        params,
        optimizers.OPTIMIZERS[settings.optimizer],
        settings.optimizer_settings,
        len(training.x) - min(prepared.folds, default=0),
        settings.seed,
        settings.batch_size,
        settings.epochs,
        settings.patience,
    )
    run.epochs, run.chunk_rule = epochs or run.epochs, prepared.chunk_rule
    if resume:
        resume(run)
    source = _source(prepared, stage, processes, training, run)
    judge = Evaluator(prepared.judged, prepared.loss, validation or training, run.params, prepared.folds)
    return Experiment(prepared, run, source, judge, training, validation, test)


def initial_params(prepared: PreparedTraining) -> Array:
    """Returns the initial parameters, (size,) or (folds, size); the weights of ignored inputs are 0."""
    settings, network = prepared.settings, prepared.network
    if prepared.initial is not None:
        return prepared.initial.copy()
    if prepared.folds:
        params = initial(network, len(prepared.folds), settings.seed, prepared.dtype, settings.init)
    else:
        params = network.initial(settings.seed, prepared.dtype, settings.init)
    for own in params.reshape(-1, network.size):
        network.forget(own, prepared.encoding.scaling.ignored)
    return params


def _source(
    prepared: PreparedTraining,
    stage: Stage,
    processes: Processes | OtherRanks | None,
    training: Samples,
    run: Run,
) -> GradientSource:
    """Returns the source of gradients: this process alone, or with others; with folds, all networks together."""
    if prepared.folds:
        rows = training_rows(prepared.folds, len(training.x))
        weight = _fold_weights(prepared, rows)
        return SideBySide(prepared.judged, prepared.loss, training, rows, run, weight)
    if not processes:
        return InProcess(prepared.judged, prepared.loss, training, run)
    settings = prepared.settings
    named = {"x": "x_train", "y": "y_train"} | ({} if training.weight is None else {"weight": "weight_train"})
    paths = {name: str(stage.folder.resolve() / f"{file}.npy") for name, file in named.items()}
    job = described(prepared.description, settings.bias, prepared.loss_name, settings.optimizer, run, paths)
    if isinstance(processes, Processes):
        return WorkerPool(processes, stage, job, training, run)
    return processes.source(job, training, run)


def _staged_parts(prepared: PreparedTraining, stage: Stage, processes: Processes | OtherRanks | None) -> StagedParts:
    """Writes the samples of all parts to the stage."""
    validation: Samples | None = None
    if prepared.folds:
        training, validation = _staged_folds(prepared, stage)
    else:
        training = _staged(prepared, stage, "train", prepared.part)
        validation = _staged(prepared, stage, "val", prepared.judging) if prepared.judging else None
    test = _staged(prepared, stage, "test", prepared.test) if prepared.test else None
    return StagedParts(prepared, stage, processes, training, validation, test)


def _staged(prepared: PreparedTraining, stage: Stage, name: str, part: Part) -> Samples:
    """Writes the samples of a part to the stage."""
    samples = staged(stage, name, prepared.encoding, part.table, part.labels, prepared.dtype, part.rows)
    return _weighted(prepared, stage, name, part, samples)


def _staged_folds(prepared: PreparedTraining, stage: Stage) -> tuple[Samples, Samples]:
    """Writes the samples of all rows to the stage; returns them without weights, and those that validate."""
    part, judging = prepared.part, prepared.judging
    assert judging is not None, "each fold validates"
    every = staged(stage, "train", prepared.encoding, part.table, part.labels, prepared.dtype, part.rows)
    own = slice(len(judging.rows))
    return every, _weighted(prepared, stage, "val", judging, Samples(every.x[own], every.y[own]))


def _weighted(prepared: PreparedTraining, stage: Stage, name: str, part: Part, samples: Samples) -> Samples:
    """Writes the weights of a part's rows to the stage, unless all count the same."""
    weights = row_weights(prepared.settings, prepared.encoding, part, prepared.part)
    if weights is None:
        return samples
    weight = stage.array(f"weight_{name}", weights.shape, prepared.dtype)
    weight[...] = weights
    return samples._replace(weight=weight)


def _fold_weights(prepared: PreparedTraining, rows: Rows) -> Array | None:
    """Returns the weights of the rows of `training_rows`, with a mean of 1 in each fold; None if all count the same."""
    settings, places = prepared.settings, rows.shape[1]
    if not settings.balance and settings.weights is None and len(set(prepared.folds)) == 1:
        return None
    weights: Array = np.zeros(rows.shape, prepared.dtype)
    for weight, own, size in zip(weights, rows, prepared.folds, strict=True):
        count = len(prepared.training) - size
        part = prepared.part._replace(rows=prepared.training[own[:count]])
        found = row_weights(settings, prepared.encoding, part, part)
        weight[:count] = (1 if found is None else found) * (places / count)
    return weights
