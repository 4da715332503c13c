"""What is in a chart's picture or drawing, read back: places of data, from the numbers beside the axes."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
DOTS = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
"""Column and row of the dot of each bit of a braille character, from the lowest: ISO/TR 11548-1."""


class Drawn:
    """An SVG, parsed."""

    def __init__(self, picture: str) -> None:
        self.root = ElementTree.fromstring(picture)

    def texts(self) -> list[tuple[float, float, str]]:
        """Place and content of each text."""
        found = self.root.iter(SVG + "text")
        return [(float(each.get("x", "")), float(each.get("y", "")), each.text or "") for each in found]

    def lines(self, colour: int) -> list[list[tuple[float, float]]]:
        """The corners of each open path of a series' colour that is not in the legend."""
        legend = {id(each) for group in self.root.iter(SVG + "g") if group.get("transform") for each in group}
        paths = [each for each in self.root.iter(SVG + "path") if each.get("class") == f"s-{colour}"]
        return [part for each in paths if id(each) not in legend for part in corners(each.get("d", ""))]

    def across(self, labels: Sequence[str]) -> "Ruler":
        """The horizontal axis, from two of its labels."""
        return Ruler({float(word): x for x, _, word in self.texts() if word in labels})

    def up(self, labels: Sequence[str], log: bool = False) -> "Ruler":
        """The vertical axis, from two of its labels; a text is 4.5 below its tick."""
        return Ruler({float(word): y - 4.5 for _, y, word in self.texts() if word in labels}, log)


class Ruler:
    """Values from coordinates, by two values whose coordinates are known."""

    def __init__(self, known: dict[float, float], log: bool = False) -> None:
        (self._one, self._one_at), (self._two, self._two_at) = sorted(known.items())
        self._log = log

    def value(self, coordinate: float) -> float:
        share = (coordinate - self._one_at) / (self._two_at - self._one_at)
        if self._log:
            return float(self._one * (self._two / self._one) ** share)
        return self._one + share * (self._two - self._one)


def corners(path: str) -> list[list[tuple[float, float]]]:
    """The corners of each part of a path of M and L."""
    parts = [part for part in path.split("M") if part]
    return [[(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", part)] for part in parts]


def dots(lines: Sequence[str]) -> set[tuple[int, int]]:
    """Column and row of each dot of the braille characters in lines, counted from the left and from the top."""
    return {
        (2 * column + x, 4 * row + y)
        for row, line in enumerate(lines)
        for column, character in enumerate(line)
        if 0x2800 <= ord(character) < 0x2900
        for bit, (x, y) in enumerate(DOTS)
        if (ord(character) - 0x2800) >> bit & 1
    }
