"""Texts and numbers within SVG."""

from html import escape

from kerash_cli.errors import printable
from kerash_cli.views.layout import cells

LETTER = 0.58
"""Mean width of a letter, in sizes of its font."""


def safe(text: str) -> str:
    """Returns a text in a form that is the same text within an element or an attribute.

    Control characters and others that XML forbids become escapes such as `\\x1b`.
    """
    return escape(printable(text), quote=True)


def shortened(text: str, most: int) -> str:
    """Returns a text in at most `most` letters; the middle of a longer one is left out."""
    shown = printable(text)
    if cells(shown) <= most:
        return shown
    first, last = list(shown), list[str]()
    while first and cells("".join(first) + "".join(last)) > most - 1:
        if len(first) > 2 * len(last) and len(last) < most // 3:
            last.insert(0, shown[len(shown) - 1 - len(last)])
        first.pop()
    return "".join(first) + "…" + "".join(last)


def width(text: str, size: float) -> float:
    """Returns roughly how wide a text is in a font of this size."""
    return cells(text) * size * LETTER


def number(value: float) -> str:
    """Returns a coordinate with at most two decimals: `12.5`."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def text(x: float, y: float, words: str, attributes: str = "") -> str:
    """Returns a text element; `words` are escaped."""
    return f'<text x="{number(x)}" y="{number(y)}" {attributes}>{safe(words)}</text>'
