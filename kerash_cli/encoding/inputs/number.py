"""Columns of numbers, with one feature each."""

from dataclasses import dataclass
from typing import Self

from kerash_cli.encoding.cells import Floats, check_numbers, statistics
from kerash_cli.encoding.inputs.base import ColumnGroup, InputColumn
from kerash_cli.encoding.inputs.scaled import write_scaled
from kerash_cli.encoding.scaling import Scaling
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
        write_scaled(table, group.places, group.starts, scaling, missing, encoded)
