"""`kerash repro`: trains a saved model again, and compares the weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _files, _options
from kerash_cli.commands._help import Command, Option
from kerash_cli.errors import BadInput, at, printable

if TYPE_CHECKING:
    from kerash_cli.commands._train_request import TrainRequest
    from kerash_cli.model.repetition import Verdict
    from kerash_cli.model.trained import TrainedModel
    from kerash_cli.training.experiment import Experiment
    from kerash_cli.views.messages import Console

SECTIONS = {
    "Data": (
        *_options.READING,
        _options.CATEGORIES,
        _options.LABEL_HEADER,
        *_options.NUMBERS,
        Option(
            "--validate-on",
            metavar="FILE",
            type=_options.TABLE_FILE,
            help="The table of --validate-on, if the model was validated on another one than DATA.",
        ),
        Option(
            "--validate-label",
            metavar="FILE",
            type=_options.TABLE_FILE,
            help="Its answers, if they were in another file.",
        ),
        Option(
            "--start",
            metavar="MODEL|GENOME",
            type=_options.MODEL,
            help="The model that the training began with, if it did not begin with random weights.",
        ),
    ),
    "Running": (_options.WORKERS, _options.MOUNTPOINT),
    "Output": (_options.AS_JSON, _options.QUIET),
}


@click.command(cls=Command, sections=SECTIONS, alone=True)
@click.argument("model", type=_options.SAVED)
@click.argument("data", type=_options.TABLE_FILE)
@click.argument("label", required=False, type=_options.TABLE_FILE)
def command(model: str, data: str, label: str | None, as_json: bool, quiet: bool, **words: Any) -> None:
    """Train a model again and compare the weights.

    The network, the settings and the options for reading are those that MODEL records; DATA, and LABEL if there was
    one, are the files that it was trained on. If all weights are the same, bit by bit, the exit code is 0. Else it is
    1, and lines say what differs: the data, the arithmetic of the processor, the version's rules. Nothing is written.

    A model that a time limit or Ctrl-C stopped is trained for as many epochs. Options for reading are only needed if an
    earlier version, which did not record them, saved the model.

    \b
    kerash repro iris.kerash iris.csv
    kerash repro xor.kerash xor.data xor.label
    """
    import json

    from kerash_cli.model.repetition import Verdict
    from kerash_cli.model.trained import TrainedModel
    from kerash_cli.views.messages import Console, put

    console, given = Console(quiet), _options.given({"validate_on", "validate_label", "start", "quiet", "as_json"})
    _files.check_model_first(data, model)
    trained = TrainedModel.load(model)
    files = {"validation": words["validate_on"], "validation_label": words["validate_label"], "start": words["start"]}
    with _repeating(trained, model, data, label, files, given) as request:
        again, other_start = _trained(trained, request, console)
    verdict = Verdict.of(trained, again, data, other_start)
    if as_json:
        click.echo(json.dumps({"model": model, **verdict.to_json()}))
    else:
        put("".join(f"{printable(line)}\n" for line in verdict.lines(model)))
        _tell(verdict, quiet)
    if not verdict.is_same:
        raise click.exceptions.Exit(1)


def _tell(verdict: "Verdict", quiet: bool) -> None:
    """Prints what the weights, the columns and the figures differ in."""
    from kerash_cli.views.differences import told

    if not verdict.is_same and not quiet:
        click.echo(told(verdict.result))


@contextmanager
def _repeating(
    trained: "TrainedModel", model: str, data: str, label: str | None, files: dict[str, str | None], given: list[str]
) -> "Iterator[TrainRequest]":
    """Yields the request of the `kerash train` command that the model says; its context is that of the command.

    Raises BadInput if no such command alone made the model, or if a file is missing.
    """
    from kerash_cli.commands import train
    from kerash_cli.commands._train_request import TrainRequest
    from kerash_cli.model.command import FilesOfTraining, check_trainable, command_line, has_label_file

    try:
        check_trainable(trained)
    except BadInput as error:
        raise BadInput(f"{at(model)}{error}") from None
    settings, digests = trained.training["settings"], trained.training["sha256"]
    _require(model, "--start MODEL", "start" in settings, files["start"])
    _require(model, "--validate-on FILE", settings.get("validate_on") == "file", files["validation"])
    needs_label = bool(digests.get("validation_label"))
    _require(model, "--validate-label FILE", needs_label, files["validation_label"])
    if (label is not None) != has_label_file(trained):
        expected = "with a file of labels" if label is None else "without a file of labels, from a column of its table"
        raise BadInput(f"{at(model)}it was trained {expected}; try kerash repro MODEL DATA{' LABEL' * (label is None)}")
    named = {name: word for name, word in files.items() if word is not None}
    whole = trained._replace(training={**trained.training, "stopped": "epochs", "cv": None})
    words = command_line(whole, FilesOfTraining(model, data, label or "LABEL", **named), "again.kerash")
    context = train.command.make_context("train", [*words[2:], *given], click.get_current_context().parent)
    with context:
        request = TrainRequest.of({**context.params, "force": True})
        rule = settings.get("chunk_rule")
        yield replace(request, settings=replace(request.settings, chunk_rule=_known_rule(rule)))


def _known_rule(rule: object) -> int | None:
    """Returns the version of the rule by which batches were divided; None if this version has no such."""
    from kerash_cli.training.division import MOST

    return rule if type(rule) is int and rule in MOST else None


def _require(model: str, option: str, is_needed: bool, word: str | None) -> None:
    """Raises BadInput if a file is needed and not named, or the other way round."""
    if is_needed and word is None:
        raise BadInput(f"{at(model)}its training needed one more file; name it by {option}")
    if word is not None and not is_needed:
        raise BadInput(f"{at(model)}its training had no {option}; leave it out")


def _trained(trained: "TrainedModel", request: "TrainRequest", console: "Console") -> tuple["TrainedModel", bool]:
    """Trains the model again; returns the new one as it is when read from a file, and whether it began with others."""
    from kerash_cli.commands import train
    from kerash_cli.model.command import description
    from kerash_cli.model.description import ModelDescription
    from kerash_cli.parallel.processes import Processes
    from kerash_cli.store.stage import stage
    from kerash_cli.training import experiment, pool
    from kerash_cli.views.messages import Console

    network = ModelDescription.parse(description(trained), request.model or "")
    with Processes(request.early_workers, pool.__name__) as processes:
        _, prepared = train.read_and_prepared(request, network, Console(quiet=True))
        others = train.processes_for(request, prepared, processes, Console(quiet=True))
        console.say(f"training again: {prepared.describe()}")
        size = train.staged_bytes(prepared, others)
        with stage(size, request.mountpoint, console.say, prepared.on_disk) as folder:
            begun = experiment.start(prepared, folder, others)
            again = request.recorded(_repeated(begun, trained, request, console), prepared.table, None)
    return again.as_read(), prepared.origin().get("start") != trained.training["settings"].get("start")


def _repeated(
    begun: "Experiment", trained: "TrainedModel", request: "TrainRequest", console: "Console"
) -> "TrainedModel":
    """Trains for as many epochs as the model was trained, at most; raises Diverged if it has no epoch to be saved."""
    from kerash_cli.commands._train_course import Course

    record, run = trained.training, begun.run
    waited = record["epochs"] - record["best_epoch"] >= run.patience
    if record["stopped"] != "patience" or not waited:  # by time, by Ctrl-C, or since it diverged later
        run.epochs = min(run.epochs, max(1, record["epochs"]))
    course = Course(request, console, run, None, None)
    diverged = course.train(begun)
    if not run.best_epoch and diverged:
        raise diverged
    again = course.train_again(begun)[0] if begun.again and "refit" in record else None
    found = begun.conclude(again)
    same = {"stopped": record["stopped"]} if run.epoch == record["epochs"] else {}
    kept = {"cv": record["cv"]} if "cv" in record else {}
    return found._replace(training={**found.training, **same, **kept})
