"""Small tables for tests of encodings."""

from typing import Any

import numpy as np

from kerash_cli.encoding.record import Encoding
from kerash_cli.tables.table import Table


def table(numbers: Any, texts: dict[int, list[str | None]] | None = None, names: str = "", first: int = 1) -> Table:
    """The table `t.csv` with these numbers by rows, text columns by position, and names; rows begin at line `first`."""
    matrix = np.asarray(numbers)
    return Table("t.csv", tuple(names.split()) or None, matrix, texts or {}, range(first, first + len(matrix)))


def inputs(encoding: Encoding, data: Table) -> list[list[float]]:
    """What an encoding makes of the inputs of a table."""
    encoded: list[list[float]] = encoding.encode_inputs(data, np.float64).tolist()
    return encoded


PEOPLE = table(
    [[30.0, 1.5, 5], [40.0, 2.5, 7], [50.0, 2.5, 9], [60.0, 1.5, 3]],
    {1: ["Ulm", "Rom", "Bonn", "Rom"]},
    "age town height pay",
    first=2,
)
