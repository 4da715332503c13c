"""Help pages: options in sections, commands in groups, and lines that fit the terminal."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from kerash_cli.errors import BadInput
from kerash_cli.views.layout import cells, command_lines, wrapped

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

HELP_NAMES = {"help_option_names": ["-h", "--help"]}
"""Context settings of every command."""

DEEPER = "    "
"""Additional indent of a line that continues the one above."""

GROUPS = {
    "Every day": {
        "data": "Print sample data or a description.",
        "check": "Look at a table before training.",
        "init": "Write a network description for a table.",
        "train": "Train a network on a table.",
        "predict": "Predict each row of a table.",
        "evaluate": "Measure how well a model predicts a table.",
        "evolve": "Search for a network that suits a table.",
        "show": "Show a description or a saved model.",
        "help": "Show the help of a command.",
    },
    "Judge and explain": {
        "explain": "Tell what was off in a training.",
        "compare": "Compare two models on the same rows.",
        "plot": "Draw charts of trainings and models.",
        "importance": "Show which columns a model relies on.",
        "report": "Write a page about a model for a browser.",
        "repro": "Train a model again and compare the weights.",
        "diff": "Show what two models differ in.",
        "tree": "Draw the family tree of a search.",
    },
    "Hand over": {
        "export": "Save a model in another format.",
        "completion": "Print the completion for a shell.",
        "doctor": "Check this installation and its machine.",
    },
    "Matrices and tensors": {
        "matrix": "Calculate with matrices.",
        "tensor": "Calculate with tensors.",
        "blas": "Run a pipeline of operations in one process.",
        "activation": "Calculate an activation of numbers.",
    },
    "As in 2019": {
        "init-fs": "Mount a RAM disk for tensors and genomes.",
        "store-model": "Store a description with its samples.",
        "create-genome": "Create a network with random weights.",
        "fit": "Train a genome by plain gradient descent.",
        "list": "List stored models and genomes.",
        "remove": "Delete stored models and genomes.",
        "end-fs": "Delete the mountpoint and everything in it.",
        "shell-init": "Print the functions of 2019 for a shell.",
    },
}
"""The commands by group, in the order in which people need them.

The summaries stand here too, so that `kerash --help` imports none of these commands.
"""

OTHERS = "More"
"""Heading of the commands that are not in GROUPS."""


def grouped(names: Sequence[str], look_up: Callable[[str], str | None]) -> dict[str, dict[str, str]]:
    """Returns the summaries of the commands by group and name, in the order of GROUPS; other commands come last.

    `look_up` returns the summary of a command that is not in GROUPS, or None if the command is hidden.
    """
    groups = {heading: {name: group[name] for name in group if name in names} for heading, group in GROUPS.items()}
    known = {name for group in GROUPS.values() for name in group}
    others = {name: look_up(name) for name in names if name not in known}
    groups[OTHERS] = {name: summary for name, summary in others.items() if summary}
    return {heading: group for heading, group in groups.items() if group}


class Formatter(click.HelpFormatter):
    """Breaks long lines: examples with a backslash, so that they can be pasted; choices after `|`; text at spaces."""

    def getvalue(self) -> str:
        """Returns the help page, with its long lines broken."""
        return "".join(f"{part}\n" for line in super().getvalue().splitlines() for part in self._parts(line))

    def _parts(self, line: str) -> Iterator[str]:
        text = line.lstrip(" ")
        indent, room = line[: len(line) - len(text)], self.width - len(line) + len(text)
        if cells(line) <= self.width:
            yield line
        elif "kerash " in text:
            yield from (indent + part for part in command_lines(text, room))
        elif re.search(r"\S\|\S", text):
            choices = text.replace("|", "| ")
            yield from (part.replace("| ", "|") for part in wrapped(indent + choices, self.width, indent + DEEPER))
        else:
            yield from wrapped(line, self.width, indent)


class Context(click.Context):
    """The context of every command: its help pages are written by `Formatter`."""

    formatter_class = Formatter

    @contextmanager
    def scope(self, cleanup: bool = True) -> Iterator[click.Context]:
        """Makes this the current context, as click does; an error in usage that names no context gets this one."""
        try:
            with super().scope(cleanup) as own:
                yield own
        except click.UsageError as error:
            error.ctx = error.ctx or self
            raise


class Option(click.Option):
    """An option; `{default}` in its help stands for its default."""

    def __init__(self, *names: str, help: str, look_up: Callable[[], str] | None = None, **attributes: Any) -> None:
        """`look_up` returns the default in words, if it has to be looked up; only the help page calls it."""
        super().__init__(names, help=help, **attributes)
        self._look_up = look_up
        self.help = help if look_up else help.replace("{default}", str(self.default))

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Returns the names of the option and its help."""
        record = super().get_help_record(ctx)
        if record is None or self._look_up is None:
            return record
        return record[0], record[1].replace("{default}", self._look_up())

    def get_help_extra(self, ctx: click.Context) -> Any:
        """Returns nothing: the help text has the default already, and an error names the range."""
        return {}


class Command(click.Command):
    """A command whose options stand in sections, under headings."""

    context_class = Context

    def __init__(
        self, *words: Any, sections: Mapping[str, Sequence[click.Option]], alone: bool = False, **attributes: Any
    ) -> None:
        """`alone` is True if several processes of one command, as mpiexec starts them, would disturb each other."""
        super().__init__(*words, **{"context_settings": HELP_NAMES, **attributes})
        self.sections, self._alone = sections, alone
        self.params += [option for options in sections.values() for option in options]

    def invoke(self, context: click.Context) -> Any:
        """Runs the command; raises BadInput if mpiexec started several processes, and the command must be alone."""
        if self._alone:
            from kerash_cli.system import launching

            if (started := launching.processes()) > 1:
                raise BadInput(f"mpiexec started {started} processes, and this command is for one; leave mpiexec out")
        return super().invoke(context)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Returns the options, even if nothing of one is there: it is called where no more words are expected."""
        return super().shell_complete(ctx, incomplete or "-")

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes each section; --help is the last option of the last section."""
        *_, last = self.sections
        help_option = self.get_help_option(context)
        for heading, options in self.sections.items():
            further = [help_option] if help_option and heading == last else []
            records = (each.get_help_record(context) for each in (*options, *further))
            with formatter.section(heading):
                formatter.write_dl([record for record in records if record])
