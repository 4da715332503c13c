"""Targets with one class per row, and an output for each class."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.targets.base import Targets, at_least
from kerash_cli.engine.tensors import Array
from kerash_cli.tables.table import Rows


class OneClass(Targets):
    """Targets with an output for each class; the answer is the likeliest class."""

    natural_loss = "categorical-cross-entropy"

    def answers(self, outputs: Array) -> Rows:
        """Returns the index of the likeliest class of each row (rows,), the first one if several are equally likely."""
        likeliest: Rows = outputs.argmax(axis=1)
        return likeliest

    @property
    def takes_threshold(self) -> bool:
        return len(self.classes) == 2

    def above(self, outputs: Array, threshold: float) -> Rows:
        """Returns, for each row, 1 if the probability of the second class is at least `threshold`, else 0; (rows,)."""
        above: Rows = at_least(self.probabilities(outputs)[:, 1], threshold, outputs).astype(np.intp)
        return above

    def readable(self, answers: NDArray[Any]) -> NDArray[Any]:
        """Returns the names of the classes (rows, 1)."""
        names = np.array(self.classes, object)  # a string type would give each row the size of the longest name
        readable: NDArray[Any] = names[answers[:, None]]
        return readable

    @property
    def naive_answer(self) -> Any:
        return np.argmax(self.baseline)

    @classmethod
    def sizes(cls, outputs: int) -> tuple[int, int]:
        return outputs, outputs
