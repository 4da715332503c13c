"""Predictions for a table whose labels are known, and their scores."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from kerash_cli.encoding.cells import Floats
from kerash_cli.encoding.record import Encoding
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, Diverged, KerashError, at
from kerash_cli.model import scoring
from kerash_cli.model.scoring import Judged
from kerash_cli.model.trained import TrainedModel
from kerash_cli.prediction.lines import check_finite, unusable
from kerash_cli.prediction.pool import predictor
from kerash_cli.tables.table import Rows, Table
from kerash_cli.training.samples import take
from kerash_cli.training.weighing import place_of_weights, weights_in

MOST_WEIGHT = 1e100
"""Largest weight of a row: sums of weights and of their squares are numbers that float64 can hold."""


class LeftOut(NamedTuple):
    """Numbers of rows of a table that were left out."""

    bad: int
    """Number of rows that can't be read or predicted."""
    first_error: KerashError | None
    """Error in the first bad row."""
    missing: int
    """Number of rows with a missing value, as in training."""
    weightless: int
    """Number of rows with a weight of 0."""


class Predicted(NamedTuple):
    """A model's outputs for the rows of a table, and their targets."""

    trained: TrainedModel
    source: str
    """Path of the table, as typed."""
    outputs: Array
    encoded: Array
    """Targets (rows, outputs) as the network's outputs should be."""
    lines: Sequence[int]
    """Number of the line at which each row starts, which tells the rows of a file apart."""
    weights: Floats | None
    """Weights of the rows (rows,), all above 0; None if all count the same."""
    weighted_by: str | None
    """Name or number of the column with the weights."""
    left_out: LeftOut
    notes: list[str]
    """Messages about labels that are written differently from the classes that they are taken for, a line each."""
    unseen: int
    """Number of text values that no training row had."""
    known: str
    """A phrase saying that the model was trained on some of these rows; empty if it was not."""

    def judged(self, threshold: float | None = None, rows: Rows | None = None) -> Judged:
        """Returns what metrics compare, for the given rows (all, if None).

        With `threshold`, an answer is a yes if its probability is at least that.
        """
        chosen = slice(None) if rows is None else rows
        weights = None if self.weights is None else self.weights[chosen]
        return Judged(self.trained.encoding.targets, self.outputs[chosen], self.encoded[chosen], threshold, weights)


def predicted(
    trained: TrainedModel,
    table: Table,
    labels: Table | None,
    skip: bool,
    mountpoint: str | None,
    tell: Callable[[str], object],
    weights: str | None = None,
) -> Predicted:
    """Predicts the rows of a table; with `skip`, only rows that can be read and predicted.

    `weights` names the column with the rows' weights. Without `skip`, raises BadInput at a bad cell, and Diverged at a
    row with an output that is not finite.
    """
    encoding, dtype = trained.encoding, trained.params.dtype
    trained.check(table)
    table, labels, left_out, own = usable(encoding, table, labels, skip, weights)
    x, y = encoding.encode_inputs(table, dtype), encoding.encode_targets(table, labels, dtype)
    made = (trained.description, trained.network, trained.params)
    with predictor(*made, table.rows, mountpoint, tell) as predict:
        outputs = predict(x)
    try:
        check_finite(encoding, outputs, table)
    except Diverged as error:
        lost = unusable(encoding, outputs)
        if not skip or len(lost) == table.rows:
            raise
        left_out = left_out._replace(bad=left_out.bad + len(lost), first_error=left_out.first_error or error)
        finite = np.delete(np.arange(table.rows), lost)
        (table, labels), x, y, outputs = take(table, labels, finite), x[finite], y[finite], outputs[finite]
        own = None if own is None else own[finite]
    encoded = encoding.encode_targets(table, labels, np.float64)
    known, notes = trained.knows(table.sha256, x, y), encoding.respelled(table, labels)
    rows = (table.source, outputs, encoded, table.lines, own, weights)
    return Predicted(trained, *rows, left_out, notes, encoding.unseen(table), known)


def scores(found: Predicted, threshold: float | None = None) -> dict[str, Any]:
    """Returns the scores of predictions, with the threshold and the column of weights if there are any.

    With `threshold`, an answer is a yes if its probability is at least that.
    """
    way = {"threshold": threshold, "weights": found.weighted_by}
    return {name: value for name, value in way.items() if value is not None} | scoring.all_scores(
        found.judged(threshold)
    )


def _place(encoding: Encoding, table: Table, labels: Table | None, weights: str | None) -> int | None:
    """Returns the position of the column of weights; None if there is none."""
    if weights is None:
        return None
    targets = encoding.columns.label_places(table, encoding.targets.labels) if labels is None else []
    return place_of_weights(table, weights, targets)


def common(first: Predicted, second: Predicted) -> tuple[Rows, Rows]:
    """Returns the rows that both have, as indexes in each."""
    ours, theirs = np.asarray(first.lines), np.asarray(second.lines)  # both ascend
    return np.flatnonzero(np.isin(ours, theirs)), np.flatnonzero(np.isin(theirs, ours))


def usable(
    encoding: Encoding, table: Table, labels: Table | None, skip: bool, weights: str | None = None
) -> tuple[Table, Table | None, LeftOut, Floats | None]:
    """Returns both tables without the rows that can't be used, how many these are, and the weights of the others.

    `weights` names the column with the weights. With `skip`, rows that can't be read are left out; without, raises
    BadInput at a bad cell.
    """
    place = _place(encoding, table, labels, weights)
    all_rows = table.rows + len(table.bad)
    first_error: KerashError | None = table.bad[0].error if table.bad else None
    if skip:
        rows, error = _readable(encoding, table, labels, place)
        first_error = first_error or error
        table, labels = encoding.part(table, rows, labels)
    readable, rows = table.rows, encoding.usable(table, labels)
    table, labels, weightless = _counting(*take(table, labels, rows), place)
    left_out = LeftOut(all_rows - readable, first_error, readable - len(rows), weightless)
    return table, labels, left_out, None if place is None else weights_in(table, place)


def _counting(table: Table, labels: Table | None, place: int | None) -> tuple[Table, Table | None, int]:
    """Returns both tables without the rows whose weight is 0, and the number of these; raises BadInput if all are."""
    if place is None:
        return table, labels, 0
    weights = weights_in(table, place)
    counting = np.flatnonzero(weights)
    if not len(counting):
        raise BadInput(f"{at(table.source)}{table.title(place)}: expected a weight above 0 in a row, got none")
    if weights.max() > MOST_WEIGHT:
        raise BadInput(f"{table.at(int(weights.argmax()), place)}expected a weight up to 1e100, got {weights.max():g}")
    return *take(table, labels, counting), table.rows - len(counting)


def _readable(
    encoding: Encoding, table: Table, labels: Table | None, place: int | None
) -> tuple[Rows, KerashError | None]:
    """Returns the rows whose cells are all valid, and the error in the first row that has an invalid cell.

    `place` is the position of the column of weights. Raises that error if there is no valid row.
    """
    errors: list[KerashError] = []

    def readable(rows: Rows) -> Rows:
        part = encoding.part(table, rows, labels)
        try:
            encoding.usable(*part)
            encoding.encode_inputs(part[0])
            encoding.encode_targets(*part)
            if place is not None:
                weights_in(part[0], place)
        except BadInput as error:
            if len(rows) == 1:
                errors.append(error)
                return rows[:0]
            return np.concatenate([readable(rows[: len(rows) // 2]), readable(rows[len(rows) // 2 :])])
        return rows

    found = readable(np.arange(table.rows))
    if not len(found):
        raise errors[0]
    return found, errors[0] if errors else None
