"""The line so far: its words, which of them is being typed, and the quotes that are open."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import click

_ESCAPED = '$`"\\'
"""Characters before which a backslash counts between double quotes."""
_REDIRECTION = re.compile(r"(?:\d+|&|\{\w+\})?(?:<<<|>>|>\||<>|<&|>&|<|>)(?!\()")
"""What stands in front of the file, in a redirection of bash such as `< rows.csv` or `2>errors`."""


class Typed(NamedTuple):
    """The words of a line after the name of the program."""

    before: tuple[str, ...]
    current: str
    """The word that is being typed, as far as the cursor."""
    after: tuple[str, ...] = ()

    def others(self, context: click.Context) -> list[str]:
        """Returns the words of the command that are no options and no values of options, but for the current one."""
        given = self.parameters(context)
        arguments = (given.get(each.name or "") for each in context.command.params if isinstance(each, click.Argument))
        words = [word for each in arguments for word in (each if isinstance(each, tuple) else (each,))]
        current, found = self.current or NOTHING, [word for word in words if isinstance(word, str)]
        return [word for word in found if word not in (current, NOTHING, "-")]

    def parameters(self, context: click.Context) -> dict[str, Any]:
        """Returns the values of the command's parameters, with the words after the cursor too."""
        words = [*self.before, self.current or NOTHING, *self.after]
        own = words[words.index(context.info_name or "") + 1 :] if context.info_name in words else []
        parsed = context.command.make_context(context.info_name, own, context.parent, resilient_parsing=True)
        return parsed.params


NOTHING = "\0"
"""Stands for a word of which nothing has been typed: it keeps its place, and names nothing."""


class TypedWord(NamedTuple):
    """A word as it was typed in bash."""

    text: str
    """The word without its quotes."""
    kept: int
    """How many characters of it bash leaves as they are: what is completed begins behind them."""
    quote: str
    """The quote that is open at the end, or nothing."""
    raw: str
    """The word with its quotes."""


def words(line: str, breaks: str) -> list[TypedWord]:
    """Returns the words of a line, as bash reads it; the last one is being typed, and may be empty.

    `breaks` are the characters at which bash begins anew within a word, those of $COMP_WORDBREAKS.
    """
    found, place = list[TypedWord](), 0
    while True:
        while place < len(line) and line[place].isspace():
            place += 1
        word, end = _word(line, place, breaks)
        found.append(word)
        if end >= len(line):
            return found
        place = end


def without_redirections(words: Sequence[TypedWord]) -> list[TypedWord]:
    """Returns the words that a command gets: those that are no redirection, and no file of one."""
    return [word for word, place in zip(words, _places_of_files(words), strict=True) if place is None]


def place_of_file(words: Sequence[TypedWord]) -> int | None:
    """Returns where the file of a redirection begins in the last word; None if that word is for the command."""
    return _places_of_files(words)[-1]


def _places_of_files(words: Sequence[TypedWord]) -> list[int | None]:
    """Returns for each word where the file of a redirection begins in it; None for a word that the command gets."""
    places, is_next = list[int | None](), False
    for word in words:
        redirection = None if is_next else _REDIRECTION.match(word.raw)
        places.append(0 if is_next else redirection.end() if redirection else None)
        is_next = redirection is not None and redirection.end() == len(word.raw)
    return places


def _word(line: str, start: int, breaks: str) -> tuple[TypedWord, int]:
    """Returns the word that begins at a place, and the place where it ends."""
    text, kept, place = list[str](), 0, start
    while place < len(line) and not line[place].isspace():
        character = line[place]
        place += 1
        if character == "\\":
            text += line[place : place + 1]
            place += 1
        elif character in "'\"":
            inner, place, closed = _quoted(line, place, character)
            if not closed:
                return TypedWord("".join([*text, *inner]), len(text), character, line[start:place]), place
            text += inner
            kept = len(text) if character in breaks else kept
        else:
            text.append(character)
            kept = len(text) if character in breaks else kept
    return TypedWord("".join(text), kept, "", line[start:place]), min(place, len(line))


def _quoted(line: str, place: int, quote: str) -> tuple[list[str], int, bool]:
    """Returns what is between quotes, the place behind them, and whether there is a closing one."""
    text = list[str]()
    while place < len(line):
        character = line[place]
        place += 1
        if character == quote:
            return text, place, True
        if quote == '"' and character == "\\" and line[place : place + 1] in tuple(_ESCAPED):
            character = line[place]
            place += 1
        text.append(character)
    return text, place, False


def without_quotes(word: str) -> str:
    """Returns a word without its quotes, an open one included."""
    return _word(word, 0, "")[0].text
