"""Rows that belong together, in tables of several kinds."""

from typing import Any

import numpy as np
from inspected import found, inspected, names


def grouped(groups: int, each: int, seed: int = 0, **more: Any) -> dict[str, Any]:
    """Groups with so many rows each, whose rows have one of two classes; the numbers of groups are in no order."""
    rng = np.random.default_rng(seed)
    numbers, well = rng.permutation(groups) * 3 + 100, rng.random(groups) < 0.5
    rows = rng.permutation(np.repeat(np.arange(groups), each))
    given = {name: rng.standard_normal(groups * each) for name in "abc"}
    return {"number": numbers[rows], **more, **given, "y": np.where(well[rows], "well", "ill")}


def test_large_groups_are_found_too() -> None:
    """Each has 200 rows, so that a sample is looked at first."""
    assert names(inspected(grouped(30, 200))) == ["groups"]


def test_twenty_values_may_be_amounts_but_not_if_they_are_called_a_group() -> None:
    given = grouped(20, 20)
    assert names(inspected(given)) == ["giveaways", "codes"]
    assert names(inspected({"subject": given.pop("number"), **given})) == ["groups"]


def test_a_few_rows_of_other_classes_do_not_hide_a_group() -> None:
    given = grouped(60, 10)
    labels = given["y"].tolist()
    labels[0] = "ill" if labels[0] == "well" else "well"
    assert names(inspected({**given, "y": labels})) == ["groups"]


def test_groups_with_various_classes_are_none() -> None:
    given = grouped(60, 10)
    labels = np.random.default_rng(1).permutation(given["y"])
    assert names(inspected({**given, "y": labels})) == []


def test_the_column_with_a_name_comes_first() -> None:
    given = grouped(60, 10)
    numbers = given["number"]
    for name in ("patient", "visitor_id"):
        (finding,) = found(inspected({"size": numbers * 7 % 1009, name: numbers, **{k: given[k] for k in "abcy"}}))
        assert finding.evidence.words == ("--validate-on", f"groups:{name}")


def test_values_that_hardly_recur_are_no_groups() -> None:
    assert names(inspected(grouped(150, 2))) == []
