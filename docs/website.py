"""The pages of the website, gathered into a folder for Sphinx: `python -m docs.website FOLDER`, or `make site`.

The pages are those that people read in the repository: README.md is the first, and CONTRIBUTING.md, CHANGELOG.md and
the READMEs of some folders are pages too. Links lead from page to page; what they say of a file that is no page stays
as plain words. Commands have a page each, made of their help, and functions one, made of their docstrings.
"""

import posixpath
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from docs import manual
from kerash_cli.commands import _help

ROOT = Path(__file__).parent.parent
COMMANDS = "reference/commands.md"
"""The page that lists the commands; in the repository it has the help of all of them."""

GROUPS: dict[str, dict[str, str]] = {
    "Start": {"install.md": "Installing", "tutorial.md": "Tutorial"},
    "Tables": {"tables.md": "Your own tables", "data.md": "Sample data"},
    "Train": {"train.md": "Train", "predict.md": "Predict", "explain.md": "What was off"},
    "Judge": {"evaluate.md": "Evaluate and compare", "report.md": "Reports", "see.md": "Charts"},
    "Search": {"evolve.md": "Let kerash find the network"},
    "Hand over": {
        "export.md": "Other languages and formats",
        "python.md": "Python",
        "saved-models.md": "Saved models",
        "shell.md": "Pipelines and scripts",
        "nightly.md": "Nightly jobs",
    },
    "Scale": {"scale.md": "Several machines", "performance.md": "Performance", "mountpoint.md": "The mountpoint"},
    "Reference": {
        COMMANDS: "Commands",
        "reference/python.md": "Python functions",
        "reference/layers.md": "Layers",
        "reference/activations.md": "Activations",
        "reference/training.md": "Losses and optimizers",
        "reference/metrics.md": "Metrics",
        "reference/findings.md": "Findings",
        "reference/symptoms.md": "Symptoms",
        "reference/operations.md": "Operations",
    },
    "Inside": {
        "promises.md": "What you can rely on",
        "architecture.md": "Architecture",
        "rooms.md": "The rooms",
        "contributing.md": "Contributing",
        "benchmarks.md": "Benchmarks",
        "2019.md": "Where kerash comes from",
        "changelog.md": "Changelog",
    },
}
"""The menu: pages by group, with short names. A page that is in no group comes last, under its title."""

OTHERS = "More"
"""Heading of the pages that are in no group."""

ELSEWHERE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "data/README.md": "data.md",
    "benchmarks/README.md": "benchmarks.md",
}
"""Pages outside docs/, and their places in the website."""

_FENCE = re.compile(r"(?ms)^(```+)([^\n]*)\n(.*?)^\1$\n?")
_LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])+)\]\(([^()\s]+)\)")
_MENTION = re.compile(r"(?<![\w/`\[(-])(docs/[\w-]+\.md)(?![\w`\])])")


@cache
def sources() -> dict[str, str]:
    """Returns the pages of the repository, each with its place in the website."""
    found = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
    return {**ELSEWHERE, **{name: name.removeprefix("docs/") for name in found}}


@cache
def title(source: str) -> str:
    """Returns the first heading of a page of the repository."""
    found = re.search(r"(?m)^# (.+)$", (ROOT / source).read_text(encoding="utf-8"))
    assert found is not None, f"{source}: expected a heading"
    return found[1]


def gathered() -> dict[str, str]:
    """Returns the text of each page of the website by its place."""
    pages = {place: adapted((ROOT / source).read_text(encoding="utf-8"), source) for source, place in sources().items()}
    pages["reference/python.md"] = (ROOT / "docs/functions.txt").read_text(encoding="utf-8")
    pages |= command_pages()
    pages["index.md"] += _menu([place for place in pages if not place.startswith("reference/commands/")])
    return pages


def adapted(text: str, source: str) -> str:
    """Returns the text of a page as the website has it: links between pages, and plain words for other files."""
    parts, end = list[str](), 0
    for fence in _FENCE.finditer(text):
        parts += [_linked(text[end : fence.start()], source), _captioned(fence)]
        end = fence.end()
    return "".join([*parts, _linked(text[end:], source)])


