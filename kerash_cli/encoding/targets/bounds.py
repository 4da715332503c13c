"""A check for targets that the last layer can't output."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.cells import Floats, spelled
from kerash_cli.errors import BadInput
from kerash_cli.tables.table import Table


def check_allowed(
    where: Table, positions: Sequence[int], values: Floats, allowed: NDArray[np.bool_], limits: str
) -> None:
    """Raises BadInput at the first value that is not allowed; `limits` describes the allowed ones."""
    if not allowed.all():
        row, column = np.argwhere(~allowed)[0].tolist()
        raise BadInput(
            f"{where.at(row, positions[column])}expected {limits}, as the last layer outputs, "
            f"got {spelled(values[row, column])}; try softmax for classes, '-' for quantities"
        )
