"""Options that several commands share, and parameter types whose choices are looked up only when they are needed."""

import re
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kerash_cli.errors import BadInput, KerashError

if TYPE_CHECKING:
    from kerash_cli.tables import Table
    from kerash_cli.trained import TrainedModel

F = TypeVar("F", bound=Callable[..., Any])


class Parsed(click.ParamType):  # type: ignore[type-arg]
    """A word that `module:function` reads, imported only when there is one to read."""

    def __init__(self, name: str, place: str) -> None:
        self.name = name
        self._module, _, self._attribute = place.partition(":")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value that the word means; what is not a word has been read before."""
        if not isinstance(value, str):
            return value
        parse = import_module(self._module)
        for part in self._attribute.split("."):
            parse = getattr(parse, part)
        try:
            return parse(value)  # type: ignore[operator]
        except KerashError as error:
            self.fail(str(error), param, ctx)


class Real(click.FloatRange):
    """A number within a range, which NaN is not in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"expected a number, got {value!r}", param, ctx)
        return number


class Member(click.ParamType):  # type: ignore[type-arg]
    """A name of a registry `module:REGISTRY`, or an alias; gives the member's own name."""

    def __init__(self, name: str, place: str) -> None:
        self.name = name
        self._module, _, self._registry = place.partition(":")

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """The names to choose from."""
        return "|".join(self._members())

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The member's own name."""
        try:
            name: str = self._members().canonical(value)
        except KerashError as error:
            self.fail(str(error), param, ctx)
        return name

    def _members(self) -> Any:
        return getattr(import_module(self._module), self._registry)


def read_labels(path: str, table: "Table", delimiter: str | None) -> "Table":
    """The labels of a table's rows, in a file of their own: it has a header if it has one line more than that."""
    from kerash_cli import dataset

    if path == "-":
        return dataset.read(path, delimiter=delimiter)
    labels = dataset.read(path, delimiter=delimiter, header=False)
    return dataset.read(path, delimiter=delimiter, header=True) if labels.rows == table.rows + 1 else labels


def check_once(*words: str | None) -> None:
    """BadInput if more than one of them is `-`."""
    if words.count("-") > 1:
        raise BadInput("expected '-', standard input, once, got it twice; try files")


def saved_model(path: str, force: bool) -> tuple[str, bool]:
    """Where a saved model goes, and whether one is there already; BadInput rather than over something else."""
    from pathlib import Path

    from kerash_cli import artifact

    target = Path(path)
    if target.is_file() and not (force or artifact.looks_like_model(target)):
        raise BadInput(f"{target}: expected a saved model to replace, got another kind of file; try -o, or --force")
    return str(target), target.is_file()


def load(word: str, mountpoint: str | None, tell: Callable[[str], object]) -> "TrainedModel":
    """What MODEL|GENOME means: with a `/`, or ending in `.kerash`, a file, else a genome.

    `tell` hears if a genome's stored model is gone, so that nobody knows what its columns meant.
    """
    if "/" in word or word.endswith(".kerash"):
        from kerash_cli.trained import TrainedModel

        return TrainedModel.load(word)
    from kerash_cli import fitting
    from kerash_cli.store import mountpoints

    return fitting.trained(mountpoints(mountpoint), word, tell=tell)


def reading(command: F) -> F:
    """The options of every command that reads a table."""
    for option in (
        click.option(
            "--header/--no-header",
            default=None,
            help="The first line of DATA is names, or is data; found out if left out.",
        ),
        click.option("--delimiter", metavar="CHARACTER", help="What separates columns, instead of what it looks like."),
    ):
        command = option(command)
    return command


def preparing(command: F) -> F:
    """The options of every command that learns what a table's columns are."""
    for option in (
        click.option(
            "--missing",
            type=click.Choice(["error", "drop", "mean"]),
            default="error",
            show_default=True,
            help="What to do about missing values: stop, drop the row, or take the column's mean.",
        ),
        click.option("--drop", metavar="COLUMN", multiple=True, help="Leave this column out; give it again for more."),
    ):
        command = option(command)
    return command


def seconds(text: str) -> float:
    """`90s`, `5m`, `1.5h` or a plain number of seconds."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smh]?)", text, re.ASCII)
    if not match or not (value := float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]):
        raise BadInput(f"expected a time such as 90s, 5m or 1h, got {text!r}")
    return value


POSITIVE = Real(min=0, min_open=True, max=1e6)
COUNT = click.IntRange(1, 10**9)
NOT_NEGATIVE = Real(min=0, max=1e6)

NAME = Parsed("name", "kerash_cli.files:name")
GENOME_NAME = Parsed("name", "kerash_cli.store.genomes:name")
MODEL_NAME = Parsed("name", "kerash_cli.store.models:name")
SECONDS = Parsed("time", "kerash_cli.commands._options:seconds")
SEED = click.IntRange(0, 2**63 - 1)

mountpoint = click.option(
    "--mountpoint", metavar="FOLDER", help="Where tensors are; by default ./kerash_mountpoint, else a tmpfs."
)
workers = click.option(
    "--workers", type=click.IntRange(1, 256), help="Processes to share the work; by default what is fastest."
)
as_json = click.option("--json", "as_json", is_flag=True, help="A JSON object on standard output.")
quiet = click.option("-q", "--quiet", is_flag=True, help="No talk, only results and errors.")
