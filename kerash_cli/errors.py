"""Errors that a user can fix, with one-line messages: one exception for each exit code.

A message says where the error is, what was expected, what was found, and what to try. Only `cli.py` prints it.
"""

import errno
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

SHOWN = 40
"""Maximum number of characters that a message quotes from a cell."""

LONGEST_MESSAGE = 1000
"""Maximum number of characters of a message; the middle of a longer one is cut out."""

STANDARD_INPUT, STANDARD_OUTPUT = "standard input", "standard output"
"""Values of `filename` in an OSError about standard input or standard output."""

FAULT = 70
"""Exit code for internal errors (bugs)."""

FAULT_TOLD = "This is a fault in kerash, not in your input. Please report it with the lines above."
"""Line that follows the traceback of an internal error."""


class Repair(NamedTuple):
    """A change to the command line that gets around an error: filter a file, add words, or swap two words.

    The function `command` turns it into a command line to paste.
    """

    path: str
    """The file to filter, or the command-line word to swap with `swap`."""
    filter: str
    """Shell command that the file is piped through; empty if the file is not filtered."""
    words: tuple[str, ...] = ()
    """Words added to the end of the command."""
    meaning: str = ""
    """Phrase that sets this repair apart from other repairs, such as "if 1,500 is 1.5"; empty if there are none."""
    swap: str = ""
    """Command-line word to swap with `path`; empty if nothing is swapped."""
    then: tuple[str, ...] = ()
    """Further filters, which the output of `filter` is piped through."""


class KerashError(Exception):
    """An error with a one-line message for the user."""

    exit_code = 1
    """Exit status of the program after this error."""
    repairs: tuple[Repair, ...] = ()
    """Changes to the command that get around this error; `cli.py` adds them to the message."""

    def mended(self, path: str, filter: str, *words: str, meaning: str = "") -> Self:
        """Returns this error with one more repair: pipe `path` through `filter`, and add `words` to the command.

        Several files that are read as one can't be piped: a repair with a filter is left out for them.
        """
        if filter and isinstance(path, SeveralFiles):
            return self
        self.repairs = (*self.repairs, Repair(path, filter, words, meaning))
        return self

    def swapped(self, path: str, other: str) -> Self:
        """Returns this error with one more repair: swap the words `path` and `other` of the command."""
        self.repairs = (*self.repairs, Repair(path, "", swap=other))
        return self


class BadInput(KerashError):
    """Invalid input: a command line, a model description or a data file."""

    exit_code = 2


MOST_COMPLAINTS = 10
"""Maximum number of errors about one file that are shown at once."""


class BadTable(BadInput):
    """Several errors about one table, which are printed one per line."""

    def __init__(self, complaints: Sequence[BadInput]) -> None:
        super().__init__("; ".join(map(str, complaints)))
        self.complaints = complaints


def together(complaints: Sequence[BadInput]) -> Sequence[BadInput]:
    """Returns the errors with their repairs merged into one, because a command with only one of them would fail again.

    The errors are unchanged if one of them has several repairs, or if their repairs are about different files.
    """
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
    """Returns the filters without repetitions, with those that delete lines (`sed 5d`) merged into one.

    The merged filter comes first, because its line numbers are those of the unfiltered file.
    """
    deleting = [match[1] for each in filters if (match := re.fullmatch("sed '?([0-9,d;]+)'?", each))]
    others = [each for each in filters if each and not re.fullmatch("sed '?([0-9,d;]+)'?", each)]
    lines = ";".join(dict.fromkeys(";".join(deleting).split(";")))
    return [*([f"sed '{lines}'"] if deleting else []), *dict.fromkeys(others)]


def complain(complaints: Sequence[BadInput]) -> None:
    """Raises the only error, or a BadTable of the first ten if there are several; does nothing if there are none."""
    if len(complaints) == 1:
        raise complaints[0]
    if complaints:
        raise BadTable(complaints[:MOST_COMPLAINTS])


class OutOfSpace(KerashError):
    """No room on a disk or in memory."""

    exit_code = 3


class TableTooLarge(OutOfSpace):
    """No room in memory for a table or for what is made of it, which may be on a disk instead."""

    def __init__(self, need: str, advice: str) -> None:
        super().__init__(f"{need}; {advice}")
        self.need = need
        """Phrase about what is needed and what there is."""
        self.advice = advice


class Diverged(KerashError):
    """The loss of a training run became infinite or NaN."""

    exit_code = 4


class Damaged(KerashError):
    """A saved model that is damaged, or a file that never was one."""

    exit_code = 5


class WorkerFailed(KerashError):
    """A worker died, stopped, or gave an invalid result."""

    exit_code = 6


class Mismatched(KerashError):
    """Operands whose sizes do not fit each other or the operation."""

    exit_code = 1


class BelowThreshold(KerashError):
    """A figure is beyond the bound of `--fail-under` or `--fail-over`, or worse than that of another model."""

    exit_code = 7


