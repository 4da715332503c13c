"""The parsed command line of `kerash train`, and the errors in it."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from shlex import join, quote
from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _files, _options
from kerash_cli.commands._train_ranks import MPI, world
from kerash_cli.errors import BadInput, BadTable, Damaged, KerashError, Repair

if TYPE_CHECKING:
    from kerash_cli.encoding.record import Encoding
    from kerash_cli.model.description import ModelDescription
    from kerash_cli.model.trained import TrainedModel
    from kerash_cli.tables.spool import Spool
    from kerash_cli.tables.table import Table
    from kerash_cli.training.checkpoint import Checkpoint
    from kerash_cli.training.choosing import Choice
    from kerash_cli.training.dividing import Labelled, ReadMore
    from kerash_cli.training.experiment import PreparedTraining
    from kerash_cli.training.settings import TrainingSettings


FEWEST_LOOKED_AT, MOST_ROWS, MOST_COLUMNS = 50, 10_000, 100
"""Rows from which a table is looked at for problems, and the largest numbers of rows and columns for that."""

_SAMPLE_BYTES = {"float32": 4, "float64": 8}

COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
"""Endings of compressed files."""


@dataclass(frozen=True)
class TrainRequest:
    """The files and options of a command line, checked as far as possible before the data is read."""

    model: str | None
    """None if the network is to be chosen."""
    data: str
    label: str | None
    validate_label: str | None
    target: tuple[str, ...]
    reader: _files.Reader
    settings: "TrainingSettings"
    start: str | None
    limit: float | None
    mountpoint: str | None
    stream: bool | None
    """True to keep rows on a disk, False to keep them in memory; None to keep them where there is room."""
    workers: int | None
    """None if not given, or `mpi`."""
    checkpoint: str | None
    resume: bool
    cv: int | None
    """Number of folds of a cross-validation; None for none."""
    output: str
    """File of the saved model; empty if none is to be saved."""
    replaces: bool
    """True if a file already exists at `output`."""
    force: bool
    log: str | None
    every: int | None
    as_json: bool
    quiet: bool

    @classmethod
    def of(cls, words: dict[str, Any]) -> "TrainRequest":
        """Reads the parameters of the command; raises BadInput for a bad combination, before anything is written."""
        from kerash_cli.training.log import check_log

        model, data, label = _files.roles(words["model"], words["data"], words["label"], bool(words["target"]))
        if data is None:
            raise _options.without("data")
        words |= {"model": model, "data": data, "label": label}
        inputs = [model, data, label, words["validate_on"].path, words["validate_label"]]
        _files.check_once(*inputs)
        if model is not None:
            _files.check_order(model, data)
        _check_together(words)
        output, replaces = words.pop("output") or ("" if words["cv"] else beside(model, data)), False
        if output:
            output, replaces = _files.saved_model(output, words["force"])
        outputs = {"-o": output or None, "--checkpoint": words["checkpoint"], "--log": words["log"]}
        _files.check_apart(outputs, inputs)
        _check_checkpoint(words["checkpoint"], words["resume"], words["force"])
        if words["log"] is not None:
            check_log(words["log"])
        reader = _files.Reader.of(words)
        words["workers"] = None if words["workers"] == MPI else words["workers"]
        own = {each.name: words.pop(each.name) for each in fields(cls) if each.name in words}
        return cls(**own, reader=reader, output=output, replaces=replaces, settings=_settings(words))

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Adds the name of the saved model to the repairs of errors if DATA gives it; a filtered DATA does not."""
        try:
            yield
        except KerashError as error:
            for each in error.complaints if isinstance(error, BadTable) else [error]:
                each.repairs = tuple(map(self._named, each.repairs))
            raise

    def _named(self, repair: Repair) -> Repair:
        is_filtered = repair.filter and repair.path == self.data and os.path.isfile(self.data)
        if self.model is not None or not is_filtered or self.output != beside(None, self.data):
            return repair
        return repair._replace(words=(*repair.words, "-o", self.output))

    @property
    def goes_on(self) -> bool:
        """True if training resumes from a checkpoint that exists."""
        return self.resume and self.checkpoint is not None and os.path.exists(self.checkpoint)

    @property
    def own_settings(self) -> "TrainingSettings":
        """The settings; a run that goes on divides batches as it has done so far."""
        if not self.goes_on or self.checkpoint is None:
            return self.settings
        from kerash_cli.training import checkpoint

        return replace(self.settings, chunk_rule=checkpoint.chunk_rule(self.checkpoint))

    @property
    def early_workers(self) -> int:
        """Number of worker processes to start before the data is read: some if the file is large, else 0."""
        from kerash_cli.system import cores

        if self.workers and not self.cv:
            return self.workers - 1
        if world():
            return 0
        large = self.data != "-" and os.path.isfile(self.data) and os.path.getsize(self.data) > cores.MUCH_DATA
        return cores.usable() - 1 if large else 0

    def spool(self) -> "Spool":
        """Returns a folder on a disk for rows, the one with the most room; raises OutOfSpace if there is none."""
        from kerash_cli.store.mountpoint import Mountpoint, disks
        from kerash_cli.tables.spool import Spool

        return Spool(str(max(disks(self.mountpoint), key=Mountpoint.free).existing))

    @property
    def can_begin_again(self) -> bool:
        """True if all files can be read a second time; a pipe can't."""
        files = (self.data, self.label, self.settings.validate_on.path, self.validate_label)
        return all(each is None or _files.lasts(each) for each in files)

    def read(self, description: "ModelDescription | None", spool: "Spool | None") -> "tuple[Table, Table | None]":
        """Reads DATA and LABEL, whose rows are kept in the spool; None for memory."""
        names_classes = description is None or description.activation.output != "any"
        kept = {"spool": spool, "beside": _SAMPLE_BYTES[self.settings.dtype]}
        table = self.reader.table(self.data, self.target if names_classes else (), **kept)
        return table, self.reader.labels(self.label, table, spool=spool)

    def recorded(self, trained: "TrainedModel", table: "Table", cv: dict[str, Any] | None) -> "TrainedModel":
        """Returns the model with a record of the options for reading that were given, and of a cross-validation."""
        more = {"reading": self.reader.recorded(table), "cv": cv}
        return trained._replace(training={**trained.training, **{name: each for name, each in more.items() if each}})

    def read_more(self, spool: "Spool | None") -> "ReadMore | None":
        """Returns the function that reads the file of --validate-on; None if it names no file."""
        path, reader = self.settings.validate_on.path, self.reader._replace(label_header=None, categories=())
        if path is None:
            return None

        def read(encoding: "Encoding") -> "Labelled":
            table = reader.table(path, schema=encoding.schema, label=encoding.label_column, spool=spool)
            return table, reader.labels(self.validate_label, table, encoding.names_of_labels, spool)

        return read


