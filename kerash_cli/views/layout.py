"""Layout of text for a width in columns: words, tables, and messages with a command to paste."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from unicodedata import category, east_asian_width

from kerash_cli.errors import SHOWN

GAP = "  "
"""Blanks between the columns of a table."""
CONTINUED = "    "
"""Indent of all lines of a command but the first."""

_WORD = re.compile(r"( *)([^ ]+)")
_VOWELS_OF_SYLLABLES = range(0x1160, 0x1200)
"""Code points of the later parts of Korean syllables: a terminal draws them into the first part, in no extra column."""
_QUOTED = r"""'[^']*'|"[^"]*"|"""
_COMMAND = re.compile(
    rf"""((?:[;,] |\()try |^again: |, run: )((?:(?:{_QUOTED}[^;'"])*?\bkerash |sudo )(?:{_QUOTED}[^'"])*?)(?=; if |$)"""
)
"""Pattern of a command in a message, and of the words before it; a command ends with the message, or before `; if `."""
_SHELL_WORD = re.compile(r"""(?:[^\s'"\\]|'[^']*'|"(?:\\.|[^"\\])*"|\\.)+""")


def cells(text: str) -> int:
    """Returns the number of columns that a text takes: two for a wide character, none for a combining one."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(character: str) -> int:
    if category(character) in ("Mn", "Me") or ord(character) in _VOWELS_OF_SYLLABLES:
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def clipped(text: str, most: int = SHOWN) -> str:
    """Returns a text with at most so many characters: `…` stands for the end of a longer one."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Breaks the text at blanks into lines of at most `width` columns; a word that is longer has a line of its own.

    All lines but the first begin with `indent`.
    """
    lines, line, used = list[str](), "", 0
    for blanks, word in _WORD.findall(text):
        more = cells(word)
        if used and used + len(blanks) + more > width:
            lines.append(line)
            line, used = indent + word, cells(indent) + more
        else:
            line, used = line + blanks + word, used + len(blanks) + more
    return [*lines, line]


def message(text: str, width: int) -> list[str]:
    """Breaks the text into lines of at most `width` columns; if there are several, each command has lines of its own.

    If a command continues on the next line, its line ends in a backslash, so that the lines can be copied from the
    screen and pasted into a shell. Without the backslash, some terminals would copy a line that they broke as two.
    """
    if cells(text) <= width:
        return [text]
    lines, done = list[str](), 0
    for match in _COMMAND.finditer(text):
        lead = text[done : match.start(2)].removeprefix("; ")
        lines += [*wrapped(lead, width), *command_lines(match[2], width)]
        done = match.end()
    rest = text[done:].removeprefix("; ")
    return [*lines, *(wrapped(rest, width) if rest else [])]


def commands_changed(text: str, change: Callable[[str], str]) -> str:
    """Returns the message with each command replaced by what `change` returns for it."""
    return _COMMAND.sub(lambda match: match[1] + change(match[2]), text)


def command_lines(command: str, width: int) -> list[str]:
    """Breaks a shell command into lines that can be pasted; text that is not a command (a lone quote) is not broken.

    A word that is longer than a line is not broken: the terminal breaks it on the screen only.
    """
    words = _SHELL_WORD.findall(command)
    return list(_continued(words, width)) if " ".join(words) == command else [command]


def _continued(words: Sequence[str], width: int) -> Iterator[str]:
    line, last = words[0], len(words) - 1
    for place, word in enumerate(words[1:], 1):
        longer = f"{line} {word}"
        if cells(longer) + (len(" \\") if place < last else 0) > width:
            yield f"{line} \\"
            longer = CONTINUED + word
        line = longer
    yield line


def aligned(
    rows: Iterable[Sequence[str]], justify: Callable[[str, int], str] = str.rjust, width: int | None = None
) -> str:
    """Returns rows of cells as lines with aligned columns: the first column to the left, the others by `justify`.

    If the table is wider than `width`, its cells are broken at blanks. If that is not enough, the columns on the right
    follow below as another table, which repeats the first column.
    """
    table = [*rows]
    if not table:
        return ""
    widths = natural(table)
    if width is None or total(widths) <= width:
        return "\n".join(_lines(table, widths, justify))
    least = [max(map(_longest_word, column)) for column in zip(*table, strict=True)]
    parts = []
    for columns in _groups(least, width):
        part = [[row[column] for column in columns] for row in table]
        narrow = _narrowed([widths[column] for column in columns], [least[column] for column in columns], width)
        parts.append("\n".join(_lines(part, narrow, justify)))
    return "\n\n".join(parts)


def natural(table: Sequence[Sequence[str]]) -> list[int]:
    """Returns the width of each column when no cell is broken."""
    return [max(map(cells, column)) for column in zip(*table, strict=True)]


def total(widths: Sequence[int]) -> int:
    """Returns the width of a table with columns of these widths."""
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _longest_word(cell: str) -> int:
    return max(map(cells, wrapped(cell, 1)))


def _groups(least: Sequence[int], width: int) -> list[list[int]]:
    """Divides the columns into tables that fit: each has the first column and as many others as fit beside it."""
    groups, group = [], [0]
    for column in range(1, len(least)):
        if len(group) > 1 and total([least[each] for each in (*group, column)]) > width:
            groups.append(group)
            group = [0]
        group.append(column)
    return [*groups, group]


def _narrowed(widths: Sequence[int], least: Sequence[int], width: int) -> list[int]:
    """Returns widths that together fit into `width`: the widest columns become narrower, but not below `least`."""
    for most in range(width, 0, -1):
        narrow = [max(low, min(each, most)) for each, low in zip(widths, least, strict=True)]
        if total(narrow) <= width:
            return narrow
    return list(least)


def _lines(table: Sequence[Sequence[str]], widths: Sequence[int], justify: Callable[[str, int], str]) -> Iterator[str]:
    for row in table:
        columns = [wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
        for line in range(max(map(len, columns))):
            parts = [column[line] if line < len(column) else "" for column in columns]
            yield GAP.join(
                _justified(part, width, justify if place else str.ljust)
                for place, (part, width) in enumerate(zip(parts, widths, strict=True))
            ).rstrip()


def _justified(cell: str, width: int, justify: Callable[[str, int], str]) -> str:
    return justify(cell, width - cells(cell) + len(cell))