def unreadable(name: str, error: OSError, remedy: str) -> BadInput:
    """Returns the error for a file that can't be opened; `remedy` is the advice for a missing file."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return BadInput(f"{at(name)}no such file; {remedy}")
    if error.errno == errno.EISDIR:
        return BadInput(f"{at(name)}is a folder, not a file; try a file in it")
    if error.errno == errno.EACCES:
        return BadInput(f"{at(name)}permission denied; ls -l shows who may read it")
    remedy = "try ulimit -n 1024" if error.errno == errno.EMFILE else "try another file"
    return BadInput(f"{at(name)}can't be read ({error.strerror}); {remedy}")


class SeveralFiles(str):
    """The name of several files that are read as one, a pattern such as `train-*.csv`."""

    starts: Sequence[tuple[int, str, int]]
    """For each file: the number of its first line among all lines, its path, and the number of that line in it."""

    def __new__(cls, pattern: str, starts: Sequence[tuple[int, str, int]]) -> Self:
        """Names the files after the pattern that stands for them."""
        name = super().__new__(cls, pattern)
        name.starts = starts
        return name

    def place(self, line: int) -> tuple[str, int]:
        """Returns the file that a line comes from, and its number there."""
        first, path, own = next(start for start in reversed(self.starts) if start[0] <= line)
        return path, own + line - first


def at(source: str, line: int | None = None, column: int | None = None) -> str:
    """Returns `source:line:column: `, the start of a message about a file; unknown parts are left out."""
    if isinstance(source, SeveralFiles) and line is not None:
        source, line = source.place(line)
    return ":".join([source, *(str(part) for part in (line, column) if part is not None)]) + ": "


def shown(text: str) -> str:
    """Returns `text` in quotes, shortened, with control characters escaped, for use in a message."""
    return repr(_shortened(text))


def listed(words: Sequence[str], most: int = 10) -> str:
    """Returns words as a list for a message: `'a', 'b' and 3 more`."""
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(map(shown, words[:most])) + more


def plain(text: str) -> str:
    """Returns `text` shortened, with control characters escaped, without quotes."""
    return printable(_shortened(text))


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def printable(text: str, kept: str = "") -> str:
    """Returns the text in one line, with all control characters except those in `kept` written as escapes."""
    return "".join(c if c.isprintable() or c in kept else repr(c)[1:-1] for c in text)


def told(message: str, way: str = "") -> str:
    """Returns the line to print for an error: the message, shortened if long, and all of `way`, the commands to try."""
    line = printable(message)
    if len(line) > LONGEST_MESSAGE:
        line = f"{line[: LONGEST_MESSAGE // 2]} ... {line[-LONGEST_MESSAGE // 2 :]}"
    return f"Error: {line}{printable(way)}"


def advice(repairs: Sequence[Repair], write: Callable[[Repair], str]) -> str:
    """Returns the end of a message: `; try …` for each repair, with the text that `write` returns for it."""
    return "".join(f"; {each.meaning and each.meaning + ', '}try {write(each)}" for each in repairs)


def command(repair: Repair, arguments: Sequence[str]) -> str:
    """Returns the command line `kerash ARGUMENTS` with a repair applied, ready to paste into a shell."""
    from shlex import join, quote  # imported late: only an error needs it

    path, filter, more, _, swap, then = repair
    words = _with(arguments, more)
    if swap:
        here, there = words.index(path), len(words) - 1 - words[::-1].index(swap)  # a model may be there twice
        words[here], words[there] = swap, path
    if not filter:
        return join(["kerash", *words])
    if descriptor := re.fullmatch("descriptor ([0-9]+)", path):
        return f"{descriptor[1]}< <({filter} <FILE)"
    # A whole argument, or a word within one, as in the line of `kerash blas`.
    inside = re.compile(rf"(?<!\S){re.escape(path)}(?!\S)")
    places = [place for place, word in enumerate(words) if inside.search(word)]
    # Not the word after an option: that is its value. The last place, since evolve has NAME before DATA.
    place = max((each for each in places if not re.match("--?[a-z]", words[each - 1])), default=None)
    if place is None or path.startswith(("/dev/fd/", "/proc/")):
        through = " | ".join([filter, *then])
        return f"{through} in front of it: ... | {through} | {join(['kerash', *words])}"
    before, after = join(["kerash", *words[:place]]), join(words[place + 1 :])
    through = " | ".join([f"{filter} <{quote(path)}", *then])
    if "-" in words:  # standard input is already in use
        return f"{before} <({through}) {after}".rstrip()
    return f"{through} | {before} {quote(inside.sub('-', words[place]))} {after}".rstrip()


ONCE = {"--missing", "--delimiter", "--decimal", "--dates", "--encoding", "--skip-rows"}
"""Options with a value that a command has once."""


def _with(arguments: Sequence[str], more: Sequence[str]) -> list[str]:
    """Returns the arguments and more words; a value for an option that is there takes the place of its value."""
    words, rest = [*arguments], [*more]
    if len(rest) == 2 and rest[0] in ONCE and rest[0] in words[:-1]:
        words[words.index(rest[0]) + 1] = rest[1]
        return words
    return words + rest


def substitute(repair: Repair) -> str:
    """Returns the advice for a call of a shell function: `<(FILTER <PATH) instead of PATH`, or `3< <(FILTER <FILE)`."""

    from shlex import quote

    number = {"<stdin>": "0"}.get(repair.path, repair.path.removeprefix("descriptor "))
    if number.isdigit():
        return f"{number}< <({repair.filter} <FILE)"
    return f"<({repair.filter} <{quote(repair.path)}) instead of {repair.path}"


def pip_install(*words: str) -> str:
    """Returns the command that installs packages, such as `kerash[onnx]`, where kerash is.

    The `pip` of the shell is that of another environment if pipx or `uv tool` made the one of kerash.
    """
    import os  # imported late: only an error needs it
    import sys
    from shlex import join

    if os.path.exists(os.path.join(sys.prefix, "pipx_metadata.json")):
        return join(["pipx", "runpip", os.path.basename(sys.prefix), "install", *words])
    if os.path.exists(os.path.join(sys.prefix, "uv-receipt.toml")):
        return join(["uv", "pip", "install", "--python", sys.prefix, *words])
    return join(["pip", "install", *words])