def about_choice(request: TrainRequest, choice: "Choice") -> list[str]:
    """Returns messages about the network that was chosen, and about the command that writes its description."""
    network = f"network: {', '.join(map(str, choice.description.layers[1:]))}"
    shared = {"target", *_files.Reader._fields}
    unshared = {each.name or "" for each in click.get_current_context().command.params} - shared
    files = [request.data, *([request.label] if request.label else [])]
    if not all(os.path.isfile(each) or os.path.isdir(each) for each in files):  # a pipe can't be read again
        return [*choice.doubts, network]
    words = join(["kerash", "init", *files, *_options.given(unshared)])
    model = _files.free(Path(request.output or request.data).stem, ".model")
    return [*choice.doubts, f"{network}; for a description of it to edit, try {words} > {quote(model)}"]


def about_validation(request: TrainRequest) -> list[str]:
    """Returns a message if --validate-on is a word and the name of a file, too."""
    word = str(request.settings.validate_on)
    if request.settings.validate_on.path is not None or not os.path.exists(word):
        return []
    return [f"--validate-on {word}: taken for rows of {request.data}; the file of that name is ./{word}"]


def about_problems(request: TrainRequest, prepared: "PreparedTraining") -> list[str]:
    """Returns a list with a message about problems that a sample of the table shows; empty if there are none."""
    if request.quiet or request.as_json or prepared.table.rows < FEWEST_LOOKED_AT:
        return []
    from kerash_cli.encoding.phrases import counted
    from kerash_cli.inspection import InspectedTable
    from kerash_cli.inspection.findings import PROBLEM, findings, summary

    found = findings(InspectedTable.of(prepared, MOST_ROWS, MOST_COLUMNS), PROBLEM)
    files = [request.data, *([request.label] if request.label else [])]
    if not found:
        return []
    known = {"target", "keep", "drop", "missing", "balance", "weights", *_files.Reader._fields}
    if request.settings.validate_on.path is None:
        known.add("validate_on")
    others = {each.name or "" for each in click.get_current_context().command.params} - known
    words = join(["kerash", "check", *files, *_options.given(others)])
    more = f"; for more, try {words}" if all(map(os.path.isfile, files)) else "; kerash check shows more"
    return [f"{counted(len(found), 'thing')} to look at: {summary(found)}{more}"]


