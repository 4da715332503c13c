"""Targets of several independent labels, each 0 or 1."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.cells import Floats
from kerash_cli.encoding.phrases import counted, enumerated
from kerash_cli.encoding.targets.base import Targets, at_least
from kerash_cli.encoding.targets.bounds import check_allowed
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import listed
from kerash_cli.tables.table import Table


class Multilabel(Targets, kind="multilabel"):
    """Each label is 0 or 1; its output is the probability of 1, independent of the other labels."""

    natural_loss = "binary-cross-entropy"

    def checked(self, where: Table, positions: Sequence[int], values: Floats) -> Floats:
        if self.output == "probability":
            check_allowed(where, positions, values, (values == 0) | (values == 1), "0 or 1")
        return values

    def answers(self, outputs: Array) -> NDArray[np.bool_]:
        """Returns, for each label, whether 1 is likelier than 0; shape (rows, outputs)."""
        return outputs > 0.5

    @property
    def takes_threshold(self) -> bool:
        return True

    def above(self, outputs: Array, threshold: float) -> NDArray[np.bool_]:
        """Returns, for each label, whether the probability of 1 is at least `threshold`; shape (rows, outputs)."""
        return at_least(self.probabilities(outputs), threshold, outputs)

    def readable(self, answers: NDArray[Any]) -> NDArray[Any]:
        """Returns the labels (rows, outputs), 0 or 1."""
        return answers.astype(np.int8)

    @property
    def naive_answer(self) -> Any:
        return self.answers(self.baseline)

    def meaning(self) -> str:
        return f"labels {listed(self.labels)}"

    def describe(self) -> str:
        return f"{counted(self.outputs, 'label')}: {enumerated(self.labels)}"

    def limits(self, activation: Activation) -> tuple[float, float]:
        """Returns infinite limits: values other than 0 and 1 have already been refused."""
        return -np.inf, np.inf
