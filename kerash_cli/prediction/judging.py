"""Scores of a model on a table whose labels are known."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from kerash_cli.encoding.record import Encoding
from kerash_cli.errors import BadInput, Diverged, KerashError
from kerash_cli.model.trained import TrainedModel
from kerash_cli.prediction.lines import check_finite, unusable
from kerash_cli.prediction.pool import predictor
from kerash_cli.tables.table import Rows, Table
from kerash_cli.training.samples import take


class Judgement(NamedTuple):
    """The scores of a model on a table, the numbers of rows that were left out, and other remarks."""

    scores: dict[str, Any]
    bad: int
    """Number of rows that were left out because they can't be read or predicted."""
    first_error: KerashError | None
    """Error in the first row that was left out as bad."""
    missing: int
    """Number of rows that were left out because of a missing value, as in training."""
    notes: list[str]
    """Messages about labels that are written differently from the classes that they are taken for, a line each."""
    unseen: int
    """Number of text values that no training row had."""
    known: str
    """A phrase saying that the model was trained on some of these rows; empty if it was not."""


def judge(
    trained: TrainedModel,
    table: Table,
    labels: Table | None,
    skip: bool,
    mountpoint: str | None,
    tell: Callable[[str], object],
    threshold: float | None = None,
) -> Judgement:
    """Scores the model on the rows of a table; with `skip`, only on rows that can be read and predicted.

    With `threshold`, an answer is a yes if its probability is at least that; the scores have the threshold too.
    Without `skip`, raises BadInput at a bad cell, and Diverged at a row with an output that is not finite.
    """
    encoding, dtype = trained.encoding, trained.params.dtype
    trained.check(table)
    all_rows = table.rows + len(table.bad)
    first_error: KerashError | None = table.bad[0].error if table.bad else None
    if skip:
        rows, error = _readable(encoding, table, labels)
        first_error = first_error or error
        table, labels = encoding.part(table, rows, labels)
    bad = all_rows - table.rows
    usable = encoding.usable(table, labels)
    missing = table.rows - len(usable)
    table, labels = take(table, labels, usable)
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
        first_error, bad = first_error or error, bad + len(lost)
        finite = np.delete(np.arange(table.rows), lost)
        (table, labels), x, y, outputs = take(table, labels, finite), x[finite], y[finite], outputs[finite]
    scores = trained.judge(outputs, encoding.encode_targets(table, labels, np.float64), threshold)
    if threshold is not None:
        scores = {"threshold": threshold, **scores}
    known = trained.knows(table.sha256, x, y)
    notes = encoding.respelled(table, labels)
    return Judgement(scores, bad, first_error, missing, notes, encoding.unseen(table), known)


def _readable(encoding: Encoding, table: Table, labels: Table | None) -> tuple[Rows, KerashError | None]:
    """Returns the rows whose cells are all valid, and the error in the first row that has an invalid cell.

    Raises that error if there is no valid row.
    """
    errors: list[KerashError] = []

    def readable(rows: Rows) -> Rows:
        part = encoding.part(table, rows, labels)
        try:
            encoding.usable(*part)
            encoding.encode_inputs(part[0])
            encoding.encode_targets(*part)
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
