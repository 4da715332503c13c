"""Inputs that are words."""

from small_tables import PEOPLE, inputs, table

from kerash_cli.encoding.learning import learn


def test_unseen_words_are_all_zeros_and_counted() -> None:
    encoding = learn(PEOPLE, target="pay", drop=["age", "height"]).fitted(PEOPLE)
    other = table([[1.0, 1, 1]] * 3, {1: ["Rom", "Paris", "rom"]}, "age town height pay")
    assert inputs(encoding, other) == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert encoding.unseen(other) == 2
    assert encoding.unseen(PEOPLE) == 0
