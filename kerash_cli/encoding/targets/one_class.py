"""Targets of which each row has one class."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.targets.base import Targets
from kerash_cli.engine.tensors import Array
from kerash_cli.tables.table import Rows


class OneClass(Targets):
    """An output for each class; the likeliest class is the answer."""

    natural_loss = "categorical-cross-entropy"

    def answers(self, outputs: Array) -> Rows:
        """(rows,) the index of the likeliest class; the first of equals."""
        likeliest: Rows = outputs.argmax(axis=1)
        return likeliest

    def decode(self, outputs: Array) -> NDArray[Any]:
        """(rows, 1) names of classes."""
        names = np.array(self.classes, object)  # of another type each row would take what the longest name does
        return names[self.answers(outputs)[:, None]]

    @property
    def naive_answer(self) -> Any:
        return np.argmax(self.baseline)

    @classmethod
    def sizes(cls, outputs: int) -> tuple[int, int]:
        return outputs, outputs
