"""How text is laid out in so many columns: words, tables, and messages with a command to paste."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from unicodedata import category, east_asian_width

GAP = "  "
"""Between the columns of a table."""
CONTINUED = "    "
"""In front of the further lines of a command."""

_WORD = re.compile(r"( *)([^ ]+)")
_VOWELS_OF_SYLLABLES = range(0x1160, 0x1200)
"""Parts of Korean syllables, which are shown within the first of them."""
_QUOTED = r"""'[^']*'|"[^"]*"|"""
_COMMAND = re.compile(
    rf"""((?:[;,] |\()try |^again: |, run: )((?:(?:{_QUOTED}[^;'"])*?\bkerash |sudo )(?:{_QUOTED}[^'"])*?)(?=; if |$)"""
)
"""What leads to a command in a message, and the command: the rest of the message, or up to another way out."""
_SHELL_WORD = re.compile(r"""(?:[^\s'"\\]|'[^']*'|"(?:\\.|[^"\\])*"|\\.)+""")


def cells(text: str) -> int:
    """The columns of a terminal that a text takes: two for wide characters, none for combining ones."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(character: str) -> int:
    if category(character) in ("Mn", "Me") or ord(character) in _VOWELS_OF_SYLLABLES:
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """The text in lines of at most `width` columns, broken at blanks; a word that is longer has a line of its own.

    `indent` stands before all lines but the first.
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
    """The text in lines of at most `width` columns; where it is longer, a command in it begins a line.

    Such a line is broken where a shell takes it for one line still, behind a backslash: that looks like what it is, and
    what is copied from the screen can be pasted, whether or not a terminal joins lines that it broke itself.
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
    """A message in which each command is what `change` makes of it."""
    return _COMMAND.sub(lambda match: match[1] + change(match[2]), text)


def command_lines(command: str, width: int) -> list[str]:
    """A command of a shell in lines that can be pasted; one line, if it is none after all, such as with one quote.

    A word that is longer than a line is left to the terminal to break, which gives it back whole.
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
    """Rows of cells as lines with columns: the first to the left, the others as `justify` has it.

    In `width` columns of a terminal cells are broken at blanks; where that does not do, what is on the right follows
    below as a table of its own, which begins with the first column again.
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
    """How wide each column is with unbroken cells."""
    return [max(map(cells, column)) for column in zip(*table, strict=True)]


def total(widths: Sequence[int]) -> int:
    """How wide a table is whose columns are so wide."""
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _longest_word(cell: str) -> int:
    return max(map(cells, wrapped(cell, 1)))


def _groups(least: Sequence[int], width: int) -> list[list[int]]:
    """Which columns are beside each other: the first, and as many of the others as there is room for, at least one."""
    groups, group = [], [0]
    for column in range(1, len(least)):
        if len(group) > 1 and total([least[each] for each in (*group, column)]) > width:
            groups.append(group)
            group = [0]
        group.append(column)
    return [*groups, group]


def _narrowed(widths: Sequence[int], least: Sequence[int], width: int) -> list[int]:
    """Widths that together fit into `width`, as far as the least do: the widest columns give way."""
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
