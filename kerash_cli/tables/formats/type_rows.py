"""The two rows below the header of a table from Orange: what each column holds, and what it is for.

The second row has a word for each column: continuous, discrete, string or time, or the values that a discrete column
may have. The third says class for the label, meta or ignore for a column that is no input; most cells are empty.
https://orangedatamining.com/docs/ (Loading your data)
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from kerash_cli.tables.formats.records import Record

_NUMBERS, _WORDS, _OTHER = {"c", "continuous"}, {"d", "discrete"}, {"s", "string", "t", "time"}
_KINDS = _NUMBERS | _WORDS | _OTHER
_LABEL, _ASIDE = {"class", "c", "multiclass"}, {"meta", "m", "ignore", "i", "weight", "w"}


class Types(NamedTuple):
    """Meaning of the two rows."""

    words: frozenset[int]
    """Positions of columns whose cells are names."""
    aside: frozenset[int]
    """Positions of columns that are no inputs."""
    labels: tuple[int, ...]
    """Positions of the labels."""


def types(sample: Sequence[Record]) -> Types | None:
    """Returns what the second and the third record of a table say of its columns; None if they are rows of data."""
    rows = [[cell.strip(" \t") for cell in record.fields] for record in sample]
    if len(rows) < 4 or len({len(row) for row in rows[:3]}) > 1:
        return None
    kinds, flags = ([cell.lower() for cell in row] for row in rows[1:3])
    columns = list(zip(*(row for row in rows[3:] if len(row) == len(kinds)), strict=True))
    if len(columns) != len(kinds) or not _KINDS.intersection(kinds):
        return None
    listed = [place for place, kind in enumerate(kinds) if kind not in _KINDS]
    if any(not set(columns[place]) <= {"", "?", *_listed(rows[1][place])} for place in listed):
        return None
    if any(flag and flag not in _LABEL | _ASIDE and "=" not in flag for flag in flags):
        return None
    return Types(
        frozenset(place for place, kind in enumerate(kinds) if kind not in _NUMBERS | _OTHER),
        frozenset(place for place, flag in enumerate(flags) if flag in _ASIDE),
        tuple(place for place, flag in enumerate(flags) if flag in _LABEL),
    )


def _listed(cell: str) -> list[str]:
    """Returns the values that a discrete column may have: words between blanks; a blank in a word is escaped."""
    return [word.replace("\\ ", " ") for word in re.split(r"(?<!\\) +", cell)]
