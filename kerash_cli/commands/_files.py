"""Files on a command line: reading them, and checking that they are not mixed up or overwritten."""

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from shlex import quote
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from kerash_cli.errors import BadInput, at, shown

if TYPE_CHECKING:
    from kerash_cli.model.trained import TrainedModel
    from kerash_cli.tables.spool import Spool
    from kerash_cli.tables.table import Table


class Reader(NamedTuple):
    """Options for reading DATA and LABEL; an option that is None is detected from the file."""

    delimiter: str | None
    header: bool | None
    skip_rows: int = 0
    no_quotes: bool = False
    encoding: str | None = None
    label_header: bool | None = None
    categories: tuple[str, ...] = ()
    missing_values: tuple[str, ...] = ()
    decimal: str | None = None
    dates: str | None = None

    @classmethod
    def of(cls, options: dict[str, Any]) -> "Reader":
        """Takes the reader's options out of a command's `options`, and returns a Reader with them."""
        return cls(**{name: options.pop(name) for name in cls._fields if name in options})

    @classmethod
    def again(cls, reading: Mapping[str, Any], names: Sequence[str]) -> "Reader":
        """Returns the Reader from which `recorded` made a record; `names` has a word for each column of the table."""
        own: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in reading.items()
        }
        if "categories" in own:
            own["categories"] = tuple(names[place] for place in own["categories"])
        return cls(own.pop("delimiter", None), own.pop("header", None), **own)

    def recorded(self, table: "Table") -> dict[str, Any]:
        """Returns the options that were given, as JSON values for a saved model."""
        given = {name: value for name, value in self._asdict().items() if value not in (None, (), False, 0)}
        if self.header is False:
            given["header"] = False
        if self.label_header is False:
            given["label_header"] = False
        if self.categories:
            given["categories"] = [table.find(each) for each in self.categories]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}

    def table(self, path: str, targets: Sequence[str] = (), **wanted: Any) -> "Table":
        """Reads DATA; `wanted` are more arguments for `reading.read`.

        A label column that is alone keeps its cells as they are written, because they may be the names of classes.
        """
        from kerash_cli.parallel import decoding
        from kerash_cli.tables import reading

        if len(targets) == 1:
            wanted["label"] = targets[0]
        if self.categories:
            wanted["categories"] = self.categories
        return reading.read(
            path,
            delimiter=self.delimiter,
            header=self.header,
            skip_rows=self.skip_rows,
            quotes=not self.no_quotes,
            encoding=self.encoding,
            share=decoding.shared,
            **self._numbers(),
            **wanted,
        )

    def labels(
        self, path: str | None, table: "Table", known: Collection[str] = (), spool: "Spool | None" = None
    ) -> "Table | None":
        """Reads LABEL, if there is one, or returns the labels that the table has come with; else returns None.

        `known` are classes that they may have; `spool` is where they are kept, memory by default. Raises BadInput if
        there are labels of both kinds.
        """
        from kerash_cli.tables.labels import read_labels

        if path and table.labels:
            raise BadInput(f"{at(path)}the folders in {table.source} are labels already; leave {path} out")
        if not path:
            return table.labels
        more = {"encoding": self.encoding, "spool": spool, **self._numbers()}
        return read_labels(path, table, self.delimiter, self.label_header, known, **more)

    def _numbers(self) -> dict[str, Any]:
        """Returns the arguments of `reading.read` about numbers."""
        words = [word.strip() for each in self.missing_values for word in each.split(",")]
        missing = tuple(filter(None, dict.fromkeys(words))) if words else None
        return {"missing": missing, "decimal": self.decimal, "dates": self.dates}


def free(stem: str, ending: str) -> str:
    """Returns a name of these two parts that no file has, if need be with a number between them."""
    names = (f"{stem}{number}{ending}" for number in ("", *range(2, 1000)))
    return next(name for name in names if not os.path.exists(name))


def lasts(path: str) -> bool:
    """Returns whether a file can be read twice: it is a regular file, a folder, or several files."""
    return path != "-" and (os.path.isfile(path) or not os.path.exists(path) or os.path.isdir(path))


def check_once(*words: str | None) -> None:
    """Raises BadInput if more than one of the words is `-`, standard input."""
    if words.count("-") > 1:
        raise BadInput("standard input, '-', can be read only once; try files")


def is_table(path: str) -> bool:
    """Returns whether a file is neither a description nor a saved model.

    A folder is a table of images, and a pattern such as `train-*.csv` is one of several files.
    """
    from kerash_cli.model import archive
    from kerash_cli.model.description import begins_description
    from kerash_cli.tables.source import matching

    if not os.path.isfile(path):
        return os.path.isdir(path) or bool(matching(path))
    return not begins_description(path) and not archive.looks_like_model(path)


def check_table(path: str) -> None:
    """Raises BadInput if the file in the place of DATA is the description of a network."""
    from kerash_cli.model.description import begins_description

    if os.path.isfile(path) and begins_description(path):
        raise BadInput(f"{path} describes a network, and is not a table; try kerash show {quote(path)}")


