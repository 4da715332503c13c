"""Columns that give the label away: one of them alone predicts it nearly perfectly.

A class is predicted by the nearest value of the column among other rows, which finds any rule on one column: bounds,
intervals, or a class for each value. Half of the rows predict the other half, and the other way round.
"""

from collections.abc import Iterator

import numpy as np

from kerash_cli.encoding.cells import Floats
from kerash_cli.encoding.phrases import percentage, rounded
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.inspection.belonging import of_one_label
from kerash_cli.inspection.facts import ColumnFacts, mixed
from kerash_cli.inspection.findings import NOTE, PROBLEM, Evidence, finding
from kerash_cli.inspection.inspected import InspectedTable
from kerash_cli.inspection.ranking import correlation, ranks
from kerash_cli.tables.table import Rows

NEARLY_ALL = 0.995
"""Balanced accuracy from which a column gives the classes away."""

ENOUGH = 200
"""Rows from which nearly perfect classes by a column of amounts are a problem; good columns do that in fewer rows."""

FEWEST, FEWEST_OF_A_CLASS = 30, 10
"""Rows in all, and of each class, without which nothing is said."""

ALIKE = 0.999
"""Rank correlation from which a column gives amounts away."""

TREND, CHANGES = 0.9, 0.99
"""Rank correlations: amounts whose correlation with the number of the row is TREND or more go with any column that has
a trend too; so the changes from row to row must agree by CHANGES."""

MOST_MISSING = 0.5
"""Largest share of missing values in a column that may give amounts away."""

SAMPLED, GLANCED = 4000, 400
"""Rows that are looked at, and those that are looked at first; only if these agree are the others needed."""


@finding("giveaways", PROBLEM, "a column that gives the label away", "columns that give the label away")
def giveaways(table: InspectedTable) -> Iterator[Evidence]:
    """Columns that alone predict the label, in rows that are enough to say so."""
    for position, share in _telling(table):
        if len(table.rows) >= ENOUGH or _names_classes(table, table.facts[position]):
            yield _evidence(table, position, share, "is it known before the label?")


@finding("clear", NOTE, "a column that may give the label away", "columns that may give the label away")
def clear(table: InspectedTable) -> Iterator[Evidence]:
    """Columns that alone predict the label in a few rows, as good ones may do."""
    for position, share in _telling(table):
        if len(table.rows) < ENOUGH and not _names_classes(table, table.facts[position]):
            yield _evidence(table, position, share, "is it that good, or known only after the label?")


@finding("giveaway-amounts", PROBLEM, "a column that gives the label away", "columns that give the label away")
def giveaway_amounts(table: InspectedTable) -> Iterator[Evidence]:
    """Columns in the order of the amounts to predict."""
    if table.strata is not None or len(table.rows) < FEWEST or len(table.inputs) < 2:
        return
    labels = table.prepared.encoding.targets.labels
    glance, sample = (_some(np.arange(len(table.rows)), most) for most in (GLANCED, SAMPLED))
    for position, found in table.numbers():
        if found.distinct < 2 or found.missing > MOST_MISSING * found.rows:
            continue
        values = table.values(position)
        for label, amounts in zip(labels, table.amounts.T, strict=True):
            if abs(_agreement(values, amounts, glance)) < ALIKE - 0.01:
                continue
            rank = _agreement(values, amounts, sample)
            if abs(rank) > ALIKE and (_trend(amounts) < TREND or _changes(values, amounts) > CHANGES):
                how = f"rank correlation {rounded(rank)}"
                text = f"{table.title(position)} gives {label!r} away: {how}; is it known before?"
                yield Evidence(text, (position,), words=("--drop", table.word(position)))


def _evidence(table: InspectedTable, position: int, share: float, question: str) -> Evidence:
    text = f"{table.title(position)} alone tells the class of {percentage(share)} of the rows; {question}"
    return Evidence(text, (position,), words=("--drop", table.word(position)))


