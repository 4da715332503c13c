"""Numbers with a noun, lists of words, and figures with few digits."""

import pytest

from kerash_cli.encoding.phrases import counted, enumerated, percentage, rounded


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


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.123456, "0.1235"), (1.0, "1"), (0.99994, "0.9999"), (0.99996, "0.99996"), (0.99999996, "0.99999996"),
        (1.00001, "1.00001"), (-0.99996, "-0.99996"), (0.0, "0"), (0.00001234567, "1.235e-05"), (12345.6, "1.235e+04"),
        (1 - 2**-53, "1"), (float("nan"), "nan"), (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_a_figure_looks_like_one_only_if_it_is(value: float, text: str) -> None:
    assert rounded(value) == text


@pytest.mark.parametrize(
    ("share", "places", "text"),
    [
        (0.1234, 1, "12.3%"), (1.0, 1, "100.0%"), (0.0, 1, "0.0%"), (0.9996, 1, "99.96%"), (0.0004, 1, "0.04%"),
        (0.999, 0, "99.9%"), (0.001, 0, "0.1%"), (1.0, 0, "100%"), (0.51, 0, "51%"),
    ],
)  # fmt: skip
def test_a_share_looks_like_none_or_all_only_if_it_is(share: float, places: int, text: str) -> None:
    assert percentage(share, places) == text
