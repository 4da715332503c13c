"""Options that several commands share, and the types of their values.

A type imports modules only when it reads a word, so that `kerash --help` need not wait for them.
"""

import re
from collections.abc import Collection, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from kerash_cli.commands._chosen import ColumnName, FileName, Suggested, TableName, is_completing
from kerash_cli.commands._help import Option
from kerash_cli.errors import BadInput

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from kerash_cli.completion.stored import Kind


class Parsed(click.ParamType):  # type: ignore[type-arg]
    """A word that is parsed by the function `place`, MODULE:FUNCTION; the module is imported when a word is parsed."""

    def __init__(self, name: str, place: str, *suggestions: str, stored: "Sequence[Kind]" = ()) -> None:
        """A shell suggests these words, and the names of what is stored."""
        self.name = name
        self._module, _, self._attribute = place.partition(":")
        self._suggestions, self._stored = suggestions, stored

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns the value of a word; a value that is not a string was parsed before, and is returned unchanged."""
        if not isinstance(value, str) or is_completing(ctx):
            return value
        parse = import_module(self._module)
        for part in self._attribute.split("."):
            parse = getattr(parse, part)
        try:
            return parse(value)  # type: ignore[operator]
        except BadInput as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns what a shell suggests."""
        from kerash_cli.completion import offers

        return [*offers.chosen(self._suggestions), *(item for kind in self._stored for item in offers.names(kind, ctx))]


class Whole(click.IntRange):
    """A whole number within a range, `N` in help."""

    name = "whole number"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Returns the placeholder of the number in help."""
        return "N"


class WorkerCount(Whole):
    """A number of processes, `N` in help; or, if `mpi` is True, the word `mpi`."""

    def __init__(self, mpi: bool = False) -> None:
        super().__init__(1, 256)
        self._mpi = mpi

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Returns the placeholder of the number in help."""
        return "N|mpi" if self._mpi else "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns the number, or the word."""
        if value != "mpi":
            return super().convert(value, param, ctx)
        if not self._mpi:
            self.fail("mpi is for kerash train; for several machines, try --scheduler tcp://HOST:8786", param, ctx)
        return value


class Real(click.FloatRange):
    """A number within a range, but not NaN; `NUMBER` in help."""

    name = "number"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Returns the placeholder of the number in help."""
        return "NUMBER"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns the number."""
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"expected a number, got {value!r}", param, ctx)
        return number


class RegistryName(click.ParamType):  # type: ignore[type-arg]
    """A name or alias of a member of the registry `place`, MODULE:REGISTRY; the value is the member's own name."""

    def __init__(self, name: str, place: str) -> None:
        self.name = name
        self._module, _, self._registry = place.partition(":")

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Returns the names to choose from."""
        return "|".join(self._members())

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns the member's own name."""
        if is_completing(ctx):
            return value
        try:
            name: str = self._members().canonical(value)
        except BadInput as error:
            self.fail(str(error), param, ctx)
        return name

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns the names."""
        from kerash_cli.completion import offers

        return offers.words(self._registry.lower())

    def _members(self) -> Any:
        return getattr(import_module(self._module), self._registry)


def given(without: Collection[str] = ()) -> list[str]:
    """Returns the options that the user gave to the running command, as words, except the options `without`."""
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


def without(name: str) -> click.MissingParameter:
    """Returns the error of the running command for an argument that is missing."""
    context = click.get_current_context()
    (parameter,) = (each for each in context.command.params if each.name == name)
    return click.MissingParameter(ctx=context, param=parameter)


def seconds(text: str) -> float:
    """Returns the number of seconds in a text such as `90s`, `5m`, `1.5h` or `90`."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smh]?)", text, re.ASCII)
    if not match or not (value := float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]):
        raise BadInput(f"expected a time such as 90s, 5m or 1h, got {text!r}")
    return value


def on_error(*choices: str, help: str) -> Option:
    """Returns the option --on-error, for rows that can't be read or predicted; the first choice is the default."""
    return Option("--on-error", type=click.Choice(choices), default=choices[0], help=help)


FILE = FileName()
FOLDER = FileName(folder=True)
OUTPUT = FileName(dash=False)
OUTPUT_FOLDER = FileName(dash=False, folder=True)
TABLE_FILE = TableName()
TABLE_OR_DESCRIPTION = TableName(endings=("model",))
DESCRIPTION = FileName(endings=("model",))
SAVED = FileName(endings=("kerash",))
MODEL = FileName(endings=("kerash",), stored=("genome",))
"""MODEL|GENOME: a saved model, or a genome."""
COLUMN = ColumnName()

