"""`kerash train`: from text files to a saved model."""

import os
from contextlib import nullcontext
from shlex import join, quote
from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _options
from kerash_cli.commands._interrupts import OUT_OF_TIME, Ending, concluding
from kerash_cli.commands._recording import Recording
from kerash_cli.errors import BadInput, Damaged, Diverged, KerashError

if TYPE_CHECKING:
    from kerash_cli.model.description import ModelDescription
    from kerash_cli.tables.table import Table
    from kerash_cli.training.checkpoint import Checkpoint
    from kerash_cli.training.experiment import Experiment, PreparedTraining, TrainingSettings
    from kerash_cli.training.run import Run
    from kerash_cli.views.training import EpochView


@click.command()
@click.argument("model", type=_options.FILE)
@click.argument("data", required=False, metavar="DATA", type=_options.FILE)
@click.argument("label", required=False, type=_options.FILE)
@click.option("-o", "--output", metavar="FILE", type=_options.OUTPUT, help="The saved model; MODEL.kerash by default.")
@click.option(
    "--target", metavar="COLUMN", multiple=True, help="The label is this column of DATA: a name, or a number from 1."
)
@_options.preparing
@_options.reading
@_options.labelled
@click.option("--epochs", type=_options.COUNT, default=1000, show_default=True, help="Passes over the data at most.")
@click.option("--batch-size", type=_options.COUNT, default=32, show_default=True, help="Rows per step.")
@click.option(
    "--optimizer",
    type=_options.Member("name", "kerash_cli.engine.optimizers:OPTIMIZERS"),
    default="adam",
    show_default=True,
)
@click.option(
    "--learning-rate",
    type=_options.POSITIVE,
    help="By default the optimizer's own: sgd .1, the others .005.",
)
@click.option(
    "--schedule",
    type=_options.Parsed("schedule", "kerash_cli.engine.schedules:Schedule.parse"),
    default="constant",
    show_default=True,
    help="constant, cosine or step:EVERY,FACTOR, after warmup:EPOCHS+ if wished.",
)
@click.option("--momentum", type=_options.Real(0, 1, max_open=True), default=0.0, help="Of sgd.")
@click.option("--nesterov", is_flag=True, help="Momentum in Nesterov's form.")
@click.option("--weight-decay", type=_options.NOT_NEGATIVE, default=0.0, help="L2 penalty; decoupled in adamw.")
@click.option("--clip-norm", type=_options.POSITIVE, help="Longest gradient; a longer one is scaled down.")
@click.option(
    "--loss",
    type=_options.Member("name", "kerash_cli.engine.losses:LOSSES"),
    help="By default what suits the last activation and the labels.",
)
@click.option("--balance", is_flag=True, help="Weigh rows so that all classes count the same.")
@click.option(
    "--validation",
    type=_options.Real(0, 1, max_open=True),
    default=0.2,
    show_default=True,
    help="Share of rows kept for validation, drawn at random, from 50 rows on. For rows in the order of time say 0, "
    "and evaluate on a file of later ones.",
)
@click.option(
    "--patience",
    type=_options.COUNT,
    default=100,
    show_default=True,
    help="Epochs without a lower validation loss before training stops.",
)
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float64"]),
    default="float32",
    show_default=True,
    help="The type of all arithmetic.",
)
@click.option(
    "--init",
    type=_options.Member("law", "kerash_cli.engine.initializers:INITIALIZERS"),
    help="Initial weights; by default what suits each activation.",
)
@click.option(
    "--start",
    metavar="MODEL|GENOME",
    type=_options.FILE,
    help="Go on from the weights, and the scaling, of a saved model.",
)
@click.option("--no-bias", is_flag=True, help="Weighted sums without a bias.")
@click.option("--no-standardize", is_flag=True, help="Columns as they are, instead of mean 0 and deviation 1.")
@click.option(
    "--seed",
    type=_options.SEED,
    default=0,
    show_default=True,
    help="Of the initial weights, the split, the order of the rows and dropout.",
)
@click.option(
    "--time",
    "limit",
    type=_options.SECONDS,
    help="Stop after this long: 90 (seconds), 5m, 1h.",
)
@_options.mountpoint
@_options.workers
@click.option(
    "--checkpoint",
    metavar="FILE",
    type=_options.OUTPUT,
    help="Keep all that going on needs, every second or so; USR1: now.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on from the --checkpoint file, if there is one; --epochs and --patience may be raised.",
)
@click.option("--log", metavar="FILE", type=_options.FILE, help="Append a JSON object per epoch; - is standard output.")
@click.option(
    "--every",
    type=_options.COUNT,
    metavar="N",
    help="Show each Nth epoch where there is no terminal; by default about 50 of them.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE even if it is no saved model, or another run's checkpoint.")
