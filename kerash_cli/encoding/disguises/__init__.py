"""Numbers in disguise: text columns of percentages, money, dates and so on, and commands that turn them into numbers.

A command is one line of Perl that goes through the cells of a table, quoted or not, and changes a cell only if the
whole cell is such a number: separators, words and the header stay. It is not sed, because BSD's sed knows neither `\\t`
nor `\\r`, and a separator belongs to the cells on both sides.

To add a kind, write a function from `Column` to `Finding` and give it a place in `_FINDERS`. If one pattern is
enough, add a row to `simple.KINDS`.
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
    """One reading of a column: its meaning in words, and the shell command that turns the cells into numbers.

    `meaning` is empty if there is only one reading and it needs no explanation.
    """

    meaning: str
    filter: str


class Disguise(NamedTuple):
    """The kind of a column's cells, two examples, and the ways to read the cells: two ways if they are ambiguous."""

    kind: str
    examples: tuple[str, str]
    ways: tuple[Way, ...]


def disguise(cells: Sequence[str | None], delimiter: str, names: Sequence[str] = ()) -> Disguise | None:
    """Returns the disguise of a text column if at least half of its cells are numbers of one kind; else None.

    The commands are for a table with this delimiter. They skip the first line if one of the header's `names` also looks
    like such a number.
    """
    column = Column(cells)
    for find in _FINDERS if column.counts and column.is_most(column.counts) else ():
        found = find(column)
        if found is not None:
            ways = tuple(Way(each.meaning, command(each, delimiter, names)) for each in found.readings)
            return Disguise(found.kind, (found.cells[0], found.cells[min(1, len(found.cells) - 1)]), ways)
    return None
