"""The base class of inputs that show a column of numbers in another way, beside its z-scores."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from kerash_cli.encoding import checks
from kerash_cli.encoding.cells import Floats, check_numbers, check_present, extremes, selection, statistics, tiles
from kerash_cli.encoding.inputs.base import FILL, ColumnGroup, InputColumn
from kerash_cli.encoding.scaling import IGNORED, Scaling
from kerash_cli.engine.tensors import Array
from kerash_cli.tables.table import Rows, Table


@dataclass(frozen=True)
class ViewColumn(InputColumn):
    """A further input of a column of numbers, whose features grow with the value and are not standardised.

    A missing number has the features of the column's mean, as its z-score has.
    """

    @classmethod
    @abstractmethod
    def see(cls, columns: Sequence[Any], values: Floats) -> Floats:
        """Returns the features (rows, features) for values (rows, features), each repeated for all its features."""

    @classmethod
    def learn(cls, table: Table, position: int) -> Self | None:
        """Returns None: a view is learnt beside a column that is an input already, by `views.viewed`."""
        return None

    @classmethod
    def check(cls, table: Table, group: ColumnGroup) -> None:
        check_numbers(table, group.places)

    @classmethod
    def fit(cls, table: Table, group: ColumnGroup, rows: Rows | None) -> tuple[Floats, Floats]:
        check_numbers(table, group.places)
        mean, _ = statistics(table, group.places, rows)
        counts = [column.features for column in group.columns]
        values = np.repeat([mean, *extremes(table, group.places, rows)], counts, axis=1)
        center, low, high = cls.see(group.columns, values)
        return center, (low < high).astype(np.float64)

    @classmethod
    def write(cls, table: Table, group: ColumnGroup, scaling: Scaling, missing: str, encoded: Array) -> None:
        check_numbers(table, group.places)
        features, indexes = group.features, table.number_indexes(group.places)
        spread = [index for column, index in zip(group.columns, indexes, strict=True) for _ in range(column.features)]
        fill, ignored = scaling.fill[features], scaling.scale[features] == IGNORED
        may_lack, chosen = table.numbers.dtype.kind == "f", selection(features)
        for part, values in tiles(table.numbers, spread):
            gaps = np.isnan(values) if may_lack else None
            seen = cls.see(group.columns, values)
            if gaps is not None and gaps.any():
                if missing != "mean":
                    check_present(table, group.places, FILL)
                seen = np.where(gaps, fill, seen)
            seen[:, ignored] = 0
            encoded[part, chosen] = seen


def ascending(value: object, low: int, high: int, what: str) -> tuple[float, ...]:
    """Returns from `low` to `high` numbers, each larger than the one before, with a finite span; else ValueError."""
    if not isinstance(value, list) or not low <= len(value) <= high:
        raise ValueError(f"expected {low} to {high} {what}")
    numbers = checks.floats(value, len(value), what)
    with np.errstate(over="ignore"):
        rises = bool((numbers[1:] > numbers[:-1]).all()) and bool(np.isfinite(numbers[-1] - numbers[0]))
    checks.expect(rises, f"expected ascending {what}")
    return tuple(numbers.tolist())
