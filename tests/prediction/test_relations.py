"""Columns that can stand in for each other."""

import numpy as np
import pytest

from kerash_cli.prediction.permuted import InputGroup
from kerash_cli.prediction.relations import related


def groups(*sizes: int) -> list[InputGroup]:
    """Groups of so many inputs, one after the other, called a, b and so on."""
    ends = np.cumsum([0, *sizes])
    spans = zip("abcdefgh", ends, ends[1:], strict=False)
    return [InputGroup(name, np.arange(start, end)) for name, start, end in spans]


def test_numbers_are_compared_by_pearsons_correlation() -> None:
    rng = np.random.default_rng(0)
    a = rng.standard_normal(200)
    b, other, d = -3 * a + rng.standard_normal(200), rng.standard_normal(200), a + 0.5 * rng.standard_normal(200)
    x = np.stack([a, b, other, d], axis=1)
    expected = np.abs(np.corrcoef(x.T))
    found = related(x, groups(1, 1, 1, 1))
    assert [(each.one, each.other) for each in found] == [("a", "b"), ("a", "d"), ("b", "d")]
    assert [each.correlation for each in found] == pytest.approx([expected[0, 1], expected[0, 3], expected[1, 3]])


def test_the_same_words_under_other_names_are_one() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(4, size=(2, 300))
    x = np.hstack([np.eye(4)[one], np.eye(4)[3 - one], np.eye(4)[other]])
    (found,) = related(x, groups(4, 4, 4))
    assert found == ("a", "b", pytest.approx(1))


def test_two_rare_words_in_one_row_are_chance() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(1, 5, size=(2, 300))
    one[7] = other[7] = 0
    assert related(np.hstack([np.eye(5)[one], np.eye(5)[other]]), groups(5, 5)) == []


def test_a_constant_is_like_none_and_few_rows_tell_nothing() -> None:
    x = np.stack([np.ones(40), np.ones(40), np.arange(40)], axis=1)
    assert related(x, groups(1, 1, 1)) == []
    line = np.stack([np.arange(40), np.arange(40)], axis=1)
    assert len(related(line, groups(1, 1))) == 1
    assert related(line[:29], groups(1, 1)) == []
