"""Everything that a user can go and fix: one exception for each exit code, each one line of text.

A message says where, what was expected, what was got, and what to do. Only `cli.py` prints it.
"""

from collections.abc import Sequence

SHOWN = 40
"""How many characters of a cell a message repeats."""

LONGEST_MESSAGE = 1000

FAULT = 70
"""The exit code of what is no user's to mend."""

FAULT_TOLD = "This is a fault in kerash, not in your input. Please report it with the lines above."
"""What is said after its traceback."""


class KerashError(Exception):
    """One line for the user; `exit_code` is what the program ends with."""

    exit_code = 1


class BadInput(KerashError):
    """A command line, a model description or a data file that cannot be meant as it stands."""

    exit_code = 2


class OutOfSpace(KerashError):
    """No room on a disk or in memory."""

    exit_code = 3


class Diverged(KerashError):
    """The loss of a training run became infinite or NaN."""

    exit_code = 4


class Damaged(KerashError):
    """A saved model that is damaged, or a file that never was one."""

    exit_code = 5


class WorkerFailed(KerashError):
    """A worker died, stopped, or gave what can't be."""

    exit_code = 6


class Mismatched(KerashError):
    """Operands whose sizes do not fit each other, or not the operation: a failure, as in 2019."""

    exit_code = 1


class BelowThreshold(KerashError):
    """`--fail-under` says no."""

    exit_code = 1


def at(source: str, line: int | None = None, column: int | None = None) -> str:
    """`source:line:column: `, as far as the parts are known: the head of a message about a file."""
    return ":".join([source, *(str(part) for part in (line, column) if part is not None)]) + ": "


def shown(text: str) -> str:
    """`text` in quotes, shortened, with control characters escaped: safe and short enough for a message."""
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…")


def listed(words: Sequence[str], most: int = 10) -> str:
    """`'a', 'b' and 3 more`: words for a message, as `shown`."""
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(map(shown, words[:most])) + more


def plain(text: str) -> str:
    """`shown` without the quotes."""
    return shown(text)[1:-1]


def printable(text: str, kept: str = "") -> str:
    """The text as one line, with everything that could steer a terminal, but what is `kept`, written as an escape."""
    return "".join(c if c.isprintable() or c in kept else repr(c)[1:-1] for c in text)


def told(message: str) -> str:
    """The line in which a user reads a message."""
    line = printable(message)
    if len(line) > LONGEST_MESSAGE:
        line = f"{line[: LONGEST_MESSAGE // 2]} ... {line[-LONGEST_MESSAGE // 2 :]}"
    return f"Error: {line}"
