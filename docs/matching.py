"""Compares what a command printed with lines in which `…` stands for what may differ from machine to machine.

`…` is some text of a line or, on a line of its own, any number of lines. How many blanks stand between two words does
not count, because columns are as wide as their figures. Numbers may be compared by their values.
"""

import re
from collections.abc import Sequence

CLOSE = 1e-4
"""Largest relative difference of two numbers that count as equal."""
NEAR_ZERO = 1e-5
"""Largest difference of two numbers that count as equal, however small they are."""
ROUNDED = 4
"""Digits of a figure that is rounded for people."""

_NUMBER = re.compile(r"(?<![\w.…])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w…]|\.\d)")
"""A number that is no part of a word, of a version such as 1.2.3, or of a figure whose last digits may differ."""
_ANY_NUMBER = r"([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"


def agree(expected: Sequence[str], printed: Sequence[str], numbers: bool = False) -> bool:
    """True if lines are those that are expected; with `numbers`, also if numbers differ by no more than CLOSE."""
    places = {0}  # how many of the printed lines the expected ones so far may stand for
    for line in expected:
        if line == "…":
            places = set(range(min(places, default=len(printed) + 1), len(printed) + 1))
        else:
            places = {at + 1 for at in places if at < len(printed) and same(line, printed[at], numbers)}
    return len(printed) in places


def same(expected: str, printed: str, numbers: bool = False) -> bool:
    """True if a line that was printed is one that the expected line stands for."""
    found = re.fullmatch(_pattern(expected, numbers), printed)
    if found is None or not numbers:
        return found is not None
    return all(map(close, _NUMBER.findall(expected), found.groups()))


def shown(expected: Sequence[str], printed: str, numbers: bool = False) -> str:
    """A line that was printed, as one of the expected lines has it, or else as it is."""
    return next((line for line in expected if line != "…" and same(line, printed, numbers)), printed)


def close(expected: str, printed: str) -> bool:
    """True if two numbers, before they were rounded for people, may differ by no more than CLOSE; not of whole ones."""
    if expected.lstrip("-").isdecimal() and printed.lstrip("-").isdecimal():
        return int(expected) == int(printed)
    one, other = float(expected), float(printed)
    return abs(one - other) <= CLOSE * max(abs(one), abs(other)) + max(NEAR_ZERO, _step(expected), _step(printed))


def _pattern(line: str, numbers: bool) -> str:
    """A regular expression of the lines that an expected line stands for; with `numbers`, each number is a group."""
    words = (_any_number(word) if numbers else _literal(word) for word in line.split())
    return " *" + " +".join(words)


def _literal(text: str) -> str:
    return ".*".join(map(re.escape, text.split("…")))


def _any_number(word: str) -> str:
    return _ANY_NUMBER.join(map(_literal, _NUMBER.split(word)))


def _step(number: str) -> float:
    """Returns one in the last place of a number, if it has the digits of a figure rounded for people; else 0."""
    digits, _, power = number.lower().partition("e")
    shown = digits.lstrip("+-0.").replace(".", "")
    return 10.0 ** (int(power or 0) - len(digits.partition(".")[2])) if len(shown) == ROUNDED else 0.0
