"""Lines on a terminal that are redrawn while a command works. This is the only module that imports rich."""

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
"""Number of columns that are left free on the right: a terminal shows pressed keys at the end of the last line."""


class Frame:
    """The lines at the bottom of a terminal that are redrawn."""

    def __init__(self, live: Live, stream: TextIO) -> None:
        """`stream` is the terminal itself: rich replaces standard error while its lines are shown."""
        self._live, self.stream = live, stream
        self._shown: Sequence[str] = []

    def show(self, draw: Callable[[int, int], Sequence[str]]) -> None:
        """Replaces the frame's content by the lines that `draw(width, height)` returns for the room in the terminal."""
        width, height = screen.size(self.stream)
        self._live.console.size = (width, height)
        self._live.console.control(*_climb(_wrapped_rows(self._shown, width) - len(self._shown)))
        # One line is left free for the cursor, or the terminal would scroll.
        self._shown = draw(max(1, width - ECHO), max(1, height - 1))
        lines = Text("\n".join(self._shown), no_wrap=True, overflow="crop")
        self._live.update(lines, refresh=True)

    def say(self, line: str) -> None:
        """Prints a line above the frame, where it stays."""
        self._live.console.print(Text(line))


def _wrapped_rows(lines: Sequence[str], width: int) -> int:
    """Returns how many rows the lines take after a terminal was made narrower: most terminals break long lines."""
    return sum(max(1, -(-cells(line) // width)) for line in lines)


def _climb(rows: int) -> Iterator[Control]:
    """Yields controls that erase `rows` rows, the lowest of which has the cursor, and leave the cursor above them."""
    for _ in range(rows):
        yield Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1))


@contextmanager
def frame(stream: TextIO) -> Iterator[Frame]:
    """Opens a frame on standard error, which is a terminal; leaving it erases the lines and shows the cursor again."""
    with Live(console=Console(stderr=True), auto_refresh=False, transient=True, redirect_stdout=False) as live:
        lines = Frame(live, stream)
        try:
            yield lines
        finally:
            lines.show(lambda width, height: [])  # erases them all, even if the terminal was made narrower
