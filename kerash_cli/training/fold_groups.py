"""The networks of a cross-validation that are trained together, and the figures of each on its fold."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerash_cli.engine.tensors import Array
from kerash_cli.errors import Diverged
from kerash_cli.model.trained import TrainedModel
from kerash_cli.store.stage import Stage
from kerash_cli.training import experiment, together
from kerash_cli.training.dividing import Part
from kerash_cli.training.preparing import PreparedTraining

STEP = 4e5
"""Number of floating-point operations that take about as long as all the calls of a step.

Networks that have fewer in a step are trained side by side, so that they share the calls. Those that have more are
trained one by one: that is hardly slower, and workers can share them out.
"""

MOST_TOGETHER = 10
"""Maximum number of networks that take each step together."""


def together_at_most(training: PreparedTraining, folds: int) -> int:
    """Returns the number of networks that take each step together, if those of all folds have one form.

    It does not depend on the number of workers, and so the results do not, either.
    """
    rows = min(training.settings.batch_size, len(training.training))
    flops = 3.0 * training.network.flops * rows
    most = max(1, min(MOST_TOGETHER, int(STEP / max(1.0, flops)))) if training.judged.stacks else 1
    return -(-folds // -(-folds // most))  # groups of about the same size


class Fold(NamedTuple):
    """The figures of a network on the fold that it has not seen."""

    number: int
    """From 1 on."""
    rows: int
    """Number of rows in the fold."""
    trained_on: int
    """Number of rows that its network knew, those that validated included."""
    epochs: int
    best_epoch: int
    figures: Mapping[str, Any]
    """Result of `TrainedModel.judge`."""


class FoldGroup:
    """Trainings that take their steps together, and how far they have got: `Divisible` among processes."""

    def __init__(self, members: Mapping[int, PreparedTraining], stage: Stage, done: dict[int, int]) -> None:
        """`members` are the trainings by the numbers of their folds; `done` gets the number of epochs of each."""
        self._members, self._stage, self._done = members, stage, done
        self._numbers = list(members)
        self.record: dict[str, Any] = {}
        self._results: dict[int, _Trained] = {}
        self._judges: dict[int, _Judge] = {}
        self._again: dict[int, PreparedTraining] = {}
        """Trainings of all rows that are still to come, if the settings ask for them."""
        self._failure: Diverged | None = None

    @classmethod
    def all(
        cls, trainings: Iterable[PreparedTraining], most: int, stage: Stage, done: dict[int, int]
    ) -> "Iterator[FoldGroup]":
        """Yields all trainings, up to `most` together that follow each other and have the same form."""
        members: dict[int, PreparedTraining] = {}
        common: tuple[Any, ...] = ()
        for number, training in enumerate(trainings, 1):
            own = together.form(training)
            if members and (own != common or len(members) == most):
                yield cls(members, stage, done)
                members = {}
            members, common = {**members, number: training}, own
        yield cls(members, stage, done)

    @property
    def remaining(self) -> float:
        """Epochs until the end if none of them is better than those so far, times the work of an epoch."""
        job, standing = self.record["job"], together.Standing(**self.record["standing"])
        ends = (min(job["epochs"], standing.best_epochs[index] + job["patience"]) for index in standing.live)
        epochs = max((end - max(standing.epochs) for end in ends), default=0)
        return epochs * (1 + len(standing.live))

    @property
    def is_over(self) -> bool:
        """True if no network is training any more."""
        return self._failure is not None or (len(self._results) == len(self._numbers) and not self._again)

    def begin(self) -> None:
        """Writes the samples to a folder of the stage, and keeps of the rows only those that are needed later."""
        first, *_ = self._members.values()
        self._stage = self._stage.inner(f"fold{self._numbers[0]}")
        params = [experiment.initial_params(each) for each in self._members.values()]
        members = {f"fold {number}": each for number, each in self._members.items()}
        self.record = together.begin(self._stage, members, params, first.settings.epochs)
        for number, each in self._members.items():
            if each.again:
                self._again[number] = each.again
            self._judges[number] = _Judge.of(number, each.again or each)
        self._members = {}

    def advanced(self, record: dict[str, Any]) -> None:
        """Takes a new standing, and removes the file of the old one; begins the next training if one is over."""
        old, self.record = self.record["standing"]["file"], record
        standing = together.Standing(**record["standing"])
        if standing.file != old:
            Path(old).unlink(missing_ok=True)
        if len(self._results) < len(self._numbers):
            self._done.update(zip(self._numbers, standing.epochs, strict=True))
        if standing.is_over:
            self._take(standing)

    def _take(self, standing: together.Standing) -> None:
        """Takes the results of trainings that are over, and begins the next training of all rows, if there is one."""
        best = together.best_params(self.record)
        if not self._results:
            found = map(_Trained, best, standing.epochs, standing.best_epochs)
            self._results = dict(zip(self._numbers, found, strict=True))
        else:
            number = next(iter(self._again))
            del self._again[number]
            self._results[number] = self._results[number]._replace(params=best[0])
        if self._again:
            number, again = next(iter(self._again.items()))
            members = {f"fold {number}, all rows": again}
            params, epochs = [experiment.initial_params(again)], self._results[number].best_epoch
            self.record = together.begin(self._stage.inner(f"again{number}"), members, params, epochs)

    def failed(self, error: Diverged) -> None:
        """Takes the error of a training that diverged: the group is over."""
        self._failure = error

    def folds(self) -> "Iterator[tuple[int, Fold | Diverged]]":
        """Yields the number of each fold with its figures, or with the error of the training; removes the files."""
        for number in self._numbers:
            if self._failure:
                yield number, self._failure
                continue
            try:
                yield number, self._judges[number].fold(self._results[number])
            except Diverged as error:
                yield number, Diverged(f"fold {number}: {error}")
        shutil.rmtree(self._stage.folder, ignore_errors=True)


class _Trained(NamedTuple):
    """The result of a training."""

    params: Array
    epochs: int
    best_epoch: int


class _Judge(NamedTuple):
    """The rows of a fold, and what is needed to judge a network on them."""

    number: int
    model: TrainedModel
    """Model with the network's encoding, and without its parameters."""
    test: Part
    trained_on: int

    @classmethod
    def of(cls, number: int, prepared: PreparedTraining) -> "_Judge":
        assert prepared.test is not None, "it was given"
        none = np.zeros(0, prepared.dtype)
        model = TrainedModel(prepared.description, prepared.network, none, prepared.encoding, {})
        return cls(number, model, prepared.test, prepared.table.rows)

    def fold(self, result: _Trained) -> Fold:
        """Returns the figures of the network that was trained."""
        params, epochs, best_epoch = result
        trained, (table, labels, *_) = self.model._replace(params=params), self.test
        targets = trained.encoding.encode_targets(table, labels, np.float64)
        x = trained.encoding.encode_inputs(table, params.dtype)
        figures = trained.judge(trained.outputs(x), targets)
        return Fold(self.number, table.rows, self.trained_on, epochs, best_epoch, figures)
