"""Turns columns of text that are numbers in another notation into columns of numbers."""

from collections.abc import Sequence
from dataclasses import replace

from kerash_cli.tables.notations.base import Finding, Way
from kerash_cli.tables.notations.finding import found, gap_words
from kerash_cli.tables.options import Options
from kerash_cli.tables.table import Table


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
        notation = replace(ways[0].notation, example=finding.cells[0], gaps=gaps)
        notations[position] = notation
        numbers = notation.column(cells)
        if numbers is not None:
            values[position] = numbers
            missing |= {position: tuple(sorted({*missing.get(position, ()), *gaps}))} if gaps else {}
    if not notations and not unclear:
        return table
    kept = options.positions(table.names, table.width) & values.keys()
    written = {**table.written, **{position: table.texts[position] for position in kept}}
    read = replace(table, notations=notations, unclear=unclear, missing=missing, written=written)
    return read.with_numbers(values)


def _chosen(finding: Finding, options: Options) -> Sequence[Way]:
    """Returns the ways that the options leave; all of them if the options say nothing."""
    given = {"--decimal": options.decimal, "--dates": options.dates}
    left = [way for way in finding.ways if not way.words or way.words[1] == given[way.words[0]]]
    return left or finding.ways
