"""Help pages, and what is said of a command line that click does not understand."""

import re

import click
import pytest
from click.testing import CliRunner

from kerash_cli.cli import _usage, program
from kerash_cli.errors import told
from kerash_cli.matrices.operations import OPERATIONS


def lines_of_usage() -> list[tuple[str, ...]]:
    """For each command one without its words, and one with too many; for each option one without a right value."""
    found = list[tuple[str, ...]]()
    for name in program.list_commands(click.Context(program)):
        command = program.get_command(click.Context(program), name)
        assert command is not None
        arguments = [each for each in command.params if isinstance(each, click.Argument)]
        options = [each for each in command.params if isinstance(each, click.Option)]
        found += [(name,), (name, "--nosuch"), (name, *["?"] * (len(arguments) + 1))]
        found += [(name, *["1"] * place, "?") for place in range(len(arguments))]
        found += [(name, option) for each in options for option in each.opts]
        found += [(name, each.opts[-1], wrong) for each in options if not each.is_flag for wrong in ("", "?", "[]")]
    return found


def test_a_usage_error_is_one_line_without_the_marks_of_a_usage() -> None:
    errors = list[str]()
    for name, *rest in lines_of_usage():
        command = program.get_command(click.Context(program), name)
        assert command is not None
        try:
            command.make_context(
                name, rest, parent=click.Context(program, info_name="kerash")
            )  # reads, and runs nothing
        except click.exceptions.NoArgsIsHelpError:
            continue
        except click.ClickException as error:
            errors.append(told(_usage(error)))
        except click.exceptions.Exit:  # --help
            continue
    assert len(errors) > 200
    assert "Error: Missing argument 'SHELL'. Choose from: zsh, bash; try kerash shell-init --help" in errors
    strange = [line for line in errors if re.search(r"\\[nt]|'[\[{]\w|\w[\]}]'", line)]
    assert not strange


def pages() -> list[tuple[str, ...]]:
    """The words in front of --help of all commands and operations."""
    found = [(), *((name,) for name in program.list_commands(click.Context(program)))]
    return found + [
        (group, name) for group in ("matrix", "tensor") for name in OPERATIONS if group in OPERATIONS[name].groups
    ]


def help_page(words: tuple[str, ...], columns: int) -> str:
    return CliRunner().invoke(program, [*words, "--help"], terminal_width=columns).stdout


@pytest.mark.parametrize("columns", [80, 200])
def test_help_fits(columns: int) -> None:
    for words in pages():
        page = help_page(words, columns)
        assert "Usage: " in page
        assert not [line for line in page.splitlines() if len(line) > columns]


def test_an_example_that_goes_on_below_can_be_pasted() -> None:
    """All examples of the docstrings are in the pages, if what a shell takes for one line is made one."""
    for words in pages():
        joined = [" ".join(line.split()) for line in help_page(words, 60).replace("\\\n", "").splitlines()]
        examples = [
            " ".join(line.split())
            for line in help_page(words, 1000).splitlines()
            if re.match("  (kerash|sed|echo) ", line)
        ]
        assert not set(examples) - set(joined)
