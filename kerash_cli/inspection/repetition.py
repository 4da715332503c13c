"""Rows that occur again: copies, rows that contradict each other, and columns that repeat."""

from collections.abc import Iterator

import numpy as np

from kerash_cli.encoding.phrases import enumerated, percentage
from kerash_cli.inspection import facts
from kerash_cli.inspection.chance import by_chance, nearly
from kerash_cli.inspection.facts import ColumnFacts, Digests
from kerash_cli.inspection.findings import NOTE, PROBLEM, Evidence, finding
from kerash_cli.inspection.inspected import InspectedTable
from kerash_cli.tables.table import Rows

FEWEST_COPIES, COPIED = 5, 0.01
"""Copies that make a problem: at least so many, and at least this share of all rows."""

_ONCE = "awk '!seen[$0]++'"


@finding("duplicates", PROBLEM, "repeated rows")
def duplicates(table: InspectedTable) -> Iterator[Evidence]:
    """Rows that are copies of others, more than values with few digits would bring about."""
    digests, repeated = table.remembered(_with_labels), table.remembered(_repeated)
    if repeated >= max(FEWEST_COPIES, COPIED * len(digests)) and not by_chance(
        table, digests, _extra(digests), table.strata
    ):
        yield Evidence(_told(table, digests, repeated), rows=repeated, filter=_filter(table, digests))


@finding("repeats", NOTE, "repeated rows")
def repeats(table: InspectedTable) -> Iterator[Evidence]:
    """A few rows that are copies of others, though hardly any should be."""
    digests, repeated = table.remembered(_with_labels), table.remembered(_repeated)
    if 0 < repeated < max(FEWEST_COPIES, COPIED * len(digests)) and not by_chance(
        table, digests, _extra(digests), table.strata
    ):
        yield Evidence(_told(table, digests, repeated), rows=repeated, filter=_filter(table, digests))


@finding("near-copies", NOTE, "rows that are nearly copies")
def near_copies(table: InspectedTable) -> Iterator[Evidence]:
    """Rows that differ from others in the last digits alone, in a table whose columns have many digits."""
    rounded = nearly(table)
    if rounded is None:
        return
    near = len(rounded) - len(np.unique(rounded)) - (len(rounded) - len(np.unique(table.digests)))
    if near >= max(FEWEST_COPIES, COPIED * len(rounded)):
        yield Evidence(f"{near} rows are copies of others but for the last digits of their numbers", rows=near)


@finding("contradictions", PROBLEM, "contradicting rows")
def contradictions(table: InspectedTable) -> Iterator[Evidence]:
    """Rows with the same inputs and different classes, more than values with few digits would bring about."""
    if table.strata is None:
        return
    found = _contradicting(table)
    if len(found) >= max(FEWEST_COPIES - 1, COPIED * len(table.rows)) and not by_chance(
        table, table.digests, found, None
    ):
        first, other = _first_two(table, found)
        lines = f"lines {table.table.lines[first]} and {table.table.lines[other]}"
        yield Evidence(f"{len(found)} rows have the inputs of others and another class, as {lines}", rows=len(found))


