"""Properties of an output stream: columns and lines of a terminal, characters, colours."""

import codecs
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

from kerash_cli.errors import printable
from kerash_cli.views.layout import aligned, commands_changed, message, natural, total, wrapped

COLUMNS, LINES = 80, 24
"""Columns and lines assumed for a terminal that does not tell its size."""
SPELLED = "kerash.spelled"
"""Name of the codec error handler that writes an escape for a character that a stream can't show."""
_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")
"""Values that Python writes into LC_CTYPE if the locale is C: https://peps.python.org/pep-0538"""


def size(stream: TextIO) -> tuple[int, int]:
    """Returns the columns and lines of a terminal; the environment variables COLUMNS and LINES take precedence."""
    try:
        told = os.get_terminal_size(stream.fileno())
    except OSError:
        told = os.terminal_size((0, 0))
    return _asked("COLUMNS") or told.columns or COLUMNS, _asked("LINES") or told.lines or LINES


def width(stream: TextIO) -> int | None:
    """Returns the columns of a terminal; None for a file or a pipe, where lines are not broken."""
    return size(stream)[0] if stream.isatty() else None


def _asked(name: str) -> int:
    word = os.environ.get(name, "")
    return int(word) if re.fullmatch("[0-9]{1,6}", word, re.ASCII) else 0


def is_live(stream: TextIO) -> bool:
    """Returns whether a stream is a terminal on which lines can be redrawn."""
    return stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb", "unknown")


def shows_colours(stream: TextIO) -> bool:
    """Returns whether to write colours: on a terminal that has them, unless NO_COLOR or FORCE_COLOR says otherwise.

    https://no-color.org and https://force-color.org
    """
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or is_live(stream)


def shows(stream: TextIO, characters: str) -> bool:
    """Returns whether both the locale and the encoding of a stream have these characters."""
    if speaks_ascii() and not characters.isascii():
        return False
    try:
        characters.encode(stream.encoding)
    except UnicodeEncodeError:
        return False
    return True


def speaks_ascii() -> bool:
    """Returns whether the locale is C or POSIX, which have only ASCII; Python would write UTF-8 nevertheless."""
    return locale_name() in ("C", "POSIX")


def locale_name() -> str:
    """Returns the name of the locale for letters, such as `en_GB.UTF-8`; `C` if the environment names none."""
    names = (os.environ.get("LC_ALL"), _character_type(), os.environ.get("LANG"))
    return next(filter(None, names), "C")


def _character_type() -> str:
    """Returns the value of LC_CTYPE with which this process was started, as far as the system tells."""
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
    """Returns the encoding for text that people read on a stream."""
    return "ascii" if speaks_ascii() else stream.encoding


def _spell(error: UnicodeError) -> tuple[str | bytes, int]:
    """Replaces an ellipsis by `...`, and any other character by an escape."""
    assert isinstance(error, UnicodeEncodeError)
    if error.object[error.start] == "…":
        return "...", error.start + 1
    error.end = error.start + 1  # one character at a time: an ellipsis may follow
    return codecs.backslashreplace_errors(error)


codecs.register_error(SPELLED, _spell)


def speak(stream: TextIO, *lines: str) -> None:
    """Prints messages, with control characters escaped; on a terminal, long ones are broken at blanks."""
    columns = width(stream)
    for line in lines:
        text = spelled(printable(line), stream)
        pieces = [text] if columns is None else message(text, columns)
        stream.write("".join(f"{piece}\n" for piece in pieces))


def points(stream: TextIO, lines: Iterable[str]) -> None:
    """Prints messages as the points of a list; on a terminal, long ones are broken at blanks and indented."""
    columns = width(stream)
    for line in lines:
        text = spelled(printable(f"- {line}"), stream)
        pieces = [text] if columns is None else wrapped(text, columns, "  ")
        stream.write("".join(f"{piece}\n" for piece in pieces))


def table(stream: TextIO, rows: Iterable[Sequence[str]], justify: Callable[[str, int], str] = str.rjust) -> str:
    """Returns a table that fits the stream: the first column aligned to the left, the others by `justify`."""
    return aligned([[spelled(printable(cell), stream) for cell in row] for row in rows], justify, width(stream))


def fits(stream: TextIO, rows: Iterable[Sequence[str]]) -> bool:
    """Returns whether a table fits a stream without breaking a cell or moving a column below the others."""
    columns = width(stream)
    return (
        columns is None
        or total(natural([[spelled(printable(cell), stream) for cell in row] for row in rows])) <= columns
    )


def spelled(text: str, stream: TextIO) -> str:
    """Returns the text in characters that the stream can show; commands in it keep their meaning."""
    if shows(stream, text):
        return text
    characters = encoding(stream)
    return commands_changed(text, _quoted).encode(characters, SPELLED).decode(characters)


def _quoted(command: str) -> str:
    """Returns a command in ASCII: other characters become $'...' escapes, as `ls` writes them."""
    return re.sub("[^\0-\x7f]+", lambda match: f"'$'{_octal(match[0])}''", command)


def _octal(text: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in text.encode())
