"""Targets that are classes, with a label column for each class."""

from collections.abc import Sequence

import numpy as np

from kerash_cli.encoding.cells import Floats, spelled
from kerash_cli.encoding.phrases import enumerated
from kerash_cli.encoding.targets.one_class import OneClass
from kerash_cli.errors import BadInput
from kerash_cli.tables.table import Rows, Table


class OneHot(OneClass, kind="one-hot"):
    """A label is the share of its column's class, usually 0 or 1; the labels of a row add up to 1."""

    def checked(self, where: Table, positions: Sequence[int], values: Floats) -> Floats:
        off = np.flatnonzero((values < 0).any(axis=1) | (np.abs(values.sum(axis=1) - 1) > 1e-6))
        if len(off):
            row = int(off[0])
            got = " ".join(map(spelled, values[row].tolist()))
            raise BadInput(
                f"{where.at(row)}expected shares of {len(positions)} classes that add up to 1, got {got[:60]}"
            )
        return values

    def strata(self, where: Table, positions: Sequence[int]) -> Rows:
        likeliest: Rows = self.encode(where, positions, np.float64).argmax(axis=1)
        return likeliest

    def describe(self) -> str:
        return f"{self.outputs} classes in columns of their own: {enumerated(self.labels)}"

    def prediction_names(self) -> list[str]:
        return ["predicted_class"]
