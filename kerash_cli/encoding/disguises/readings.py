"""Patterns of cells, the columns that are searched for them, and the Perl that turns matches into numbers.

Python and Perl use the same patterns. Perl sees bytes, so that a class must not contain non-ASCII characters.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from kerash_cli import decimals


class Reading(NamedTuple):
    """A pattern for whole cells, and the Perl expression that computes the value from the pattern's groups."""

    pattern: str
    value: str
    meaning: str = ""


class Finding(NamedTuple):
    """The kind of most cells of a column, and the ways to read them."""

    kind: str
    cells: Sequence[str]
    """Cells of this kind without repetitions, in order of appearance."""
    readings: Sequence[Reading]


_LONGEST = 50
"""Maximum length, in characters, of a cell that may be a number; any date is shorter."""

_DIGIT = re.compile("[0-9]")


class Column:
    """The cells of a column (None: missing); `counts` says how often each cell that may be a number occurs."""

    def __init__(self, cells: Iterable[str | None]) -> None:
        there = Counter(cell for cell in cells if cell is not None)
        self.counts = {cell: count for cell, count in there.items() if len(cell) <= _LONGEST and _DIGIT.search(cell)}
        self.total = there.total()

    @cached_property
    def plain(self) -> frozenset[str]:
        """Cells that are plain numbers: `1`, `-1.5`."""
        return frozenset(cell for cell in self.counts if decimals.number(cell) is not None)

    def fits(self, pattern: str) -> dict[str, re.Match[str]]:
        """Returns the cells that match the whole pattern, with their matches."""
        compiled = re.compile(pattern, re.ASCII)
        return {cell: match for cell in self.counts if (match := compiled.fullmatch(cell))}

    def rows(self, cells: Iterable[str]) -> int:
        """Returns the number of rows that have one of these cells."""
        return sum(self.counts[cell] for cell in cells)

    def is_most(self, cells: Iterable[str]) -> bool:
        """Returns whether at least half of the rows with a value have one of these cells."""
        return 2 * self.rows(cells) >= self.total


GAPS = " \xa0\u202f"
"""Blanks, plain and no-break, that may be within numbers and before their units."""

NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)"
"""Pattern of a number without sign and exponent."""

_SPELLED = {"\t": r"\t", **{char: char for char in ",;| "}}


def command(reading: Reading, delimiter: str, names: Sequence[str]) -> str:
    """Returns the shell command for a reading; it skips line 1 if one of the header's names matches the pattern."""
    separator = _SPELLED.get(delimiter, f"\\x{ord(delimiter):02x}")
    is_named = any(re.fullmatch(reading.pattern, name, re.ASCII) for name in names)
    rest = "$.>1&&" if is_named else ""
    cell = rf'("[^"]*")+|[^{separator}"\r\n]+'
    return f"perl -pe '{rest}s{{{cell}}}{{$&=~/^\"?\\s*{_in_bytes(reading.pattern)}\\s*\"?$/?{reading.value}:$&}}ge'"


def _in_bytes(pattern: str) -> str:
    """Returns the pattern for a Perl that reads bytes, without characters that a shell or a terminal might change."""
    return "".join(r"\x27" if char == "'" else char if char.isascii() else f"(?:{_hex(char)})" for char in pattern)


def _hex(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode())


def literally(text: str) -> str:
    """Returns the pattern that matches exactly this text, for use between slashes."""
    return re.escape(text).replace("/", r"\/")
