"""Short phrases for messages: numbers with a noun, names, lists of them, and figures with few digits."""

from collections.abc import Sequence

from kerash_cli.errors import plain

ROUNDING = 1e-12
"""Difference from 1 that is none: figures are sums, which are rounded."""


def counted(number: int, noun: str) -> str:
    """Returns a number with its noun: `1 column`, `2 columns`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def worded(name: str) -> str:
    """Returns the name of a figure or a setting in words: `log loss` for `log_loss`."""
    return name.replace("_", " ")


def enumerated(words: Sequence[str], most: int = 10) -> str:
    """Returns the first words and the number of the rest: `a, b and 3 more`."""
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(map(plain, words[:most])) + more


def rounded(value: float, digits: int = 4) -> str:
    """Returns a number with so many significant digits; with more if it looked like 1 and is not, as 0.99996."""
    text = f"{value:.{digits}g}"
    if abs(float(text)) != 1 or abs(abs(value) - 1) < ROUNDING:
        return text
    return rounded(value, digits + 1)


def percentage(share: float, places: int = 1) -> str:
    """Returns a share in per cent: `12.3%`; with more places if it looked like 0 % or 100 % and is not: `99.96%`."""
    text = f"{share:.{places}%}"
    if float(text[:-1]) not in (0, 100) or min(abs(share), abs(share - 1)) < ROUNDING:
        return text
    return percentage(share, places + 1)
