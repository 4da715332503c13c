"""Everything that a user can go and fix: one exception for each exit code, each one line of text.

A message says where, what was expected, what was got, and what to do. Only `cli.py` prints it.
"""

import errno
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

SHOWN = 40
"""How many characters of a cell a message repeats."""

LONGEST_MESSAGE = 1000

STANDARD_INPUT, STANDARD_OUTPUT = "standard input", "standard output"
"""The `filename` of an OSError that is about one of these."""

FAULT = 70
"""The exit code of what is no user's to mend."""

FAULT_TOLD = "This is a fault in kerash, not in your input. Please report it with the lines above."
"""What is said after its traceback."""


class Repair(NamedTuple):
    """A way out of an error: the command with the file at `path` sent through `filter`, a command of the shell.

    `words` are added to the command's own; with an empty `filter` that is all. `command` makes a line to paste of it.
    """

    path: str
    filter: str
    words: tuple[str, ...] = ()
    meaning: str = ""
    """What it takes the file for, as in "if 1,500 is 1.5", where an error has several ways out."""
    swap: str = ""
    """Another word of the command, which changes places with `path`."""
    then: tuple[str, ...] = ()
    """Further filters behind the first."""


class KerashError(Exception):
    """One line for the user; `exit_code` is what the program ends with."""

    exit_code = 1
    repairs: tuple[Repair, ...] = ()
    """The ways around it, if the message leaves these to `cli.py`."""

    def mended(self, path: str, filter: str, *words: str, meaning: str = "") -> Self:
        """This error with one repair more: the file at `path` through `filter`, and `words` added to the command."""
        self.repairs = (*self.repairs, Repair(path, filter, words, meaning))
        return self

    def swapped(self, path: str, other: str) -> Self:
        """This error with the repair that two words of the command change places."""
        self.repairs = (*self.repairs, Repair(path, "", swap=other))
        return self


class BadInput(KerashError):
    """Invalid input: a command line, a model description or a data file."""

    exit_code = 2


MOST_COMPLAINTS = 10
"""Complaints about a file that are told at once."""


class BadTable(BadInput):
    """Several complaints about a table, each an error of its own."""

    def __init__(self, complaints: Sequence[BadInput]) -> None:
        super().__init__("; ".join(map(str, complaints)))
        self.complaints = complaints


def together(complaints: Sequence[BadInput]) -> Sequence[BadInput]:
    """The complaints, with the repairs of all of them in the last that has one: any of them alone would not do."""
    repaired = [each for each in complaints if each.repairs]
    first = [each.repairs[0] for each in repaired]
    if any(len(each.repairs) > 1 for each in repaired) or len({repair.path for repair in first}) != 1:
        return complaints
    filter, *then = _joined([repair.filter for repair in first]) or [""]
    words = dict.fromkeys(repair.words for repair in first)
    for each in repaired:
        each.repairs = ()
    all_words = tuple(word for each in words for word in each)
    repaired[-1].repairs = (Repair(first[0].path, filter, all_words, then=tuple(then)),)
    return complaints


def _joined(filters: Sequence[str]) -> list[str]:
    """The different filters, those that delete lines (`sed 5d`) as one and first: their numbers are the file's."""
    deleting = [match[1] for each in filters if (match := re.fullmatch("sed '?([0-9,d;]+)'?", each))]
    others = [each for each in filters if each and not re.fullmatch("sed '?([0-9,d;]+)'?", each)]
    lines = ";".join(dict.fromkeys(";".join(deleting).split(";")))
    return [*([f"sed '{lines}'"] if deleting else []), *dict.fromkeys(others)]


def complain(complaints: Sequence[BadInput]) -> None:
    """Raises what there is to complain about: nothing, the one error, or a BadTable of the first ten."""
    if len(complaints) == 1:
        raise complaints[0]
    if complaints:
        raise BadTable(complaints[:MOST_COMPLAINTS])


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
    """`--fail-under` or `--fail-over` says no."""

    exit_code = 7


def unreadable(name: str, error: OSError, remedy: str) -> BadInput:
    """The error about a file that can't be opened; `remedy` is what to do if there is none."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return BadInput(f"{at(name)}no such file; {remedy}")
    if error.errno == errno.EISDIR:
        return BadInput(f"{at(name)}is a folder, not a file; try a file in it")
    if error.errno == errno.EACCES:
        return BadInput(f"{at(name)}permission denied; ls -l shows who may read it")
    remedy = "try ulimit -n 1024" if error.errno == errno.EMFILE else "try another file"
    return BadInput(f"{at(name)}can't be read ({error.strerror}); {remedy}")


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


def told(message: str, way: str = "") -> str:
    """The line in which a user reads a message, shortened if it is long, and a `way` out, which is a whole command."""
    line = printable(message)
    if len(line) > LONGEST_MESSAGE:
        line = f"{line[: LONGEST_MESSAGE // 2]} ... {line[-LONGEST_MESSAGE // 2 :]}"
    return f"Error: {line}{printable(way)}"


def advice(repairs: Sequence[Repair], write: Callable[[Repair], str]) -> str:
    """The end of a message: what to try, each repair as `write` puts it."""
    return "".join(f"; {each.meaning and each.meaning + ', '}try {write(each)}" for each in repairs)


def command(repair: Repair, arguments: Sequence[str]) -> str:
    """The command line `kerash ARGUMENTS` with a repair made to it, ready to be pasted into a shell."""
    from shlex import join, quote  # only an error pays for it

    path, filter, more, _, swap, then = repair
    words = [*arguments, *more]
    if swap:
        here, there = words.index(path), words.index(swap)
        words[here], words[there] = swap, path
    if not filter:
        return join(["kerash", *words])
    if descriptor := re.fullmatch("descriptor ([0-9]+)", path):
        return f"{descriptor[1]}< <({filter} <FILE)"
    # A word by itself, or as `kerash blas` has it, in a line of words.
    inside = re.compile(rf"(?<!\S){re.escape(path)}(?!\S)")
    places = [place for place, word in enumerate(words) if inside.search(word)]
    # What follows an option is its value, such as a column of that name; NAME of evolve stands before DATA.
    place = max((each for each in places if not re.match("--?[a-z]", words[each - 1])), default=None)
    if place is None or path.startswith(("/dev/fd/", "/proc/")):
        through = " | ".join([filter, *then])
        return f"{through} in front of it: ... | {through} | {join(['kerash', *words])}"
    before, after = join(["kerash", *words[:place]]), join(words[place + 1 :])
    through = " | ".join([f"{filter} <{quote(path)}", *then])
    if "-" in words:  # standard input is taken
        return f"{before} <({through}) {after}".rstrip()
    return f"{through} | {before} {quote(inside.sub('-', words[place]))} {after}".rstrip()


def substitute(repair: Repair) -> str:
    """What a function of shell-init reads in the place of a file: `<(FILTER <PATH)`, or that for its descriptor."""
    from shlex import quote

    number = {"<stdin>": "0"}.get(repair.path, repair.path.removeprefix("descriptor "))
    if number.isdigit():
        return f"{number}< <({repair.filter} <FILE)"
    return f"<({repair.filter} <{quote(repair.path)}) instead of {repair.path}"