def about_checkpoint(request: TrainRequest, checkpoint: "Checkpoint") -> list[str]:
    """Returns messages about the checkpoint, before training; raises BadInput if it is another run's."""
    if request.resume:
        return [] if request.goes_on else [f"{checkpoint.path}: no checkpoint yet, so training starts afresh"]
    line = "" if request.force else checkpoint.check_replaceable()
    return [line] if line else []


def about_workers(asked: int | None, ranks: int, prepared: "PreparedTraining") -> list[str]:
    """Returns a list with a message about the number of workers; empty if there is nothing to say."""
    if asked and ranks < asked:
        used = "1 worker" if ranks == 1 else f"{ranks} workers"
        if prepared.folds:
            return [f"using {used}: the networks of all folds train side by side in one process"]
        enough = prepared.batch_size_for(asked)
        advice = f" (try --batch-size {enough})" if enough else ""
        return [f"using {used}: batches of {prepared.settings.batch_size} are too small to share{advice}"]
    return [f"{ranks} workers"] if ranks > 1 else []


def _check_together(words: dict[str, Any]) -> None:
    """Raises BadInput for options that exclude each other, and for an option that needs another one."""
    if words["start"] is not None and (words["init"] or words["no_standardize"] or words["numbers"]):
        raise BadInput("--start supplies its own weights and scaling; leave out --init, --no-standardize and --numbers")
    if words["no_standardize"] and words["numbers"] and str(words["numbers"]) != "standard":
        raise BadInput(f"--no-standardize uses columns as they are, not as {words['numbers']}; leave one of them out")
    if words["as_json"] and words["log"] == "-":
        raise BadInput("--json and --log - both write to standard output; try --log FILE")
    on = words["validate_on"]
    if words["validate_label"] is not None and on.path is None:
        raise BadInput("--validate-label needs the rows of these answers; try --validate-on FILE")
    if on.path is not None and "--validation" in _options.given():
        raise BadInput(
            f"--validation takes a share of DATA, and --validate-on all rows of {on.path}; leave one of them out"
        )
    if words["refit"] and on.path is not None:
        raise BadInput(
            f"--refit trains on rows of DATA that validated, and {on.path} has none of them; try without --refit"
        )
    if words["refit"] and not words["validation"]:
        raise BadInput("--refit needs rows that validate; leave out --refit, or --validation 0")
    if words["folds"]:
        _check_folds(words)
    if words["cv"]:
        _check_cv(words)
    if words["resume"] and words["checkpoint"] is None:
        raise BadInput("--resume needs --checkpoint FILE; try --checkpoint m.ckpt")


def _check_folds(words: dict[str, Any]) -> None:
    """Raises BadInput for options that --folds excludes."""
    if words["workers"] == MPI:
        raise BadInput("--folds trains its networks side by side in one process; leave out --workers mpi, or --folds")
    on = words["validate_on"]
    if on.path is not None:
        raise BadInput(f"--folds validates on all rows of DATA in turn, and --validate-on on {on.path}; leave one out")
    if on.way == "last":
        raise BadInput("--folds trains on the last rows, too, and --validate-on last does not; leave one of them out")
    if "--validation" in _options.given():
        raise BadInput("--folds validates on all rows in turn, and --validation on a share; leave one of them out")
    if words["refit"]:
        raise BadInput(
            "--refit trains on the rows that validated, and with --folds these train anyway; try without --refit"
        )
    if words["start"] is not None:
        raise BadInput(
            "--folds needs networks that have not seen the rows that validate them; leave out --start, or --folds"
        )


