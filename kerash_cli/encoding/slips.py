"""Finds mistakes in the cells of a table, column by column, and suggests, for each, a command that avoids it."""

from collections.abc import Iterable, Sequence
from itertools import chain, islice
from shlex import quote

import numpy as np

from kerash_cli import decimals
from kerash_cli.encoding.cells import absent, incomplete, missing_word
from kerash_cli.errors import MOST_COMPLAINTS, BadInput, at, shown
from kerash_cli.tables.table import Table


def of_inputs(table: Table, positions: Sequence[int], missing: str) -> list[BadInput]:
    """Returns errors about columns that can't be inputs; `missing` is the treatment of missing values."""
    found = _first(
        _unclear(table, each) or _stray(table, each)
        for each in positions
        if each in table.texts and each not in table.declared
    )
    if missing == "error":
        found += _first(_gap(table, position) for position in incomplete(table, positions))
    return found


def of_numbers(table: Table, positions: Sequence[int], instead: str) -> list[BadInput]:
    """Returns errors about columns that should be numbers and are not; `instead` is the advice if they are words."""
    return _first(_unclear(table, each) or _stray(table, each) or _word(table, each, instead) for each in positions)


def of_two(table: Table, position: int) -> list[BadInput]:
    """Returns an error if labels that should be either 0 and 1 or any two names look like mistyped numbers."""
    complaint = _unclear(table, position) or _stray(table, position)
    return [complaint] if complaint else []


def of_names(table: Table, position: int) -> list[BadInput]:
    """Returns an error if names look like numbers with mistakes: at least half are numbers, no word occurs twice."""
    cells = table.texts.get(position, ())
    strays = [cell for cell in cells if cell is not None and decimals.number(cell) is None]
    if position in table.declared or len(set(strays)) < len(strays):
        return []
    complaint = _stray(table, position)
    return [complaint] if complaint else []


def of_labels(table: Table, positions: Sequence[int]) -> list[BadInput]:
    """Returns errors about label columns that have missing values."""
    return _first(_unlabelled(table, position) for position in incomplete(table, positions))


def of_yes_or_no(table: Table, positions: Sequence[int]) -> list[BadInput]:
    """Returns an error about the first of these label columns that has names instead of 0 and 1."""
    texts = {position: table.texts[position] for position in positions if position in table.texts}
    if not texts:
        return []
    names = {position: sorted({cell for cell in cells if cell is not None}) for position, cells in texts.items()}
    position, cells = next(iter(texts.items()))
    row, cell = next((row, cell) for row, cell in enumerate(cells) if cell is not None)
    error = BadInput(
        f"{table.at(row, position)}expected 0 or 1 in each of {len(positions)} columns of labels, got {shown(cell)}"
    )
    values: dict[str, int] = {}
    agree = all(values.setdefault(name, place) == place for each in names.values() for place, name in enumerate(each))
    if agree and all(len(each) == 2 for each in names.values()):
        ends = f'{table.delimiter}"\\r\\n' if table.delimiter != "\t" else '\\t"\\r\\n'
        change = "; ".join(f"s/(?<![^{ends}])\\Q{name}\\E(?![^{ends}])/{value}/g" for name, value in values.items())
        error.mended(table.source, f"perl -pe {quote(change)}")
    return [error]


def _first(complaints: Iterable[BadInput | None]) -> list[BadInput]:
    """Returns the first errors, at most MOST_COMPLAINTS; further columns are not examined."""
    return list(islice(filter(None, complaints), MOST_COMPLAINTS))


def _unclear(table: Table, position: int) -> BadInput | None:
    """Returns an error about a text column of numbers that may be read in two ways."""
    finding = table.unclear.get(position)
    if finding is None:
        return None
    cell, other = finding.cells[0], finding.cells[min(1, len(finding.cells) - 1)]
    row = list(table.texts[position]).index(cell)
    what = f"{finding.ways[0].notation.title}, such as {shown(cell)} and {shown(other)}"
    error = BadInput(f"{table.at(row, position)}{table.title(position)} has {what}")
    for way in finding.ways:
        error.mended(table.source, "", *way.words, meaning=way.meaning)
    return error


