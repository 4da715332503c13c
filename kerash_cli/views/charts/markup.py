"""Texts and numbers within SVG; texts within HTML."""

from html import escape

from kerash_cli.errors import printable
from kerash_cli.views.layout import cells

LETTER = 0.58
"""Mean width of a letter, in sizes of its font."""


def escaped(text: str) -> str:
    """Returns a text that is the same within an element or an attribute; control characters become escapes: `\\x1b`.

    So nothing in it is an element, ends an attribute, or changes the direction of the letters around it.
    """
    return escape(printable(text), quote=True)


def shortened(text: str, most: int, dots: str = "…") -> str:
    """Returns a text in at most `most` columns; `dots` stand for the middle of a longer one."""
    shown = printable(text)
    if len(shown) <= 4 * most and cells(shown) <= most:
        return shown
    room = most - cells(dots)
    if room < 2:
        return _beginning(shown, most)
    end = room // 3
    return f"{_beginning(shown, room - end)}{dots}{_beginning(shown[: -most - 1 : -1], end)[::-1]}"


def _beginning(text: str, most: int) -> str:
    """Returns as much of a text as fits into `most` columns."""
    used = 0
    for place, character in enumerate(text[: 4 * most + 4]):
        used += cells(character)
        if used > most:
            return text[:place]
    return text[: 4 * most + 4]


def width(text: str, size: float) -> float:
    """Returns roughly how wide a text is in a font of this size."""
    return cells(text) * size * LETTER


def number(value: float) -> str:
    """Returns a coordinate with at most two decimals: `12.5`."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def text(x: float, y: float, words: str, attributes: str = "") -> str:
    """Returns a text element; `words` are escaped."""
    return f'<text x="{number(x)}" y="{number(y)}" {attributes}>{escaped(words)}</text>'
