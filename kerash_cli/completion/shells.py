"""How each shell asks what may come next, and in which form it takes the answer.

A question is the words behind `kerash shell-complete SHELL --`. The scripts bash/kerash, zsh/_kerash and
fish/kerash.fish ask it, and say what they do with the answer; they have the names by which a shell finds them.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem, ShellComplete

from kerash_cli.completion.offers import expanded
from kerash_cli.completion.typed import (
    Typed,
    TypedWord,
    place_of_file,
    without_quotes,
    without_redirections,
    words,
)
from kerash_cli.errors import printable
from kerash_cli.views.layout import cells

SCRIPTS = {"bash": "bash/kerash", "zsh": "zsh/_kerash", "fish": "fish/kerash.fish"}
SHELLS = tuple(SCRIPTS)

_ONLY_LISTING = "63"
_LISTING = (_ONLY_LISTING, "33", "64")
"""Values of $COMP_TYPE with which bash lists what it is given, so that there may be more than the words. With the first
one it only lists; with the others it also takes what all have in common for the line."""
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-^")
_STARTS = re.compile(r"~[\w.-]*|\$\w+|\$\{\w+\}")
_SHORTEST = 20
"""Fewest columns of a sentence that is worth showing."""


def script(shell: str) -> str:
    """Returns the functions that make a shell ask."""
    with open(os.path.join(os.path.dirname(__file__), SCRIPTS[shell]), encoding="utf-8") as file:
        return file.read()


def answer(program: click.Command, shell: str, question: Sequence[str]) -> str:
    """Returns the answer to a question, which is empty if there is nothing to choose from."""
    return _ANSWERS[shell](program, question)


def found(program: click.Command, typed: Typed) -> list[CompletionItem]:
    """Returns what may stand in place of the word that is being typed."""
    own = {"obj": typed, "resilient_parsing": True}
    items = ShellComplete(program, own, "kerash", "").get_completions([*typed.before], typed.current)
    joined = _option_before(typed.current)
    return [_joined(joined, each) for each in items] if joined else items


def _option_before(word: str) -> str:
    """Returns the option in front of a value, `--target=`, which click leaves out of what it returns."""
    name, equals, _ = word.partition("=")
    return name + equals if equals and name.startswith("-") else ""


def _joined(option: str, item: CompletionItem) -> CompletionItem:
    return CompletionItem(
        option + item.value, item.type, item.help, endings=item.endings, goes_on=item.goes_on, option=option
    )


def _bash(program: click.Command, question: Sequence[str]) -> str:
    """Answers bash: whether the word goes on in the first line, then the words as they are to stand on the line.

    The question is $COMP_TYPE, $COLUMNS, $COMP_WORDBREAKS, and the line before and behind the cursor.
    """
    listing, columns, breaks, before, after = question
    line = words(before, breaks)
    last = line[-1]
    items = {item.value: item for item in _bash_items(program, line, after) if item.value.startswith(last.text)}
    lines = [quoted(value[last.kept :], last.quote, _start(last)) for value in items]
    if listing in _LISTING and len(items) > 1:
        short = listing == _ONLY_LISTING
        shown = [
            _without_folder(line) if short and each.is_path else line
            for line, each in zip(lines, items.values(), strict=True)
        ]
        lines = [*_described(shown, [*items.values()], int(columns or 80))]
    goes_on = any(each.goes_on for each in items.values())
    return "\n".join(["nospace" if goes_on else "", *lines])


def _bash_items(program: click.Command, line: Sequence[TypedWord], after: str) -> Iterator[CompletionItem]:
    """Yields what may stand in place of the last word of a line; behind `<` or `>`, files."""
    *others, last = line
    if (place := place_of_file(line)) is not None:
        yield from _files(CompletionItem(last.text, type="file", option=last.text[:place]), _start(last))
        return
    later = words(after, "")[0 if after[:1].isspace() else 1 :] if after else []
    before, behind = (tuple(each.text for each in without_redirections(part)) for part in (others[1:], later))
    for item in found(program, Typed(before, last.text, tuple(filter(None, behind)))):
        yield from [item] if item.type == "plain" else _files(item, _start(last))


def quoted(text: str, quote: str, start: str = "") -> str:
    """Returns a text as it is to stand on a line of bash, where this quote is open; `start` of it stays as it is."""
    if quote == "'":
        return text.replace("'", "'\\''")
    rest = text.removeprefix(start)
    if quote == '"':
        escaped = "".join(f"\\{each}" if each in '$`"\\' else each for each in rest)
        return start + escaped.replace("!", "\"'!'\"")  # within double quotes, nothing else hides it from the history
    return start + "".join(each if each in _SAFE or not each.isascii() else f"\\{each}" for each in rest)


def _start(word: TypedWord) -> str:
    """Returns the `~` or the variable that a path begins with, if bash expands it."""
    if word.quote == "'" or not word.raw.startswith(word.text[: word.kept]):
        return ""
    match = _STARTS.match(word.raw[word.kept :].removeprefix(word.quote))
    return match[0] if match and not (word.quote and match[0].startswith("~")) else ""


def _without_folder(line: str) -> str:
    """Returns the last part of a path, as shells list files."""
    return line[line.rstrip("/").rfind("/") + 1 :]


def _described(lines: Sequence[str], items: Sequence[CompletionItem], columns: int) -> Iterator[str]:
    """Returns words, each with the sentence about it, as far as there is room for that.

    What they have in common at the beginning stays the same.
    """
    width = max(map(cells, lines))
    room = columns - width - 4
    for line, item in zip(lines, items, strict=True):
        if not item.help or room < _SHORTEST:
            yield line
            continue
        text = f"{line}{' ' * (width - cells(line))}  {cut(item.help, room)}"
        yield text.ljust(columns // 2)  # so that bash puts one in each row


def cut(sentence: str, room: int) -> str:
    """Returns the beginning of a text that fits: its first sentence, without what is in parentheses, or less."""
    first = sentence.partition(". ")[0].partition(" (default")[0].removesuffix(".")
    if cells(first) <= room:
        return first
    while cells(first) >= room:
        first = first.rpartition(" ")[0] if " " in first else first[:-1]
    return f"{first}…"


def _files(item: CompletionItem, start: str) -> list[CompletionItem]:
    """Returns the files and folders that an item stands for, as bash is given no other way to list them.

    `start` is the beginning of the path that bash expands.
    """
    typed = item.value.removeprefix(item.option or "")
    folder, _, begun = typed.rpartition("/")
    there = f"{folder}/" if folder or typed.startswith("/") else ""
    opened = expanded(start) + there.removeprefix(start) if start and there.startswith(start) else there
    entries = _entries(opened or ".", begun)
    wanted = [name for name in entries if name.endswith("/") or _ends_in(name, item.endings)]
    if item.type == "dir" or not any(not name.endswith("/") for name in wanted):
        wanted = [name for name in entries if item.type == "file" or name.endswith("/")]
    return [
        CompletionItem(f"{item.option or ''}{there}{name}", goes_on=name.endswith("/"), is_path=True)
        for name in wanted
        if name.isprintable()
    ]


def _entries(folder: str, begun: str) -> list[str]:
    """Returns the names in a folder that begin so, sorted, folders with a `/` behind; hidden ones only if asked for."""
    try:
        with os.scandir(folder) as entries:
            found = [f"{each.name}/" if each.is_dir() else each.name for each in entries if each.name.startswith(begun)]
    except OSError:
        return []
    return sorted(name for name in found if begun or not name.startswith("."))


def _ends_in(name: str, endings: Sequence[str] | None) -> bool:
    return not endings or name.lower().endswith(tuple(f".{each}" for each in endings))


def _zsh(program: click.Command, question: Sequence[str]) -> str:
    """Answers zsh: a line for each item, of its kind, the word, and a sentence.

    The question is the number of the word that is being typed, that word, and all words, without their quotes.
    """
    number, current, *line = question
    return _lines(found(program, _typed(int(number), current, line)))


def _fish(program: click.Command, question: Sequence[str]) -> str:
    """Answers fish as zsh; the word that is being typed comes with its quotes."""
    number, current, *line = question
    return _lines(found(program, _typed(int(number), without_quotes(current), line)))


def _typed(number: int, current: str, line: Sequence[str]) -> Typed:
    return Typed(tuple(line[1:number]), current, tuple(filter(None, line[number + 1 :])))


def _lines(items: Sequence[CompletionItem]) -> str:
    return "\n".join("\t".join(_fields(each)) for each in items if each.value.isprintable())


def _fields(item: CompletionItem) -> tuple[Any, ...]:
    if item.type != "plain":
        return item.type, item.value, " ".join(item.endings or ())
    return "more" if item.goes_on else "word", item.value, cut(printable(item.help), 200) if item.help else ""


_ANSWERS: dict[str, Callable[[click.Command, Sequence[str]], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
