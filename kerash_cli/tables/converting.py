"""Turns columns of text that are numbers in another notation into columns of numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from kerash_cli.decimals import number, shortest
from kerash_cli.errors import listed
from kerash_cli.tables.notations.amounts import Amount
from kerash_cli.tables.notations.base import Finding, Notation, Way
from kerash_cli.tables.notations.finding import found, gap_words
from kerash_cli.tables.options import Options
from kerash_cli.tables.table import Table

_PIECE = 1 << 16  # cells of a column that are in memory at a time


def converted(table: Table, options: Options) -> Table:
    """Returns the table with each text column whose cells are all numbers, in one notation, as numbers.

    Columns that may be read in several ways stay text, and are told in `Table.unclear`.
    """
    values, notations, unclear, missing = {}, {}, {}, dict(table.missing)
    for position, cells in table.texts.items():
        finding = None if position in table.declared else found(cells, options.decimal)
        if finding is None:
            continue
        ways = _chosen(finding, options)
        if len(ways) > 1:
            unclear[position] = Finding(finding.cells, ways)
            continue
        gaps = tuple(gap_words(cells))
        notation = replace(ways[0].notation, example=_example(finding.cells, ways[0].notation), gaps=gaps)
        notations[position] = notation
        numbers = _column(table, notation, cells)
        if numbers is not None:
            values[position] = numbers
            missing |= {position: tuple(sorted({*missing.get(position, ()), *gaps}))} if gaps else {}
    if not notations and not unclear:
        return table
    kept = options.positions(table.names, table.width) & values.keys()
    written = {**table.written, **{position: table.texts[position] for position in kept}}
    notes = (*table.notes, *(_points(table, notations) if options.decimal is None else ()))
    read = replace(table, notations=notations, unclear=unclear, missing=missing, written=written, notes=notes)
    return read.with_numbers(values)


def _column(table: Table, notation: Notation, cells: Sequence[str | None]) -> NDArray[np.float64] | None:
    """Returns the numbers of cells, on the disk if the table is there; None if one is no number."""
    if not table.spool:
        return notation.column(cells)
    numbers: NDArray[np.float64] = table.spool.array((len(cells),), np.float64)
    following, start = iter(cells), 0
    while piece := [*islice(following, _PIECE)]:
        found = notation.column(piece)
        if found is None:
            return None
        numbers[start : start + len(piece)] = found
        start += len(piece)
    return numbers


def _example(cells: Sequence[str], notation: Notation) -> str:
    """Returns the first of the cells that is no plain number of the same value; the first of all if there is none."""
    return next((cell for cell in cells if number(cell) != notation.value(cell)), cells[0])


def _points(table: Table, notations: Mapping[int, Notation]) -> list[str]:
    """Returns a line if columns that were read with decimal points may have thousands, beside decimal commas."""
    commas = [place for place, each in notations.items() if isinstance(each, Amount) and each.mark == ","]
    if not commas:
        return []
    columns = {
        place: table.numbers[:, table.number_index(place)].astype(np.float64)
        for place in range(table.width)
        if place not in table.texts
    }
    found = {place: value for place, values in columns.items() if (value := _in_thousands(values)) is not None}
    if not found:
        return []
    value = next(iter(found.values()))
    names = listed([table.names[each] if table.names else str(each + 1) for each in found])
    return [
        f"{table.source}: {names} read with decimal points, though {table.title(commas[0])} has decimal commas; "
        f"if {value:.3f} is {shortest(round(value * 1000))}, use --decimal ,"
    ]


def _in_thousands(values: NDArray[np.float64]) -> float | None:
    """Returns the first number that is not whole, if all such ones may be whole numbers like 1.500; else None."""
    parts = values[np.isfinite(values) & (values % 1 != 0)]
    thousandfold = parts * 1000
    may_be = (np.abs(parts) > 1) & (np.abs(parts) < 1000) & (np.abs(thousandfold - np.rint(thousandfold)) < 1e-6)
    return float(parts[0]) if len(parts) and may_be.all() else None


def _chosen(finding: Finding, options: Options) -> Sequence[Way]:
    """Returns the ways that the options leave; all of them if the options say nothing."""
    given = {"--decimal": options.decimal, "--dates": options.dates}
    left = [way for way in finding.ways if not way.words or way.words[1] == given[way.words[0]]]
    return left or finding.ways
