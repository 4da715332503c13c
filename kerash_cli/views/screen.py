"""What a stream shows: how much of a line if it is a terminal, which characters, and whether colours."""

import codecs
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

from kerash_cli.errors import printable
from kerash_cli.views.layout import aligned, commands_changed, message, natural, total

COLUMNS, LINES = 80, 24
"""A terminal that does not tell its size."""
SPELLED = "kerash.spelled"
"""The way in which streams write characters that they can't show."""
_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")
"""What Python writes into LC_CTYPE where the locale is C: https://peps.python.org/pep-0538"""


def size(stream: TextIO) -> tuple[int, int]:
    """The columns and lines of a terminal, as COLUMNS and LINES say, or else it itself."""
    try:
        told = os.get_terminal_size(stream.fileno())
    except OSError:
        told = os.terminal_size((0, 0))
    return _asked("COLUMNS") or told.columns or COLUMNS, _asked("LINES") or told.lines or LINES


def width(stream: TextIO) -> int | None:
    """The columns of the terminal that a stream is; None if it is none, so that lines are not broken."""
    return size(stream)[0] if stream.isatty() else None


def _asked(name: str) -> int:
    word = os.environ.get(name, "")
    return int(word) if re.fullmatch("[0-9]{1,6}", word, re.ASCII) else 0


def is_live(stream: TextIO) -> bool:
    """Whether a stream is a terminal on which lines can be written anew."""
    return stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb", "unknown")


def shows_colours(stream: TextIO) -> bool:
    """Whether a stream is a terminal with colours, unless NO_COLOR or FORCE_COLOR says otherwise.

    https://no-color.org and https://force-color.org; who sets both has none.
    """
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or is_live(stream)


def shows(stream: TextIO, characters: str) -> bool:
    """Whether the locale, and the encoding of a stream, have these characters."""
    if speaks_ascii() and not characters.isascii():
        return False
    try:
        characters.encode(stream.encoding)
    except UnicodeEncodeError:
        return False
    return True


def speaks_ascii() -> bool:
    """Whether the locale is C or POSIX, where Python writes UTF-8 all the same."""
    names = (os.environ.get("LC_ALL"), _character_type(), os.environ.get("LANG"))
    return next(filter(None, names), "C") in ("C", "POSIX")


def _character_type() -> str:
    """LC_CTYPE as this process was started with it, as far as the system knows."""
    now = os.environ.get("LC_CTYPE", "")
    if now not in _COERCED or not sys.flags.utf8_mode:
        return now
    try:
        with open("/proc/self/environ", "rb") as file:
            begun = file.read().split(b"\0")
    except OSError:
        return now
    return next((os.fsdecode(each[9:]) for each in begun if each.startswith(b"LC_CTYPE=")), "")


def encoding(stream: TextIO) -> str:
    """The encoding for what people read on a stream."""
    return "ascii" if speaks_ascii() else stream.encoding


def _spell(error: UnicodeError) -> tuple[str | bytes, int]:
    """`...` for an ellipsis, and an escape for any other character."""
    assert isinstance(error, UnicodeEncodeError)
    if error.object[error.start] == "…":
        return "...", error.start + 1
    error.end = error.start + 1  # one at a time: an ellipsis may follow
    return codecs.backslashreplace_errors(error)


codecs.register_error(SPELLED, _spell)


def speak(stream: TextIO, *lines: str) -> None:
    """Writes lines of talk, in which nothing can steer a terminal; on one, broken at blanks where they are too long."""
    columns = width(stream)
    for line in lines:
        text = spelled(printable(line), stream)
        pieces = [text] if columns is None else message(text, columns)
        stream.write("".join(f"{piece}\n" for piece in pieces))


def table(stream: TextIO, rows: Iterable[Sequence[str]], justify: Callable[[str, int], str] = str.rjust) -> str:
    """Rows of cells as lines with columns, as a stream shows them: the first to the left, the others by `justify`."""
    return aligned([[spelled(printable(cell), stream) for cell in row] for row in rows], justify, width(stream))


def fits(stream: TextIO, rows: Iterable[Sequence[str]]) -> bool:
    """Whether a stream shows a table as it is: no cell has to be broken, and no column to go below."""
    columns = width(stream)
    return (
        columns is None
        or total(natural([[spelled(printable(cell), stream) for cell in row] for row in rows])) <= columns
    )


def spelled(text: str, stream: TextIO) -> str:
    """The text in characters that a stream shows; a command in it still means the same to a shell."""
    if shows(stream, text):
        return text
    characters = encoding(stream)
    return commands_changed(text, _quoted).encode(characters, SPELLED).decode(characters)


def _quoted(command: str) -> str:
    """A command in ASCII: what is not stands within quotes, of which it is taken out as `ls` does it."""
    return re.sub("[^\0-\x7f]+", lambda match: f"'$'{_octal(match[0])}''", command)


def _octal(text: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in text.encode())
