"""Cross-validation of settings: networks that are trained as `kerash train` does, each on all rows but those of a fold.

Each network is judged on the fold that it has not seen, and that was used for nothing else: which epoch is the best is
decided by validation rows among the others.
"""

import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from kerash_cli.engine.randomness import Key, generator
from kerash_cli.errors import BadInput, Diverged, plain
from kerash_cli.model.description import ModelDescription
from kerash_cli.parallel.executors import Crew
from kerash_cli.store.stage import Stage
from kerash_cli.system import cores
from kerash_cli.training import experiment
from kerash_cli.training.fold_groups import Fold, FoldGroup, together_at_most
from kerash_cli.training.loop import train
from kerash_cli.training.preparing import PreparedTraining, prepare
from kerash_cli.training.sharing_out import SharedOut, begun_at_most
from kerash_cli.training.spread import spreads

_TESTS = 2
"""Index of the generator that draws the folds; others draw rows to validate on, and for a test."""


class CrossValidation:
    """The folds of a table, and the training of a network for each."""

    def __init__(
        self, description: ModelDescription, whole: PreparedTraining, targets: Sequence[str], folds: int
    ) -> None:
        """Divides the rows of `whole`, the training of all of them, as its settings say.

        `description` may have a `?`, and `targets` are as for `prepare`. Raises BadInput if the rows can't be divided.
        """
        self._description, self._whole, self._targets = description, whole, targets
        settings = whole.settings
        rng = generator(settings.seed, Key.SPLIT, _TESTS)
        self.tests = settings.validate_on.tests(whole.table, folds, rng, whole.strata)
        self.epochs: dict[int, int] = {}
        """Number of epochs so far of each fold that has begun, by its number."""
        # Whatever depends on all rows is settled, so that no fold decides otherwise.
        self._settings = replace(settings, missing=whole.encoding.missing)

    def __len__(self) -> int:
        return len(self.tests)

    def workers(self, asked: int | None) -> int:
        """Returns the number of workers: at most `asked`; by default, one per core if that is faster."""
        whole, groups = self._whole, -(-len(self) // self._together)
        if not self._is_plain:
            return 1
        if asked:
            return min(asked, groups)
        epochs = min(self._settings.epochs, 2 * self._settings.patience)
        return cores.worthwhile(3.0 * whole.network.flops * whole.table.rows * epochs * (len(self) - 1), groups)

    def describe(self) -> str:
        """Returns a line about the data and the folds."""
        whole, on = self._whole, self._settings.validate_on
        sizes = sorted({len(own) for _, own in self.tests})
        rows = str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
        groups = f" (whole groups of {plain(on.column)})" if on.column is not None else ""
        others = "the rows before" if on.way == "last" else "all but"
        each = f"each trained on {others} a fold of {rows}{groups}, which judges it"
        return f"{whole.encoding.describe(whole.table)}; {len(self)} networks, {each}; loss {whole.loss_name}"

    def staged_bytes(self, workers: int) -> int:
        """Returns roughly the size, in bytes, of the files that are in a stage at the same time."""
        at_once = min(len(self), self._together * begun_at_most(workers))
        return at_once * (self._whole.staged_bytes() + 8 * self._whole.network.size * self._whole.dtype.itemsize)

    def folds(self, stage: Stage, crew: Crew | None, watch: Callable[[], object] = lambda: None) -> Iterator[Fold]:
        """Trains all networks, in this process and the workers of `crew`; yields the folds in their order.

        `watch` is called now and then. Raises Diverged at the first fold whose training diverges.
        """
        waiting: dict[int, Fold | Diverged] = {}
        with closing(self._found(stage, crew, watch)) as found:
            for number in range(1, len(self) + 1):
                while number not in waiting:
                    each, fold = next(found)
                    waiting[each] = fold
                fold = waiting.pop(number)
                if isinstance(fold, Diverged):
                    raise fold
                yield fold

    def _found(
        self, stage: Stage, crew: Crew | None, watch: Callable[[], object]
    ) -> Generator[tuple[int, Fold | Diverged], None, None]:
        """Yields the folds with their numbers, in no certain order."""
        if not self._is_plain:
            yield from map(self._alone(stage, watch), range(1, len(self) + 1))
            return
        trainings = map(self._prepared, range(len(self)))
        groups = FoldGroup.all(trainings, self._together, stage, self.epochs)
        with closing(SharedOut[FoldGroup](crew, watch).trained(groups)) as shared:
            for group in shared:
                yield from group.folds()

    @property
    def _together(self) -> int:
        """Number of networks that take each step together."""
        return together_at_most(self._whole, len(self))

    @property
    def _is_plain(self) -> bool:
        """True if each fold has one network."""
        return not self._settings.folds

    def _prepared(self, place: int) -> PreparedTraining:
        """Returns the training of a fold, given its index; the messages of BadInput name it."""
        whole = self._whole
        try:
            return prepare(
                *(self._description, whole.table, whole.labels, self._targets, self._settings),
                test=self.tests[place],
            )
        except BadInput as error:
            raise BadInput(f"fold {place + 1}: {error}") from None

    def _alone(self, stage: Stage, watch: Callable[[], object]) -> Callable[[int], tuple[int, Fold]]:
        """Returns the function that trains the networks of a fold, given its number; it has the mean of several."""

        def trained(number: int) -> tuple[int, Fold]:
            prepared, own = self._prepared(number - 1), stage.inner(f"fold{number}")
            begun = experiment.start(prepared, own)
            run = begun.run
            try:
                for epoch in train(run, begun.source, begun.validate):
                    self.epochs[number] = epoch.number
                    watch()
                figures = begun.conclude().training["test"]
            except Diverged as error:
                raise Diverged(f"fold {number}: {error}") from None
            shutil.rmtree(own.folder, ignore_errors=True)
            return number, Fold(number, figures["rows"], prepared.table.rows, run.epoch, run.best_epoch, figures)

        return trained


def record(folds: Sequence[Fold]) -> dict[str, Any]:
    """Returns what a saved model keeps of a cross-validation, as JSON values."""
    return {"folds": len(folds), "metrics": {name: each._asdict() for name, each in spreads(folds).items()}}
