"""A drawing of dots in characters: 2 x 4 dots of braille in each or, without braille, one letter."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

BRAILLE = 0x2800
"""Code point of the braille character without dots."""
BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of the dots of a braille character, by row and column: https://www.unicode.org/charts/PDF/U2800.pdf"""
DASHES = ((1, 0), (3, 3), (9, 3), (1, 3))
"""Numbers of dots of a dash and of the gap after it, for each number of a dash."""


class Stroke(NamedTuple):
    """Look of a series."""

    colour: int
    """Number of a colour of `chart`."""
    letter: str
    """Character of a dot where there is no braille."""
    dash: int = 0
    """Number of the dash; 0 is no dash."""


class Canvas:
    """Characters in rows. Dots are numbered from the left and from the bottom."""

    def __init__(self, columns: int, rows: int, braille: bool) -> None:
        """Begins without dots."""
        self._columns, self._rows, self._braille = columns, rows, braille
        self._bits: dict[tuple[int, int], int] = {}
        self._letters: dict[tuple[int, int], str] = {}
        self._colours: dict[tuple[int, int], int] = {}
        self.width, self.height = (2 * columns, 4 * rows) if braille else (columns, rows)
        """Number of dots from left to right, and from bottom to top."""

    def dot(self, x: int, y: int, stroke: Stroke) -> None:
        """Draws a dot."""
        down = self.height - 1 - y
        cell = (down // 4, x // 2) if self._braille else (down, x)
        if self._braille:
            self._bits[cell] = self._bits.get(cell, 0) | BITS[down % 4][x % 2]
        else:
            self._letters[cell] = stroke.letter
        self._colours[cell] = stroke.colour

    def letter(self, x: int, y: int, letter: str, colour: int) -> None:
        """Draws a character in place of the cell that has this dot."""
        down = self.height - 1 - y
        cell = (down // 4, x // 2) if self._braille else (down, x)
        self._letters[cell], self._colours[cell] = letter, colour

    def line(self, points: Sequence[tuple[int, int]], stroke: Stroke) -> None:
        """Joins points by straight lines."""
        if len(points) == 1:
            self.dot(*points[0], stroke)
        count, (on, off) = 0, DASHES[stroke.dash]
        for start, stop in pairwise(points):
            for x, y in _between(start, stop):
                if count % (on + off) < on:
                    self.dot(x, y, stroke)
                count += 1

    def column(self, x: int, low: int, high: int, stroke: Stroke) -> None:
        """Draws all dots of a column from `low` to `high`."""
        for y in range(low, high + 1):
            self.dot(x, y, stroke)

    def rows(self) -> Iterator[list[tuple[str, int | None]]]:
        """Yields each row, from the top: its characters and the number of their colours; None is no colour."""
        for row in range(self._rows):
            yield [self._cell((row, column)) for column in range(self._columns)]

    def _cell(self, cell: tuple[int, int]) -> tuple[str, int | None]:
        if cell in self._letters:
            return self._letters[cell], self._colours[cell]
        if cell in self._bits:
            return chr(BRAILLE + self._bits[cell]), self._colours[cell]
        return " ", None


def _between(start: tuple[int, int], stop: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Yields the dots of a line from `start` to `stop`, both included."""
    (x, y), (to_x, to_y) = start, stop
    steps = max(abs(to_x - x), abs(to_y - y))
    for step in range(steps + 1):
        share = step / steps if steps else 0.0
        yield round(x + (to_x - x) * share), round(y + (to_y - y) * share)