@finding("ambiguous", NOTE, "ambiguous rows")
def ambiguous(table: InspectedTable) -> Iterator[Evidence]:
    """A table whose inputs do not tell the classes of many rows apart."""
    if table.strata is None or not len(table.strata):
        return
    found = _contradicting(table)
    if len(found) < 0.1 * len(table.rows) or not by_chance(table, table.digests, found, None):
        return
    _, groups = np.unique(table.digests, return_inverse=True)
    cells = np.unique(groups * len(table.classes) + table.strata, return_counts=True)
    best = np.zeros(groups.max() + 1, np.intp)
    np.maximum.at(best, cells[0] // len(table.classes), cells[1])
    share = best.sum() / len(groups)
    yield Evidence(
        f"{len(found)} rows have the inputs of others and another class: no model is right in more than "
        f"{percentage(share, 0)} of these rows",
        rows=len(found),
    )


@finding("copies", NOTE, "a copied column", "copied columns")
def copies(table: InspectedTable) -> Iterator[Evidence]:
    """Columns with the same values as another one."""
    alike: dict[ColumnFacts, list[int]] = {}
    for position in table.distinguishing:
        if table.facts[position].distinct > 1:
            alike.setdefault(table.facts[position], []).append(position)
    for same in (group for like in alike.values() if len(like) > 1 for group in _same(table, like)):
        first, *others = same
        if others:
            names = enumerated([table.word(each) for each in others], 5)
            words = tuple(word for each in others[:5] for word in ("--drop", table.word(each)))
            are = "is a copy" if len(others) == 1 else "are copies"
            yield Evidence(f"{names} {are} of {table.title(first)}", (first, *others), words=words)


def _same(table: InspectedTable, positions: list[int]) -> list[list[int]]:
    """Returns these columns in groups that have the same values in the same rows."""
    groups: dict[int, list[int]] = {}
    for position in positions:
        is_text = position in table.table.texts
        values = table.codes(position).astype(np.float64) if is_text else table.values(position)
        groups.setdefault(facts.digest(values), []).append(position)
    return [*groups.values()]


def _with_labels(table: InspectedTable) -> Digests:
    """Returns a hash of each row, its label included."""
    if table.strata is not None:
        own = facts.mixed(table.strata.astype(np.float64))
    else:
        factors = facts.weights(table.amounts.shape[1])
        own = np.zeros(len(table.rows), np.uint64)
        for values, factor in zip(table.amounts.T, factors, strict=True):
            own += facts.mixed(values) * factor
    return table.digests * np.uint64(3) + own


def _repeated(table: InspectedTable) -> int:
    """Returns the number of rows that are copies of an earlier one."""
    ordered = np.sort(table.remembered(_with_labels))  # np.unique would hash them, which is slower
    return int(np.count_nonzero(ordered[1:] == ordered[:-1]))


def _extra(digests: Digests) -> Rows:
    """Returns the rows that have a copy, one of each."""
    _, first, counts = np.unique(digests, return_index=True, return_counts=True)
    return first[counts > 1]


def _told(table: InspectedTable, digests: Digests, repeated: int) -> str:
    folds = table.validating
    crossing = sum(int(np.isin(digests[folds == k], digests[folds != k]).sum()) for k in set(folds.tolist()) - {-1})
    known_rows = f"; {crossing} of the {int((folds >= 0).sum())} that validate are among those that train"
    are = "row is a copy of another" if repeated == 1 else "rows are copies of others"
    return f"{repeated} {are}{known_rows if crossing else ''}"


def _filter(table: InspectedTable, digests: Digests) -> str:
    """Returns a filter that leaves the first of equal lines; empty if that would not leave the first of equal rows."""
    whole = table.table
    if not whole.is_text or table.labels is not None or table.serials or len(table.rows) < table.prepared.table.rows:
        return ""
    used = len(table.inputs) + len(table.prepared.encoding.columns.targets)
    steps = np.diff(np.asarray(whole.lines))
    return _ONCE if used == whole.width and bool((steps == 1).all()) else ""


def _contradicting(table: InspectedTable) -> Rows:
    """Returns the rows that have the inputs of another row, and another class."""
    assert table.strata is not None, "only rows with classes contradict each other"
    _, groups = np.unique(table.digests, return_inverse=True)
    size = groups.max() + 1
    least, most = np.full(size, len(table.classes)), np.full(size, -1)
    np.minimum.at(least, groups, table.strata)
    np.maximum.at(most, groups, table.strata)
    return np.flatnonzero((least != most)[groups])


def _first_two(table: InspectedTable, found: Rows) -> tuple[int, int]:
    """Returns the first of these rows, and the first row with its inputs and another class."""
    assert table.strata is not None, "only rows with classes contradict each other"
    first = int(found[0])
    same = found[(table.digests[found] == table.digests[first]) & (table.strata[found] != table.strata[first])]
    return first, int(same[0])
