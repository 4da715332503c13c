"""The man pages in docs/man, one for each command: `python -m docs.generate` writes them, or `make docs`.

They have what `kerash COMMAND --help` prints, and below it what all commands share. `pip install` puts them beside the
program, into share/man/man1, where `man` finds them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from docs import roff
from kerash_cli import __version__, cli
from kerash_cli.commands._help import GROUPS
from kerash_cli.views.layout import command_lines

FOLDER = Path(__file__).parent / "man"
WIDTH = 71
"""Letters in a line of an example: what `man` has on a terminal of 80 columns beside its indent."""

UNBROKEN = (".nh", ".ad l")
"""Requests that keep words whole, so that options can be found and copied, and the spaces between them single."""

ENVIRONMENT = {
    "KERASH_MOUNTPOINT": "Folder for tensors and genomes, if there is no --mountpoint.",
    "TMPDIR": "Folder for temporary files (default: /tmp).",
    "COLUMNS, LINES": "Size of the terminal, in place of the size that it tells.",
    "NO_COLOR": "If it is not empty, there are no colours.",
    "FORCE_COLOR": "If it is not empty, there are colours outside a terminal, too; NO_COLOR comes first.",
    "TERM": "If it is `dumb`, there are no colours, and no line is redrawn.",
    "LC_ALL, LC_CTYPE, LANG": "If the first of them that is set is `C` or `POSIX`, charts and messages are in ASCII.",
}
"""The environment variables that kerash reads, and what they do."""

COMMON = "Each operation has these options, which follow its name."
"""Sentence above the options that are the same for all operations."""

MOUNTPOINT_FILES = {
    "./kerash_mountpoint": "The mountpoint that `kerash init-fs` makes, with tensors and genomes.",
    "/dev/shm/kerash-UID": "The private folder in memory that is used without a mountpoint.",
}
"""Places that commands with --mountpoint use."""

FILES = {
    "NAME.kerash": "A saved model, with everything that predicting needs.",
    "NAME.model": "A description of a network: the shape of a row, then a line for each layer.",
    "NAME.evolve": "A folder with the results of a search, which the same command continues.",
    **MOUNTPOINT_FILES,
}
"""Files that kerash makes, and what is in them."""


class HelpRecorder(click.HelpFormatter):
    """Keeps the parts of a help page instead of laying them out."""

    def __init__(self) -> None:
        super().__init__()
        self.usage = ""
        self.texts: list[str] = []
        """Texts above the first section."""
        self.below: list[str] = []
        """Texts below it."""
        self.sections: dict[str, list[tuple[str, str]]] = {}

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Keeps the words after the name of the command."""
        self.usage = args

    def write_text(self, text: str) -> None:
        """Keeps a text of several paragraphs."""
        (self.below if self.sections else self.texts).append(text)

    def write_heading(self, heading: str) -> None:
        """Begins a section."""
        self.sections[heading] = []

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Keeps the rows of a section."""
        list(self.sections.values())[-1].extend(rows)


@dataclass
class Manual:
    """A command as its man page has it."""

    name: str
    command: click.Command
    help: HelpRecorder
    operations: dict[str, HelpRecorder] = field(default_factory=dict)
    """The help of each subcommand, by its name."""

    @property
    def title(self) -> str:
        """Name of the page: `kerash-train`."""
        return self.name.replace(" ", "-")

    @property
    def paragraphs(self) -> list[str]:
        """The paragraphs of the help text; those that begin with a backspace are shown as they are."""
        return re.split(r"\n\s*\n", "\n\n".join(self.help.texts))

    @property
    def placeholders(self) -> set[str]:
        """The words of the usage line that stand for others; single letters would be taken for words of a sentence."""
        return set(re.findall(r"[A-Z][A-Z_]+", self.help.usage)) - {"OPTIONS", "ARGS"}

    @property
    def common(self) -> list[tuple[str, str]]:
        """The options that all operations have; nothing for a command without operations."""
        every = [each.sections["Options"] for each in self.operations.values()]
        return [row for row in every[0] if all(row in rows for rows in every)] if every else []

    @property
    def uses_mountpoint(self) -> bool:
        """True if it has the option --mountpoint."""
        return any("--mountpoint" in option.opts for option in self.command.params)


def manuals() -> list[Manual]:
    """Returns the program and all commands that it lists."""
    top = cli.program
    with top.context_class(top, info_name="kerash", **top.context_settings) as context:
        found = [Manual("kerash", top, _recorded(top, context))]
        for name in top.list_commands(context):
            command = top.get_command(context, name)
            if command is None or command.hidden:
                continue
            own = command.context_class(command, info_name=name, parent=context, **command.context_settings)
            found.append(Manual(f"kerash {name}", command, _recorded(command, own), dict(_operations(command, own))))
    return found


def pages() -> dict[str, str]:
    """Returns the text of each page by its file name."""
    everything = manuals()
    return {f"{each.title}.1": page(each, everything) for each in everything}


def page(manual: Manual, everything: Sequence[Manual]) -> str:
    """Returns the source of a page."""
    title = roff.escaped(manual.title.upper())
    lines = [f'.TH {title} 1 "" "kerash {__version__}" "User Commands"', *UNBROKEN, ".SH NAME"]
    lines += [f"{roff.escaped(manual.title)} \\- {roff.escaped(_purpose(manual))}"]
    lines += [".SH SYNOPSIS", f"{roff.bold(manual.name)} {roff.synopsis(manual.help.usage)}"]
    lines += [*_description(manual), *_lists(manual), *_exit_status(), *_surroundings(manual)]
    lines += [*_examples(manual), *_see_also(manual, everything)]
    return "".join(f"{line}\n" for line in lines)


def related(manual: Manual, everything: Sequence[Manual]) -> list[str]:
    """Returns the titles of the pages of the same group, of those that the help names, and of the program."""
    own = manual.name.removeprefix("kerash").strip()
    group = next((group for group in GROUPS.values() if own in group), {} if own else next(iter(GROUPS.values())))
    text = " ".join([*manual.help.texts, *(right for rows in manual.help.sections.values() for _, right in rows)])
    named = {each.title for each in everything if re.search(rf"\b{each.name}\b(?!-)", text)} if own else set()
    return sorted({"kerash", *(f"kerash-{name}" for name in group), *named} - {manual.title})


def write(folder: Path = FOLDER) -> None:
    """Writes all pages into a folder, and removes those of commands that are no more."""
    folder.mkdir(exist_ok=True)
    texts = pages()
    for path in folder.glob("*.1"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="ascii")


def _recorded(command: click.Command, context: click.Context) -> HelpRecorder:
    recorder = HelpRecorder()
    command.format_help(context, recorder)
    return recorder


def _operations(command: click.Command, context: click.Context) -> Iterator[tuple[str, HelpRecorder]]:
    """Yields the help of each subcommand of a command."""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield name, _recorded(found, found.context_class(found, info_name=name, parent=context))


def _purpose(manual: Manual) -> str:
    """Returns the summary as the line under NAME has it, in lower case and without a point."""
    summary = " ".join(manual.paragraphs[0].split()).rstrip(".")
    if manual.name == "kerash":
        summary = summary.partition(":")[0]
    return summary[0].lower() + summary[1:]


def _description(manual: Manual) -> Iterator[str]:
    """Yields the help text without the examples at its end; without more than a summary, the summary."""
    first, *rest = manual.paragraphs
    if manual.name == "kerash" or not rest or _is_example(rest[0]):
        rest.insert(0, first)
    yield ".SH DESCRIPTION"
    shown = [text for text in rest if text is not rest[-1] or not _is_example(text)]
    for place, text in enumerate(shown):
        yield from [".PP"] * (place > 0)
        yield _verbatim(text) if text.startswith("\b") else roff.prose(text, manual.placeholders)


def _is_example(paragraph: str) -> bool:
    return paragraph.startswith("\b") and "kerash" in paragraph


def _verbatim(paragraph: str) -> str:
    """Returns lines as they are; a command that is too long goes on below, so that it can be pasted."""
    lines = paragraph.removeprefix("\b").strip("\n").splitlines()
    return roff.verbatim([part for line in lines for part in command_lines(line, WIDTH)])


def _lists(manual: Manual) -> Iterator[str]:
    """Yields what the help page has in sections: options, commands, operations."""
    sections = manual.help.sections
    options = {heading: rows for heading, rows in sections.items() if all(left.startswith("-") for left, _ in rows)}
    yield ".SH OPTIONS"
    if manual.common:
        options = {"Options": manual.common}
        yield COMMON
    for heading, rows in options.items():
        yield from [f".SS {roff.escaped(heading)}"] * (len(options) > 1)
        yield from _rows(rows, manual.placeholders)
    if manual.operations:
        yield ".SH OPERATIONS"
        yield from _described(manual)
    elif commands := {heading: rows for heading, rows in sections.items() if heading not in options}:
        yield ".SH COMMANDS"
        for heading, rows in commands.items():
            yield from (f".SS {roff.escaped(heading)}", ".PD 0")
            for name, summary in rows:
                yield from (".TP", f".BR {roff.escaped(f'kerash-{name}')} (1)", roff.prose(summary))
            yield ".PD"


def _described(manual: Manual) -> Iterator[str]:
    """Yields each operation with its words and options, but those that all have."""
    for name, found in manual.operations.items():
        yield ".TP"
        yield roff.synopsis(f"{name} {found.usage.removesuffix('[OPTIONS]')}".rstrip())
        words = found.sections.get("Words", [])
        placeholders = {left for left, _ in words} | set(re.findall(r"[A-Z][A-Z_]+", found.usage)) - {"OPTIONS"}
        yield "\n.IP\n".join(roff.prose(text, placeholders) for text in re.split(r"\n\s*\n", found.texts[0]))
        if own := [*words, *(row for row in found.sections["Options"] if row not in manual.common)]:
            yield from (".RS", *_rows(own, placeholders), ".RE")


def _rows(rows: Iterable[tuple[str, str]], placeholders: set[str]) -> Iterator[str]:
    """Yields words or options with their sentences."""
    for left, right in rows:
        first, *others = _choices(left)
        yield from (".TP", roff.synopsis(first))
        for other in others:
            yield from (".TQ", f"    {roff.synopsis(other)}")
        yield roff.prose(right, placeholders | set(re.findall("[A-Z][A-Z_]+", left)))


def _choices(words: str) -> list[str]:
    """Returns an option with its choices as lines that fit; a line ends in `|` if another one follows."""
    lines = [""]
    for part in re.split(r"(?<=\|)", words):
        if lines[-1] and len(lines[-1]) + len(part) > WIDTH - 4:
            lines.append("")
        lines[-1] += part
    return lines


def _exit_status() -> Iterator[str]:
    """Yields the exit codes, which mean the same in every command."""
    text = " ".join(cli.EXIT_CODES.split()).removeprefix("Exit codes: ").rstrip(".")
    yield from (".SH EXIT STATUS", ".PD 0")
    for part in text.split("; "):
        found = re.fullmatch(r"(\d+(?: \+ N)?) (.+)", part)
        assert found is not None, f"expected a code and its meaning, got {part!r}"
        yield from (".TP", roff.synopsis(found[1]), roff.prose(f"{found[2][0].upper()}{found[2][1:]}."))
    yield ".PD"


def _surroundings(manual: Manual) -> Iterator[str]:
    """Yields the environment variables and the files; on the page of a command, those of its options."""
    variables, files = ENVIRONMENT, FILES
    if manual.name != "kerash":
        is_there = manual.uses_mountpoint
        variables = {name: text for name, text in ENVIRONMENT.items() if is_there and name.startswith("KERASH_")}
        files = MOUNTPOINT_FILES if is_there else {}
    yield from _entries("ENVIRONMENT", variables)
    yield from _entries("FILES", files)


def _entries(heading: str, entries: Mapping[str, str]) -> Iterator[str]:
    if entries:
        yield f".SH {heading}"
    for name, text in entries.items():
        marked = roff.bold(name) if heading == "ENVIRONMENT" else roff.italic(name)
        yield from (".TP", marked, roff.prose(text))


def _examples(manual: Manual) -> Iterator[str]:
    last = manual.paragraphs[-1]
    if _is_example(last):
        yield from (".SH EXAMPLES", _verbatim(last))


def _see_also(manual: Manual, everything: Sequence[Manual]) -> Iterator[str]:
    """Yields the names of related pages."""
    yield ".SH SEE ALSO"
    *others, last = (f".BR {roff.escaped(title)} (1)" for title in related(manual, everything))
    yield from (*(f"{other}," for other in others), last)
