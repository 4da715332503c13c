"""Weights of the rows in the loss: by a column of weights, and by class."""

from collections.abc import Sequence

import numpy as np

from kerash_cli.encoding.cells import Floats, check_numbers, check_present, retyped
from kerash_cli.encoding.record import Encoding
from kerash_cli.errors import BadInput, at, shown
from kerash_cli.tables.table import Table
from kerash_cli.training.dividing import Part
from kerash_cli.training.settings import TrainingSettings

EXPECTED = "expected a weight, a number from 0 on"


def check_weights(table: Table, targets: Sequence[str], settings: TrainingSettings) -> None:
    """Raises BadInput if the column of weights is a target, or at the first cell of it that is no weight."""
    column = settings.weights
    if column is None:
        return
    _column(table, place_of_weights(table, column, [*map(table.find, targets)]))


def place_of_weights(table: Table, column: str, targets: Sequence[int]) -> int:
    """Returns the position of the column of weights; raises BadInput if it is at one of the positions `targets`."""
    place = table.find(column)
    if place in targets:
        raise BadInput(f"--weights {column}: expected a column other than the label; try without --weights")
    return place


def weights_in(table: Table, place: int) -> Floats:
    """Returns the weights of a table that was read for a model; raises BadInput at the first cell that is none."""
    return _column(retyped(table, [place]), place)


def row_weights(settings: TrainingSettings, encoding: Encoding, part: Part, training: Part) -> Floats | None:
    """Returns the weights of a part's rows, (rows,); None if all rows count the same.

    Those of a column have a mean of 1 over the part. With balanced classes, all classes of `training`, the rows that
    train, weigh the same. Raises BadInput if the table lacks the column, or if no row has a weight above 0.
    """
    factors = _balanced(part, training) if settings.balance else None
    if settings.weights is None:
        return factors
    place = training.table.find(settings.weights)
    if part.table is not training.table:
        place = _place(settings.weights, place, encoding, part.table)
    weights = _column(part.table, place)[part.rows]
    largest = weights.max()
    if not largest:
        where = f"{at(part.table.source)}{part.table.title(place)}"
        raise BadInput(f"{where}: expected a weight above 0 in a row that {part.purpose}, got none")
    weights /= largest  # so that no sum overflows
    if factors is not None:
        weights *= factors
    weights /= weights.mean()
    return weights


def _balanced(part: Part, training: Part) -> Floats:
    assert training.strata is not None, "prepare refuses to balance other labels"
    assert part.strata is not None, "parts have the same kind of labels"
    counts = np.bincount(training.strata[training.rows])  # each class has a row that trains
    factors: Floats = len(training.rows) / (np.count_nonzero(counts) * counts[part.strata[part.rows]])
    return factors


def _place(column: str, place: int, encoding: Encoding, table: Table) -> int:
    """Returns the position in another table of the training table's column at `place`."""
    found = encoding.schema.locate(table.names, table.width).get(place)
    if found is None:
        raise BadInput(f"{at(table.source)}expected a column {shown(column)} of weights, got none; try to add it")
    return found


def _column(table: Table, place: int) -> Floats:
    """Returns a column of weights; raises BadInput at the first cell that is none."""
    check_present(table, [place], "; a weight of 0 leaves a row out")
    if place in table.texts:
        check_numbers(table, [place], "; this column has the weights")
        raise BadInput(f"{at(table.source)}{table.title(place)} has names by --categories; weights are numbers")
    weights: Floats = table.numbers[:, table.number_index(place)].astype(np.float64)
    wrong = np.flatnonzero((weights < 0) | np.isinf(weights))
    if len(wrong):
        row = int(wrong[0])
        raise BadInput(f"{table.at(row, place)}{EXPECTED}, got {weights[row]:g}")
    return weights
