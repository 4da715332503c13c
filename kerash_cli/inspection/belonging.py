"""Rows that belong together: those of a group, and those that follow each other in time."""

from collections.abc import Iterator

import numpy as np

from kerash_cli.encoding.cells import Floats
from kerash_cli.inspection.facts import NumberFacts
from kerash_cli.inspection.findings import NOTE, PROBLEM, Evidence, finding
from kerash_cli.inspection.inspected import PLAIN, InspectedTable
from kerash_cli.inspection.names import FEWEST, names_group, names_time
from kerash_cli.inspection.ranking import ranks
from kerash_cli.tables.table import Rows

FEWEST_GROUPS, FEWEST_NAMED = 21, 6
"""Different values of a column that may be groups, and of one with the name of groups."""

ROWS_OF_A_GROUP = 2.5
"""Mean number of rows of a value."""

LEFT = 0.02
"""Share of the labels' variance that groups may leave within themselves, for the label to be one of the group."""

MOST_GOALS = 20
"""Maximum number of classes that are compared with values of a column."""

GLANCED, GLANCED_OF_A_VALUE = 4000, 50
"""Rows that are looked at first, if each value has more rows than that on average."""

UNRELATED = 0.5
"""Share of the labels' variance that a neighbouring value must leave for values to be mere names."""


@finding("groups", PROBLEM, "a column of groups", "columns of groups")
def groups(table: InspectedTable) -> Iterator[Evidence]:
    """A column of groups whose rows all have one label: rows drawn at random to validate have siblings that train."""
    for position in of_one_label(table)[:1]:
        count = table.facts[position].distinct
        text = (
            f"each of the {count} values of {table.title(position)} recurs and has one label, which rows that train "
            "give away to those that validate"
        )
        yield Evidence(text, (position,), words=("--validate-on", f"groups:{table.word(position)}"))


@finding("related", NOTE, "a column that may be groups", "columns that may be groups")
def related(table: InspectedTable) -> Iterator[Evidence]:
    """Columns whose name is that of a group, and whose values recur."""
    for position, has_one_label in table.remembered(_grouping):
        if not has_one_label and names_group(_name(table, position)):
            count = table.facts[position].distinct
            text = f"do rows with the same {table.word(position)} belong together? There are {count} values"
            yield Evidence(text, (position,), words=("--validate-on", f"groups:{table.word(position)}"))


def of_one_label(table: InspectedTable) -> list[int]:
    """Returns the positions of columns of groups whose rows all have one label, the likeliest first."""
    return [position for position, has_one_label in table.remembered(_grouping) if has_one_label]


@finding("time", NOTE, "a column of times", "columns of times")
def time(table: InspectedTable) -> Iterator[Evidence]:
    """A column of times in ascending order: rows drawn at random to validate have neighbours that train."""
    if table.prepared.settings.validate_on.way != "random" or len(table.rows) < FEWEST:
        return
    for position in table.distinguishing:
        if _rises(table, position):
            text = (
                f"{table.title(position)} rises from row to row; if you predict what comes after, validate on the last"
            )
            yield Evidence(text, (position,), words=("--validate-on", "last"))
            return


def _name(table: InspectedTable, position: int) -> str | None:
    return table.table.names[position] if table.table.names is not None else None


def _rises(table: InspectedTable, position: int) -> bool:
    """Returns whether a column is times in ascending order."""
    found = table.facts[position]
    if not isinstance(found, NumberFacts) or not found.rises:
        return False
    return _is_time(_name(table, position), found) if table.kind(position) in PLAIN else found.distinct > 1


def _is_time(name: str | None, found: NumberFacts) -> bool:
    """Returns whether ascending numbers are times: by their name, or as seconds since 1970, or days in this century."""
    if found.distinct < FEWEST / 2:
        return False
    seconds = found.least > 6e8 and found.most < 3e9 and found.is_whole
    years = found.least >= 1800 and found.most <= 2100 and found.is_whole and found.distinct > 2
    return names_time(name) or seconds or years


def _grouping(table: InspectedTable) -> list[tuple[int, bool]]:
    """Returns the columns whose values may be groups, and whether each value has one label.

    The columns with one label come first, and of those the ones with the name of a group.
    """
    if table.prepared.settings.validate_on.way != "random":
        return []
    found = [(each, _has_one_label(table, each)) for each in table.positions if _may_group(table, each)]
    return sorted(found, key=lambda pair: (not pair[1], not names_group(_name(table, pair[0]))))


def _may_group(table: InspectedTable, position: int) -> bool:
    """Returns whether a column has many words or whole numbers that recur."""
    found = table.facts[position]
    if position in table.serials or found.present < ROWS_OF_A_GROUP * found.distinct:
        return False
    if isinstance(found, NumberFacts) and not found.is_whole:
        return False
    return found.distinct >= (FEWEST_NAMED if names_group(_name(table, position)) else FEWEST_GROUPS)


def _has_one_label(table: InspectedTable, position: int) -> bool:
    """Returns whether each value of a column has one label or, of amounts, nearly so.

    Unless the column has words or the name of a group, neighbouring values must have unrelated labels: else it is an
    amount that predicts them well.
    """
    found = table.facts[position]
    rows = np.arange(len(table.rows))
    if found.rows > GLANCED and found.rows > GLANCED_OF_A_VALUE * found.distinct:
        rows = rows[:: len(rows) // GLANCED]
        if _left(table, position, rows)[0] > UNRELATED:
            return False
    left, between = _left(table, position, slice(None))
    is_name = names_group(_name(table, position)) or not isinstance(found, NumberFacts)
    return left <= LEFT and (is_name or between > UNRELATED)


def _left(table: InspectedTable, position: int, rows: Rows | slice) -> tuple[float, float]:
    """Returns two shares of the labels' variance: within the values of a column, and between neighbouring values."""
    codes = table.codes(position, rows)
    goals = table.remembered(label_goals)[rows][codes >= 0]
    codes = codes[codes >= 0]
    counts = np.bincount(codes).astype(np.float64)
    counts[counts == 0] = 1
    means = np.stack([np.bincount(codes, goal) / counts for goal in goals.T], axis=1)
    total = float(np.square(goals - goals.mean(axis=0)).sum())
    left = float(np.square(goals - means[codes]).sum()) / total if total else 1.0
    return left, _neighbours(means, counts)


def _neighbours(means: Floats, counts: Floats) -> float:
    """Returns the share of variance between values that remains between each value and the next."""
    center = np.average(means, axis=0, weights=counts)
    spread = np.square(means - center).sum(axis=1).mean()
    steps = np.square(np.diff(means, axis=0)).sum(axis=1).mean() / 2
    return float(steps / spread) if spread else 1.0


def label_goals(table: InspectedTable) -> Floats:
    """Returns the labels as amounts: the ranks of those to predict, or a column of 0 and 1 for each class."""
    if table.strata is None:
        return np.stack([ranks(amounts) for amounts in table.amounts.T], axis=1)
    kinds: Rows = np.unique(table.strata)
    goals: Floats = (table.strata[:, None] == kinds[:MOST_GOALS]).astype(np.float64)
    return goals
