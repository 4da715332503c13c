"""Targets that are classes, named by the labels of one column."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from kerash_cli import decimals
from kerash_cli.encoding.cells import Floats, matrix, words
from kerash_cli.encoding.phrases import enumerated
from kerash_cli.encoding.targets.one_class import OneClass
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, listed, plain, shown
from kerash_cli.tables.table import Rows, Table


class Classes(OneClass, kind="classes"):
    """A label is the name of a class; the target is 1 at the output of that class and 0 at the others."""

    names_classes = True

    def encode(self, where: Table, positions: Sequence[int], dtype: DTypeLike) -> Array:
        shares: Array = np.zeros((where.rows, self.outputs), dtype)
        shares[np.arange(where.rows), self.strata(where, positions)] = 1
        return shares

    def strata(self, where: Table, positions: Sequence[int]) -> Rows:
        (position,) = positions
        if self.numeric:
            values = matrix(where, [position])[:, 0]
            known = np.array(self.classes, np.float64)
            codes = np.searchsorted(known, values).clip(max=len(known) - 1)
            strange = np.flatnonzero(known[codes] != values)
        else:
            names = {name: code for code, name in enumerate(self.classes)}
            codes = np.fromiter((names.get(cell or "", -1) for cell in words(where, position)), np.intp, where.rows)
            strange = np.flatnonzero(codes < 0)
        if len(strange):
            row = int(strange[0])
            got = words(where.take(strange[:1]), position)[0] or ""
            raise BadInput(f"{where.at(row, position)}expected one of {listed(self.classes)}, got {shown(got)}")
        return codes

    def measure(self, where: Table, positions: Sequence[int], rows: Rows | None) -> Floats:
        """Returns the baseline of the given rows: the share of each class."""
        codes = self.strata(where, positions)[slice(None) if rows is None else rows]
        return np.bincount(codes, minlength=len(self.classes)) / len(codes)

    def describe(self) -> str:
        return f"{len(self.classes)} classes from {enumerated(self.labels)}: {enumerated(self.classes)}"

    def doubts(self) -> list[str]:
        if alike := self._equal_classes():
            return [f"classes {alike} are equal as numbers, but written differently: they are kept apart"]
        return []

    def respelled(self, where: Table, positions: Sequence[int]) -> list[str]:
        (position,) = positions
        written = words(where, position) if self.numeric else ()
        strange = sorted({word for word in written if word is not None} - set(self.classes))
        if not strange:
            return []
        return [f"labels {listed(strange)} are taken for the classes that are the same numbers: {listed(self.classes)}"]

    @classmethod
    def sizes(cls, outputs: int) -> tuple[int, int]:
        return outputs, 1

    def _equal_classes(self) -> str:
        """Returns the classes whose names are equal as numbers, for a message; empty if there are none."""
        if self.numeric:
            return ""
        from fractions import Fraction  # imported late: only training needs it

        by_value: dict[Fraction, list[str]] = {}
        for name in self.classes:
            if decimals.number(name) is not None:
                by_value.setdefault(Fraction(name.strip()), []).append(name)
        return ", ".join(" and ".join(map(plain, names)) for names in by_value.values() if len(names) > 1)
