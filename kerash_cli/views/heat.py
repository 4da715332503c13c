"""Tables whose cells are coloured from blue to red."""

from collections.abc import Sequence

BLACK, WHITE = 16, 231
"""Numbers of black and white among the 256 colours of a terminal."""
MIDDLE = 0.179
"""Luminance that contrasts equally with black and with white: sqrt(1.05 * 0.05) - 0.05."""


def coloured(layers: Sequence[Sequence[Sequence[str]]], heat: Sequence[Sequence[Sequence[float]]]) -> str:
    """Returns the cells as text, a blank line between layers; a cell's heat, from 0 to 1, colours its background."""
    return "\n\n".join(
        "\n".join(
            "".join(_coloured(f" {cell} ", hot) for cell, hot in zip(*rows, strict=True))
            for rows in zip(*pair, strict=True)
        )
        for pair in zip(layers, heat, strict=True)
    )


def _coloured(cell: str, hot: float) -> str:
    """Colours a cell: blue for 0, white for 0.5, red for 1; the text is black or white, whichever is easier to read."""
    cold = 5 - max(0, round(10 * hot) - 5)
    cube = min(5, round(10 * hot)), min(cold, round(10 * hot)), cold
    red, green, blue = cube
    text = BLACK if luminance(cube) > MIDDLE else WHITE
    return f"\x1b[38;5;{text};48;5;{16 + 36 * red + 6 * green + blue}m{cell}\x1b[0m"


def luminance(cube: tuple[int, int, int]) -> float:
    """Returns the brightness of one of the 6 x 6 x 6 colours of a terminal, from 0 to 1.

    https://www.w3.org/TR/WCAG21/#dfn-relative-luminance
    """
    shares = [(55 + 40 * level if level else 0) / 255 for level in cube]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
