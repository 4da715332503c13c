"""Characters and colours of drawings in text."""

from collections.abc import Iterable
from typing import NamedTuple, Self, TextIO

from kerash_cli.errors import printable
from kerash_cli.views import screen
from kerash_cli.views.charts.markup import shortened
from kerash_cli.views.layout import cells

COLOURS = (244, 33, 166, 29, 133, 136, 242)
"""Numbers of the colours of series, among the 256 of a terminal: each has a contrast of 3 with black and with white."""
FADED = 244
"""Number of the colour of axes."""
LETTERS = "*o+x#@%&"
"""Characters of the series where there is no braille."""
NARROWEST = 20
"""Smallest number of columns that a chart is drawn for; a narrower terminal breaks its lines."""


class Rules(NamedTuple):
    """Characters of axes, marks and bars."""

    vertical: str
    tick: str
    corner: str
    horizontal: str
    foot: str
    ring: str
    full: str
    parts: str
    """Characters of a part of a bar's last cell, from the smallest to the largest."""
    dash: str
    shades: str
    """Characters of cells, from an empty one to a full one."""


BOX = Rules("│", "┤", "└", "─", "┬", "●", "█", "▏▎▍▌▋▊▉", "─", " ░▒▓█")
PLAIN = Rules("|", "+", "+", "-", "+", "O", "#", "", "-", " .:*#")


class Lettering(NamedTuple):
    """Characters that a stream can show, and its width in columns."""

    columns: int
    braille: bool
    rules: Rules
    colours: bool
    stream: TextIO

    @classmethod
    def of(cls, stream: TextIO, columns: int) -> Self:
        """Returns the characters and colours that a stream shows."""
        braille = screen.shows(stream, "\u28ff")
        rules = BOX if screen.shows(stream, "".join(BOX)) else PLAIN
        return cls(max(NARROWEST, columns), braille, rules, screen.shows_colours(stream), stream)

    def text(self, text: str) -> str:
        """Returns a text from data in characters that the stream shows."""
        return screen.spelled(printable(text), self.stream)

    def fitted(self, text: str, most: int) -> str:
        """Returns a text from data in at most `most` columns; the middle of a longer one is left out."""
        return shortened(self.text(text), most, "…" if screen.shows(self.stream, "…") else "...")

    def bold(self, text: str) -> str:
        """Returns a text in bold, if there are colours."""
        return f"\x1b[1m{text}\x1b[0m" if self.colours and text else text

    def faded(self, text: str) -> str:
        """Returns a text in the colour of axes."""
        return f"\x1b[38;5;{FADED}m{text}\x1b[0m" if self.colours and text else text

    def coloured(self, text: str, colour: int) -> str:
        """Returns a text in the colour of a series."""
        return f"\x1b[38;5;{COLOURS[colour]}m{text}\x1b[0m" if self.colours and text else text

    def painted(self, cells: Iterable[tuple[str, int | None]]) -> str:
        """Returns a row of characters with their colours, changing colours no more often than necessary."""
        if not self.colours:
            return "".join(character for character, _ in cells)
        parts, before = list[str](), None
        for character, colour in cells:
            if colour != before:
                parts.append("\x1b[0m" if colour is None else f"\x1b[38;5;{COLOURS[colour]}m")
                before = colour
            parts.append(character)
        return "".join(parts) + ("\x1b[0m" if before is not None else "")


def padded(text: str, width: int, right: bool = False) -> str:
    """Returns a text with blanks on the right, or on the left if `right`, so that it takes `width` columns."""
    blanks = " " * (width - cells(text))
    return blanks + text if right else text + blanks
