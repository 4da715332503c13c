import statistics
from math import isnan

import numpy as np
import pytest

from kerash_cli.inspection import facts
from kerash_cli.inspection.facts import NumberFacts

NAN = float("nan")


def of(*values: float) -> NumberFacts:
    return facts.of_numbers(np.array(values), np.arange(len(values)))


def test_facts_of_numbers_by_hand() -> None:
    found = of(3, 1, NAN, 2, 3, 3, 1, 10)
    assert (found.rows, found.missing, found.present, found.distinct) == (8, 1, 7, 4)
    assert (found.least, found.at_least, found.second_least) == (1, 2, 2)
    assert (found.most, found.at_most, found.second_most) == (10, 1, 3)
    assert found.quartiles == (1, 3, 3)  # of 1 1 2 3 3 3 10
    assert found.frequent == (("3", 3), ("1", 2), ("2", 1))
    assert (found.is_whole, found.rises, found.counts_rows) == (True, False, False)


def test_a_column_of_gaps_has_no_numbers() -> None:
    found = of(NAN, NAN)
    assert (found.missing, found.distinct, found.present) == (2, 0, 0)
    assert isnan(found.least)
    assert not found.rises


@pytest.mark.parametrize(
    ("values", "rises", "counts"),
    [((1, 2, 3), True, True), ((5, 6, 7), True, True), ((1, 2, 4), True, False), ((1, 1, 2), True, False),
     ((3, 2, 1), False, False), ((1, NAN, 3), False, False), ((0, 2, 4), True, False)],
)  # fmt: skip
def test_numbers_of_rows(values: tuple[float, ...], rises: bool, counts: bool) -> None:
    assert (of(*values).rises, of(*values).counts_rows) == (rises, counts)


def test_a_sample_counts_the_rows_that_it_has() -> None:
    assert facts.of_numbers(np.array([11.0, 14, 40]), np.array([10, 13, 39])).counts_rows
    assert not facts.of_numbers(np.array([11.0, 15, 40]), np.array([10, 13, 39])).counts_rows


def test_a_late_fraction_is_no_whole_number() -> None:
    assert of(*range(100)).is_whole
    assert not of(*range(100), 7.5).is_whole


def test_outliers_are_beyond_a_gap() -> None:
    """Quartiles 25 and 75, so that a robust deviation is 50/1.349 = 37.1, and 20 of them end at 50 + 741."""
    plain = list(range(101))
    assert of(*plain).far == 0
    assert of(*plain, 900).far == 1
    assert of(*plain, 780).far == 0
    assert of(*plain, 900, 600).far == 0  # the tail of a distribution
    assert of(*plain, -5000, 900).far == 2


def test_facts_of_words() -> None:
    found = facts.of_words(["b", None, "a", "b", "c", "d"])
    assert (found.rows, found.missing, found.distinct) == (6, 1, 4)
    assert found.frequent == (("b", 2), ("a", 1), ("c", 1))
    assert facts.of_words(["a", "b"]).frequent == ()


def test_codes_of_words() -> None:
    assert facts.codes(["b", None, "a", "b"]).tolist() == [0, -1, 1, 0]


def test_equal_numbers_have_equal_hashes_and_others_have_not() -> None:
    values = np.array([0.0, -0.0, 1.0, 1.0, np.nan, -np.nan, 2.0**60, 2.0**60 + 2.0**10])
    hashes = facts.mixed(values).tolist()
    assert hashes[0] == hashes[1]
    assert hashes[2] == hashes[3]
    assert hashes[4] == hashes[5]
    assert len(set(hashes)) == 5
    grid = np.arange(-50_000, 50_000) / 8
    assert len(np.unique(facts.mixed(grid))) == len(grid)


def test_sums_of_hashes_tell_rows_apart() -> None:
    """All 2**16 rows of zeros and ones: their numbers differ in the highest bits alone."""
    bits = (np.arange(1 << 16)[:, None] >> np.arange(16) & 1).astype(np.float64)
    sums = (facts.mixed(bits) * facts.weights(16)).sum(axis=1)
    assert len(np.unique(sums)) == 1 << 16


def test_a_digest_knows_the_order() -> None:
    assert facts.digest(np.array([1.0, 2])) == facts.digest(np.array([1.0, 2]))
    assert facts.digest(np.array([1.0, 2])) != facts.digest(np.array([2.0, 1]))


def test_what_begins_in_order_may_end_out_of_it() -> None:
    assert of(*range(60)).rises
    assert not of(*range(60), 5).rises
    assert not of(*range(60), 70).counts_rows


def test_a_constant_has_no_second_value() -> None:
    found = of(4, 4, 4)
    assert (found.least, found.most, found.second_least, found.second_most) == (4, 4, 4, 4)
    assert (found.at_least, found.at_most, found.distinct, found.far) == (3, 3, 1, 0)


def test_frequent_numbers_are_few_and_recur() -> None:
    assert of(1, 2, 3).frequent == ()
    assert of(*range(51), 7).frequent == ()
    assert of(*range(50), 7).frequent == (("7", 2), ("0", 1), ("1", 1))


@pytest.mark.parametrize("values", [(1.0, 2.0), (1.0, 2.0, 4.0, 9.0), (-1e308, 1e308, 1.7e308, 1.7e308), (3.0,)])
def test_the_median_of_an_even_number_is_between_the_two_in_the_middle(values: tuple[float, ...]) -> None:
    assert of(*values).quartiles[1] == pytest.approx(statistics.median([each / 2 for each in values]) * 2)
