"""Yes or no, several times a row."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.cells import Floats
from kerash_cli.encoding.phrases import counted, enumerated
from kerash_cli.encoding.targets.base import Targets
from kerash_cli.encoding.targets.bounds import check_allowed
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.tensors import Array
from kerash_cli.tables.table import Table


class Multilabel(Targets, kind="multilabel"):
    """A label is 0 or 1; the output is the probability of 1, each by itself."""

    natural_loss = "binary-cross-entropy"

    def checked(self, where: Table, positions: Sequence[int], values: Floats) -> Floats:
        if self.output == "probability":
            check_allowed(where, positions, values, (values == 0) | (values == 1), "0 or 1")
        return values

    def answers(self, outputs: Array) -> NDArray[np.bool_]:
        """(rows, outputs) whether it is likelier to be 1 than 0."""
        return outputs > 0.5

    def decode(self, outputs: Array) -> NDArray[Any]:
        """(rows, outputs) 0 or 1."""
        return self.answers(outputs).astype(np.int8)

    @property
    def naive_answer(self) -> Any:
        return self.answers(self.baseline)

    def describe(self) -> str:
        return f"{counted(self.outputs, 'label')}: {enumerated(self.labels)}"

    def limits(self, activation: Activation) -> tuple[float, float]:
        """No limits: values other than 0 and 1 have been refused."""
        return -np.inf, np.inf
