"""Values from a JSON file: what is believed, and what is not."""

from typing import Any

import pytest

from kerash_cli.encoding import checks

NAN, INFINITE = float("nan"), float("inf")


def test_what_holds_passes_and_what_does_not_says_why() -> None:
    checks.expect(True, "never")
    with pytest.raises(ValueError, match="the reason"):
        checks.expect(False, "the reason")


@pytest.mark.parametrize("value", [2, 3, 5])
def test_a_whole_number_between_its_ends_is_one(value: int) -> None:
    assert checks.integer(value, 2, 5, "n") == value


@pytest.mark.parametrize("value", [1, 6, -2, 2.0, True, "3", None, [3]])
def test_anything_else_is_no_such_number(value: Any) -> None:
    with pytest.raises(ValueError, match="expected n from 0 to 5" if value is True else "expected n from 2 to 5"):
        checks.integer(value, 0 if value is True else 2, 5, "n")


def test_true_and_false_are_no_numbers_and_no_words() -> None:
    assert checks.boolean(True, "it") is True
    assert checks.boolean(False, "it") is False
    for value in (0, 1, "true", None):
        with pytest.raises(ValueError, match="true or false for it"):
            checks.boolean(value, "it")


def test_a_choice_is_one_of_the_words() -> None:
    assert checks.choice("a", ("a", "b"), "it") == "a"
    for value in ("c", "", None, 3, ["a"], ("a",)):
        with pytest.raises(ValueError, match="expected one of a, b for it"):
            checks.choice(value, ("a", "b"), "it")
    with pytest.raises(ValueError, match="expected one of"):
        checks.choice(["a"], {"a"}, "it")


def test_names_are_strings_that_differ() -> None:
    assert checks.names(["a", "b"], "it") == ("a", "b")
    assert checks.names([], "it") == ()
    for value in (["a", "a"], ["a", 1], [None], "ab", ("a", "b"), None):
        with pytest.raises(ValueError, match="different strings for it"):
            checks.names(value, "it")


def test_numbers_that_are_equal_may_be_counted_from_four_on() -> None:
    assert checks.floats([0.5, [1.0, 4], -2.0], 6, "it").tolist() == [0.5, 1, 1, 1, 1, -2]
    assert checks.floats([], 0, "it").tolist() == []
    assert checks.runs([0.5, 1.0, 1.0, 1.0, 1.0, -2.0, -2.0, -2.0]) == [0.5, [1.0, 4], -2.0, -2.0, -2.0]
    zeros = [0.0, 0.0, 0.0, 0.0, -0.0]
    assert str(checks.floats(checks.runs(zeros), 5, "it").tolist()) == str(zeros)


@pytest.mark.parametrize(
    "value",
    [
        [0.5],
        [0.5, 0.5, 0.5],
        [0.5, 1],
        [0.5, True],
        [0.5, NAN],
        [INFINITE, 0.5],
        [[0.5, 2]],
        [[0.5, 3]],
        [[0.5, 4]],
        [[0.5, 2.0]],
        [[0.5, 2, 2]],
        [[0.5]],
        [0.5, "x"],
        [[[0.5, 4], 4], 0.5],
        (0.5, 0.5),
        "ab",
        None,
    ],
)
def test_anything_else_is_not_two_finite_numbers(value: Any) -> None:
    with pytest.raises(ValueError, match="expected 2 finite numbers for it"):
        checks.floats(value, 2, "it")


@pytest.mark.parametrize(
    "value", [[[0.5, 4.0]], [[0.5, "4"]], [[0.5, True]], [[0.5, 3], 0.5], [[0.5, 4, 4]], [[4]], [[1, 4]]]
)
def test_a_count_is_a_whole_number_from_four_on(value: Any) -> None:
    assert checks.floats([[0.5, 4]], 4, "it").tolist() == [0.5] * 4
    with pytest.raises(ValueError, match=r"^expected 4 finite numbers for it$"):
        checks.floats(value, 4, "it")


def test_numbers_are_sorted_and_differ() -> None:
    for words in ([], ["1"], ["-1", "0.5", "2", "1e1"]):
        checks.sorted_numbers(words)
    for words in (["2", "1"], ["1", "1.0"], ["1", "x"], ["x"], ["x", "1"], ["1", "inf"]):
        with pytest.raises(ValueError, match=r"^expected sorted numbers$"):
            checks.sorted_numbers(words)


@pytest.mark.parametrize(("count", "short"), [(1, [7.5]), (3, [7.5] * 3), (4, [[7.5, 4]]), (6, [[7.5, 6]])])
def test_four_equal_numbers_or_more_are_counted(count: int, short: list[Any]) -> None:
    assert checks.runs([0.5, *[7.5] * count, 0.5]) == [0.5, *short, 0.5]
