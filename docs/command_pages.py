"""The pages of commands in the website, made of the same help as the man pages."""

import re
from collections.abc import Iterator, Mapping, Sequence

from docs import manual
from kerash_cli.commands import _help

CONTENTS = "reference/commands.md"
"""Place of the page that lists the commands; in the repository it has the help of all of them."""


def pages(subjects: Mapping[str, str]) -> dict[str, str]:
    """Returns the page of each command by its place, and the page that lists them.

    `subjects` has links to the pages about the subject of a command, by its name.
    """
    everything = manual.manuals()
    program, *commands = everything
    names = [each.name.removeprefix("kerash ") for each in commands]
    contents = ["```{toctree}", ":hidden:", "", *(f"kerash {name} <commands/{name}>" for name in names), "```"]
    found = {CONTENTS: "\n".join(["# Commands", "", *_command(program), *contents, ""])}
    for each, name in zip(commands, names, strict=True):
        lines = [f"# {each.name}", "", *_command(each), *_further(each, everything, subjects.get(name))]
        found[f"reference/commands/{name}.md"] = "\n".join(lines)
    return found


def _command(page: manual.Manual) -> Iterator[str]:
    """Yields the lines of a command's page below its title."""
    summary, *paragraphs = page.paragraphs
    yield from (_prose(summary), "", "```text", f"{page.name} {page.help.usage}", "```", "")
    for paragraph in paragraphs:
        yield from (_paragraph(paragraph), "")
    for heading, rows in page.help.sections.items():
        yield from (f"## {heading}", "")
        if page.operations and heading == "Operations":
            yield from _operations(page)
        elif page.common:
            yield from (f"{manual.COMMON}", "", *_options(page.name, page.common))
        elif all(left.startswith("-") for left, _ in rows):
            yield from _options(page.name, rows)
        else:
            yield from _commands(rows)
    yield from ("[Exit codes](/index.md#exit-codes) mean the same in all commands.", "")


def _further(page: manual.Manual, everything: Sequence[manual.Manual], subject: str | None) -> Iterator[str]:
    """Yields links to the page about the subject of a command, if there is one, and to related commands."""
    names = (each.removeprefix("kerash-") for each in manual.related(page, everything) if each != "kerash")
    links = [*filter(None, [subject]), *(f"[kerash {name}](/reference/commands/{name}.md)" for name in names)]
    if links:
        yield from (f"See also: {', '.join(links)}.", "")


def _operations(page: manual.Manual) -> Iterator[str]:
    for name, found in page.operations.items():
        usage = f"{page.name} {name} {found.usage}"
        yield from (f"### {name}", "", "```text", usage, "```", "")
        for paragraph in re.split(r"\n\s*\n", found.texts[0]):
            yield from (_paragraph(paragraph), "")
        for left, right in found.sections.get("Words", []):
            yield from (f"`{left}`", f": {_prose(right)}", "")
        own = [row for row in found.sections["Options"] if row not in page.common]
        yield from _options(f"{page.name} {name}", own) if own else ()


def _options(program: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    """Yields options, which can be linked to and are found by the search."""
    yield from (f"```{{program}} {program}", "```", "")
    for left, right in rows:
        yield from (f"```{{option}} {left.replace(' / ', ', ')}", _prose(right), "```", "")


def _commands(rows: list[tuple[str, str]]) -> Iterator[str]:
    yield from ("| | |", "|---|---|")
    for name, summary in rows:
        yield f"| [kerash {name}](commands/{name}.md) | {_prose(summary)} |"
    yield ""


def _paragraph(text: str) -> str:
    if text.startswith("\b"):
        language = "sh" if "kerash" in text else "text"
        return f"```{language}\n{text.removeprefix(chr(8)).strip(chr(10))}\n```"
    return _prose(text)


def _prose(text: str) -> str:
    """Returns a sentence of the help as Markdown, in which options are code and commands lead to their pages."""
    parts = re.split(r"(`[^`]+`|(?<![\w-])--?[A-Za-z][\w-]*)", " ".join(text.split()))
    return "".join(_code(part.strip("`")) if place % 2 else _escaped(part) for place, part in enumerate(parts))


def _code(words: str) -> str:
    command = words.removeprefix("kerash ")
    known = words != command and any(command in group for group in _help.GROUPS.values())
    return f"[`{words}`](/reference/commands/{command}.md)" if known else f"`{words}`"


def _escaped(text: str) -> str:
    return re.sub(r"([\\*_\[\]<>|{}$#])", r"\\\1", text)
