"""Cutting JSON whose values go over lines, or share one, into blocks whose lines have whole values."""

import codecs
import json
from collections.abc import Iterator

from kerash_cli.errors import BadInput, at, shown
from kerash_cli.tables.formats.lines import LONGEST_ROW
from kerash_cli.tables.formats.records import Block
from kerash_cli.tables.source import Source

_SHORT = 1 << 14  # of a value that is not complete; with a longer one, that is not tried with each piece


def blocks(is_array: bool, source: Source) -> Iterator[Block]:
    """Yields the objects and arrays of a source as they arrive: those of one array, or those one after the other.

    A value is in the line of a block where it begins in the file, whole; if several begin there, with commas between.
    """
    decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
    scanner = _Scanner(source.name, is_array)
    for piece in source:
        yield from scanner.blocks(decode(piece))
    yield from scanner.blocks(decode(b"", True), last=True)


_AFTER = {
    # state: the letters that may come, each with the state after it; "[{" stand for a value
    "open": {"[": "first"},
    "first": {"]": "closed", "[{": "between"},
    "next": {"[{": "between"},
    "between": {",": "next", "]": "closed"},
    "closed": {},
    "alone": {"[{": "alone"},
}
"""States between the values of an array, and `alone` between values that are not in one."""

_WHERE = {
    "open": "before the array",
    "first": "where a row should begin",
    "next": "where a row should begin",
    "between": "where a comma should be",
    "closed": "after the end of the array",
    "alone": "where a row should begin",
}


class _Scanner:
    """Finds where values end."""

    def __init__(self, name: str, is_array: bool) -> None:
        self._name = name
        self._rest, self._line, self._tried = "", 1, 0
        self._state = "open" if is_array else "alone"
        self._decoder = json.JSONDecoder()

    def blocks(self, text: str, last: bool = False) -> Iterator[Block]:
        """Yields a block of the values that are complete with this text; raises BadInput for what is no value."""
        self._rest += text
        if not last and _SHORT < len(self._rest) < 2 * self._tried:
            return
        parts, begin, now, error = list[str](), 0, 0, None
        try:
            for line, value in self._values(last):
                if parts:
                    parts.append("\n" * (line - now) or ",")
                begin, now = begin or line, line
                parts.append(value.replace("\n", " "))
        except BadInput as wrong:
            error = wrong
        self._tried = len(self._rest)
        if parts:
            yield Block("".join([*parts, "\n"]).encode(errors="surrogateescape"), begin)
        if error:
            raise error

    def _values(self, last: bool) -> Iterator[tuple[int, str]]:
        """Yields each complete value and the line where it begins; keeps the text behind them."""
        text, self._rest, place = self._rest, "", 0
        while place < len(text):
            letter, end = text[place], place + 1
            if letter not in " \t\n":
                kind = "[{" if letter in "[{" and "[{" in _AFTER[self._state] else letter
                state = _AFTER[self._state].get(kind)
                if state is None:
                    raise BadInput(
                        f"{at(self._name, self._line)}invalid JSON: got {shown(letter)} {_WHERE[self._state]}"
                    )
                if kind == "[{":
                    found = self._end(text, place, last)
                    if found is None:
                        break
                    end = found
                    yield self._line, text[place:end]
                self._state = state
            self._line += text.count("\n", place, end)
            place = end
        self._rest = text[place:]
        if last and self._state not in ("closed", "alone"):
            raise BadInput(f"{at(self._name, self._line)}invalid JSON: the file is truncated; try another copy of it")

    def _end(self, text: str, start: int, last: bool) -> int | None:
        """Returns where the value at `start` ends; None if more text may complete it. Raises BadInput if it is none."""
        try:
            return self._decoder.raw_decode(text, start)[1]
        except RecursionError:
            raise BadInput(f"{at(self._name, self._line)}expected a number, a word or null, got deep values") from None
        except json.JSONDecodeError as error:
            if len(text) - start <= LONGEST_ROW and not last:
                return None
            line = self._line + text.count("\n", start, error.pos)
            long = "; a row may have at most 1 MiB" if len(text) - start > LONGEST_ROW else ""
            message = error.msg[:1].lower() + error.msg[1:]
            raise BadInput(f"{at(self._name, line)}invalid JSON: {message}{long}") from None
