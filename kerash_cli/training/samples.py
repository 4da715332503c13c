"""Samples: the encoded rows of a table, as arrays in files of a stage."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from kerash_cli.encoding.record import Encoding
from kerash_cli.engine.tensors import Array
from kerash_cli.store.stage import Stage, staged_bytes
from kerash_cli.tables.table import Rows, Table

_COPIED = 1 << 19  # cells of a table that are copied at a time


class Samples(NamedTuple):
    """x (rows, features + 1), C order, ends in a column of ones; y (rows, outputs), C order; weight (rows,) or None."""

    x: Array
    y: Array
    weight: Array | None = None


def staged(
    stage: Stage,
    part: str,
    encoding: Encoding,
    table: Table,
    labels: Table | None,
    dtype: np.dtype[Any],
    rows: Rows | None = None,
) -> Samples:
    """Writes the samples of the given rows (all, if None) to `x_PART.npy` and `y_PART.npy`.

    Raises BadInput for an invalid cell.
    """
    count = table.rows if rows is None else len(rows)
    x = stage.array(f"x_{part}", (count, encoding.features + 1), dtype)
    y = stage.array(f"y_{part}", (count, encoding.outputs), dtype)
    return written(Samples(x, y), encoding, table, labels, rows)


def written(samples: Samples, encoding: Encoding, table: Table, labels: Table | None, rows: Rows | None) -> Samples:
    """Writes the given rows (all, if None) to the arrays of `samples`, and returns these.

    Raises BadInput for an invalid cell.
    """
    x, y, *_ = samples
    for own, some, their in [(slice(None), table, labels)] if rows is None else _taken(table, labels, rows):
        encoding.write_inputs(some, x[own, :-1])
        y[own] = encoding.encode_targets(some, their, y.dtype)
    x[:, -1] = 1
    return samples


def samples_bytes(encoding: Encoding, rows: int, dtype: np.dtype[Any]) -> int:
    """Returns the total size, in bytes, of the files that `staged` writes and of a file with a weight for each row."""
    shapes = ((rows, encoding.features + 1), (rows, encoding.outputs), (rows,))
    return staged_bytes(*((shape, dtype) for shape in shapes))


def usable(encoding: Encoding, table: Table, labels: Table | None) -> tuple[Table, Table | None]:
    """Returns the table and the labels without the rows that the encoding cannot use because of missing values."""
    rows = encoding.usable(table, labels)
    return take(table, labels, rows) if len(rows) < table.rows else (table, labels)


def take(table: Table, labels: Table | None, rows: Rows) -> tuple[Table, Table | None]:
    """Returns the given rows of a table and of its labels."""
    return table.take(rows), labels.take(rows) if labels else None


def _taken(table: Table, labels: Table | None, rows: Rows) -> Iterator[tuple[slice, Table, Table | None]]:
    """Yields the given rows piece by piece: which of `rows` they are, and these rows of the table and of its labels."""
    step = max(1, _COPIED // table.width)
    for start in range(0, len(rows), step):
        own = slice(start, start + step)
        yield own, *take(table, labels, rows[own])
