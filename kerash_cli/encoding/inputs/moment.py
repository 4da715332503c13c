"""Columns of dates, with a feature for the day and two for each cycle that they go through."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from kerash_cli.encoding import checks
from kerash_cli.encoding.cells import Floats, check_numbers, statistics
from kerash_cli.encoding.inputs.base import ColumnGroup, InputColumn
from kerash_cli.encoding.inputs.scaled import write_scaled
from kerash_cli.encoding.scaling import IGNORED, Scaling
from kerash_cli.engine.tensors import Array
from kerash_cli.tables.table import Rows, Table

CYCLES = {"year": 365.2425, "week": 7.0, "day": 1.0}
"""Lengths of the cycles, in days."""


@dataclass(frozen=True)
class Moment(InputColumn, kind="moment"):
    """A column of days since 1970-01-01: the number of days, scaled, then the sine and cosine of each cycle.

    A cycle is used if the dates of the training table span it, a day if some of them also have a time.
    """

    cycles: tuple[str, ...]

    @property
    def features(self) -> int:
        return 1 + 2 * len(self.cycles)

    @property
    def detail(self) -> dict[str, list[str]]:
        return {"cycles": [*self.cycles]}

    @classmethod
    def learn(cls, table: Table, position: int) -> Self | None:
        notation = table.notations.get(position)
        if position in table.texts or notation is None or notation.kind != "date":
            return None
        days = _days(table, position)
        span = np.nanmax(days) - np.nanmin(days)
        timed = bool((days[~np.isnan(days)] % 1).any())
        return cls(position, tuple(each for each, days in CYCLES.items() if span >= days and (timed or each != "day")))

    @classmethod
    def from_detail(cls, position: int, detail: object) -> Self | None:
        if not isinstance(detail, dict) or detail.keys() != {"cycles"}:
            return None
        cycles = checks.names(detail["cycles"], "cycles")
        checks.expect(set(cycles) <= CYCLES.keys(), f"expected cycles among {', '.join(CYCLES)}")
        return cls(position, cycles)

    @classmethod
    def check(cls, table: Table, group: ColumnGroup) -> None:
        check_numbers(table, group.places)

    @classmethod
    def fit(cls, table: Table, group: ColumnGroup, rows: Rows | None) -> tuple[Floats, Floats]:
        check_numbers(table, group.places)
        means, deviations = statistics(table, group.places, rows)
        center, deviation = list[float](), list[float]()
        for column, place, mean, spread in zip(group.columns, group.places, means, deviations, strict=True):
            days = _days(table, place) if rows is None else _days(table, place)[rows]
            waves = column.waves(days[~np.isnan(days)])
            center += [mean, *[0.0] * len(waves)]
            deviation += [spread, *(float(wave.min() < wave.max()) for wave in waves)]
        return np.array(center), np.array(deviation)

    @classmethod
    def write(cls, table: Table, group: ColumnGroup, scaling: Scaling, missing: str, encoded: Array) -> None:
        write_scaled(table, group.places, group.starts, scaling, missing, encoded)
        for column, place, start in zip(*group, strict=True):
            for feature, wave in enumerate(column.waves(_days(table, place)), start + 1):
                encoded[:, feature] = 0 if scaling.scale[feature] == IGNORED else np.nan_to_num(wave)

    def waves(self, days: Floats) -> list[Floats]:
        """Returns the sine and the cosine of each cycle, arrays (rows,); NaN where the day is missing."""
        angles = [2 * np.pi * (days / CYCLES[cycle] % 1) for cycle in self.cycles]
        return [wave(angle) for angle in angles for wave in (np.sin, np.cos)]


def _days(table: Table, position: int) -> Floats:
    """Returns a column of days, in float64."""
    return table.numbers[:, table.number_index(position)].astype(np.float64)
