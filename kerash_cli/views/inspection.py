"""The report of `kerash check`: a line for each column, and what to look at."""

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from shlex import join

import numpy as np

from kerash_cli.encoding.phrases import counted
from kerash_cli.errors import SHOWN
from kerash_cli.inspection.facts import NumberFacts
from kerash_cli.inspection.findings import NOTE, PROBLEM, TableFinding
from kerash_cli.inspection.summaries import ColumnSummary
from kerash_cli.views import screen
from kerash_cli.views.layout import clipped

HEADER = ("column", "kind", "values", "missing", "different", "becomes")

MANY, RUN = 40, 10
"""Columns from which runs of so many or more like ones are a line."""

LONGEST_VALUE = 16
"""Characters of a word that are shown."""


def columns(summaries: Sequence[ColumnSummary]) -> str:
    """Returns a table of columns; in a wide table, like columns that follow each other share a line."""
    return screen.table(sys.stdout, [HEADER, *rows(summaries)], str.ljust)


def lines(found: Sequence[TableFinding], filtered: bool) -> list[str]:
    """Returns lines about the findings, problems first; `filtered` says that a command with all filters follows."""
    told = []
    for severity in (PROBLEM, NOTE):
        own = [each for each in found if each.severity == severity]
        if own:
            told.append(f"{counted(len(own), severity)}:")
            told += [f"- {each.evidence.text}{_action(each, filtered)}" for each in own]
    return told or ["nothing to look at"]


def _action(finding: TableFinding, filtered: bool) -> str:
    words, filter = finding.evidence.words, finding.evidence.filter
    if filter and filtered and finding.severity == PROBLEM:
        filter = "filtered below"
    acts = "; ".join(each for each in (filter, join(words)) if each)
    return f" ({acts})" if acts else ""


def rows(summaries: Sequence[ColumnSummary]) -> Iterator[Sequence[str]]:
    """Yields a row of cells below HEADER for each column, or for each run of like ones in a wide table."""
    for _, group in groupby(summaries, key=lambda each: (each.kind, each.role)):
        like = [*group]
        if len(summaries) >= MANY and len(like) >= RUN and like[0].role == "input":
            yield _run(like)
        else:
            yield from map(_row, like)


def _row(column: ColumnSummary) -> Sequence[str]:
    found = column.facts
    numbers = (str(found.missing), str(found.distinct))
    kind = column.kind if column.role != "target" else column.role
    return (clipped(column.name), kind, _values(column), *numbers, column.becomes)


def _run(like: Sequence[ColumnSummary]) -> Sequence[str]:
    """Returns one row for like columns."""
    first, last, facts = like[0], like[-1], [each.facts for each in like]
    name = f"{clipped(first.name, SHOWN // 2)} … {clipped(last.name, SHOWN // 2)}"
    known = [each for each in facts if isinstance(each, NumberFacts) and each.distinct]
    values = _span(min(each.least for each in known), max(each.most for each in known)) if known else ""
    distinct = sorted({each.distinct for each in facts})
    different = str(distinct[0]) if len(distinct) == 1 else f"{distinct[0]} to {distinct[-1]}"
    ignored = sum(not each.inputs for each in like)
    scaled = ", standardised" if any("standardised" in each.becomes for each in like) else ""
    becomes = (
        f"{counted(sum(each.inputs for each in like), 'input')}{scaled}{f'; {ignored} ignored' if ignored else ''}"
    )
    return (name, counted(len(like), "column"), values, str(sum(each.missing for each in facts)), different, becomes)


def _values(column: ColumnSummary) -> str:
    """Returns the range of numbers or of days, or the most frequent words."""
    found = column.facts
    if isinstance(found, NumberFacts):
        if column.kind == "moment" and found.distinct:
            return " to ".join(str(np.datetime64(int(end), "D")) for end in (found.least, found.most))
        return _span(found.least, found.most) if found.distinct else ""
    frequent = [f"{clipped(word, LONGEST_VALUE)} {count}" for word, count in found.frequent]
    return ", ".join([*frequent, *(["…"] if frequent and found.distinct > len(frequent) else [])])


def _span(least: float, most: float) -> str:
    return f"{least:.6g}" if least == most else f"{least:.6g} to {most:.6g}"
