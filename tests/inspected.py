"""Tables with planted faults, and what is found in them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from experiments import CLASSES, NUMBERS, prepared, table

from kerash_cli.inspection import InspectedTable
from kerash_cli.inspection.findings import NOTE, PROBLEM, TableFinding, findings

ROWS = 300


def columns(rows: int = ROWS, seed: int = 1) -> dict[str, Any]:
    """Columns without a fault: three amounts, and two classes that they tell apart in most rows."""
    rng = np.random.default_rng(seed)
    a, b, c = rng.standard_normal((3, rows)).round(4)
    return {"a": a, "b": b, "c": c, "y": np.where(a + b + 0.5 * rng.standard_normal(rows) > 0, "yes", "no")}


def inspected(
    given: Mapping[str, Sequence[Any]], most_rows: int | None = None, most_columns: int | None = None, **settings: Any
) -> InspectedTable:
    """The table with these columns, of which the last one is to be predicted: words or numbers."""
    names, cells = [*given], [[*each] for each in given.values()]
    is_text = [isinstance(next((cell for cell in column if cell is not None), None), str) for column in cells]
    texts = {place: column for place, column in enumerate(cells) if is_text[place]}
    numbers = [column for place, column in enumerate(cells) if not is_text[place]]
    rows = len(cells[0])
    data = table(
        np.array(numbers, np.float64).T if numbers else np.empty((rows, 0)), "", texts, is_text=True,
        lines=range(2, rows + 2),
    )  # fmt: skip
    object.__setattr__(data, "names", tuple(names))
    model = CLASSES if is_text[-1] else NUMBERS
    return InspectedTable.of(prepared(model, data, missing="mean", **settings), most_rows, most_columns)


def found(looked: InspectedTable) -> list[TableFinding]:
    return [*findings(looked, PROBLEM), *findings(looked, NOTE)]


def names(looked: InspectedTable) -> list[str]:
    """Names of the kinds that are found."""
    return [each.name for each in found(looked)]
