"""The cross-validation of `kerash train --cv`: it judges the settings before, or instead of, training on all rows."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from kerash_cli.commands._train_request import TrainRequest
    from kerash_cli.model.description import ModelDescription
    from kerash_cli.parallel.executors import Crew
    from kerash_cli.training.experiment import PreparedTraining
    from kerash_cli.training.fold_groups import Fold
    from kerash_cli.views.messages import Console


def cross_validated(
    request: "TrainRequest",
    description: "ModelDescription",
    prepared: "PreparedTraining",
    crew: "Crew | None",
    console: "Console",
) -> "list[Fold]":
    """Trains a network for each fold, in this process and the workers of `crew`, and prints a line about each.

    `prepared` is the training of all rows. Without a crew, workers are started if they pay.
    """
    from kerash_cli.store.stage import stage
    from kerash_cli.training.cross_validation import CrossValidation
    from kerash_cli.views.folds import shown_folds

    assert request.cv is not None, "the caller knows"
    crossed, found = CrossValidation(description, prepared, request.target, request.cv), list["Fold"]()
    workers = crossed.workers(request.workers)
    console.say(crossed.describe())
    if (request.workers or 1) > workers == 1:
        console.say("using 1 worker: small networks, and those of --folds, train side by side in one process")
    with (
        stage(crossed.staged_bytes(workers), request.mountpoint, console.say, prepared.on_disk) as folder,
        crew or _late_crew(workers, console) as own,  # ended before the folder that it writes to is removed
        shown_folds(console, crossed, prepared.encoding.targets.main_metric) as view,
    ):
        for fold in crossed.folds(folder, own, view.watch):
            found.append(fold)
            view.fold(fold)
    if request.output:
        console.say(f"training on all rows: {prepared.describe()}")
    return found


@contextmanager
def early_crew(request: "TrainRequest", console: "Console") -> "Iterator[Crew | None]":
    """Starts the workers of a cross-validation that the user asked for, so that they are ready when the data is."""
    if not request.cv or (request.workers or 1) < 2:
        yield None
        return
    from kerash_cli.parallel.executors import Workers
    from kerash_cli.training import together

    with Workers(min(request.workers or 1, request.cv) - 1, console.say) as crew:
        for _ in range(crew.width):
            crew.submit(together.ready)
        yield crew


def _late_crew(workers: int, console: "Console") -> "AbstractContextManager[Crew | None]":
    """Starts workers beside this process."""
    from kerash_cli.parallel.executors import Workers

    return Workers(workers - 1, console.say) if workers > 1 else nullcontext()


def report(request: "TrainRequest", folds: "Sequence[Fold]") -> None:
    """Prints the figures of all folds, and what they are in the mean."""
    import json

    from kerash_cli.views.folds import tables

    click.echo(json.dumps(told(folds)) if request.as_json else tables(folds))


def told(folds: "Sequence[Fold]") -> dict[str, Any]:
    """Returns the figures of all folds, and what they are in the mean, as JSON values."""
    from kerash_cli.training.cross_validation import record

    return {"cv": {**record(folds), "fold": [each._asdict() for each in folds]}}
