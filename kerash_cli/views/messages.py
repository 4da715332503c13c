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
        """Prints a line with a result, even if `quiet`."""
        screen.speak(sys.stderr, line)

    def unseen(self, count: int) -> None:
        """Prints the number of text values that no training row had, unless it is 0."""
        if count:
            values = "text value" if count == 1 else "text values"
            self.say(f"{count} {values} that no training row had, treated as unknown")

    def bad_rows(self, count: int, first: Exception | None, fate: str) -> None:
        """Prints how many rows could not be read or predicted, what became of them (`fate`), and the first error."""
        if count:
            self.say(f"{count} bad {'row' if count == 1 else 'rows'} {fate}; the first: {first}")

    def await_input(self) -> None:
        """Prints that the command is waiting for input, if the input is a terminal."""
        if sys.stdin.isatty():
            self.say("reading standard input; Ctrl-D ends it")


def put(text: str) -> None:
    """Prints results on standard output at once; on a terminal, control characters in them are escaped."""
    sys.stdout.write(printable(text, kept="\n\t") if sys.stdout.isatty() else text)
    sys.stdout.flush()
