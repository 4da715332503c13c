"""Recognising a matrix in rows, as written by numpy.savetxt or Octave, to suggest a command that converts the file.

Each line is a row, with numbers separated by blanks, commas or semicolons. There may be a line of names above, and
comment lines that begin with `#` or `%`. kerash does not read such a file as a matrix: an error suggests
`Rows.filter`, a shell command that converts it to tensor text and stops at a row that is not as long as the first.
"""

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from kerash_cli import decimals

_COMMENTS = ("#", "%")
_SEPARATORS = (";", ",")
_SIZES = 3
_LOOKED_AT = 20  # lines
_SKIP = "!/[^ \\t\\r]/{next}"
_SKIP_COMMENTS = "!/[^ \\t\\r]/||/^[ \\t]*[#%]/{next}"
_UNEVEN = 'NF!=n{print "line "NR" has "NF" cells, not "n;exit}'
_COLLECT = "{h++;for(i=1;i<=n;i++)v[++k]=$i}"
_WRITE = "END{print n,h,1;for(i=1;i<=k;i++)print v[i]}"
_BOM = "\ufeff"


class Rows(NamedTuple):
    """Layout of a file with a matrix in rows, inferred from its first lines."""

    width: int
    """Count of numbers in a row."""
    separator: str
    """Separator between the numbers; the empty string stands for blanks."""
    names: bool = False
    """True if there is a line of names above the rows."""
    comments: bool = False
    """True if there are comment lines."""
    marked: bool = False
    """True if the file begins with a byte order mark."""

    @property
    def filter(self) -> str:
        """Shell command that converts the rows to tensor text."""
        rules = [
            _SKIP_COMMENTS if self.comments else _SKIP,
            "!s++{next}" if self.names else "",
            "!n{n=NF}",
            _UNEVEN,
            _COLLECT,
            _WRITE,
        ]
        return self._awk(rules)

    @property
    def below_sizes(self) -> str:
        """Shell command that converts a line of sizes and the rows below it to tensor text."""
        return self._awk([_SKIP, "!s++{print;next}", "{for(i=1;i<=NF;i++)print $i}"])

    def _awk(self, rules: Iterable[str]) -> str:
        unmark = "NR==1{$0=substr($0,4)}" if self.marked else ""
        # In the C locale the mark is three characters for every awk.
        program = f"{'LC_ALL=C ' if self.marked else ''}awk{f' -F{self.separator!r}' if self.separator else ''}"
        return f"{program} '{' '.join(filter(None, [unmark, *rules]))}'"


def rows(lines: Iterable[bytes]) -> Rows | None:
    """Recognises rows of numbers by the first lines of a file, which may be cut off; returns None for other text.

    A single line of three numbers is not a row: it is taken for sizes, perhaps invalid ones.
    """
    texts = [line.decode("utf-8", "replace") for line in islice(lines, _LOOKED_AT)]
    marked = texts[:1] != [] and texts[0].startswith(_BOM)
    stripped = [text.removeprefix(_BOM).strip() for text in texts]
    comments = any(line.startswith(_COMMENTS) for line in stripped)
    found = [line for line in stripped if line and not line.startswith(_COMMENTS)][:2]
    if not found:
        return None
    numbers = [_numbers(line) for line in found]
    first, second = (*numbers, None)[:2]
    if first and (len(found) == 1 or first == second):
        alone = len(found) == 1 and first.width == _SIZES and not first.separator
        return None if alone else first._replace(comments=comments, marked=marked)
    names = _cells(found[0], second.separator) if second else []
    if second and len(names) == second.width and all(map(_is_name, names)):
        return second._replace(names=True, comments=comments, marked=marked)
    return None


def row(line: bytes) -> Rows | None:
    """Recognises a line of several numbers; returns None for any other line."""
    found = _numbers(line.decode("utf-8", "replace").strip())
    return found if found and found.width > 1 else None


def count(line: bytes, like: Rows) -> int:
    """Returns the number of cells in a line with the separator of `like`."""

    text = line.decode("utf-8", "replace").strip()
    return len(_cells(text, like.separator)) if text else 0


def _numbers(line: str) -> Rows | None:
    for separator in (*(each for each in _SEPARATORS if each in line), ""):
        cells = _cells(line, separator)
        if all(decimals.number(cell) is not None for cell in cells):
            return Rows(len(cells), separator)
    return None


def _is_name(cell: str) -> bool:
    return cell.strip(" \t\"'")[:1].isalpha()


def _cells(line: str, separator: str) -> list[str]:
    return line.split(separator) if separator else line.split()
