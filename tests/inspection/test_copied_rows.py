"""Rows that recur: what is said of them, and when a filter can leave them out."""

from typing import Any

import numpy as np
from inspected import columns, found, inspected, names


def twice(**more: Any) -> dict[str, Any]:
    """Forty rows of a table are there again, at the end."""
    given = {**columns(), **more}
    label = given.pop("y")
    return {name: [*values, *values[:40]] for name, values in {**given, "y": label}.items()}


def the_filter(given: dict[str, Any], **settings: Any) -> str:
    (finding,) = (each for each in found(inspected(given, **settings)) if each.name == "duplicates")
    return finding.evidence.filter


def test_equal_lines_can_be_filtered() -> None:
    assert the_filter(twice()) == "awk '!seen[$0]++'"


def test_copies_in_other_folds_are_told() -> None:
    """40 rows twice: those that validate in another fold than their copy are among those that train their network."""
    looked = inspected(twice(), folds=5)
    (finding,) = (each for each in found(looked) if each.name == "duplicates")
    fold_of = looked.validating
    crossing = 2 * int((fold_of[:40] != fold_of[300:]).sum())
    assert 0 < crossing < 80
    assert finding.evidence.text == (
        f"40 rows are copies of others; {crossing} of the 340 that validate are among those that train"
    )


def test_lines_that_differ_in_a_column_that_is_dropped_can_not() -> None:
    assert the_filter(twice(note=np.arange(300.0)), drop=("note",)) == ""


def test_rows_of_several_lines_and_rows_of_an_array_can_not() -> None:
    looked = inspected(twice())
    object.__setattr__(looked.table, "lines", range(2, 2 + 2 * 340, 2))
    assert [each.evidence.filter for each in found(looked)] == [""]
    looked = inspected(twice())
    object.__setattr__(looked.table, "is_text", False)
    assert [each.evidence.filter for each in found(looked)] == [""]


def test_the_same_inputs_with_another_amount_are_a_measurement() -> None:
    rng = np.random.default_rng(0)
    given = twice()
    again = {**given, "y": rng.standard_normal(340)}
    assert names(inspected(again)) == []
    amounts = rng.standard_normal(300)
    assert names(inspected({**given, "y": [*amounts, *amounts[:40]]})) == ["duplicates"]


def test_contradictions_name_two_lines() -> None:
    """Rows 10 to 19 are there again in rows 300 to 309, with the other class; the header is line 1."""
    given = columns()
    other = np.where(given["y"] == "yes", "no", "yes")
    rows = {name: [*values, *(other if name == "y" else values)[10:20]] for name, values in given.items()}
    (finding,) = found(inspected(rows))
    assert finding.name == "contradictions"
    assert finding.evidence.text == "20 rows have the inputs of others and another class, as lines 12 and 302"


def test_five_copies_are_a_problem_and_four_a_note() -> None:
    given = columns()
    for count, name in ((5, "duplicates"), (4, "repeats")):
        rows = {key: [*values, *values[:count]] for key, values in given.items()}
        (finding,) = found(inspected(rows))
        assert (finding.name, finding.evidence.rows) == (name, count)


def test_a_large_table_may_have_a_few_copies() -> None:
    """A hundredth of 2,000 rows is 20."""
    given = columns(2000)
    for count, name in ((21, "duplicates"), (19, "repeats")):
        rows = {key: [*values, *values[:count]] for key, values in given.items()}
        assert names(inspected(rows)) == [name]


def test_copies_in_a_table_of_words_are_found_if_the_words_are_many() -> None:
    rng = np.random.default_rng(1)
    given: dict[str, Any] = {name: [f"w{each}" for each in rng.integers(0, 80, 400)] for name in "abcdef"}
    given["y"] = rng.choice(["yes", "no"], 400).tolist()
    assert names(inspected(given)) == []
    assert names(inspected({name: [*cells, *cells[:30]] for name, cells in given.items()})) == ["duplicates"]