def write(folder: Path) -> None:
    """Writes the pages into a folder; those that are as they were stay untouched, and others are removed."""
    pages = gathered()
    for path in folder.rglob("*.md"):
        if path.relative_to(folder).as_posix() not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _linked(text: str, source: str) -> str:
    """Returns prose whose links lead to pages; files that are only named are links too, if they are pages."""
    text = _LINK.sub(lambda link: _link(link[1], link[2], source), text)
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if not line.startswith("    "):
            lines[number] = _MENTION.sub(_mention(source), line)
    return "\n".join(lines)


def _mention(source: str) -> Callable[[re.Match[str]], str]:
    def named(found: re.Match[str]) -> str:
        return f"[{title(found[1])}]({_way(source, found[1])})" if found[1] in sources() else found[0]

    return named


def _link(words: str, target: str, source: str) -> str:
    """Returns a link as the website has it; words that name the file become the title of the page."""
    file, _, anchor = target.partition("#")
    if "://" in target or not file:
        return f"[{words}]({target})"
    there = posixpath.normpath(posixpath.join(posixpath.dirname(source), file))
    if there not in sources():
        return words
    if posixpath.basename(words) == posixpath.basename(file):
        words = title(there)
    command = re.fullmatch(r"kerash-([\w-]+)", anchor)
    if sources()[there] == COMMANDS and command:
        return f"[{words}]({_relative(source, f'reference/commands/{command[1]}.md')})"
    return f"[{words}]({_way(source, there)}{'#' if anchor else ''}{anchor})"


def _way(source: str, there: str) -> str:
    """Returns the path from a page of the repository to another one, within the website."""
    return _relative(source, sources()[there])


def _relative(source: str, place: str) -> str:
    return posixpath.relpath(place, posixpath.dirname(sources()[source]) or ".")


def _captioned(fence: re.Match[str]) -> str:
    """Returns a block of code with the name of its file above it, if it has one."""
    marks, (language, _, name) = fence[1], fence[2].partition(" ")
    if not name:
        return fence[0]
    caption = f"added to {name[3:]}" if name.startswith(">> ") else name
    return f"{marks}{{code-block}} {language}\n:caption: {caption}\n\n{fence[3]}{marks}\n"


def _menu(places: list[str]) -> str:
    """Returns the menu as Sphinx reads it."""
    known = {place for group in GROUPS.values() for place in group} | {"index.md"}
    origins = {place: source for source, place in sources().items()}
    others = {place: title(origins[place]) for place in places if place not in known}
    lines = list[str]()
    for heading, group in {**GROUPS, OTHERS: others}.items():
        rows = [f"{name} <{place.removesuffix('.md')}>" for place, name in group.items()]
        if rows:
            lines += ["", "```{toctree}", ":hidden:", f":caption: {heading}", "", *rows, "```"]
    return "\n".join([*lines, ""])


# The pages of commands


def command_pages() -> dict[str, str]:
    """Returns the page of each command, and the page that lists them."""
    everything = manual.manuals()
    program, *commands = everything
    names = [each.name.removeprefix("kerash ") for each in commands]
    contents = ["```{toctree}", ":hidden:", "", *(f"kerash {name} <commands/{name}>" for name in names), "```"]
    pages = {COMMANDS: "\n".join(["# Commands", "", *_command(program), *contents, ""])}
    for each, name in zip(commands, names, strict=True):
        lines = [f"# {each.name}", "", *_command(each), *_further(each, everything)]
        pages[f"reference/commands/{name}.md"] = "\n".join(lines)
    return pages


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


def _further(page: manual.Manual, everything: Sequence[manual.Manual]) -> Iterator[str]:
    """Yields links to the page about the subject of a command, if there is one, and to related commands."""
    subject = f"docs/{page.name.removeprefix('kerash ')}.md"
    links = [f"[{title(subject)}](/{sources()[subject]})"] if subject in sources() else []
    names = (each.removeprefix("kerash-") for each in manual.related(page, everything) if each != "kerash")
    links += [f"[kerash {name}](/reference/commands/{name}.md)" for name in names]
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


if __name__ == "__main__":
    write(Path(sys.argv[1]))