@_options.as_json
@_options.quiet
def command(
    model: str,
    data: str | None,
    label: str | None,
    output: str | None,
    target: tuple[str, ...],
    delimiter: str | None,
    header: bool | None,
    label_header: bool | None,
    limit: float | None,
    start: str | None,
    mountpoint: str | None,
    log: str | None,
    every: int | None,
    workers: int | None,
    checkpoint: str | None,
    resume: bool,
    force: bool,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Train the network that MODEL describes on DATA and save it.

    LABEL is a file with one line for each line of DATA; or --target names a column of DATA. MODEL or DATA may be `-`,
    standard input.

    Several targets are the columns of a LABEL file. `kerash data` has models and data to try.

    \b
    kerash train xor.model xor.data xor.label
    kerash train iris.model iris.csv --target species
    sed 's/dense 16/dense 32/' iris.model | kerash train - iris.csv --target species -o wide.kerash
    """
    import json

    from kerash_cli.model.description import ModelDescription
    from kerash_cli.parallel.processes import Processes
    from kerash_cli.store.stage import stage
    from kerash_cli.system import files
    from kerash_cli.tables import labels as label_files
    from kerash_cli.tables import reading
    from kerash_cli.tables.table import notes
    from kerash_cli.training import experiment, pool
    from kerash_cli.training.checkpoint import Checkpoint
    from kerash_cli.training.log import RunLog, check_log
    from kerash_cli.views.messages import Console
    from kerash_cli.views.training import shown_epochs, standing

    if data is None:
        raise _without_data(model, target)
    _options.check_once(model, data, label)
    _options.check_order(model, data)
    if start is not None and (settings["init"] or settings["no_standardize"]):
        raise BadInput("expected --start alone to say weights and scaling, got --init or --no-standardize too")
    if as_json and log == "-":
        raise BadInput("expected --json or --log -, got both on standard output; try --log FILE")
    if resume and checkpoint is None:
        raise BadInput("expected --checkpoint FILE with --resume, got none; try --checkpoint m.ckpt")
    console = Console(quiet)
    path, replaces = _options.saved_model(output or _beside(model), force)
    _options.check_apart({"-o": path, "--checkpoint": checkpoint, "--log": log}, [model, data, label])
    if checkpoint is not None:
        _check_checkpoint(checkpoint, resume, force)
    if log is not None:
        check_log(log)
    description = ModelDescription.read(model)
    chosen = _settings(settings)
    _options.claim(path, checkpoint)
    with Processes(_early(workers, data), pool.__name__) as processes:  # they start while the data is being read
        table = reading.read(data, delimiter=delimiter, header=header, label=_classes_in(description, target))
        _check_one_target(table, target)
        labels = label_files.read(label, table, delimiter, label_header) if label else None
        origin = _options.load(start, mountpoint, console.say) if start is not None else None
        prepared = experiment.prepare(description, table, labels, target[0] if target else None, chosen, origin)
        ranks = prepared.workers(workers)
        console.say(
            *notes(table, labels), prepared.describe(), *prepared.doubts(), *_shared_out(workers, ranks, prepared)
        )
        processes.resize(ranks - 1)
        saver, goes_on = None, False
        if checkpoint is not None:
            saver = Checkpoint(checkpoint, prepared.identity(), {"data": data, "label": label})
            goes_on = resume and os.path.exists(checkpoint)
            console.say(*_about(saver, resume, goes_on, force))
        with (
            files.replacing(path, reserve=prepared.saved_bytes()) as saved,
            stage(prepared.staged_bytes(ranks), mountpoint, console.say) as folder,
            RunLog(log, console.say, hold=saver is not None) if log is not None else nullcontext() as writer,
        ):
            begun = experiment.start(prepared, folder, processes, saver.resume if saver and goes_on else None)
            run, recording = begun.run, Recording(saver, writer, console.say)
            if goes_on:
                console.say(f"{checkpoint}: going on after epoch {run.epoch}")
            if writer and run.history:
                writer.resume(run.history)
            with (
                shown_epochs(console, run, every, limit, alone=log != "-") as view,
                concluding(run, limit, recording.ask, lambda: view.status(standing(run))) as ending,
            ):
                diverged = _train(begun, view, recording, measured=writer is not None)
                if not run.best_epoch:
                    raise _without_epoch(run, ending)
                try:
                    trained = begun.conclude()
                except Diverged as error:
                    raise diverged or error from None
                trained.save(saved)
    tell = console.say if as_json else console.result  # one result, also when quiet
    tell(f"{path}: {trained.summary()}")
    if replaces:
        console.say(f"replaced the earlier {path}")
    if as_json:
        click.echo(json.dumps({"model": path, **trained.told()}))
    if diverged:
        raise Diverged(f"{diverged}; {path} is the model of epoch {run.best_epoch}")
    recording.check()
    ending.leave()


def _beside(model: str) -> str:
    """The saved model of a description by default; BadInput where that has no name."""
    from pathlib import Path

    if model == "-" or (os.path.exists(model) and not os.path.isfile(model)):
        source = "standard input" if model == "-" else "a pipe"
        raise BadInput(f"expected -o FILE, since the model comes from {source}; try -o model.kerash")
    return f"{Path(model).stem}.kerash"


def _check_checkpoint(path: str, resume: bool, force: bool) -> None:
    """BadInput for a file that is no checkpoint, unless `force` lets a new one take its place."""
    from kerash_cli.model import archive
    from kerash_cli.training import checkpoint

    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        raise BadInput(f"{path}: expected a file that a run can go on from, got a pipe or a device; try another name")
    if not os.path.isfile(path) or (force and not resume):
        return
    try:
        is_checkpoint = archive.looks_like_model(path) and checkpoint.told(path) is not None
    except Damaged as error:
        raise Damaged(f"{error}, or --force without --resume to start afresh") from None
    if not is_checkpoint:
        raise BadInput(f"{path} already exists and is no checkpoint; try another --checkpoint")


def _about(saver: "Checkpoint", resume: bool, goes_on: bool, force: bool) -> list[str]:
    """What to say about a checkpoint before training, if anything; BadInput if it is another run's."""
    if resume:
        return [] if goes_on else [f"{saver.path}: no checkpoint yet, so training starts afresh"]
    line = "" if force else saver.check_replaceable()
    return [line] if line else []


def _classes_in(description: "ModelDescription", target: tuple[str, ...]) -> str | None:
    """The column whose cells may be names of classes, which are what they are written like."""
    return target[0] if target and description.activation.output != "any" else None


def _check_one_target(table: "Table", target: tuple[str, ...]) -> None:
    """BadInput for several targets, with the command that takes them from a file of their own."""
    if len(target) < 2:
        return
    targets = [table.find(each) + 1 for each in target]
    inputs = [place for place in range(1, table.width + 1) if place not in targets]
    separator = "" if table.delimiter == "\t" else f" -d {quote(table.delimiter)}"
    data, label = (
        f"<(cut{separator} -f{','.join(map(str, f))} {quote(table.source)})" for f in (inputs, sorted(targets))
    )
    model = click.get_current_context().params["model"]
    raise BadInput(
        f"expected one --target, got {len(target)}; several targets are the columns of a LABEL file; "
        f"try kerash train {quote(model)} {data} {label} {join(_options.given({'target'}))}".rstrip()
    )


def _without_data(model: str, target: tuple[str, ...]) -> click.UsageError | BadInput:
    """The error about a command of one file: that may be the table, of which no network was described."""
    from pathlib import Path
    from shlex import join

    context = click.get_current_context()
    if not _options.is_table(model):
        (parameter,) = (each for each in context.command.params if each.name == "data")
        return click.MissingParameter(ctx=context, param=parameter)
    stem = Path(model).stem
    names = (f"{stem}{number}.kerash" for number in ("", *range(2, 1000)))
    words = [
        "--target",
        target[0] if target else "COLUMN",
        "-o",
        next(name for name in names if not Path(name).exists()),
    ]
    return BadInput(
        f"{model} is a table, not a model: the usage is kerash train MODEL DATA --target COLUMN; "
        f"try kerash data iris.model | {join(['kerash', 'train', '-', model, *words])}"
    )


def _early(workers: int | None, data: str) -> int:
    """How many worker processes to start before it is known how much there is to do."""
    from kerash_cli.system import cores

    if workers:
        return workers - 1
    large = data != "-" and os.path.isfile(data) and os.path.getsize(data) > cores.MUCH_DATA
    return cores.usable() - 1 if large else 0


def _shared_out(asked: int | None, workers: int, prepared: "PreparedTraining") -> list[str]:
    """What to say about the number of workers, if anything."""
    if asked and workers < asked:
        used = "1 worker" if workers == 1 else f"{workers} workers"
        enough = prepared.batch_size_for(asked)
        advice = f" (try --batch-size {enough})" if enough else ""
        return [f"using {used}: batches of {prepared.settings.batch_size} are too small to share{advice}"]
    return [f"{workers} workers"] if workers > 1 else []


def _settings(options: dict[str, Any]) -> "TrainingSettings":
    from dataclasses import fields

    from kerash_cli.engine import optimizers
    from kerash_cli.training.experiment import TrainingSettings

    names = [each.name for each in fields(optimizers.OptimizerSettings)]
    own = optimizers.OptimizerSettings(**{name: options.pop(name) for name in names})
    if not optimizers.OPTIMIZERS[options["optimizer"]].takes_momentum and (own.momentum or own.nesterov):
        able = " or ".join(name for name, each in optimizers.OPTIMIZERS.items() if each.takes_momentum)
        raise BadInput(
            f"expected --momentum and --nesterov with {able}, got {options['optimizer']}; try --optimizer {able}"
        )
    if own.nesterov and not own.momentum:
        raise BadInput("expected --momentum with --nesterov, got none; try --momentum 0.9")
    bias, standardize = not options.pop("no_bias"), not options.pop("no_standardize")
    return TrainingSettings(optimizer_settings=own, bias=bias, standardize=standardize, **options)


def _train(begun: "Experiment", view: "EpochView", recording: Recording, measured: bool) -> Diverged | None:
    """Trains until the end or until the run is stopped; the error, if it diverged with something worth keeping.

    Each epoch gets its figure if they are `measured`, or else those that the view wants.
    """
    from kerash_cli.training.loop import train

    run = begun.run
    with begun.source:
        try:
            for epoch in train(run, begun.source, begun.validate):
                if (shown := view.wants(epoch)) or measured:
                    epoch = begun.measure(epoch)
                if shown:
                    view.epoch(epoch)
                recording.epoch(run, epoch)
        except Diverged as error:
            if run.best_epoch:
                return error
            raise
        finally:
            recording.close()
    return None


def _without_epoch(run: "Run", ending: Ending) -> Exception:
    """How a run ends that was stopped in its first epoch: there is nothing to save."""
    if run.stop == OUT_OF_TIME:
        return KerashError("--time: expected at least one epoch in that time, got none; try a longer one")
    return click.exceptions.Exit(128 + ending.signal)
