"""The division of the data into parts: rows that train, rows that validate, and rows kept for the test."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from kerash_cli.encoding.columns import Columns
from kerash_cli.encoding.phrases import counted
from kerash_cli.encoding.record import Encoding
from kerash_cli.encoding.views import STANDARD
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.errors import BadInput, at, listed, shown
from kerash_cli.model.description import ModelDescription
from kerash_cli.tables.table import Rows, Table
from kerash_cli.training.matching import FEWEST_TO_VALIDATE, match
from kerash_cli.training.samples import take, usable
from kerash_cli.training.settings import TrainingSettings

Labelled = tuple[Table, Table | None]
"""A table, and its labels if they are not in it."""

ReadMore = Callable[[Encoding], Labelled]
"""Reads another table, whose columns are those of the encoding."""


class Part(NamedTuple):
    """Rows of a table that have one purpose: they train, they validate, or they are kept for the test."""

    table: Table
    labels: Table | None
    rows: Rows
    """Their indexes in the table."""
    strata: Rows | None
    """Index of the class of each row of the table; None unless each row has exactly one class."""
    purpose: str = "trains"
    """The verb after "a row that": trains, validates, is kept for the test."""
    dropped: int = 0
    """Number of rows of the file that are left out because of a missing value."""


class DividedTable(NamedTuple):
    """The usable rows of a table, and which of them train and validate."""

    table: Table
    labels: Table | None
    dropped: int
    """Number of rows left out because of a missing value."""
    strata: Rows | None
    """As in `Part`."""
    training: Rows
    validation: Rows
    folds: tuple[int, ...] = ()
    """Number of rows in each fold, if each fold's network trains on the rows of all others.

    All rows train and are in the order of their folds: first those of the first one, and last those that are in none.
    The same rows validate, except the last ones.
    """

    @property
    def learning(self) -> int:
        """Number of rows that a network is trained on; with folds, the largest of these numbers."""
        return len(self.training) - min(self.folds, default=0)


def matched(
    description: ModelDescription,
    table: Table,
    labels: Table | None,
    targets: Sequence[str],
    settings: TrainingSettings,
    like: Columns | None = None,
) -> tuple[ModelDescription, Encoding]:
    """Returns the result of `match`; the columns of weights and of groups to validate on are no inputs."""
    drop, keep = left_out(table, labels, targets, settings), settings.keep
    views = [settings.numbers or STANDARD]
    return match(description, table, labels, targets, settings.missing, drop, keep, views, like)


def left_out(table: Table, labels: Table | None, targets: Sequence[str], settings: TrainingSettings) -> list[str]:
    """Returns the columns that are no inputs since the settings drop them or need them for something else.

    Raises BadInput if they are also to be kept.
    """
    weights = [settings.weights] if settings.weights is not None else []
    apart = [*weights, *settings.validate_on.apart(table, () if labels else targets)]
    kept, dropped = (set(map(table.find, columns)) for columns in (settings.keep, settings.drop))
    if kept and not dropped <= kept:
        raise BadInput(
            "--keep leaves out all other columns, so --drop can name only one of these; leave one option out"
        )
    if column := next((each for each in apart if table.find(each) in kept), None):
        raise BadInput(f"--keep: column {shown(column)} is used by --weights or --validate-on, and is no input")
    return [*settings.drop, *apart]


def kept_apart(
    description: ModelDescription,
    table: Table,
    labels: Table | None,
    targets: Sequence[str],
    settings: TrainingSettings,
    like: Columns | None = None,
    test: tuple[Rows, Rows] | None = None,
) -> tuple[Labelled, Labelled | None]:
    """Returns the table without the rows for the test, and these rows: None if there is no test.

    They are drawn like the rows to validate on, but from all rows; the encoding that finds their classes is used for
    nothing else. Or they are given by `test`, which has the other rows, and those for the test.
    """
    if test:
        return take(table, labels, test[0]), take(table, labels, test[1])
    if settings.test is None:
        return (table, labels), None
    _, encoding = matched(description, table, labels, targets, settings, like)
    rows = encoding.usable(table, labels)
    if len(rows) < 2:
        raise BadInput(f"{at(table.source)}--test needs two rows or more, got 1; leave --test out")
    known, rng = take(table, labels, rows), generator(settings.seed, Key.SPLIT, 1)
    classes, strata = encoding.targets.classes, encoding.strata(*known)
    _, chosen = settings.validate_on.divide(known[0], settings.test, rng, strata, classes, "--test")
    kept = rows[chosen]
    return take(table, labels, np.delete(np.arange(table.rows), kept)), take(table, labels, kept)


def divided(encoding: Encoding, table: Table, labels: Table | None, settings: TrainingSettings) -> DividedTable:
    """Leaves out the rows that can't be used, and divides the others.

    No row validates if there are few, or if those of another table do. Raises BadInput if the settings ask for balanced
    classes and there are no classes, if the rows can't be divided as they say, or if there are too few for folds.
    """
    rows = table.rows
    table, labels = usable(encoding, table, labels)
    strata = encoding.strata(table, labels)
    if settings.balance and strata is None:
        raise BadInput("--balance needs one class for each row; leave --balance out")
    training, validation = np.arange(table.rows), np.arange(0)
    known = (table, labels, rows - table.rows, strata)
    if settings.folds:
        return DividedTable(*known, *_in_folds(table, strata, settings))
    if table.rows >= FEWEST_TO_VALIDATE and settings.validation and not settings.validate_on.path:
        rng, classes = generator(settings.seed, Key.SPLIT), encoding.targets.classes
        training, validation = settings.validate_on.divide(table, settings.validation, rng, strata, classes)
    return DividedTable(*known, training, validation)


def _in_folds(table: Table, strata: Rows | None, settings: TrainingSettings) -> tuple[Rows, Rows, tuple[int, ...]]:
    """Returns the rows that train and those that validate, in the order of their folds, and the size of each fold."""
    assert settings.folds is not None, "the caller knows"
    if table.rows < FEWEST_TO_VALIDATE:
        raise BadInput(
            f"{at(table.source)}--folds needs {FEWEST_TO_VALIDATE} rows or more, got {table.rows}; leave --folds out"
        )
    folds = settings.validate_on.folds(table, settings.folds, generator(settings.seed, Key.SPLIT), strata)
    validation = np.concatenate(folds)
    training = np.concatenate([validation, np.delete(np.arange(table.rows), validation)])
    return training, validation, tuple(map(len, folds))


def held_out(encoding: Encoding, table: Table, labels: Table | None, purpose: str) -> Part:
    """Returns the rows of another table as a part.

    Raises BadInput if it lacks a column, or at a label that is none of the training table's.
    """
    encoding.columns.check(table)
    names = encoding.targets.labels
    if labels is None and len(encoding.columns.label_places(table, names)) < len(names):
        raise BadInput(f"{at(table.source)}expected the answers ({listed(names)}), got none; try --validate-label FILE")
    rows = table.rows
    table, labels = usable(encoding, table, labels)
    strata = encoding.strata(table, labels)
    if strata is None:
        encoding.encode_targets(table, labels, np.float64)
    return Part(table, labels, np.arange(table.rows), strata, purpose, rows - table.rows)


def remarks(encoding: Encoding, part: Part) -> list[str]:
    """Returns messages about another table: how it was read, and words in it that the training table does not have."""
    lines = [*part.table.notes, *encoding.respelled(part.table, part.labels)]
    if part.labels:
        lines += part.labels.notes
    if part.dropped:
        lines.append(f"{part.table.source}: {counted(part.dropped, 'row')} with missing values dropped")
    return lines + unseen(encoding, part)


def unseen(encoding: Encoding, part: Part, where: str = "") -> list[str]:
    """Returns a message about words that the training table does not have; `where` says in which rows of a file."""
    count = encoding.unseen(part.table)
    values = counted(count, "text value")
    return [f"{part.table.source}: {values}{where} that no training row had, treated as unknown"] if count else []
