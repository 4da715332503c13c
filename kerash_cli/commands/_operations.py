"""`kerash matrix` and `kerash tensor`: a subcommand for each registered operation, made when it is needed."""

import sys
from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _options
from kerash_cli.commands._help import HELP_NAMES, Context, Option
from kerash_cli.errors import BadInput
from kerash_cli.views import screen

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

    from kerash_cli.matrices.operands import Operands
    from kerash_cli.matrices.operation import Group, Operation, Parameter, Result

WRITING = (
    Option("--npy", is_flag=True, help="Write the result as .npy instead of text."),
    Option("--rows", is_flag=True, help="Write a matrix as rows of numbers with commas, without its sizes."),
    Option(
        "-o",
        "--output",
        metavar="FILE",
        type=_options.FILE,
        help="Write the result to FILE, atomically; FILE may be an input.",
    ),
    _options.QUIET,
)
"""Options of every command that writes a matrix or a tensor."""


class OperationGroup(click.Group):
    """A group of commands: the operations on a matrix, or those on a tensor."""

    def __init__(self, group: "Group", **attributes: Any) -> None:
        super().__init__(subcommand_metavar="OPERATION [WORDS] [OPERANDS]", **attributes)
        self._group = group

    def list_commands(self, context: click.Context) -> list[str]:
        """Returns the names of the operations, in the order in which they are registered."""
        from kerash_cli.matrices.operations import OPERATIONS

        return [name for name, operation in OPERATIONS.items() if self._group in operation.groups]

    def get_command(self, context: click.Context, name: str) -> click.Command:
        """Returns the operation `name`; raises BadInput, with a suggestion, if there is none."""
        if context.resilient_parsing:
            return Sketch(name, self._group)
        from kerash_cli.matrices.operations import OPERATIONS

        operation = OPERATIONS[name]
        if self._group not in operation.groups:
            (other,) = operation.groups
            raise BadInput(f"{name} is an operation on a {other}, not on a {self._group}; try kerash {other} {name}")
        return Line(operation, self._group)

    def shell_complete(self, context: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Returns the operations, without importing them."""
        from kerash_cli.completion import offers

        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, context, incomplete)
        return offers.words(self._group)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the operations, each with its operands, its words and a sentence about it."""
        from kerash_cli.matrices.operations import OPERATIONS

        rows = [
            (OPERATIONS[name].usage(self._group), OPERATIONS[name].sentence) for name in self.list_commands(context)
        ]
        with formatter.section("Operations"):
            formatter.write_dl(rows, col_max=28)


class Line(click.Command):
    """An operation as a command. The operation reads its own words; click reads --npy, --rows, -o, -q and --help."""

    context_class = Context

    def __init__(self, operation: "Operation", group: "Group") -> None:
        self._operation, self._group = operation, group
        words = click.Argument(["words"], nargs=-1, type=click.UNPROCESSED)
        super().__init__(
            operation.name,
            callback=self._run,
            params=[words, *WRITING],
            help=operation.help,
            context_settings={"ignore_unknown_options": True, **HELP_NAMES},
        )

    def collect_usage_pieces(self, context: click.Context) -> list[str]:
        """Returns the words after the name in a usage line, as in `mul-scalar FACTOR [A] [OPTIONS]`."""
        return [*self._operation.usage(self._group).split()[1:], "[OPTIONS]"]

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the words and the options of the operation, then the options common to all operations."""
        words = [(each.metavar, each.description) for each in self._operation.words(self._group)]
        if words:
            with formatter.section("Words"):
                formatter.write_dl(words)
        own = [_row(each) for each in self._operation.options()]
        options = [each for each in self.get_params(context) if isinstance(each, click.Option)]
        common = [record for each in options if (record := each.get_help_record(context))]
        with formatter.section("Options"):
            formatter.write_dl([*own, *common])
        if self._operation.operands:
            formatter.write_paragraph()
            formatter.write_text(_where(self._operation))
        formatter.write_paragraph()
        formatter.write_text(
            f"{context.command_path.removesuffix(self.name or '')}{self._operation.example(self._group)}"
        )

    def _run(self, words: tuple[str, ...], npy: bool, rows: bool, output: str | None, quiet: bool) -> None:
        from kerash_cli.matrices.operation import check_matrices

        write = writer(npy, rows, self._operation)
        bound = self._operation.bind(words, self._group)
        operands = gathering(quiet).gather(self._operation, bound.operands, self._group)
        if self._group == "matrix":
            check_matrices(operands, self._operation.name)
        finish(self._operation(*operands, **bound.options), write, output)


class Sketch(click.Command):
    """An operation as far as a shell completes it: its words and options by name, without the operation itself."""

    def __init__(self, name: str, group: "Group") -> None:
        self._list = f"{group} {name}"
        super().__init__(
            name,
            params=[click.Argument(["words"], nargs=-1, type=OperationWords(self._list)), *WRITING],
            context_settings={"ignore_unknown_options": True, **HELP_NAMES},
        )

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Returns the options."""
        from kerash_cli.completion import offers

        own = [each for each in offers.words(self._list) if each.value.startswith("-")]
        return [*own, *super().shell_complete(ctx, incomplete)]


class OperationWords(click.ParamType):  # type: ignore[type-arg]
    """A word of an operation, the value of one of its options, or an operand."""

    name = "text"

    def __init__(self, list: str) -> None:
        self._list = list

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns the choices for the word in its place, or for the option before it; else what stands for files."""
        from kerash_cli.completion import offers
        from kerash_cli.completion.words import of

        there = [*ctx.params.get("words", ())]
        if there and there[-1].startswith("--") and (choices := of(f"{self._list} {there[-1]}")):
            return offers.chosen(choices)
        place = str(sum(not each.startswith("--") for each in there) + 1)
        words = of(self._list).get(place)
        if words is None:
            return offers.files(incomplete, ("mat", "npy", "csv", "txt", "data"))
        return offers.words("activations") if words == "activations" else offers.chosen(words.split())


def writer(npy: bool, rows: bool, operation: "Operation") -> "Callable[[Result], bytes]":
    """Returns the function that writes results of an operation as --npy and --rows say; raises BadInput if none can."""
    from kerash_cli.matrices import results

    if npy and rows:
        raise BadInput("--npy and --rows are two formats; leave one of them out")
    if (npy or rows) and operation.result in ("text", "verdict"):
        option = "--npy" if npy else "--rows"
        raise BadInput(f"{option}: the result of {operation.name} is not a matrix or a tensor; leave {option} out")
    return results.binary if npy else results.rows if rows else results.plain


def finish(result: "Result", write: "Callable[[Result], bytes]", output: str | None = None) -> None:
    """Writes a result to a file or to standard output; a verdict, like that of `similar`, only sets the exit code."""
    if isinstance(result, bool):
        raise click.exceptions.Exit(0 if result else 1)
    if output in (None, "-"):
        sys.stdout.flush()
        sys.stdout.buffer.write(_on_colours(result) or write(result))
        return
    from kerash_cli.system import files

    with files.replacing(output) as file:
        file.commit(write(result))


def _on_colours(result: "Result") -> bytes:
    """Returns a table with coloured cells, if the result has colours and standard output shows them; else nothing."""
    from kerash_cli.matrices.operation import Picture

    if not isinstance(result, Picture) or result.heat is None or not screen.shows_colours(sys.stdout):
        return b""
    from kerash_cli.views.heat import coloured

    return f"{coloured(result.layers, result.heat.tolist())}\n".encode()


def gathering(quiet: bool) -> "Operands":
    """Returns a reader of operands, which prints a line before it waits for input on a terminal."""
    from kerash_cli.matrices.operands import Operands

    def await_input() -> None:
        from kerash_cli.views.messages import Console

        Console(quiet).await_input()

    return Operands(await_input)


def _row(parameter: "Parameter") -> tuple[str, str]:
    """Returns an option of an operation and its help, with the default if there is one."""
    if parameter.kind is None:
        return parameter.option, parameter.description
    default = "" if parameter.default is None else f"  [default: {_spelled(parameter.default)}]"
    return f"{parameter.option} {parameter.metavar}", f"{parameter.description}{default}"


def _spelled(default: object) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default)


def _where(operation: "Operation") -> str:
    """Returns a line of help about the sources of operands."""
    one = len(operation.operands) == 1
    default = "standard input is read" if one else "file descriptors 3 and 4 are read"
    return f"An operand is a file (text, CSV or .npy), or `-` for standard input. Without operands, {default}."
