"""Inputs that are words."""

import numpy as np
import pytest
from small_tables import PEOPLE, inputs, table

from kerash_cli.encoding.learning import learn
from kerash_cli.errors import BadInput


def test_unseen_words_are_all_zeros_and_counted() -> None:
    encoding = learn(PEOPLE, targets=["pay"], drop=["age", "height"]).fitted(PEOPLE)
    other = table([[1.0, 1, 1]] * 3, {1: ["Rom", "Paris", "rom"]}, "age town height pay")
    assert inputs(encoding, other) == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert encoding.unseen(other) == 2
    assert encoding.unseen(PEOPLE) == 0


def test_words_are_written_over_what_was_there() -> None:
    data = table(np.zeros((3, 1)), {0: ["a", "b", "a"], 1: ["x", "y", "z"]})
    encoding = learn(data, targets=["3"]).fitted(data)
    stage = np.full((3, 5), 7, np.float32)
    encoding.write_inputs(data, stage)
    assert stage.tolist() == [[1, 0, 1, 0, 0], [0, 1, 0, 1, 0], [1, 0, 0, 0, 1]]


@pytest.mark.parametrize(
    ("rows", "varies"), [(None, [1, 1, 1]), ([0, 1], [1, 1, 0]), ([0, 2], [0, 0, 0]), ([1], [0] * 3)]
)
def test_a_word_that_all_rows_or_none_have_does_not_vary(rows: list[int] | None, varies: list[int]) -> None:
    data = table(np.zeros((4, 1)), {0: ["a", "b", "a", "c"]})
    columns = learn(data, targets=["2"]).columns
    center, deviation = columns.fit(data, None if rows is None else np.array(rows))
    assert center.tolist() == [0, 0, 0]
    assert deviation.tolist() == varies


def test_a_missing_word_is_nothing_where_gaps_are_filled_in() -> None:
    data = table(np.zeros((2, 1)), {0: ["a", "b"]})
    gap = table(np.zeros((2, 1)), {0: [None, "b"]})
    assert inputs(learn(data, targets=["2"], missing="mean"), gap) == [[0, 0], [0, 1]]
    with pytest.raises(
        BadInput, match=r"^t\.csv:1:1: expected a value, got a missing one; try to fill it in, or train"
    ):
        learn(data, targets=["2"]).encode_inputs(gap)
