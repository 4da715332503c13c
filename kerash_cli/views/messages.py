"""Messages on standard error, and results on standard output."""

import sys
from typing import TYPE_CHECKING

from kerash_cli.errors import printable
from kerash_cli.views import screen

if TYPE_CHECKING:
    pass


class Console:
    """Talk, on standard error. `quiet` leaves out everything but errors."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet

    def say(self, *lines: str) -> None:
        """Lines in which nothing can steer the terminal."""
        if not self.quiet:
            screen.speak(sys.stderr, *lines)

    def result(self, line: str) -> None:
        """The line that says what came of it, also when quiet."""
        screen.speak(sys.stderr, line)

    def unseen(self, count: int) -> None:
        """How many text values no training row had, if there were any."""
        if count:
            values = "text value" if count == 1 else "text values"
            self.say(f"{count} {values} that no training row had, counted as none of the known ones")

    def bad_rows(self, count: int, first: Exception | None, fate: str) -> None:
        """How many rows could not be read or predicted, what became of them, and what was wrong with the first."""
        if count:
            self.say(f"{count} bad {'row' if count == 1 else 'rows'} {fate}; the first: {first}")

    def await_input(self) -> None:
        """On a terminal, why nothing happens."""
        if sys.stdin.isatty():
            self.say("reading standard input; Ctrl-D ends it")


def put(text: str) -> None:
    """Lines of results to standard output, at once and unchanged; on a terminal nothing in them can steer it."""
    sys.stdout.write(printable(text, kept="\n\t") if sys.stdout.isatty() else text)
    sys.stdout.flush()