def _check_cv(words: dict[str, Any]) -> None:
    """Raises BadInput for options that --cv excludes."""
    if words["workers"] == MPI:
        raise BadInput("--cv shares out its networks among processes that it starts; try --workers 2 instead of mpi")
    on = words["validate_on"]
    if on.path is not None:
        raise BadInput(f"--cv takes its folds from DATA, and --validate-on rows from {on.path}; leave one of them out")
    if words["test"] is not None:
        raise BadInput("--cv tests on all rows of DATA in turn, and --test on a share; leave one of them out")
    if words["start"] is not None:
        raise BadInput("--cv needs networks that have not seen the rows that judge them; leave out --start, or --cv")
    for name in ("checkpoint", "log", "limit", "every"):
        if words[name] is not None:
            option = "--time" if name == "limit" else f"--{name}"
            less = ", or try --epochs" if name == "limit" else ""
            raise BadInput(f"--cv trains several networks, each to its end, and has no {option}; leave it out{less}")


def _settings(words: dict[str, Any]) -> "TrainingSettings":
    from kerash_cli.engine import optimizers
    from kerash_cli.training.settings import TrainingSettings

    own = optimizers.OptimizerSettings(
        **{each.name: words.pop(each.name) for each in fields(optimizers.OptimizerSettings)}
    )
    if not optimizers.OPTIMIZERS[words["optimizer"]].takes_momentum and (own.momentum or own.nesterov):
        able = " or ".join(name for name, each in optimizers.OPTIMIZERS.items() if each.takes_momentum)
        other = words["optimizer"]
        raise BadInput(f"--momentum and --nesterov belong to {able}, not to {other}; try --optimizer {able}")
    if own.nesterov and not own.momentum:
        raise BadInput("--nesterov needs --momentum; try --momentum 0.9")
    bias, standardize = not words.pop("no_bias"), not words.pop("no_standardize")
    if words["validate_on"].path is not None or words["folds"]:
        words["validation"] = 0.0
    return TrainingSettings(optimizer_settings=own, bias=bias, standardize=standardize, **words)


def beside(model: str | None, data: str) -> str:
    """Returns the name of the saved model, after MODEL or, if there is none, after DATA: iris.kerash for `iris.csv.gz`.

    Raises BadInput if that is a pipe or standard input.
    """
    path = data if model is None else model
    if os.path.isdir(path):
        return f"{os.path.basename(os.path.abspath(path)) or 'images'}.kerash"
    if path == "-" or (os.path.exists(path) and not os.path.isfile(path)):
        what, source = "data" if model is None else "model", "standard input" if path == "-" else "a pipe"
        raise BadInput(f"the {what} comes from {source}, so the saved model needs a name; try -o model.kerash")
    stem = _stem(Path(path)) if model is None else Path(path).stem
    return f"{re.sub('[*?[]+', '', stem).strip('-_. ]') or 'table'}.kerash"


def _stem(table: Path) -> str:
    """Returns the name of a table without the endings of its format and its compression."""
    return Path(table.stem).stem if table.suffix in COMPRESSED else table.stem


def _check_checkpoint(path: str | None, resume: bool, force: bool) -> None:
    """Raises BadInput if `path` exists and is not a checkpoint, unless `force` allows replacing it."""
    from kerash_cli.model import archive
    from kerash_cli.training import checkpoint

    if path is None:
        return
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        raise BadInput(f"{path} is a pipe or a device, so a checkpoint can't be read back from it; try another name")
    if not os.path.isfile(path) or (force and not resume):
        return
    try:
        is_checkpoint = archive.looks_like_model(path) and checkpoint.told(path) is not None
    except Damaged as error:
        raise Damaged(f"{error}, or --force without --resume to start afresh") from None
    if not is_checkpoint:
        raise BadInput(f"{path} already exists and is not a checkpoint; try another --checkpoint")
