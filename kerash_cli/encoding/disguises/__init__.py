"""Numbers in disguise: columns of percentages, money, dates and the like, and commands that make numbers of them.

A command is one line of Perl that goes through the cells of a table, quoted or not, and changes a cell only where all
of it is such a number: separators, words and header stay. sed would not do: BSD's knows neither `\\t` nor `\\r`, and a
separator belongs to the cells on both its sides.

To add a kind, write a function from `Column` to `Finding` and give it a place in `_FINDERS`, or, where one pattern says
it all, a row in `simple.KINDS`.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from kerash_cli.encoding.disguises.amounts import amounts
from kerash_cli.encoding.disguises.dates import dates
from kerash_cli.encoding.disguises.readings import Column, Finding, command
from kerash_cli.encoding.disguises.simple import multiples, pairs, simple
from kerash_cli.encoding.disguises.times import times

_FINDERS: tuple[Callable[[Column], Finding | None], ...] = (dates, pairs, times, multiples, simple, amounts)


class Way(NamedTuple):
    """One reading of a column: what it takes the cells for, in words, and the shell command that makes numbers of them.

    `meaning` is empty where there is nothing to choose and nothing to explain.
    """

    meaning: str
    filter: str


class Disguise(NamedTuple):
    """The kind of a column's cells, two of them, and the ways to read them: two where the cells do not tell which."""

    kind: str
    examples: tuple[str, str]
    ways: tuple[Way, ...]


def disguise(cells: Sequence[str | None], delimiter: str, names: Sequence[str] = ()) -> Disguise | None:
    """What the text cells of a column (None: missing) are if at least half of them are numbers of one kind.

    The commands are for a table with this delimiter. They leave its first line alone if that is a header with a name,
    among `names`, that looks like such a number too.
    """
    column = Column(cells)
    for find in _FINDERS if column.counts and column.is_most(column.counts) else ():
        found = find(column)
        if found is not None:
            ways = tuple(Way(each.meaning, command(each, delimiter, names)) for each in found.readings)
            return Disguise(found.kind, (found.cells[0], found.cells[min(1, len(found.cells) - 1)]), ways)
    return None
