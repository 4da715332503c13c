"""`kerash train`: trains a network on a table and saves it."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _options
from kerash_cli.commands._files import claim
from kerash_cli.commands._interrupts import Ending, concluding
from kerash_cli.commands._symptoms import about_training
from kerash_cli.commands._train_cv import cross_validated, early_crew, report, told
from kerash_cli.commands._train_options import SECTIONS
from kerash_cli.commands._train_ranks import RankedCommand, about_ranks, world
from kerash_cli.commands._train_request import (
    TrainRequest,
    about_checkpoint,
    about_choice,
    about_problems,
    about_validation,
    about_workers,
)
from kerash_cli.errors import Diverged, KerashError, OutOfSpace, TableTooLarge

if TYPE_CHECKING:
    from kerash_cli.model.description import ModelDescription
    from kerash_cli.model.trained import TrainedModel
    from kerash_cli.parallel.processes import Processes
    from kerash_cli.system.files import OutputFile
    from kerash_cli.tables.spool import Spool
    from kerash_cli.training.checkpoint import Checkpoint
    from kerash_cli.training.experiment import Experiment, PreparedTraining
    from kerash_cli.training.fold_groups import Fold
    from kerash_cli.training.log import RunLog
    from kerash_cli.training.recording import Saver
    from kerash_cli.training.run import Run
    from kerash_cli.training.sources import OtherRanks
    from kerash_cli.views.messages import Console


@click.command(cls=RankedCommand, sections=SECTIONS)
@click.argument("model", metavar="[MODEL]", type=_options.TABLE_OR_DESCRIPTION)
@click.argument("data", required=False, metavar="DATA", type=_options.TABLE_FILE)
@click.argument("label", required=False, type=_options.TABLE_FILE)
def command(**words: Any) -> None:
    """Train a network on a table.

    DATA is a table. The answers are a column of it, named by --target, or a file LABEL with a line for each row. MODEL
    is a text file that describes the network; without it, a network is chosen. MODEL or DATA may be `-`, standard
    input. The trained network is saved as MODEL.kerash or, without MODEL, as DATA.kerash. A folder with a folder of
    images for each class is a table too.

    A description has the shape of the inputs in its first line, then a line for each layer; `?` stands for a number
    that is taken from the data. `kerash init` writes one for a table.

    \b
    kerash data iris > iris.csv
    kerash train iris.csv --target species
    kerash init iris.csv --target species > iris.model
    kerash train iris.model iris.csv --target species
    kerash train xor.model xor.data xor.label
    sed 's/dense 16/dense 32/' iris.model | kerash train - iris.csv -t species -o wide.kerash
    kerash train iris.model iris.csv --target species --cv 5
    """
    from kerash_cli.model.description import ModelDescription
    from kerash_cli.parallel.processes import Processes
    from kerash_cli.training import pool
    from kerash_cli.views.messages import Console

    request = TrainRequest.of(words)
    console = Console(request.quiet)
    description = None if request.model is None else ModelDescription.read(request.model)
    claim(request.output or None, request.checkpoint)
    with (  # they start while the data is being read
        Processes(request.early_workers, pool.__name__) as processes,
        early_crew(request, console) as crew,
    ):
        with request.naming():
            description, prepared = read_and_prepared(request, description, console)
        folds = cross_validated(request, description, prepared, crew, console) if request.cv else []
        if not request.output:
            return report(request, folds)
        others = processes_for(request, prepared, processes, console)
        outcome = _trained(request, prepared, others, console, folds)
    _report(request, outcome, console, folds)


def processes_for(
    request: TrainRequest, prepared: "PreparedTraining", processes: "Processes", console: "Console"
) -> "Processes | OtherRanks":
    """Returns the processes that train together with this one: workers of its own, or those that mpiexec started."""
    if everyone := world():
        from kerash_cli.training.mpi_ranks import MpiRanks

        ranks = prepared.workers(everyone.size)
        console.say(*about_ranks(everyone, ranks, prepared))
        return MpiRanks(everyone, ranks)
    ranks = prepared.workers(request.workers)
    console.say(*about_workers(request.workers, ranks, prepared))
    processes.resize(ranks - 1)
    return processes


@dataclass(frozen=True)
class TrainingOutcome:
    """The result of training: the model, which is saved, and the errors to report afterwards."""

    trained: "TrainedModel"
    best_epoch: int
    diverged: Diverged | None
    failures: list[Exception]
    """Errors because of which the checkpoint or the log is incomplete."""
    ending: Ending
    unfinished: bool
    """True if the network was not trained again on all rows, as it should have been."""


def read_and_prepared(
    request: TrainRequest, description: "ModelDescription | None", console: "Console"
) -> "tuple[ModelDescription, PreparedTraining]":
    """Reads and prepares the data as `_read` does, on a disk if the user wants that or if memory has no room."""
    if request.stream:
        return _read(request, description, console, request.spool())
    may_stream = request.stream is None and request.can_begin_again
    try:
        return _read(request, description, console, None)
    except TableTooLarge as error:
        if not may_stream:
            raise OutOfSpace(f"{error.need}; try --stream, or {error.advice.removeprefix('try ')}") from None
        need = error.need
    except MemoryError:
        if not may_stream:
            raise
        need = f"{request.data} takes more memory than expected"
    spool = request.spool()
    console.say(f"{need}: streamed by way of files in {spool.folder}")
    return _read(request, description, console, spool)


def _read(
    request: TrainRequest, description: "ModelDescription | None", console: "Console", spool: "Spool | None"
) -> "tuple[ModelDescription, PreparedTraining]":
    """Reads and prepares the data, chooses a network if there is none, and prints what was inferred from the data.

    Returns the description that was read or chosen, too, in which a `?` stays.
    """
    from kerash_cli.commands._files import load
    from kerash_cli.tables.table import notes
    from kerash_cli.training import experiment
    from kerash_cli.training.choosing import choose

    table, labels = request.read(description, spool)
    origin = load(request.start, request.mountpoint, console.say) if request.start is not None else None
    chosen = list[str]()
    if description is None:
        choice = choose(table, labels, request.target)
        description, chosen = choice.description, about_choice(request, choice)
    settings, read_more = request.own_settings, request.read_more(spool)
    prepared = experiment.prepare(description, table, labels, request.target, settings, origin, read_more)
    console.say(*notes(table, labels), *about_validation(request), *([] if request.cv else [prepared.describe()]))
    console.say(*about_problems(request, prepared), *chosen, *prepared.doubts())
    return description, prepared


def _trained(
    request: TrainRequest,
    prepared: "PreparedTraining",
    others: "Processes | OtherRanks",
    console: "Console",
    folds: "Sequence[Fold]",
) -> TrainingOutcome:
    """Trains the network in this process and others, and saves the model, with what `folds` say about it."""
    from kerash_cli.store.stage import stage
    from kerash_cli.system import arithmetic, files
    from kerash_cli.training import experiment
    from kerash_cli.training.log import RunLog
    from kerash_cli.training.recording import Saver

    checkpoint = _checkpoint(request, prepared, console)
    resume = checkpoint.resume if checkpoint and request.goes_on else None
    with (
        files.replacing(request.output, reserve=prepared.saved_bytes()) as saved,
        stage(staged_bytes(prepared, others), request.mountpoint, console.say, prepared.on_disk) as folder,
        RunLog(request.log, console.say, hold=checkpoint is not None) if request.log else nullcontext() as log,
    ):
        begun = experiment.start(prepared, folder, others, resume)
        if resume:
            console.say(f"{request.checkpoint}: going on after epoch {begun.run.epoch}")
            console.say(*arithmetic.doubts(str(request.checkpoint), begun.run.arithmetic))
        console.say(*begun.remarks())
        if log and begun.run.history:
            log.resume(begun.run.history)
        saver = Saver(checkpoint, console.say) if checkpoint else None
        return _saved(request, begun, saver, log, saved, console, folds)


def staged_bytes(prepared: "PreparedTraining", others: "Processes | OtherRanks") -> int:
    """Returns the size of the stage; ranks that mpiexec started have arrays of their own."""
    return prepared.staged_bytes(1 if world() else 1 + len(others))


def _checkpoint(request: TrainRequest, prepared: "PreparedTraining", console: "Console") -> "Checkpoint | None":
    """Returns the checkpoint of this run, if the user asked for one; prints a message about an earlier checkpoint."""
    from kerash_cli.training.checkpoint import Checkpoint

    if request.checkpoint is None:
        return None
    files = {
        "data": request.data,
        "label": request.label,
        "validation": request.settings.validate_on.path,
        "validation_label": request.validate_label,
    }
    checkpoint = Checkpoint(request.checkpoint, prepared.identity(), files)
    console.say(*about_checkpoint(request, checkpoint))
    return checkpoint


def _saved(
    request: TrainRequest,
    begun: "Experiment",
    saver: "Saver | None",
    log: "RunLog | None",
    saved: "OutputFile",
    console: "Console",
    folds: "Sequence[Fold]",
) -> TrainingOutcome:
    """Trains until the end, a signal or the time limit, and saves the best model so far."""
    from kerash_cli.commands._train_course import Course
    from kerash_cli.training import checkpoint, cross_validation

    run = begun.run
    course = Course(request, console, run, saver, log)
    with concluding(course, saver.ask if saver else checkpoint.ask, course.status) as ending:
        diverged = course.train(begun)
        if not run.best_epoch:
            raise diverged or _without_epoch(run, ending)
        again = None
        if begun.again and not diverged and not run.stop:
            again, diverged = course.train_again(begun)
        try:
            cv = cross_validation.record(folds) if folds else None
            trained = request.recorded(begun.conclude(again), begun.prepared.table, cv)
        except Diverged as error:
            raise diverged or error from None
        trained.save(saved)
    failures = [each.failure for each in (saver, log) if each and each.failure]
    return TrainingOutcome(trained, run.best_epoch, diverged, failures, ending, bool(begun.again) and again is None)


def _without_epoch(run: "Run", ending: Ending) -> Exception:
    """Returns the error for a run that was stopped in its first epoch and has nothing to save."""
    from kerash_cli.training.recording import OUT_OF_TIME

    if run.stop == OUT_OF_TIME:
        return KerashError("--time: no epoch was done within that time; try a longer one")
    return click.exceptions.Exit(128 + ending.signal)


def _report(request: TrainRequest, outcome: TrainingOutcome, console: "Console", folds: "Sequence[Fold]") -> None:
    """Shows the result; then raises the errors of the run, since the model is saved now."""
    import json

    from kerash_cli.views.models import about_test

    path = request.output
    tell = console.say if request.as_json else console.result  # one result, also when quiet
    tell(f"{path}: {outcome.trained.summary()}")
    console.say(*about_test(outcome.trained.training))
    if request.replaces:
        console.say(f"replaced the earlier {path}")
    if request.as_json:
        left_out = ("history", "facts")  # a log has more, and kerash show --json has them
        figures = {name: value for name, value in outcome.trained.told().items() if name not in left_out}
        click.echo(json.dumps({"model": path, **figures, **(told(folds) if folds else {})}))
    elif folds:
        report(request, folds)
    if not outcome.diverged:
        console.say(*about_training(request, outcome.trained))
    if outcome.unfinished:
        console.say(f"{path} is the model of epoch {outcome.best_epoch}, and was not trained again on all rows")
    if outcome.diverged:
        raise Diverged(f"{outcome.diverged}; {path} is the model of epoch {outcome.best_epoch}")
    for failure in outcome.failures:
        raise failure
    outcome.ending.leave()
