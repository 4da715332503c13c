"""Training a model from a Python program, by the steps of `kerash train`."""

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Unpack

from kerash_cli.api import options
from kerash_cli.api.handing import HandedFile, TableData, TableFolder, table_folder
from kerash_cli.api.models import KerashModel
from kerash_cli.api.options import TrainOptions
from kerash_cli.commands._train_request import TrainRequest, about_validation
from kerash_cli.errors import BadInput, KerashError
from kerash_cli.system.blas import single_thread

if TYPE_CHECKING:
    from kerash_cli.model.description import ModelDescription
    from kerash_cli.model.trained import TrainedModel
    from kerash_cli.training.experiment import Experiment, PreparedTraining


def train(
    data: TableData,
    label: TableData | None = None,
    *,
    target: str | Sequence[str] = (),
    model: str | os.PathLike[str] | None = None,
    **settings: Unpack[TrainOptions],
) -> KerashModel:
    """Returns a network that was trained on a table, as `kerash train` does; nothing is written.

    The answers are in the columns `target` of `data`, or in `label`, which has one for each row. `model` is the file of
    a description, or the text of one; without it, a network is chosen. Unlike the command, this process trains alone
    unless `workers` are asked for; the model is the same. Raises KerashError: BadInput for invalid input, Diverged if
    the loss becomes infinite.
    """
    with table_folder() as folder, single_thread:
        table, labels = folder.table(data), None if label is None else folder.table(label, "label")
        line = _line(folder, table, labels, target, model, settings)
        from kerash_cli.commands.train import command

        with options.parsed(command, line) as words:
            request = TrainRequest.of(words)
            trained, notes = _trained(request, _told(request, table, labels), table)
        return KerashModel(trained.as_read(), [folder.plain(each) for each in notes])


def _line(
    folder: TableFolder,
    table: HandedFile,
    labels: HandedFile | None,
    target: str | Sequence[str],
    model: str | os.PathLike[str] | None,
    settings: TrainOptions,
) -> list[str]:
    """Returns the command line of a training whose model would be saved in the folder."""
    from kerash_cli.commands.train import command

    if str(settings.get("workers")) == "mpi":
        raise BadInput("workers: expected a number, got 'mpi'; kerash train --workers mpi trains with several machines")
    targets = [target] if isinstance(target, str) else target
    line = options.words("train", command, {"workers": 1, **settings}, TrainOptions.__annotations__)
    line += [*(f"--target={each}" for each in targets), f"--output={folder.path('model.kerash')}", "--quiet", "--"]
    if model is not None:
        text = os.fspath(model)
        line.append(folder.text(text, "model") if "\n" in text else text)
    return [*line, table.path, *([labels.path] if labels else [])]


def _told(request: TrainRequest, table: HandedFile, labels: HandedFile | None) -> TrainRequest:
    """Returns the request with what is known about tables that were in memory, unless the caller has said it."""
    known = {**table.options(), "label_header": labels.header if labels else None}
    unsaid = {name: value for name, value in known.items() if getattr(request.reader, name) is None}
    return replace(request, reader=request.reader._replace(**unsaid))


def _trained(request: TrainRequest, reading: TrainRequest, table: HandedFile) -> "tuple[TrainedModel, list[str]]":
    """Trains the network that is asked for; returns it with messages. `reading` is the same request, to read tables."""
    from kerash_cli.model.description import ModelDescription

    description = None if request.model is None else ModelDescription.read(request.model)
    prepared, notes = _prepared(reading, description)
    table.check(prepared.table.rows)
    from kerash_cli.parallel.processes import Processes
    from kerash_cli.store.stage import stage
    from kerash_cli.training import experiment, pool

    with (
        Processes(prepared.workers(request.workers) - 1, pool.__name__) as others,
        stage(prepared.staged_bytes(1 + len(others)), request.mountpoint, notes.append, prepared.on_disk) as folder,
    ):
        begun = experiment.start(prepared, folder, others)
        notes += begun.remarks()
        return request.recorded(_finished(begun, request.limit), prepared.table, None), notes


def _prepared(request: TrainRequest, description: "ModelDescription | None") -> "tuple[PreparedTraining, list[str]]":
    """Reads and prepares the tables, and chooses a network if there is no description; returns messages, too."""
    from kerash_cli.model.trained import TrainedModel
    from kerash_cli.tables.table import notes
    from kerash_cli.training import experiment
    from kerash_cli.training.choosing import choose

    table, labels = request.read(description, None)
    origin = TrainedModel.load(request.start) if request.start is not None else None
    chosen = list[str]()
    if description is None:
        choice = choose(table, labels, request.target)
        description = choice.description
        chosen = [*choice.doubts, f"network: {', '.join(map(str, description.layers[1:]))}"]
    prepared = experiment.prepare(
        description, table, labels, request.target, request.settings, origin, request.read_more(None)
    )
    told = [*notes(table, labels), *about_validation(request), prepared.describe(), *chosen, *prepared.doubts()]
    return prepared, told


def _finished(begun: "Experiment", limit: float | None) -> "TrainedModel":
    """Runs a training, and the one of all rows after it if there is one; raises KerashError if no epoch was done."""
    end = None if limit is None else monotonic() + limit
    _run(begun, limit)
    if not begun.run.best_epoch:
        raise KerashError("time: no epoch was done within that time; try a longer one")
    if not begun.again or begun.run.stop:
        return begun.conclude()
    again = begun.train_again()
    _run(again, None if end is None else max(0.0, end - monotonic()))
    return begun.conclude(again if again.run.epoch == again.run.epochs else None)


def _run(experiment: "Experiment", limit: float | None) -> None:
    from kerash_cli.store.stage import at_random
    from kerash_cli.training import loop
    from kerash_cli.training.recording import measured, timed

    run = experiment.run
    epochs = timed(loop.train(run, experiment.source, experiment.validate), run, limit)
    epochs = measured(epochs, experiment.measure, experiment.wants)
    with at_random(experiment.training.x), experiment.source, closing(epochs):
        for _ in epochs:
            pass
