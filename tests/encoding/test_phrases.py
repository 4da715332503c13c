"""Numbers with a noun, and lists of words."""

import pytest

from kerash_cli.encoding.phrases import counted, enumerated


@pytest.mark.parametrize(("number", "phrase"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows")])
def test_the_noun_of_one_has_no_s(number: int, phrase: str) -> None:
    assert counted(number, "row") == phrase


@pytest.mark.parametrize(
    ("count", "phrase"),
    [(1, "1"), (10, "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"), (12, "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more")],
)
def test_ten_words_are_named_and_the_rest_counted(count: int, phrase: str) -> None:
    assert enumerated([str(number) for number in range(1, count + 1)]) == phrase


def test_as_many_words_are_named_as_are_asked_for() -> None:
    assert enumerated(["a", "b\n", "c", "d"], 2) == r"a, b\n and 2 more"
    assert enumerated(["a", "b", "c"], 3) == "a, b, c"
