"""Numbers as small bars in a line of text."""

from collections.abc import Sequence
from math import log
from typing import TextIO

from kerash_cli.views import screen

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII_BLOCKS = "_.-=+*#@"
BARS = 60
"""Largest number of bars in a curve."""


def curve(losses: Sequence[float], stream: TextIO, beside: int = 0) -> str:
    """Draws losses as small bars, on a logarithmic scale if all are positive, and adds the first and the last loss.

    On a terminal, the bars leave `beside` columns of the line for other text.
    """
    columns = screen.width(stream)
    room = BARS if columns is None else min(BARS, columns - beside - len(ends(losses)) - 1)
    bars = sparkline([*map(log, losses)] if min(losses) > 0 else losses, stream, max(1, room))
    return f"{bars} {ends(losses)}"


def ends(losses: Sequence[float]) -> str:
    """Returns the first and the last loss: `0.69 -> 0.012`."""
    return f"{losses[0]:.4g} -> {losses[-1]:.4g}"


def sparkline(values: Sequence[float], stream: TextIO, width: int = BARS) -> str:
    """Draws at most `width` bars, the lowest value as the smallest bar, in characters that the stream can show."""
    picked = [values[i * len(values) // width] for i in range(width)] if len(values) > width else list(values)
    low, high = min(picked), max(picked)
    heights = ((value - low) / (high - low) if low < high else 0.5 for value in picked)
    blocks = _blocks(stream)
    return "".join(blocks[round((len(blocks) - 1) * height)] for height in heights)


def _blocks(stream: TextIO) -> str:
    return BLOCKS if screen.shows(stream, BLOCKS) else ASCII_BLOCKS
