"""Options that several commands share, and parameter types whose choices are looked up only when they are needed."""

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from kerash_cli.errors import BadInput

if TYPE_CHECKING:
    from kerash_cli.model.trained import TrainedModel

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
        except BadInput as error:
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
        except BadInput as error:
            self.fail(str(error), param, ctx)
        return name

    def _members(self) -> Any:
        return getattr(import_module(self._module), self._registry)


class FileName(click.ParamType):  # type: ignore[type-arg]
    """The name of a file or a folder; what is empty is an unset variable, and means none."""

    name = "path"

    def __init__(self, dash: bool = True) -> None:
        """`dash`: whether `-` has a meaning, a standard stream."""
        self._dash = dash

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, as it is."""
        if not value:
            self.fail("expected the name of a file, got an empty word; is a variable unset?", param, ctx)
        if value == "-" and not self._dash:
            self.fail("expected the name of a file, got '-'; try /dev/stdout in a pipeline", param, ctx)
        return value


def check_once(*words: str | None) -> None:
    """BadInput if more than one of them is `-`."""
    if words.count("-") > 1:
        raise BadInput("expected '-', standard input, once, got it twice; try files")


def is_table(path: str) -> bool:
    """Whether a file in the place of a description is none, and no saved model either."""
    from kerash_cli.model import archive
    from kerash_cli.model.description import begins_description

    return os.path.isfile(path) and not begins_description(path) and not archive.looks_like_model(path)


def check_order(model: str, data: str) -> None:
    """BadInput, with the command that swaps them, if the table stands where the description should, and that there."""
    from kerash_cli.model.description import begins_description

    if is_table(model) and os.path.isfile(data) and begins_description(data):
        raise BadInput(f"{model} is a table, not a model, and {data} is one").swapped(model, data)


def saved_model(path: str, force: bool) -> tuple[str, bool]:
    """Where a saved model goes, and whether one is there already; BadInput rather than over something else."""
    from kerash_cli.model import archive
    from kerash_cli.training import checkpoint

    exists = os.path.isfile(path)
    if exists and not force:
        if not archive.looks_like_model(path):
            raise BadInput(
                f"{path} already exists and is no saved model; choose another name, or --force to replace it"
            )
        if checkpoint.is_one(path):
            raise BadInput(f"{path} already exists and is a checkpoint; choose another name, or --force to replace it")
    return path, exists


def claim(*paths: str | None) -> None:
    """Makes these the outputs of this command alone until it ends; raises as `files.claimed` does."""
    from kerash_cli.system import files

    for path in paths:
        if path is not None:
            click.get_current_context().with_resource(files.claimed(path))


def check_apart(outputs: Mapping[str, str | None], inputs: Iterable[str | None]) -> None:
    """BadInput if two outputs, by their options, are one file, or one is an input that has to stay."""
    seen: dict[str, str] = {}
    read = {os.path.realpath(each): each for each in inputs if each is not None and os.path.isfile(each)}
    for option, path in outputs.items():
        if path is None or path == "-" or not (os.path.isfile(path) or not os.path.exists(path)):
            continue
        real = os.path.realpath(path)
        other = seen.setdefault(real, option)
        if other != option:
            raise BadInput(f"expected different files for {other} and {option}, got {path} for both")
        if real in read:
            raise BadInput(f"expected {option} to be another file than is read, got {path} for both")


def load(word: str, mountpoint: str | None, tell: Callable[[str], object]) -> "TrainedModel":
    """What MODEL|GENOME means: with a `/`, or ending in `.kerash`, a file, else a genome.

    `tell` hears if a genome's stored model is gone, so that nobody knows what its columns meant.
    """
    from kerash_cli.model.trained import TrainedModel

    if "/" in word or word.endswith(".kerash"):
        return TrainedModel.load(word)
    from kerash_cli.classic import exporting
    from kerash_cli.classic.shelf import Absent
    from kerash_cli.errors import shown
    from kerash_cli.store.mountpoint import mountpoints
    from kerash_cli.training import checkpoint

    try:
        return exporting.trained(mountpoints(mountpoint), word, tell=tell)
    except Absent:
        if os.path.isfile(word) and checkpoint.is_one(word):
            return TrainedModel.load(word)  # which says what a checkpoint is for
        advice = f"try ./{word}" if os.path.isfile(word) else "try kerash list"
        raise BadInput(
            f"no genome called {shown(word)} (a saved model must end in .kerash, or be written ./NAME); {advice}"
        ) from None


def given(without: Collection[str] = ()) -> list[str]:
    """The options of the command line that is under way, as words; those of these names are left out."""
    context, words = click.get_current_context(), list[str]()
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if source is not ParameterSource.COMMANDLINE or name in without or not isinstance(parameter, click.Option):
            continue
        value = context.params[name]
        for each in value if parameter.multiple else [value]:
            words.append(parameter.secondary_opts[0] if each is False else parameter.opts[0])
            words += [] if isinstance(each, bool) else [str(each)]
    return words


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


def labelled(command: F) -> F:
    """The option of every command that reads labels from a file of their own."""
    return click.option(
        "--label-header/--no-label-header",
        default=None,
        help="Whether LABEL starts with a line of column names (detected together with DATA by default).",
    )(command)


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


FILE = FileName()
OUTPUT = FileName(dash=False)

POSITIVE = Real(min=0, min_open=True, max=1e6)
COUNT = click.IntRange(1, 10**9)
NOT_NEGATIVE = Real(min=0, max=1e6)

NAME = Parsed("name", "kerash_cli.system.files:name")
GENOME_NAME = Parsed("name", "kerash_cli.classic.genomes:name")
MODEL_NAME = Parsed("name", "kerash_cli.classic.models:name")
SECONDS = Parsed("time", "kerash_cli.commands._options:seconds")
SEED = click.IntRange(0, 2**63 - 1)

mountpoint = click.option(
    "--mountpoint", metavar="FOLDER", type=FILE, help="Where tensors are; by default ./kerash_mountpoint, else a tmpfs."
)
workers = click.option(
    "--workers", type=click.IntRange(1, 256), help="Processes to share the work; by default what is fastest."
)
as_json = click.option("--json", "as_json", is_flag=True, help="A JSON object on standard output.")
quiet = click.option("-q", "--quiet", is_flag=True, help="No talk, only results and errors.")
