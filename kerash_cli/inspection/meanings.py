"""Numbers that may not mean what they look like: codes, stand-ins for missing values, slips of the keyboard."""

from collections.abc import Iterator
from itertools import chain

import numpy as np

from kerash_cli.decimals import shortest
from kerash_cli.encoding.phrases import counted
from kerash_cli.inspection.belonging import label_goals, of_one_label
from kerash_cli.inspection.facts import FAR, NumberFacts
from kerash_cli.inspection.findings import NOTE, PROBLEM, Evidence, finding
from kerash_cli.inspection.inspected import InspectedTable
from kerash_cli.inspection.names import names_code

STAND_INS = frozenset(
    float(f"{sign}{digit * count}") for sign in ("", "-") for digit in "98" for count in range(2, 7)
) - {98.0}
"""Numbers such as -999 that people write for a missing value, besides -9."""

MOST_CODES, ROWS_OF_A_CODE = 30, 10
"""Different values that codes may have, and mean number of rows of a code."""

GAIN = 0.15
"""Share of the variance of labels that codes must explain beyond a curve through their numbers."""

RARE = 0.01
"""Share of rows up to which values far from all others are outliers; more are the tail of a distribution."""


@finding("stand-ins", PROBLEM, "a number that may mean missing", "numbers that may mean missing")
def stand_ins(table: InspectedTable) -> Iterator[Evidence]:
    """Numbers such as -999 far from all others, which may mean a missing value."""
    for position, found in table.numbers():
        for value, count in _stand_ins(found):
            word = shortest(value)
            text = (
                f"{table.title(position)} has {word} in {counted(count, 'row')}, far from other values: is it missing?"
            )
            yield Evidence(text, (position,), count, _missing_values(table, position, value))


@finding("outliers", NOTE, "a column with outliers", "columns with outliers")
def outliers(table: InspectedTable) -> Iterator[Evidence]:
    """A few numbers that are very far from all others."""
    for position, found in table.numbers():
        far = found.far - sum(count for _, count in _stand_ins(found))
        if 0 < far <= max(1, RARE * found.present) and found.distinct > 2:
            middle = found.quartiles[1]
            ends = (found.least, found.most)
            extreme = max(ends, key=lambda end: abs(end - middle))
            text = (
                f"{table.title(position)}: {counted(far, 'value')} beyond {FAR:g} robust deviations from the median "
                f"{middle:.6g}, such as {extreme:.6g}"
            )
            yield Evidence(text, (position,), far)


@finding("codes", NOTE, "a column that may be codes", "columns that may be codes")
def codes(table: InspectedTable) -> Iterator[Evidence]:
    """Few whole numbers that have the name of codes, or whose size says much less about the labels than their value."""
    groups = of_one_label(table)
    for position, found in table.numbers():
        if position in groups or not found.is_whole or not 3 <= found.distinct <= MOST_CODES:
            continue
        if found.present < ROWS_OF_A_CODE * found.distinct or not _are_codes(table, position):
            continue
        text = f"are the {found.distinct} different numbers in {table.title(position)} codes, not amounts?"
        yield Evidence(text, (position,), words=("--categories", table.word(position)))


def _are_codes(table: InspectedTable, position: int) -> bool:
    whole = table.table
    return names_code(whole.names[position] if whole.names is not None else None) or _gain(table, position) > GAIN


def _gain(table: InspectedTable, position: int) -> float:
    """Returns the share of the labels' variance that a mean for each value explains beyond a cubic curve."""
    values = table.values(position)
    present = ~np.isnan(values)
    values, goals = values[present], table.remembered(label_goals)[present]
    goals = goals - goals.mean(axis=0)
    total = float(np.square(goals).sum())
    if not total:
        return 0.0
    _, found, counts = np.unique(values, return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(found, goal) for goal in goals.T], axis=1)
    explained = (np.square(sums) / counts[:, None]).sum() / total
    scaled = (values - values.mean()) / (values.std() or 1)
    powers = np.linalg.qr(np.stack([scaled**power for power in range(4)], axis=1))[0]
    return float(explained - np.square(powers.T @ goals).sum() / total)


def _stand_ins(found: NumberFacts) -> Iterator[tuple[float, int]]:
    """Yields each end of a column that may stand for a missing value, and its count."""
    ends = (
        (found.least, found.at_least, found.second_least, found.most),
        (found.most, found.at_most, found.second_most, found.least),
    )
    for value, count, following, other in ends:
        gap, rest = abs(following - value), abs(other - following)
        if value in STAND_INS and count > 1 and found.distinct > 3 and gap >= max(rest, 1):
            yield value, count


def _missing_values(table: InspectedTable, position: int, value: float) -> tuple[str, ...]:
    """Returns the options that take a number for a missing value; none if another column has it among its others.

    An array has no words for missing values.
    """
    whole = table.table
    if not whole.is_text or any(_is_usual(table, each, found, value) for each, found in table.numbers()):
        return ()
    found_so_far = chain.from_iterable(whole.missing.values()) if whole.missing_values is None else whole.missing_values
    words = ",".join(dict.fromkeys([*found_so_far, shortest(value)]))
    filled = ("--missing", "mean") if table.prepared.settings.missing == "error" else ()
    return ("--missing-values", words, *filled)


def _is_usual(table: InspectedTable, position: int, found: NumberFacts, value: float) -> bool:
    """Returns whether a column has this value, not far from others."""
    if not found.least <= value <= found.most or any(value == own for own, _ in _stand_ins(found)):
        return False
    return bool((table.values(position) == value).any())
