"""The encoding as a whole: its JSON, its rows, its description."""

import contextlib
import copy
import json

import pytest
from small_tables import PEOPLE, table

from kerash_cli.encoding.learning import learn
from kerash_cli.encoding.record import Encoding
from kerash_cli.errors import BadInput

NAN = float("nan")


@pytest.mark.parametrize("missing", ["error", "drop"])
@pytest.mark.parametrize("column", [1, 2])
def test_a_missing_value_that_nothing_was_said_about_is_refused(missing: str, column: int) -> None:
    data = table([[1.0, 0], [2.0, 1]], {1: ["a", "b"]})
    encoding = learn(data, target="3", missing=missing)
    gap = table([[1.0 if column == 2 else NAN, 0]], {1: [None if column == 2 else "a"]}, first=9)
    with pytest.raises(
        BadInput, match=rf"^t\.csv:9:{column}: expected a value, got a missing one; try to fill it in, or train with "
    ):
        encoding.encode_inputs(gap)


def test_a_slip_in_a_row_that_would_be_dropped_is_still_refused() -> None:
    data = table([[1.0, 0], [NAN, 1], [3.0, 1]])
    encoding = learn(data, target="2", missing="drop")
    slip = table([[0.0], [1.0], [1.0]], {0: ["1", None, "x"]})
    with pytest.raises(BadInput, match=r"^t\.csv:3:1: expected a number, got 'x'"):
        encoding.usable(slip)
    with pytest.raises(BadInput, match=r"^t\.csv:2:1: expected a number as in most of column 1, got 'x'"):
        learn(table([[0.0, 0], [NAN, 1], [1.0, 2]], {0: ["1", "x", "3"]}), target="3", missing="drop")


def test_one_line_says_what_was_inferred() -> None:
    encoding = learn(PEOPLE, target="town", output="distribution").fitted(PEOPLE)
    assert encoding.describe(PEOPLE) == "4 rows, 3 inputs (standardised), 3 classes from town: Bonn, Rom, Ulm"
    encoding = learn(PEOPLE, target="pay", drop=["age", "height"])
    assert encoding.describe(PEOPLE) == "4 rows, 3 inputs from 1 column, 1 target: pay"


def kinds() -> list[Encoding]:
    one = table([[1.0, 0], [2.0, 1], [4.0, 1]], {1: ["a", "b", "a"]}, "x t y")
    two = table([[0.0, 1], [1, 0], [1, 0]], names="p q")
    found = [
        learn(one, target="y", missing="mean").fitted(one, standardize_targets=True),
        learn(one, target="y", output="distribution", outputs=4).fitted(one),
        learn(one, target="y", output="probability").fitted(one),
        learn(one, target="t", output="distribution", drop=["y"]),
        learn(one, two, output="distribution"),
        learn(one, two, output="probability").fitted(one, two),
    ]
    assert {each.targets.kind for each in found} == {"values", "classes", "binary", "one-hot", "multilabel"}
    return found


@pytest.mark.parametrize("encoding", kinds(), ids=lambda each: each.targets.kind)
def test_json_gives_the_encoding_back(encoding: Encoding) -> None:
    text = json.dumps(encoding.to_json(), allow_nan=False)
    again = Encoding.from_json(json.loads(text))
    assert json.dumps(again.to_json()) == text
    assert (again.columns.inputs, again.schema) == (encoding.columns.inputs, encoding.schema)
    assert again.targets.classes == encoding.targets.classes
    assert again.scaling.mean.tobytes() == encoding.scaling.mean.tobytes()


WRONG = [
    *(None, True, -1, 0, 2**70, 1.5, float("nan"), float("inf"), "x", {}),
    *([], [[]], [[0, []]], ["x", "x"], [None], [1.0, "x"]),
]


@pytest.mark.parametrize("encoding", kinds(), ids=lambda each: each.targets.kind)
def test_json_that_is_wrong_anywhere_is_refused(encoding: Encoding) -> None:
    record = json.loads(json.dumps(encoding.to_json()))
    for name in record:
        rest = {key: value for key, value in record.items() if key != name}
        for wrong in [rest, *({**record, name: value} for value in WRONG)]:
            accepted = None
            with contextlib.suppress(ValueError):
                accepted = Encoding.from_json(copy.deepcopy(wrong))
            if accepted is not None:
                assert json.loads(json.dumps(accepted.to_json())) == wrong
                assert name in ("names", "target", "standardized", "numeric", "labels", "classes"), name
    for other in (None, [], "x", {}, {**record, "more": 1}):
        with pytest.raises(ValueError, match="expected an encoding"):
            Encoding.from_json(other)


@pytest.mark.parametrize("delimiter", ["\n", '"', ".", "5", "é", "", ";;", 7, None])
def test_json_of_a_delimiter_that_separates_nothing_is_refused(delimiter: object) -> None:
    record = {**kinds()[0].to_json(), "delimiter": delimiter}
    with pytest.raises(ValueError, match="delimiter"):
        Encoding.from_json(json.loads(json.dumps(record)))


def test_json_of_two_classes_from_several_outputs_is_refused() -> None:
    encoding = next(each for each in kinds() if each.targets.kind == "binary")
    record = json.loads(json.dumps(encoding.to_json()))
    with pytest.raises(ValueError, match="one output"):
        Encoding.from_json({**record, "outputs": 2, "target_mean": [0.0, 0.0], "target_scale": [1.0, 1.0]})


def test_where_every_row_has_a_gap_none_is_usable() -> None:
    data = table([[1.0, 0], [2.0, 1]])
    encoding = learn(data, target="2", missing="drop").fitted(data)
    with pytest.raises(
        BadInput, match=r"^t\.csv: expected at least one row without missing values, found none; try to fill them in"
    ):
        encoding.usable(table([[NAN, 0], [NAN, 1]]))
