"""Targets that are amounts (regression)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.cells import Floats, statistics
from kerash_cli.encoding.phrases import counted, enumerated
from kerash_cli.encoding.targets.base import SMALLER, Targets
from kerash_cli.encoding.targets.bounds import check_allowed
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.tensors import Array
from kerash_cli.tables.table import Rows, Table


class Values(Targets, kind="values"):
    """A label is a number, and the output is that number after scaling."""

    natural_loss = "mean-square"
    main_metric = "rmse"
    has_probabilities = False
    scored_singly = True  # their units may differ

    @property
    def is_usual(self) -> bool:
        """True if the last layer can output any number; amounts that all lie between 0 and 1 are rare."""
        return self.output == "any"

    def checked(self, where: Table, positions: Sequence[int], values: Floats) -> Floats:
        if self.output == "probability":
            check_allowed(where, positions, values, (values >= 0) & (values <= 1), "0 to 1")
        return values

    def fitted(self, where: Table, positions: Sequence[int], rows: Rows | None, standardize: bool) -> Targets:
        fitted = super().fitted(where, positions, rows, standardize)
        if not standardize:
            return fitted
        center, spread = statistics(where, positions, rows, SMALLER)
        return replace(fitted, mean=center, scale=np.where(spread > 0, spread, 1))

    def answers(self, outputs: Array) -> NDArray[Any]:
        """Returns the values (rows, outputs) in the target's own unit; one that float64 can't hold is infinite."""
        with np.errstate(over="ignore", invalid="ignore"):
            values: Floats = outputs.astype(np.float64) * self.scale + self.mean
        return values

    def readable(self, answers: NDArray[Any]) -> NDArray[Any]:
        """Returns the values unchanged (rows, outputs)."""
        return answers

    def finite(self, outputs: Array) -> NDArray[np.bool_]:
        return super().finite(outputs) & super().finite(self.decode(outputs))

    @property
    def naive_answer(self) -> Any:
        return self.baseline

    def describe(self) -> str:
        return f"{counted(self.outputs, 'target')}: {enumerated(self.labels)}"

    def limits(self, activation: Activation) -> tuple[float, float]:
        return activation.reach()
