"""The labels: classes with few rows, classes that are spelled in two ways, amounts that are far apart."""

from collections.abc import Iterator

import numpy as np

from kerash_cli.decimals import shortest
from kerash_cli.encoding.phrases import enumerated, percentage
from kerash_cli.errors import plain
from kerash_cli.inspection.findings import NOTE, PROBLEM, Evidence, finding
from kerash_cli.inspection.inspected import InspectedTable
from kerash_cli.tables.table import Rows

FEW = 10
"""Rows below which a class has few."""

UNBALANCED = 10
"""Times as many rows of the most frequent class as of the rarest one."""

TOP, HEAVY = 0.01, 0.6
"""Share of the rows that is looked at, and their share of the squared distances from the mean, above which a few
amounts outweigh all others."""

ENOUGH = 100
"""Rows without which nothing is said about amounts."""


@finding("lone-classes", PROBLEM, "classes with one row")
def lone_classes(table: InspectedTable) -> Iterator[Evidence]:
    """Classes that occur once, so that they can't be both trained and validated."""
    alone = [name for name, count in _counted(table) if count == 1]
    if alone and 2 * len(alone) > len(table.classes) > FEW:
        yield Evidence(f"{len(alone)} of {len(table.classes)} classes occur only once; is that the column to predict?")
    elif alone and len(table.rows) >= 2 * FEW:
        names = enumerated(alone, 5)
        text = f"class {names} occurs only once" if len(alone) == 1 else f"classes {names} occur only once each"
        yield Evidence(text, rows=len(alone))


@finding("small-classes", NOTE, "classes with few rows")
def small_classes(table: InspectedTable) -> Iterator[Evidence]:
    """Classes with few rows."""
    few = [f"{plain(name)} {count}" for name, count in _counted(table) if 1 < count < FEW]
    if few and len(table.rows) >= FEW * len(table.classes):
        yield Evidence(f"few rows of {'class' if len(few) == 1 else 'classes'} {', '.join(few[:5])}")


@finding("unbalanced", NOTE, "unbalanced classes")
def unbalanced(table: InspectedTable) -> Iterator[Evidence]:
    """Classes of very different sizes: accuracy says little about the rare ones."""
    sizes = sorted(((count, name) for name, count in _counted(table) if count), reverse=True)
    if not sizes or table.prepared.settings.balance or sizes[0][0] < UNBALANCED * sizes[-1][0]:
        return
    most, least = (f"{plain(name)} has {percentage(count / len(table.rows))}" for count, name in (sizes[0], sizes[-1]))
    text = f"class {most} of the rows, {least}: judge by balanced_accuracy or f1, not by accuracy"
    yield Evidence(text, words=("--balance",))


@finding("spellings", NOTE, "a class spelled in two ways", "classes spelled in two ways")
def spellings(table: InspectedTable) -> Iterator[Evidence]:
    """Classes whose names differ in capitals and blanks alone."""
    alike: dict[str, list[str]] = {}
    for name, _ in _counted(table):
        alike.setdefault(" ".join(name.split()).casefold(), []).append(name)
    for names in alike.values():
        if len(names) > 1:
            yield Evidence(f"classes {enumerated([repr(name) for name in names])} differ in capitals or blanks alone")


@finding("skewed", NOTE, "skewed amounts")
def skewed(table: InspectedTable) -> Iterator[Evidence]:
    """Amounts of which a few outweigh all others in the squared error."""
    if table.strata is not None or len(table.rows) < ENOUGH:
        return
    for label, amounts in zip(table.prepared.encoding.targets.labels, table.amounts.T, strict=True):
        squares: Rows = np.sort(np.square(amounts - amounts.mean()))
        total = squares.sum()
        share = squares[-max(1, round(TOP * len(squares))) :].sum() / total if total else 0
        if share > HEAVY:
            least, middle, most = (shortest(float(f"{end:.6g}")) for end in np.quantile(amounts, (0, 0.5, 1)))
            text = (
                f"{plain(label)} is heavily skewed, from {least} to {most} with median {middle}: 1% of the rows have "
                f"{percentage(share, 0)} of the squared error"
            )
            yield Evidence(text, words=("--loss", "mean-absolute"))


def _counted(table: InspectedTable) -> list[tuple[str, int]]:
    """Returns each class that occurs and its number of rows; nothing if the labels are no classes."""
    if table.strata is None:
        return []
    counts = np.bincount(table.strata, minlength=len(table.classes)).tolist()
    return [(name, count) for name, count in zip(table.classes, counts, strict=True) if count]
