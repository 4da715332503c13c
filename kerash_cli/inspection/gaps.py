"""Missing values: columns and rows that have hardly anything else."""

from collections.abc import Iterator

import numpy as np

from kerash_cli.encoding.cells import absent
from kerash_cli.encoding.phrases import counted
from kerash_cli.inspection.findings import NOTE, Evidence, finding
from kerash_cli.inspection.inspected import InspectedTable

MOSTLY = 0.5
"""Share of missing values from which a column or a row has few others."""


@finding("gaps", NOTE, "a column with few values", "columns with few values")
def gaps(table: InspectedTable) -> Iterator[Evidence]:
    """Columns that are mostly missing."""
    for position, found in table.facts.items():
        if position in table.inputs and found.missing > MOSTLY * found.rows:
            text = f"{table.title(position)} is missing in {found.missing} of {found.rows} rows"
            yield Evidence(text, (position,), found.missing, words=("--drop", table.word(position)))


@finding("sparse", NOTE, "rows with few values")
def sparse(table: InspectedTable) -> Iterator[Evidence]:
    """Rows that are mostly missing."""
    lacking = [each for each in table.positions if each in table.inputs and table.facts[each].missing]
    if len(lacking) <= MOSTLY * len(table.inputs):
        return
    count = np.zeros(len(table.rows), np.intp)
    for each in lacking:
        count += absent(table.table, [each])
    rows = np.flatnonzero(count > MOSTLY * len(table.inputs))
    if len(rows):
        line = table.table.lines[int(rows[0])]
        text = f"{counted(len(rows), 'row')} with more than half of the inputs missing, the first in line {line}"
        yield Evidence(text, rows=len(rows))
