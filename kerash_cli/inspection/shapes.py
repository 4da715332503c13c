"""The shape of a column of numbers: how many of its values are in each of some equal parts of its range."""

import numpy as np

from kerash_cli.inspection.facts import NumberFacts
from kerash_cli.inspection.summaries import ColumnSummary
from kerash_cli.tables.table import Table

PARTS = 24
"""Number of parts of the range."""


def shapes(columns: list[ColumnSummary], table: Table) -> list[list[int]]:
    """Returns the counts of each of the columns, of which the first ones are those of the table.

    Nothing is counted for words, and for numbers that are all the same.
    """
    places = [place if place < table.width and place not in table.texts else None for place, _ in enumerate(columns)]
    return [_counts(each, table, place) for each, place in zip(columns, places, strict=True)]


def _counts(column: ColumnSummary, table: Table, place: int | None) -> list[int]:
    facts = column.facts
    if place is None or not isinstance(facts, NumberFacts) or not facts.distinct:
        return []
    values = table.numbers[:, table.number_index(place)].astype(np.float64)
    values = values[np.isfinite(values)]
    least, most = values.min(), values.max()
    with np.errstate(over="ignore"):
        width = most - least
    if not (0 < width < np.inf):
        return []
    parts = np.minimum(((values - least) / width * PARTS).astype(np.intp), PARTS - 1)
    counts: list[int] = np.bincount(parts, minlength=PARTS).tolist()
    return counts
