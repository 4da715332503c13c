"""Tells rows that were copied from rows that recur by chance, as they do in tables of words and of small numbers."""

import numpy as np

from kerash_cli.inspection.facts import Digests, NumberFacts, mixed, weights
from kerash_cli.inspection.inspected import InspectedTable
from kerash_cli.tables.table import Rows

UNLIKELY = 10
"""Times as many pairs of equal rows as would be expected if columns were independent."""

RARE = 0.25
"""Share of the repeated rows that are rarer than half of all rows: a half if rows were copied, next to none if rows
recur because their values are common."""

FREE, FINE, LEAST = 4, 1000, 0.2
"""Columns that must be free of each other for near copies, the part of a quartile distance to which they are rounded,
and the least variance of a direction that counts as free."""

SAMPLED, REPEATED, COLUMNS = 4000, 1000, 60
"""Rows, repeated rows and columns from which these are estimated."""


def by_chance(table: InspectedTable, digests: Digests, repeated: Rows, strata: Rows | None) -> bool:
    """Returns whether equal `digests` are to be expected: as many as by chance, or of rows with common values alone.

    `repeated` has one row each of those that recur. With `strata`, the columns are taken for independent within each
    class only.
    """
    columns = table.distinguishing[:: max(1, len(table.distinguishing) // COLUMNS)]
    return _are_many(table, columns, digests, strata) or _are_common(table, columns, repeated)


def nearly(table: InspectedTable) -> Digests | None:
    """Returns a hash of each row's rounded inputs; None unless rows without a common origin would have different ones.

    Columns with few values are taken as they are. The others are rounded to a FINE part of the distance between their
    quartiles, and there must be at least FREE of them that hardly depend on each other or on the row before.
    """
    fine = [(each, found) for each, found in table.numbers() if found.distinct > 0.2 * found.rows and _spread(found)]
    if not FREE <= len(fine) <= COLUMNS or not _are_free(table, [each for each, _ in fine]):
        return None
    digests = np.zeros(len(table.rows), np.uint64)
    factors = weights(table.table.width)
    spreads = {each: _spread(found) for each, found in fine}
    for position in table.distinguishing:
        if position in spreads:
            values = np.rint(table.values(position) / (spreads[position] / FINE))
        else:
            values = table.codes(position).astype(np.float64)
        digests += mixed(values) * factors[position]
    return digests


def _spread(found: NumberFacts) -> float:
    return found.quartiles[2] - found.quartiles[0]


def _are_free(table: InspectedTable, positions: list[int]) -> bool:
    """Returns whether at least FREE of these columns hardly depend on each other or on the row before."""
    step = -(-len(table.rows) // SAMPLED)
    values = np.stack([table.values(each) for each in positions], axis=1)
    values = values[~np.isnan(values).any(axis=1)]
    if len(values) < 50:
        return False
    ranks = np.argsort(np.argsort(values[::step], axis=0), axis=0).astype(np.float64)
    ranks -= ranks.mean(axis=0)
    ranks /= np.sqrt(np.square(ranks).mean(axis=0))
    spectrum = np.linalg.eigvalsh(ranks.T @ ranks / len(ranks))
    follows = np.abs((ranks[1:] * ranks[:-1]).mean(axis=0)).max()
    return bool((spectrum > LEAST).sum() >= FREE and follows < 0.5)


def _are_many(table: InspectedTable, columns: tuple[int, ...], digests: Digests, strata: Rows | None) -> bool:
    """Returns whether at least a tenth as many pairs of equal rows are expected of independent columns."""
    _, counts = np.unique(digests, return_counts=True)
    pairs = float((counts * (counts - 1.0)).sum() / 2)
    whole = [np.arange(len(digests))]
    groups = whole if strata is None else [np.flatnonzero(strata == each) for each in np.unique(strata)[:COLUMNS]]
    return pairs <= UNLIKELY * sum(0.5 * len(rows) ** 2 * _chance(table, columns, rows) for rows in groups)


def _chance(table: InspectedTable, columns: tuple[int, ...], rows: Rows) -> float:
    """Returns the probability that two of these rows are equal, if the columns are independent."""
    some = rows[:: -(-len(rows) // SAMPLED)]
    chance = 1.0
    for position in columns:
        if chance < 1e-18 or len(some) < 2:
            break
        counts = np.bincount(table.codes(position, some) + 1).astype(np.float64)
        chance *= (counts * (counts - 1)).sum() / (len(some) * (len(some) - 1))
    return chance


def _are_common(table: InspectedTable, columns: tuple[int, ...], repeated: Rows) -> bool:
    """Returns whether the repeated rows have more common values than others."""
    _, unique = np.unique(table.digests, return_index=True)
    others, some = unique[:: -(-len(unique) // SAMPLED)], repeated[:: -(-len(repeated) // REPEATED)]
    rows = np.concatenate([others, some])
    rarity = np.zeros(len(rows))
    for position in columns:
        codes = table.codes(position, rows) + 1
        counts = np.bincount(codes[: len(others)], minlength=codes.max() + 1)
        rarity -= np.log(counts[codes].clip(min=1))
    middle, own = np.median(rarity[: len(others)]), rarity[len(others) :]
    return bool((own > middle).mean() + (own == middle).mean() / 2 < RARE)
