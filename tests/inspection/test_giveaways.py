"""Columns that give the label away, in tables of several sizes."""

from typing import Any

import numpy as np
import pytest
from inspected import columns, inspected, names

from kerash_cli.inspection.giveaways import _nearest, _ordered, _predicted


def test_the_class_of_the_nearest_known_value() -> None:
    known, classes = np.array([9.0, 1, 5]), np.array([2, 0, 1])
    values = np.array([-7.0, 2.9, 3.1, 6.9, 7.1, 100])
    assert _nearest(known, classes, values).tolist() == [0, 0, 1, 1, 2, 2]


def test_what_is_missing_is_nearest_to_what_is_missing() -> None:
    known, classes = np.array([1e308, np.inf, -1e308]), np.array([0, 1, 2])
    assert _nearest(known, classes, np.array([np.inf, 1e308, -1e308, 0.5e308])).tolist() == [1, 0, 2, 0]
    assert _nearest(known[::2], classes[::2], np.array([np.inf])).tolist() == [0]


def test_words_of_a_sorted_file_tell_nothing_by_their_order() -> None:
    """Rows of one class come first; of the names hardly any recurs."""
    given = columns()
    order = np.argsort(given["y"], kind="stable")
    rows = order[[*range(50), *range(250, 300)]]
    sorted_file = {"name": [f"n{place % 95}" for place in range(100)], **{key: given[key][rows] for key in given}}
    looked = inspected(sorted_file)
    assert looked.strata is not None
    some = np.random.default_rng(0).permutation(100)
    assert _predicted(_ordered(looked, 0)[some], looked.strata[some]) < 0.8


def test_each_class_counts_the_same() -> None:
    """Of 36 rows of one class all are predicted, of 4 rows of the other none: they stand alone among the first."""
    values = np.array([*range(36), 4.1, 14.1, 24.1, 34.1])
    classes = np.array([0] * 36 + [1] * 4)
    order = np.random.default_rng(0).permutation(40)
    share = _predicted(values[order], classes[order])
    assert share == pytest.approx(0.5, abs=0.06)
    assert _predicted(np.arange(40.0), np.zeros(40, np.intp)) == 0


def test_being_missing_gives_a_class_away() -> None:
    """A date of death, of those who died."""
    given = columns()
    died = np.where(given["y"] == "yes", given["a"] * 1000, np.nan)
    assert names(inspected({"death": died, **given}))[0] == "giveaways"


def large(noise: float, rare: float = 0.5) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    label = rng.random(20_000) < rare
    told = label ^ (rng.random(20_000) < noise)
    return {
        "a": rng.standard_normal(20_000),
        "told": told + 0.01 * rng.random(20_000),
        "y": np.where(label, "yes", "no"),
    }


def test_a_sample_of_a_large_table_is_enough() -> None:
    assert names(inspected(large(0.0))) == ["giveaways"]
    assert names(inspected(large(0.0005))) == ["giveaways"]
    assert names(inspected(large(0.02))) == []


def test_a_rare_class_is_in_the_sample() -> None:
    """One row in 200: a column that does not tell them apart is right in 99.5 % of all rows, but gives nothing away."""
    assert names(inspected(large(0.0, 0.005))) == ["giveaways", "outliers", "unbalanced"]
    given = large(0.0, 0.005)
    assert names(inspected({**given, "told": given["a"][::-1]})) == ["unbalanced"]


def test_the_only_input_stays() -> None:
    given = columns()
    assert names(inspected({"code": (given["y"] == "yes") * 1.0, "y": given["y"]})) == []
    amounts = np.random.default_rng(5).standard_normal(100)
    assert names(inspected({"code": amounts * 3, "y": amounts})) == []


def test_classes_with_a_few_rows_each_tell_nothing() -> None:
    """Twelve classes of eight rows: a column of 96 rows may tell them apart by chance."""
    label = np.repeat(np.arange(12), 8)
    rng = np.random.default_rng(2)
    given = {"a": rng.standard_normal(96), "b": label * 2.0, "y": [f"c{each}" for each in label]}
    assert "giveaways" not in names(inspected(given))


@pytest.mark.parametrize("noise", [0.0, 1e-4])
def test_amounts_of_a_large_table(noise: float) -> None:
    rng = np.random.default_rng(3)
    y = rng.standard_normal(20_000)
    given = {"a": rng.standard_normal(20_000), "told": -5 * y + noise * rng.standard_normal(20_000), "y": y}
    assert names(inspected(given)) == ["giveaway-amounts"]


def test_amounts_with_few_values_and_with_gaps() -> None:
    rng = np.random.default_rng(3)
    y = rng.integers(0, 15, 500)
    told = np.where(rng.random(500) < 0.1, np.nan, y * 3.0)
    given = {"a": rng.standard_normal(500), "told": told, "y": y}
    assert names(inspected(given)) == ["giveaway-amounts"]


def test_amounts_that_go_together_are_no_copies() -> None:
    rng = np.random.default_rng(4)
    y = rng.standard_normal(1000)
    for noise in (0.1, 0.3):
        other = y + noise * rng.standard_normal(1000)
        assert names(inspected({"a": rng.standard_normal(1000), "b": other, "y": y})) == []
