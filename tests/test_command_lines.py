"""The recorded command lines print what they should, and use each command and each option of the program."""

import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import program
import pytest
import recorded

from kerash_cli import cli
from kerash_cli.commands import _operations
from kerash_cli.matrices.operations import OPERATIONS

CASES = recorded.cases()
Use = tuple[str, str]
"""A command, such as `matrix mul`, and an option of it; no option for the command itself."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.folder.name)
def test_a_recorded_command_line_prints_what_it_did(case: recorded.Case, tmp_path: Path) -> None:
    lines = list(case.differences(case.run(tmp_path, shlex.join(program.kerash()))))
    assert not lines, "\n".join([f"make record CASES={case.folder.name} records:", *lines])


def test_there_are_at_least_80_of_them_and_each_says_what_it_is_about() -> None:
    assert len(CASES) >= 80
    assert not [case.folder.name for case in CASES if not re.match(r"# [A-Z].*\n", case.command)]


def test_each_command_and_each_option_is_in_one_of_them() -> None:
    found = missing(case.command for case in CASES)
    assert not found, f"in no case of tests/command_lines: {found}"


def test_each_name_of_an_option_is_in_one_of_them() -> None:
    used = {option for case in CASES for _, option in uses(case.command)}
    assert {name for _, *names in options() for name in names} <= used


def test_what_no_case_uses_is_missed() -> None:
    texts = [case.command for case in CASES if case.folder.name not in ("train-sgd", "help-judge-and-explain")]
    assert "train --clip-norm" in missing(texts)
    assert "tree -h --help" in missing(texts)
    without = [text for text in texts if "kerash tree" not in text and "matrix outer" not in text]
    assert {"tree", "matrix outer"} <= {*missing(without)} - {*missing(texts)}


@pytest.mark.parametrize(
    ("expected", "printed", "holds"),
    [
        ("loss 0.123456", "loss 0.123460", True),
        ("loss 0.123456", "loss 0.123480", False),
        ("loss 0.9332", "loss 0.9333", True),  # rounded to four digits, they may be as near as 0.93325 and 0.93325
        ("loss 0.9332", "loss 0.9335", False),
        ("loss 0.8", "loss 0.9", False),
        ("{1.5:-2e-9, 3}", "{1.50001:0, 3}", True),
        ("150 rows", "151 rows", False),
        ("100000 rows", "100001 rows", False),
        ("2 rows", "2.0 rows", True),
        ("0.9… of 3", "0.95 of 3", True),
        ("0.9… of 3", "0.8 of 3", False),
        ("0.9… of 3", "0.95 of 4", False),
        ("1.2.3", "1.2.4", False),
        ("x4", "x5", False),
        ("a  1.00001", "a  1", True),
        ("a  b", "a b", False),  # columns that are not aligned
        ("a  …", "a b", True),
        ("a\n…\nz 2", "a\nb\nz 1\nz 2", True),
        ("", "a", False),
    ],
)
def test_numbers_may_differ_a_little_and_all_else_counts(expected: str, printed: str, holds: bool) -> None:
    assert recorded.agree(f"{expected}\n", f"{printed}\n") is holds


def test_what_is_recorded_anew_keeps_the_dots_of_lines_that_are_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "command").write_text("# A case\nprintf '%s\\n' 'took 5 s' new 0.5; exit 7\n")
    (folder / "stdout").write_text("took … s\nold\n0.500001\n")
    (folder / "stderr").write_text("gone\n")
    case = recorded.Case(folder)
    printed = case.run(tmp_path / "place", "kerash")
    assert {"-old", "+new", "-gone", "+7"} <= {*case.differences(printed)}
    case.record(printed)
    assert [case.read(name) for name in recorded.STREAMS] == ["took … s\nnew\n0.500001\n", "", "7\n"]
    assert not [*case.differences(printed)]


def test_what_a_case_uses_is_read_from_its_command_line() -> None:
    text = (
        "# kerash show --plan\nkerash data xor | kerash predict a.kerash --id=x -q \\\n  --proba > b; X=1 kerash -V\n"
    )
    assert set(uses(text)) == {
        ("data", ""), ("data xor", ""), ("predict", ""), ("predict", "--id"), ("predict", "-q"), ("predict", "--proba"),
        ("predict a.kerash", ""), ("predict a.kerash", "--id"), ("predict a.kerash", "-q"),
        ("predict a.kerash", "--proba"), ("", "-V"), ("", ""),
    }  # fmt: skip
    assert set(uses("kerash matrix gemm --alpha -2 a - < b && kerash blas 'eye 3 | sum --axis x' --npy")) == {
        ("matrix", ""), ("matrix", "--alpha"), ("matrix gemm", ""), ("matrix gemm", "--alpha"), ("blas", ""),
        ("blas", "--npy"), ("blas 'eye 3 | sum --axis x'", "--npy"),
        ("blas 'eye 3 | sum --axis x'", ""),
    }  # fmt: skip


def missing(texts: Iterable[str]) -> list[str]:
    """The commands and options that no case uses, whose command lines these are."""
    used = {use for text in texts for use in uses(text)}
    return [
        " ".join([name, *names]).strip() for name, *names in options() if not used & {(name, each) for each in names}
    ]


def options() -> Iterator[tuple[str, ...]]:
    """Each command (with "" as its option), and each option of it with all names that mean the same."""
    context = click.Context(cli.program)
    yield from options_of("", cli.program)
    for name in cli.program.list_commands(context):
        command = cli.program.get_command(context, name)
        assert command is not None
        yield from options_of(name, command)
        if isinstance(command, _operations.OperationGroup):
            yield from options_of_operations(name)


def options_of(name: str, command: click.Command) -> Iterator[tuple[str, ...]]:
    """A command and its options; `--header` and `--no-header` are two."""
    yield name, ""
    for option in command.get_params(command.context_class(command, **command.context_settings)):
        if isinstance(option, click.Option):
            yield from ((name, *names) for names in (option.opts, option.secondary_opts) if names)


def options_of_operations(group: str) -> Iterator[tuple[str, ...]]:
    """Each operation and its own options. Those that all have in common belong to the group: one operation will do."""
    yield from ((group, *option.opts) for option in _operations.WRITING)
    for name, operation in OPERATIONS.items():
        if group in operation.groups:
            yield from ((f"{group} {name}", option) for option in ("", *(each.option for each in operation.options())))


def uses(text: str) -> Iterator[Use]:
    """The commands that lines of bash run, and the options that these are given."""
    for words in simple_commands(text):
        if "kerash" in words:
            first, *rest = *words[words.index("kerash") + 1 :], ""
            names = {""} if first.startswith("-") else {first, f"{first} {rest[0]}".strip()}
            given = {word.partition("=")[0] for word in (first, *rest) if re.match("--?[a-zA-Z]", word)}
            yield from ((name, option) for name in names for option in ("", *given))


def simple_commands(text: str) -> list[list[str]]:
    """The words of each command, in their quotes, without those of bash that separate commands."""
    lexer = shlex.shlex(re.sub(r"(?m)^#.*\n|\\\n", "", text), punctuation_chars=";|&()\n")
    lexer.whitespace, lexer.commenters, lexer.whitespace_split = " \t", "", True
    found: list[list[str]] = [[]]
    for token in lexer:
        if set(token) <= set(";|&()\n"):
            found.append([])
        else:
            found[-1].append(token)
    return found
