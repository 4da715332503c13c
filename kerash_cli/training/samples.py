"""Samples: the encoded rows of a table, as arrays in files of a stage."""

from typing import Any, NamedTuple

import numpy as np

from kerash_cli.encoding.record import Encoding
from kerash_cli.engine.tensors import Array
from kerash_cli.store.stage import Stage, staged_bytes
from kerash_cli.tables.table import Rows, Table


class Samples(NamedTuple):
    """x (rows, features + 1), C order, ends in a column of ones; y (rows, outputs), C order; weight (rows,) or None."""

    x: Array
    y: Array
    weight: Array | None = None


def staged(
    stage: Stage, part: str, encoding: Encoding, table: Table, labels: Table | None, dtype: np.dtype[Any]
) -> Samples:
    """Writes the samples of all rows to `x_PART.npy` and `y_PART.npy`; raises BadInput for an invalid cell."""
    x = stage.array(f"x_{part}", (table.rows, encoding.features + 1), dtype)
    y = stage.array(f"y_{part}", (table.rows, encoding.outputs), dtype)
    encoding.write_inputs(table, x[:, :-1])
    x[:, -1] = 1
    y[...] = encoding.encode_targets(table, labels, dtype)
    return Samples(x, y)


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
