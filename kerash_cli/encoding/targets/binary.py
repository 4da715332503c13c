"""Targets of two classes with a single output."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from kerash_cli.encoding.cells import Floats
from kerash_cli.encoding.checks import expect
from kerash_cli.encoding.targets.classes import Classes
from kerash_cli.engine.tensors import Array
from kerash_cli.tables.table import Rows, Table


class Binary(Classes, kind="binary"):
    """The target is 0 for the first class and 1 for the second; the output is the probability of the second."""

    natural_loss = "binary-cross-entropy"

    def encode(self, where: Table, positions: Sequence[int], dtype: DTypeLike) -> Array:
        return self.strata(where, positions).astype(dtype)[:, None]

    def answers(self, outputs: Array) -> Rows:
        """Returns, for each row, 1 if the second class is likelier than the first, else 0; shape (rows,)."""
        return (outputs[:, 0] > 0.5).astype(np.intp)

    def probabilities(self, outputs: Array) -> Floats:
        given = super().probabilities(outputs)
        return np.hstack([1 - given, given])

    def meaning(self) -> str:
        return f"yes or no, {self.classes[1]} or {self.classes[0]}"

    @classmethod
    def sizes(cls, outputs: int) -> tuple[int, int]:
        expect(outputs == 1, "expected one output for two classes")
        return 2, 1
