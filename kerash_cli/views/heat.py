"""Cells of a table on colours from blue to red."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


BLACK, WHITE = 16, 231
"""Numbers of colours of terminals with 256 of them."""
MIDDLE = 0.179
"""The luminance with as much contrast to black as to white: the square root of 1.05 * 0.05, less 0.05."""


def coloured(layers: Sequence[Sequence[Sequence[str]]], heat: Sequence[Sequence[Sequence[float]]]) -> str:
    """Layers of cells, an empty line between them, each cell on the colour of its heat, from 0 to 1."""
    return "\n\n".join(
        "\n".join(
            "".join(_coloured(f" {cell} ", hot) for cell, hot in zip(*rows, strict=True))
            for rows in zip(*pair, strict=True)
        )
        for pair in zip(layers, heat, strict=True)
    )


def _coloured(cell: str, hot: float) -> str:
    """On blue for 0, white for 0.5, red for 1, of a cube of 6 x 6 x 6 colours; black or white, as is easier to read."""
    cold = 5 - max(0, round(10 * hot) - 5)
    cube = min(5, round(10 * hot)), min(cold, round(10 * hot)), cold
    red, green, blue = cube
    text = BLACK if luminance(cube) > MIDDLE else WHITE
    return f"\x1b[38;5;{text};48;5;{16 + 36 * red + 6 * green + blue}m{cell}\x1b[0m"


def luminance(cube: tuple[int, int, int]) -> float:
    """How bright a colour of the cube looks, from 0 to 1: https://www.w3.org/TR/WCAG21/#dfn-relative-luminance"""
    shares = [(55 + 40 * level if level else 0) / 255 for level in cube]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