def _telling(table: InspectedTable) -> Iterator[tuple[int, float]]:
    """Yields each column that alone predicts the classes, and the share of rows that it predicts."""
    if table.strata is None or len(table.rows) < FEWEST or len(table.inputs) < 2:
        return
    rows, groups = _of_each_class(table.strata), of_one_label(table)
    glance = _some(rows, GLANCED)
    for position in table.distinguishing:
        found = table.facts[position]
        if found.distinct < 2 or position in groups:
            continue
        cells = _ordered(table, position)
        if _predicted(cells[glance], table.strata[glance]) < NEARLY_ALL - 0.04:
            continue
        if (share := _predicted(cells[rows], table.strata[rows])) >= NEARLY_ALL:
            yield position, share


def _names_classes(table: InspectedTable, found: ColumnFacts) -> bool:
    """Returns whether a column has a value for each class."""
    return found.distinct == len(table.classes)


def _ordered(table: InspectedTable, position: int) -> Floats:
    """Returns the column as numbers of which near ones are alike; infinity is a missing value.

    Words become numbers in no order: those of a file that is sorted by classes would be near to words of their class.
    """
    if position in table.table.texts:
        return mixed(table.codes(position).astype(np.float64)).astype(np.float64)
    values = table.values(position)
    values[np.isnan(values)] = np.inf
    return values


def _some(rows: Rows, most: int) -> Rows:
    """Returns a sample of the rows, at most so many."""
    if len(rows) <= most:
        return rows
    chosen: Rows = generator(1, Key.INSPECT).choice(rows, most, replace=False)
    return chosen


def _of_each_class(strata: Rows) -> Rows:
    """Returns a sample of rows in random order, equally many of each class as far as there are any.

    Classes with too few rows are left out; if only one is left, the sample is empty.
    """
    kinds, counts = np.unique(strata, return_counts=True)
    kept = kinds[counts >= FEWEST_OF_A_CLASS]
    if len(kept) < 2 or counts[counts >= FEWEST_OF_A_CLASS].sum() < 0.9 * len(strata):
        return np.arange(0)
    each = max(FEWEST_OF_A_CLASS, SAMPLED // len(kept))
    rng = generator(2, Key.INSPECT)
    return rng.permutation(np.concatenate([_some(np.flatnonzero(strata == kind), each) for kind in kept]))


def _predicted(values: Floats, classes: Rows) -> float:
    """Returns the mean share of each class that the nearest values of the other half predict."""
    if len(values) < FEWEST:
        return 0.0
    first = np.arange(len(values)) % 2 == 0
    right = np.empty(len(values), np.bool_)
    for half in (first, ~first):
        right[half] = _nearest(values[~half], classes[~half], values[half]) == classes[half]
    kinds, inverse = np.unique(classes, return_inverse=True)
    return float((np.bincount(inverse, right) / np.bincount(inverse)).mean()) if len(kinds) > 1 else 0.0


def _nearest(known: Floats, classes: Rows, values: Floats) -> Rows:
    """Returns the class of the nearest known value to each value."""
    order = np.argsort(known, kind="stable")
    ordered = known[order]
    above = np.searchsorted(ordered, values).clip(max=len(known) - 1)
    below = (above - 1).clip(min=0)
    with np.errstate(over="ignore", invalid="ignore"):  # infinity is nearest to itself: NaN is not closer
        closer = np.abs(values - ordered[below]) < np.abs(ordered[above] - values)
    found: Rows = classes[order[np.where(closer, below, above)]]
    return found


def _agreement(values: Floats, amounts: Floats, rows: Rows) -> float:
    """Returns the rank correlation of two columns in those of the rows that lack no value."""
    present = rows[~np.isnan(values[rows])]
    return correlation(ranks(values[present]), ranks(amounts[present]))


def _trend(amounts: Floats) -> float:
    """Returns the size of the rank correlation of amounts with the number of the row."""
    some = amounts[:: -(-len(amounts) // SAMPLED)]
    return abs(correlation(ranks(some), np.arange(len(some), dtype=np.float64)))


def _changes(values: Floats, amounts: Floats) -> float:
    """Returns how far the changes of two columns from row to row agree: the size of their rank correlation."""
    return abs(correlation(ranks(np.diff(values[:SAMPLED])), ranks(np.diff(amounts[:SAMPLED]))))
