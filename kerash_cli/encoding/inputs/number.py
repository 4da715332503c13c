"""Columns of numbers, with one feature each."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from kerash_cli.encoding.cells import Floats, check_finite, check_numbers, check_present, statistics, tiles
from kerash_cli.encoding.inputs.base import FILL, ColumnGroup, InputColumn
from kerash_cli.encoding.scaling import IGNORED, Scaling
from kerash_cli.engine.tensors import Array
from kerash_cli.tables.table import Rows, Table


@dataclass(frozen=True)
class Number(InputColumn, kind="number"):
    """A column of numbers: its feature is (value - mean) / scale."""

    runs = True

    @property
    def features(self) -> int:
        return 1

    @property
    def detail(self) -> None:
        return None

    @classmethod
    def learn(cls, table: Table, position: int) -> Self | None:
        return cls(position) if position not in table.texts else None

    @classmethod
    def from_detail(cls, position: int, detail: object) -> Self | None:
        return cls(position) if detail is None else None

    @classmethod
    def check(cls, table: Table, group: ColumnGroup) -> None:
        check_numbers(table, group.places)

    @classmethod
    def fit(cls, table: Table, group: ColumnGroup, rows: Rows | None) -> tuple[Floats, Floats]:
        check_numbers(table, group.places)
        return statistics(table, group.places, rows)

    @classmethod
    def write(cls, table: Table, group: ColumnGroup, scaling: Scaling, missing: str, encoded: Array) -> None:
        places, features = group.places, group.starts
        check_numbers(table, places)
        fill, mean, scale = scaling.fill[features], scaling.mean[features], scaling.scale[features]
        ignored = [features[index] for index in np.flatnonzero(scale == IGNORED).tolist()]
        may_lack = table.numbers.dtype.kind == "f"
        scaled = scaling.standardized or bool(ignored)
        chosen = slice(None) if len(features) == encoded.shape[1] else features
        for part, values in tiles(table.numbers, table.number_indexes(places)):
            gaps = np.isnan(values) if may_lack else None
            if gaps is not None and gaps.any():
                if missing != "mean":
                    check_present(table, places, FILL)
                values = np.where(gaps, fill, values)
            with np.errstate(over="ignore"):
                if scaled:
                    values -= mean
                    values /= scale
                encoded[part, chosen] = values
                encoded[part, ignored] = 0
            check_finite(table, places, encoded[part, chosen], part.start)
