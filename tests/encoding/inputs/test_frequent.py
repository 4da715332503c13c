"""Columns of more than a hundred words: frequent ones are told apart; a column without any is left out."""

import numpy as np
import pytest
from small_tables import again, inputs, table

from kerash_cli.encoding.inputs import INPUTS
from kerash_cli.encoding.learning import learn
from kerash_cli.encoding.record import Encoding
from kerash_cli.errors import BadInput
from kerash_cli.tables.table import Table


def towns(frequent: dict[str, int], rare: int = 100) -> Table:
    """A column of numbers and one of towns, so many rows of each frequent one, and one row of each rare one."""
    cells = [town for town, rows in frequent.items() for _ in range(rows)] + [f"rare{i:03}" for i in range(rare)]
    return table(np.arange(len(cells))[:, np.newaxis], {0: [*cells]}, "town size")


def learnt(data: Table) -> Encoding:
    return learn(data, targets=["size"]).fitted(data)


def test_frequent_words_have_an_input_each_and_the_others_one() -> None:
    data = towns({"Ulm": 5, "Bonn": 6})
    encoding = again(learnt(data))
    other = table([[0.0]] * 4, {0: ["Bonn", "Ulm", "rare007", "Rom"]}, "town size")
    assert inputs(encoding, other) == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]]
    assert encoding.unseen(other) == 0
    assert encoding.doubts(data)[0] == (
        "column 'town' has 102 different words: the 2 most frequent are an input each, the others share one"
    )


def test_a_hundred_words_have_an_input_each() -> None:
    data = towns({"Ulm": 5}, 99)
    assert learnt(data).features == 100
    assert learnt(data).doubts(data) == []
    assert learnt(towns({"Ulm": 5}, 100)).features == 2


def test_at_most_a_hundred_inputs_are_made() -> None:
    frequent = {f"town{i:03}": 5 + (i == 119) for i in range(120)}
    encoding = learnt(towns(frequent))
    (column,) = encoding.columns.inputs
    assert encoding.features == 100
    assert column.detail == {"frequent": [*(f"town{i:03}" for i in range(98)), "town119"]}


def test_a_missing_word_is_nothing_where_gaps_are_filled_in() -> None:
    data = towns({"Ulm": 5})
    gap = table([[0.0]], {0: [None]}, "town size")
    assert inputs(learn(data, targets=["size"], missing="mean"), gap) == [[0, 0]]
    with pytest.raises(BadInput, match="expected a value, got a missing one"):
        learnt(data).encode_inputs(gap)


@pytest.mark.parametrize(("rows", "varies"), [(None, [1, 1]), ([0, 1], [0, 0]), ([0, 9], [1, 1]), ([8, 9], [0, 0])])
def test_what_all_rows_have_or_none_does_not_vary(rows: list[int] | None, varies: list[int]) -> None:
    data = towns({"Ulm": 5})
    columns = learn(data, targets=["size"]).columns
    center, deviation = columns.fit(data, None if rows is None else np.array(rows))
    assert (center.tolist(), deviation.tolist()) == ([0, 0], varies)


def test_others_that_did_not_vary_are_ignored() -> None:
    data = towns({"Ulm": 5})
    encoding = learn(data, targets=["size"]).fitted(data, rows=np.arange(5), ignore_constant=True)
    assert inputs(encoding, data) == [[0, 0]] * 105


def test_a_column_without_frequent_words_is_left_out() -> None:
    numbers = np.arange(208).reshape(104, 2)
    cells = ["Ulm"] * 4 + [f"rare{i}" for i in range(100)]
    data = table(numbers, {0: [*cells], 2: [*cells]}, "town age place size")
    encoding = learnt(data)
    assert [each.position for each in encoding.columns.inputs] == [1]
    assert encoding.doubts(data) == ["columns 'town', 'place' are text whose values hardly ever recur and are left out"]
    one = learn(data, targets=["size"], drop=["place"])
    assert one.doubts(data) == ["column 'town' is text whose values hardly ever recur and is left out"]
    with pytest.raises(BadInput, match=r"^t\.csv: expected a column whose values recur, got none; add other columns"):
        learn(data, targets=["size"], drop=["age"])


@pytest.mark.parametrize("detail", [{}, {"frequent": ["a"], "more": 1}, ["a"], None, 7, "frequent"])
def test_another_detail_is_of_another_kind(detail: object) -> None:
    assert INPUTS["frequent"].from_detail(0, detail) is None


@pytest.mark.parametrize("words", [[], ["a", "a"], [1], "ab", None])
def test_a_detail_that_is_invalid_is_refused(words: object) -> None:
    with pytest.raises(ValueError, match="frequent word"):
        INPUTS["frequent"].from_detail(0, {"frequent": words})
