"""Columns that are neither words nor amounts: a kind of input that makes several features of days."""

import numpy as np
import pytest
from inspected import columns, found, inspected

from kerash_cli.inspection import InspectedTable
from kerash_cli.inspection.summaries import summaries


@pytest.fixture
def looked() -> InspectedTable:
    """A table whose first column has a day in each row, one after the other, and is of a kind called `moment`."""
    table = inspected({"when": np.arange(19_000, 19_060), **columns(60)})
    object.__setattr__(table.prepared.encoding.columns.inputs[0], "kind", "moment")
    return table


def test_days_are_no_numbers_of_rows_but_times(looked: InspectedTable) -> None:
    (finding,) = found(looked)
    assert (finding.name, finding.evidence.words) == ("time", ("--validate-on", "last"))


def test_a_column_is_of_the_kind_of_its_input(looked: InspectedTable) -> None:
    assert [each.kind for each in summaries(looked)] == ["moment", "number", "number", "number", "words"]