def _stray(table: Table, position: int) -> BadInput | None:
    """Returns an error about a text column's cells that are not numbers, if at least half of its cells are numbers."""
    cells = table.texts.get(position, ())
    strays = {row: cell for row, cell in enumerate(cells) if cell is not None and table.value(position, cell) is None}
    numbers = sum(cell is not None for cell in cells) - len(strays)
    if not strays or numbers < len(strays):
        return None
    row, cell = next(iter(strays.items()))
    more = f" ({len(strays)} cells in all are not numbers)" if len(strays) > 1 else ""
    like = f" like {shown(notation.example)}" if (notation := table.notations.get(position)) else ""
    usual = f"expected a number{like} as in most of {table.title(position)}"
    error = BadInput(f"{table.at(row, position)}{usual}, got {shown(cell)}{more}")
    if len(strays) > 1 and len(set(strays.values())) == 1:
        words = dict.fromkeys([*chain.from_iterable(table.missing.values()), cell])
        return error.mended(table.source, "", "--missing-values", ",".join(words), meaning="if that is a missing value")
    if mend := _without(table, list(strays)):
        error.mended(table.source, mend)
    return error


def _word(table: Table, position: int, instead: str) -> BadInput | None:
    """Returns an error about a column of words; `instead` is the advice."""
    for row, cell in enumerate(table.texts.get(position, ())):
        if cell is not None:
            return BadInput(f"{table.at(row, position)}expected a number, got {shown(cell)}{instead}")
    return None


def _gap(table: Table, position: int) -> BadInput:
    """Returns an error about the missing values of a column."""
    rows = np.flatnonzero(absent(table, [position]))
    if len(rows) == table.rows:
        error = BadInput(f"{at(table.source)}{table.title(position)} has missing values only")
        return error.mended(table.source, "", "--missing", "mean", meaning="to leave the column out")
    more = f", and {len(rows) - 1} more in that column" if len(rows) > 1 else ""
    error = BadInput(
        f"{table.at(int(rows[0]), position)}expected a value, got {missing_word(table, position)}{more}; "
        "--missing drop leaves such rows out"
    )
    return error.mended(table.source, "", "--missing", "mean")


def _unlabelled(table: Table, position: int) -> BadInput:
    """Returns an error about missing labels; if they are a word such as NA, it says how to make a class of that."""
    rows = np.flatnonzero(absent(table, [position]))
    more = f", and {len(rows) - 1} more" if len(rows) > 1 else ""
    found = f"{table.at(int(rows[0]), position)}expected a label, got {missing_word(table, position)}{more}"
    words = table.missing.get(position, ())
    if not words:
        return BadInput(f"{found}; --missing drop leaves such rows out")
    rest = [word for word in dict.fromkeys(chain.from_iterable(table.missing.values())) if word not in words]
    error = BadInput(found).mended(
        table.source, "", "--missing-values", ",".join(rest), meaning=f"if {shown(words[0])} is a class"
    )
    return error.mended(table.source, "", "--missing", "mean", meaning="if these rows have no label")


def column(table: Table, position: int) -> str:
    """Returns the word that names a column on the command line."""
    return (table.names[position] if table.names is not None else "") or str(position + 1)


def _without(table: Table, rows: Sequence[int]) -> str:
    """Returns a filter that leaves a few rows out; empty if there are too many, or if one spans several lines."""
    if len(rows) > MOST_COMPLAINTS or any(_following(table, row) != table.lines[row] + 1 for row in rows):
        return ""
    return f"sed {quote(';'.join(f'{table.lines[row]}d' for row in rows))}"


def _following(table: Table, row: int) -> int:
    """Returns the number of the line after a row; nothing but the line breaks in its cells tell where the last ends."""
    if row + 1 < table.rows:
        return table.lines[row + 1]
    return table.lines[row] + 1 + sum((cells[row] or "").count("\n") for cells in table.texts.values())
