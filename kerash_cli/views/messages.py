"""Messages on standard error, and results on standard output."""

import sys

from kerash_cli.errors import printable
from kerash_cli.views import screen


class Console:
    """Prints messages and results on standard error; if `quiet`, only results."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet

    def say(self, *lines: str) -> None:
        """Prints messages; control characters in them are escaped."""
        if not self.quiet:
            screen.speak(sys.stderr, *lines)

    def result(self, line: str) -> None:
        """Prints the line with the result, also when quiet."""
        screen.speak(sys.stderr, line)

    def unseen(self, count: int) -> None:
        """Prints how many text values were in no training row, if there are any."""
        if count:
            values = "text value" if count == 1 else "text values"
            self.say(f"{count} {values} that no training row had, treated as unknown")

    def bad_rows(self, count: int, first: Exception | None, fate: str) -> None:
        """Prints how many rows could not be read or predicted, their `fate`, and the error in the first of them."""
        if count:
            self.say(f"{count} bad {'row' if count == 1 else 'rows'} {fate}; the first: {first}")

    def await_input(self) -> None:
        """Prints, on a terminal, that the command waits for input."""
        if sys.stdin.isatty():
            self.say("reading standard input; Ctrl-D ends it")


def put(text: str) -> None:
    """Prints results on standard output at once; on a terminal, control characters in them are escaped."""
    sys.stdout.write(printable(text, kept="\n\t") if sys.stdout.isatty() else text)
    sys.stdout.flush()
