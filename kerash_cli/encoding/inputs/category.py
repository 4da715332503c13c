"""Columns of words, with a feature for each word."""

from collections import Counter
from dataclasses import dataclass
from typing import Self

import numpy as np

from kerash_cli.encoding import checks
from kerash_cli.encoding.cells import Floats, check_present, words
from kerash_cli.encoding.inputs.base import FILL, ColumnGroup, InputColumn
from kerash_cli.encoding.scaling import IGNORED, Scaling
from kerash_cli.engine.tensors import Array
from kerash_cli.tables.table import Rows, Table


@dataclass(frozen=True)
class Category(InputColumn, kind="category"):
    """A column of words: the feature of a cell's word is 1, the others 0; all are 0 for a missing or unknown word."""

    categories: tuple[str, ...]

    is_text = True

    @property
    def features(self) -> int:
        return len(self.categories)

    @property
    def detail(self) -> tuple[str, ...]:
        return self.categories

    @classmethod
    def learn(cls, table: Table, position: int) -> Self | None:
        cells = table.texts.get(position)
        return None if cells is None else cls(position, tuple(sorted({cell for cell in cells if cell is not None})))

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
            chosen = cells if rows is None else [cells[row] for row in rows.tolist()]
            counts = Counter(chosen)
            varies += [counts[category] not in (0, len(chosen)) for category in column.categories]
        return np.zeros(len(varies)), np.array(varies, np.float64)

    @classmethod
    def write(cls, table: Table, group: ColumnGroup, scaling: Scaling, missing: str, encoded: Array) -> None:
        for column, place, start in zip(*group, strict=True):
            if missing != "mean":
                check_present(table, [place], FILL)
            features = {
                category: feature
                for feature, category in enumerate(column.categories, start)
                if scaling.scale[feature] != IGNORED
            }
            encoded[:, start : start + column.features] = 0
            for row, cell in enumerate(words(table, place)):
                if cell in features:
                    encoded[row, features[cell]] = 1

    def unseen(self, table: Table, place: int) -> int:
        known = {None, *self.categories}
        return sum(cell not in known for cell in words(table, place))
