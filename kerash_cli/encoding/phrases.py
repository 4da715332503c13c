"""Short phrases for messages: numbers with a noun, and lists of names."""

from collections.abc import Sequence

from kerash_cli.errors import plain


def counted(number: int, noun: str) -> str:
    """Returns a number with its noun: `1 column`, `2 columns`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def enumerated(words: Sequence[str], most: int = 10) -> str:
    """Returns the first words and the number of the rest: `a, b and 3 more`."""
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(map(plain, words[:most])) + more