def roles(model: str, data: str | None, label: str | None, target: bool) -> tuple[str | None, str | None, str | None]:
    """Returns MODEL, DATA and LABEL; MODEL is None if the files on the command line are only a table and its labels.

    `target` says whether a column of the table was named, so that there is no LABEL.
    """
    from kerash_cli.model.description import begins_description

    if data is None:
        alone = target if model == "-" else not os.path.isfile(model) or is_table(model)
        return (None, model, None) if alone else (model, None, None)
    labelled = label is None and not target
    if labelled and is_table(model) and not (os.path.isfile(data) and begins_description(data)):
        return None, model, data
    return model, data, label


def check_order(model: str, data: str) -> None:
    """If MODEL is a table and DATA a description, raises BadInput with the command that swaps the two."""
    from kerash_cli.model.description import begins_description

    if is_table(model) and os.path.isfile(data) and begins_description(data):
        raise BadInput(f"{model} is a table, not a model, and {data} is one").swapped(model, data)


def check_model_first(data: str | None, *models: str) -> None:
    """If DATA is a saved model and a model is a table, raises BadInput with the command that swaps them."""
    from kerash_cli.model import archive

    if data is None or not os.path.isfile(data) or not archive.looks_like_model(data):
        return
    for model in models:
        if not model.endswith(".kerash") and is_table(model):
            raise BadInput(f"{data} is a saved model, and {model} is a table").swapped(model, data)


def saved_model(path: str, force: bool) -> tuple[str, bool]:
    """Returns `path` and whether a file exists there already.

    Raises BadInput if that file is not a saved model, unless `force` allows replacing it.
    """
    from kerash_cli.model import archive
    from kerash_cli.training import checkpoint

    exists = os.path.isfile(path)
    if exists and not force:
        if not archive.looks_like_model(path):
            raise BadInput(
                f"{path} already exists and is not a saved model; choose another name, or --force to replace it"
            )
        if checkpoint.is_one(path):
            raise BadInput(f"{path} already exists and is a checkpoint; choose another name, or --force to replace it")
    return path, exists


def claim(*paths: str | None) -> None:
    """Reserves output files for this command until it ends; raises as `files.claimed` does."""
    from kerash_cli.system import files

    for path in paths:
        if path is not None:
            click.get_current_context().with_resource(files.claimed(path))


def check_apart(outputs: Mapping[str, str | None], inputs: Iterable[str | None]) -> None:
    """Raises BadInput if two outputs are the same file, or an output is an input; `outputs` maps options to paths."""
    seen: dict[str, str] = {}
    read = {os.path.realpath(each) for each in inputs if each is not None and os.path.isfile(each)}
    for option, path in outputs.items():
        if path is None or path == "-" or not (os.path.isfile(path) or not os.path.exists(path)):
            continue
        real = os.path.realpath(path)
        other = seen.setdefault(real, option)
        if other != option:
            raise BadInput(f"{other} and {option} both name {path}; try different files")
        if real in read:
            raise BadInput(f"{option}: {path} is an input, and would be overwritten; try another file")


def load(word: str, mountpoint: str | None, tell: Callable[[str], object]) -> "TrainedModel":
    """Loads MODEL|GENOME: a saved model if the word has a `/` or ends in `.kerash`, else a genome.

    `tell` is called with a line if the stored model of a genome is gone, so that the meaning of columns is unknown.
    """
    from kerash_cli.model.trained import TrainedModel

    if "/" in word or word.endswith(".kerash"):
        return TrainedModel.load(word)
    from kerash_cli.classic import exporting
    from kerash_cli.classic.shelf import Absent
    from kerash_cli.store.mountpoint import mountpoints
    from kerash_cli.training import checkpoint

    try:
        return exporting.trained(mountpoints(mountpoint), word, tell=tell)
    except Absent:
        if os.path.isfile(word) and checkpoint.is_one(word):
            return TrainedModel.load(word)  # its error says what a checkpoint is for
        raise _no_genome(word) from None


def _no_genome(word: str) -> BadInput:
    """Returns the error for a word that names neither a genome nor, by its ending, a saved model."""
    from kerash_cli.model import archive
    from kerash_cli.model.description import begins_description

    if not os.path.isfile(word) or archive.looks_like_model(word):
        advice = f"try ./{word}" if os.path.isfile(word) else "try kerash list"
        return BadInput(
            f"no genome called {shown(word)} (a saved model must end in .kerash, or be written ./NAME); {advice}"
        )
    kind = "a description" if begins_description(word) else "another file"
    return BadInput(f"expected a saved model or a genome, got {shown(word)}, {kind}; kerash train makes a saved model")


def digest(path: str) -> str:
    """Returns the SHA-256 of a file; empty for what can't be read as one, such as the folder of a genome."""
    from hashlib import file_digest

    try:
        with open(path, "rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
