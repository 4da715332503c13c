"""Targets with one class per row, and an output for each class."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.targets.base import Targets
from kerash_cli.engine.tensors import Array
from kerash_cli.tables.table import Rows


class OneClass(Targets):
    """Targets with an output for each class; the answer is the likeliest class."""

    natural_loss = "categorical-cross-entropy"

    def answers(self, outputs: Array) -> Rows:
        """Returns the index of the likeliest class of each row (rows,), the first one if several are equally likely."""
        likeliest: Rows = outputs.argmax(axis=1)
        return likeliest

    def decode(self, outputs: Array) -> NDArray[Any]:
        """Returns the names of the classes (rows, 1)."""
        names = np.array(self.classes, object)  # a string type would give each row the size of the longest name
        return names[self.answers(outputs)[:, None]]

    @property
    def naive_answer(self) -> Any:
        return np.argmax(self.baseline)

    @classmethod
    def sizes(cls, outputs: int) -> tuple[int, int]:
        return outputs, outputs
