import numpy as np
from small_tables import table

from kerash_cli.inspection import facts
from kerash_cli.inspection.shapes import PARTS, shapes
from kerash_cli.inspection.summaries import ColumnSummary


def test_values_are_counted_in_equal_parts_of_their_range() -> None:
    values = np.array([0.0, 0.0, 1.0, 23.9, 24.0, np.nan])
    data = table(np.stack([values, np.ones(6)], axis=1), {1: ["a"] * 6})
    columns = [
        ColumnSummary("a", "number", "input", facts.of_numbers(values, np.arange(6)), 1, ""),
        ColumnSummary("b", "words", "input", facts.of_words(["a"] * 6), 1, ""),
        ColumnSummary("c", "number", "input", facts.of_numbers(np.ones(6), np.arange(6)), 1, ""),
        ColumnSummary("y", "number", "target", facts.of_numbers(values, np.arange(6)), 1, ""),  # of a file of labels
    ]
    assert PARTS == 24
    assert shapes(columns, data) == [[2, 1, *[0] * 20, 0, 2], [], [], []]
