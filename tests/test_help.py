"""Help pages, and what is said of a command line that click does not understand."""

import platform
import re

import click
import numpy as np
import pytest
from click.testing import CliRunner
from conftest import ROOT
from program import PROCESS, finished

from kerash_cli import __version__
from kerash_cli.cli import _usage, program
from kerash_cli.commands._help import GROUPS, grouped
from kerash_cli.errors import told
from kerash_cli.matrices.operations import OPERATIONS
from kerash_cli.system.cores import usable

TARGETED = ("train", "evolve", "store-model")


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
            parent = click.Context(program, info_name="kerash")
            command.make_context(name, rest, parent=parent)  # reads, and runs nothing
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
    return CliRunner().invoke(program, [*words, "--help"], terminal_width=columns, prog_name="kerash").stdout


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


def commands() -> dict[str, click.Command]:
    """The commands that are listed, in the order of the program."""
    context = click.Context(program)
    found = {name: program.get_command(context, name) for name in program.list_commands(context)}
    return {name: command for name, command in found.items() if command and not command.hidden}


def test_the_program_lists_every_command_once_in_groups_with_all_of_its_summary() -> None:
    page = help_page((), 80)
    assert "\nEvery day:\n" in page
    for name, command in commands().items():
        summary = (command.help or "").partition("\n")[0]
        assert len(re.findall(rf"(?m)^  {name} +{re.escape(summary)}$", page)) == 1, name


def test_a_command_that_is_in_no_group_is_listed_too() -> None:
    looked_up = {"new": "Do this.", "hidden": None}
    found = grouped(["train", "new", "hidden"], looked_up.__getitem__)
    assert found == {"Every day": {"train": "Train a network on a table."}, "More": {"new": "Do this."}}


def test_every_command_has_a_group() -> None:
    assert sorted(name for group in GROUPS.values() for name in group) == sorted(commands())


@pytest.mark.parametrize("name", commands())
def test_a_summary_is_a_whole_sentence_of_at_most_45_letters(name: str) -> None:
    summary = (commands()[name].help or "").partition("\n\n")[0]
    assert re.fullmatch(r"[A-Z][^\n]{8,43}\.", summary)


@pytest.mark.parametrize("name", commands())
def test_a_page_has_each_option_once_with_a_sentence_and_its_default(name: str) -> None:
    command = commands()[name]
    context = click.Context(command)
    page = " ".join(help_page((name,), 200).split())
    for option in (each for each in command.params if isinstance(each, click.Option)):
        record = option.get_help_record(context)
        assert record is not None
        assert re.match(r"[A-Z][^{}]*\.$", record[1]), option.name
        assert page.count(f" {record[1]}") == 1, option.name
        if option.default not in (None, False, 0.0, ()) and not option.multiple and "UNSET" not in str(option.default):
            assert f"(default: {option.default})" in record[1], option.name


@pytest.mark.parametrize("name", ["train", "evolve", "predict", "evaluate"])
def test_a_long_page_has_its_options_under_headings(name: str) -> None:
    headings = re.findall(r"(?m)^([A-Z][a-z ]+):$", help_page((name,), 80))
    assert len(headings) >= 3
    assert {"Data", "Running", "Output"} <= set(headings)


def test_every_page_ends_its_text_in_lines_to_paste() -> None:
    for name, command in commands().items():
        last = (command.help or "").strip().splitlines()[-1]
        assert "kerash" in last or "matrix_" in last, name
    for name in program.list_commands(click.Context(program)):
        assert help_page((name,), 80).partition("Options:")[0].count(f"kerash {name}") > 1


@pytest.mark.parametrize("words", [(), ("train",), ("matrix",), ("matrix", "mul")])
def test_help_as_a_command_prints_the_page_of_help_as_an_option(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(program, ["help", *words], terminal_width=80, prog_name="kerash")
    assert (done.exit_code, done.stdout) == (0, help_page(words, 80))


@pytest.mark.parametrize(
    ("words", "expected"),
    [(("trian",), "did you mean 'train'?"), (("train", "more"), "kerash train has no subcommands")],
)
def test_help_of_what_is_no_command_is_an_error(words: tuple[str, ...], expected: str) -> None:
    with program.make_context("kerash", ["help", *words]) as context, pytest.raises(click.UsageError, match=expected):
        program.invoke(context)


@pytest.mark.parametrize(
    ("name", "short", "long"), [("train", "--lr", "--learning-rate"), *((name, "-t", "--target") for name in TARGETED)]
)
def test_options_that_are_typed_often_have_a_short_name(name: str, short: str, long: str) -> None:
    (option,) = (each for each in commands()[name].params if long in each.opts)
    assert short in option.opts


@pytest.mark.parametrize("options", [["--version", "-v"], ["-v", "-V"], ["-vV"]])
def test_the_version_with_v_tells_what_results_and_speed_depend_on(
    options: list[str], environment: dict[str, str]
) -> None:
    """In a process of its own, as the program limits BLAS to one thread before NumPy is imported."""
    done = finished([*PROCESS, *options], ROOT, environment | {"OPENBLAS_CORETYPE": "Nehalem"})
    assert (done.code, done.err) == (0, "")
    first, python, numpy, blas, cores, arithmetic = done.out.splitlines()
    assert first == f"kerash {__version__}"
    assert python.startswith(f"Python {platform.python_version()} ")
    assert re.fullmatch(rf"NumPy {re.escape(np.__version__)}, with(out)? .*", numpy)
    assert blas == "BLAS: not OpenBLAS" or blas.endswith(", kernels for Nehalem, 1 thread per process")
    assert cores == f"cores: {usable()}"
    assert re.fullmatch("arithmetic: [0-9a-f]{16}", arithmetic)


@pytest.mark.parametrize("arguments", [["-v"], ["-v", "train"], ["--verbose", "data"]])
def test_v_without_version_is_refused(arguments: list[str]) -> None:
    done = CliRunner().invoke(program, arguments)
    assert done.exit_code == 2
    assert "-v belongs to --version; try kerash --version -v" in done.output


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version_is_that_of_the_package(option: str) -> None:
    assert CliRunner().invoke(program, [option]).stdout == f"kerash {__version__}\n"
