"""Lines on a terminal that are written anew while a command works: the only module that imports rich."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType
from rich.text import Text

from kerash_cli.views import screen
from kerash_cli.views.layout import cells

ECHO = len("^C^C")
"""Columns that a terminal needs to show what is pressed, behind the last line."""


class Frame:
    """The last lines on a terminal."""

    def __init__(self, live: Live, stream: TextIO) -> None:
        """`stream` is the terminal itself, which rich stands in for while its lines are there."""
        self._live, self.stream = live, stream
        self._shown: Sequence[str] = []

    def show(self, draw: Callable[[int, int], Sequence[str]]) -> None:
        """What `draw` makes of so many columns and lines, in the place of what was shown before."""
        width, height = screen.size(self.stream)
        self._live.console.size = (width, height)
        self._live.console.control(*_climb(_wrapped_rows(self._shown, width) - len(self._shown)))
        # One line is left for what comes behind, or a terminal would scroll.
        self._shown = draw(max(1, width - ECHO), max(1, height - 1))
        lines = Text("\n".join(self._shown), no_wrap=True, overflow="crop")
        self._live.update(lines, refresh=True)

    def say(self, line: str) -> None:
        """Writes a line above them, which stays."""
        self._live.console.print(Text(line))


def _wrapped_rows(lines: Sequence[str], width: int) -> int:
    """The rows that lines take in a terminal that became so narrow: most of them break lines that are too long."""
    return sum(max(1, -(-cells(line) // width)) for line in lines)


def _climb(rows: int) -> Iterator[Control]:
    """Erases so many rows, from the cursor's up, and leaves it above them."""
    for _ in range(rows):
        yield Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1))


@contextmanager
def frame(stream: TextIO) -> Iterator[Frame]:
    """Lines on the terminal that standard error is; at the end they are gone, and the cursor is there again."""
    with Live(console=Console(stderr=True), auto_refresh=False, transient=True, redirect_stdout=False) as live:
        lines = Frame(live, stream)
        try:
            yield lines
        finally:
            lines.show(lambda width, height: [])  # so that all are gone, also if the terminal became narrower
