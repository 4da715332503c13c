"""Small tables for tests of encodings."""

import json
from typing import Any

import numpy as np

from kerash_cli.encoding.record import Encoding
from kerash_cli.tables.table import Table


def table(numbers: Any, texts: dict[int, list[str | None]] | None = None, names: str = "", first: int = 1) -> Table:
    """The table `t.csv` with these numbers by rows, text columns by position, and names; rows begin at line `first`."""
    matrix = np.asarray(numbers)
    return Table("t.csv", tuple(names.split()) or None, matrix, texts or {}, range(first, first + len(matrix)))


def as_saved(encoding: Encoding) -> dict[str, Any]:
    """The record of an encoding as it is read from a saved model."""
    record: dict[str, Any] = json.loads(json.dumps(encoding.to_json()))
    return record


def again(encoding: Encoding) -> Encoding:
    """As it comes from a saved model."""
    return Encoding.from_json(as_saved(encoding))


def images() -> Table:
    """Six samples of two channels of 2x3 pixels, and a label."""
    rng = np.random.default_rng(0)
    return table(np.hstack([rng.normal([3.0] * 6 + [-1.0] * 6, [2.0] * 6 + [0.5] * 6, (6, 12)), [[0], [1]] * 3]))


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
