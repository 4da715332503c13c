"""The pages of the website, gathered into a folder for Sphinx: `python -m docs.website FOLDER`, or `make site`.

The pages are those that people read in the repository: README.md is the first, and CONTRIBUTING.md, CHANGELOG.md and
the READMEs of some folders are pages too. Links lead from page to page; what they say of a file that is no page stays
as plain words. Commands have a page each, made of their help, and functions one, made of their docstrings.
"""

import posixpath
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from docs import command_pages

ROOT = Path(__file__).parent.parent
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
        "completion.md": "Completion",
        "nightly.md": "Nightly jobs",
        "recipes.md": "Recipes",
        "doctor.md": "Installation and machine",
    },
    "Scale": {"scale.md": "Several machines", "performance.md": "Performance", "mountpoint.md": "The mountpoint"},
    "Reference": {
        command_pages.CONTENTS: "Commands",
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
    pages |= command_pages.pages(
        {Path(place).stem: f"[{title(source)}](/{place})" for source, place in sources().items()}
    )
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
    if sources()[there] == command_pages.CONTENTS and command:
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


if __name__ == "__main__":
    write(Path(sys.argv[1]))
