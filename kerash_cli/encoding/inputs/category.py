"""Columns of words, with a feature for each word."""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from kerash_cli.encoding import checks
from kerash_cli.encoding.cells import Floats, check_present, words
from kerash_cli.encoding.inputs.base import FILL, ColumnGroup, InputColumn
from kerash_cli.encoding.scaling import IGNORED, Scaling
from kerash_cli.engine.tensors import Array
from kerash_cli.tables.table import Rows, Table

MOST = 100
"""Maximum number of features of a column."""

FEWEST = 5
"""Minimum number of rows with a word for a feature of its own, in a column of more than MOST words."""


@dataclass(frozen=True)
class Category(InputColumn, kind="category"):
    """A column of words: the feature of a cell's word is 1, the others 0; all are 0 for a missing or unknown word."""

    categories: tuple[str, ...]

    is_text = True
    groups_rest: ClassVar[bool] = False
    """True if all other words share the last feature."""

    @property
    def features(self) -> int:
        return len(self.categories)

    @property
    def detail(self) -> tuple[str, ...]:
        return self.categories

    @classmethod
    def learn(cls, table: Table, position: int) -> Self | None:
        cells = table.texts.get(position)
        found = {cell for cell in cells or () if cell is not None}
        return None if cells is None or len(found) > MOST else cls(position, tuple(sorted(found)))

    @classmethod
    def from_detail(cls, position: int, detail: object) -> Self | None:
        if not isinstance(detail, list):
            return None
        categories = checks.names(detail, "categories")
        checks.expect(bool(categories), "expected at least one category")
        return cls(position, categories)

    @classmethod
    def check(cls, table: Table, group: ColumnGroup) -> None:
        """Does nothing, because any word is valid."""

    @classmethod
    def fit(cls, table: Table, group: ColumnGroup, rows: Rows | None) -> tuple[Floats, Floats]:
        varies = []
        for column, place in zip(group.columns, group.places, strict=True):
            cells = words(table, place)
            counts = Counter(cells if rows is None else (cells[row] for row in rows.tolist()))
            varies += [number not in (0, counts.total()) for number in column.counted(counts)]
        return np.zeros(len(varies)), np.array(varies, np.float64)

    @classmethod
    def write(cls, table: Table, group: ColumnGroup, scaling: Scaling, missing: str, encoded: Array) -> None:
        for column, place, start in zip(*group, strict=True):
            if missing != "mean":
                check_present(table, [place], FILL)
            ends = start + column.features
            encoded[:, start:ends] = 0
            used = [each if scaling.scale[each] != IGNORED else None for each in range(start, ends)]
            features = {None: None, **dict(zip(column.categories, used, strict=False))}
            rest = used[-1] if column.groups_rest else None
            for row, cell in enumerate(words(table, place)):
                if (feature := features.get(cell, rest)) is not None:
                    encoded[row, feature] = 1

    def counted(self, counts: Counter[str | None]) -> list[int]:
        """Returns the number of cells of each feature, given the number of each word."""
        return [counts[category] for category in self.categories]

    def unseen(self, table: Table, place: int) -> int:
        known = {None, *self.categories}
        return sum(cell not in known for cell in words(table, place))