POSITIVE = Real(min=0, min_open=True, max=1e6)
COUNT = Whole(1, 10**9)
NOT_NEGATIVE = Real(min=0, max=1e6)

NAME = Parsed("name", "kerash_cli.system.files:check_name")
STORED_NAME = Parsed("name", "kerash_cli.system.files:check_name", stored=("model", "genome"))
GENOME = Parsed("name", "kerash_cli.system.files:check_name", stored=("genome",))
STORED_MODEL = Parsed("name", "kerash_cli.classic.models:name", stored=("model",))
GENOME_NAME = Parsed("name", "kerash_cli.classic.genomes:name")
MODEL_NAME = Parsed("name", "kerash_cli.classic.models:name")
SECONDS = Parsed("time", "kerash_cli.commands._options:seconds")
SEED = Whole(0, 2**63 - 1)
DELIMITER = Suggested("comma", "semicolon", "tab", "pipe", "space")
ENCODING = Suggested("utf-8", "utf-16", "windows-1252", "iso-8859-1", "iso-8859-15", "windows-1251", "shift-jis", "gbk")
LOSS = RegistryName("name", "kerash_cli.engine.losses:LOSSES")

READING = (
    Option("--delimiter", metavar="CHARACTER", type=DELIMITER, help="Column separator (default: detect)."),
    Option(
        "--header/--no-header",
        default=None,
        help="Whether DATA starts with a line of column names (default: detect).",
    ),
    Option(
        "--encoding", metavar="NAME", type=ENCODING, help="Encoding of text, such as windows-1252 (default: detect)."
    ),
    Option("--skip-rows", type=Whole(0, 10**9), default=0, help="Leave out so many lines at the top of DATA."),
    Option("--no-quotes", is_flag=True, help='A quote (") is a character like any other, and never encloses a cell.'),
)
TARGET = Option(
    "--target",
    "-t",
    metavar="COLUMN",
    type=COLUMN,
    multiple=True,
    help="Column of DATA with the answers: its name, or its number (the first column is 1); repeatable.",
)
CATEGORIES = Option(
    "--categories",
    metavar="COLUMN",
    type=COLUMN,
    multiple=True,
    help="Column of codes, whose numbers are names and no amounts; repeatable.",
)
NUMBERS = (
    Option(
        "--missing-values",
        metavar="WORDS",
        multiple=True,
        help="Words for missing values, besides an empty cell, with commas between them (default: NA,N/A,NaN,null,?).",
    ),
    Option("--decimal", type=click.Choice([".", ","]), help="Decimal mark (default: detect in each column)."),
    Option(
        "--dates",
        type=click.Choice(["dmy", "mdy"]),
        help="Order of day, month and year in dates such as 01/02/2024 (default: detect).",
    ),
)
LABEL_HEADER = Option(
    "--label-header/--no-label-header",
    default=None,
    help="Whether LABEL starts with a line of column names (default: detect).",
)
TABLE = (TARGET, CATEGORIES, *READING, LABEL_HEADER, *NUMBERS)
"""Options for reading a table."""

PREPARING = (
    Option("--drop", metavar="COLUMN", type=COLUMN, multiple=True, help="Ignore this column (repeatable)."),
    Option(
        "--missing",
        type=click.Choice(["auto", "mean", "drop", "error"]),
        default="auto",
        help="Treatment of a missing value: use the column's mean, drop the row, or stop. A row without a label is "
        "dropped; auto is mean, but if nothing is missing, the model refuses rows with gaps (default: {default}).",
    ),
)
THRESHOLD = Option(
    "--threshold",
    type=Real(0, 1, min_open=True, max_open=True),
    metavar="P",
    help="Smallest probability that makes the second of two classes, or the yes of a label, the prediction "
    "(default: more than 0.5).",
)
MOUNTPOINT = Option(
    "--mountpoint",
    metavar="FOLDER",
    type=FOLDER,
    help="Folder for tensors and genomes (default: ./kerash_mountpoint or a private folder in memory).",
)
WORKERS = Option("--workers", type=WorkerCount(), help="Number of processes (default: as many as speed up training).")
AS_JSON = Option("--json", "as_json", is_flag=True, help="Print the result as a JSON object.")
QUIET = Option("-q", "--quiet", is_flag=True, help="Print only results and errors.")
