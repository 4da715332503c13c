"""The encoding as a whole: its JSON, its rows, its description."""

import contextlib
import copy
import json
from dataclasses import replace

import numpy as np
import pytest
from small_tables import PEOPLE, images, table

from kerash_cli.encoding.learning import learn
from kerash_cli.encoding.record import Encoding
from kerash_cli.errors import BadInput

NAN = float("nan")


@pytest.mark.parametrize("missing", ["error", "drop"])
@pytest.mark.parametrize("column", [1, 2])
def test_a_missing_value_that_nothing_was_said_about_is_refused(missing: str, column: int) -> None:
    data = table([[1.0, 0], [2.0, 1]], {1: ["a", "b"]})
    encoding = learn(data, targets=["3"], missing=missing)
    gap = table([[1.0 if column == 2 else NAN, 0]], {1: [None if column == 2 else "a"]}, first=9)
    with pytest.raises(
        BadInput, match=rf"^t\.csv:9:{column}: expected a value, got a missing one; try to fill it in, or train with "
    ):
        encoding.encode_inputs(gap)


def test_a_slip_in_a_row_that_would_be_dropped_is_still_refused() -> None:
    data = table([[1.0, 0], [NAN, 1], [3.0, 1]])
    encoding = learn(data, targets=["2"], missing="drop")
    slip = table([[0.0], [1.0], [1.0]], {0: ["1", None, "x"]})
    with pytest.raises(BadInput, match=r"^t\.csv:3:1: expected a number, got 'x'"):
        encoding.usable(slip)
    with pytest.raises(BadInput, match=r"^t\.csv:2:1: expected a number as in most of column 1, got 'x'"):
        learn(table([[0.0, 0], [NAN, 1], [1.0, 2]], {0: ["1", "x", "3"]}), targets=["3"], missing="drop")


def test_one_line_says_what_was_inferred() -> None:
    encoding = learn(PEOPLE, targets=["town"], output="distribution").fitted(PEOPLE)
    assert encoding.describe(PEOPLE) == "4 rows, 3 inputs (standardised), 3 classes from town: Bonn, Rom, Ulm"
    encoding = learn(PEOPLE, targets=["pay"], drop=["age", "height"])
    assert encoding.describe(PEOPLE) == "4 rows, 3 inputs from 1 column, 1 target: pay"


def kinds() -> list[Encoding]:
    one = table([[1.0, 0], [2.0, 1], [4.0, 1]], {1: ["a", "b", "a"]}, "x t y")
    two = table([[0.0, 1], [1, 0], [1, 0]], names="p q")
    found = [
        learn(one, targets=["y"], missing="mean").fitted(one, standardize_targets=True),
        learn(one, targets=["y"], output="distribution", outputs=4).fitted(one),
        learn(one, targets=["y"], output="probability").fitted(one),
        learn(one, targets=["t"], output="distribution", drop=["y"]),
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
    encoding = learn(data, targets=["2"], missing="drop").fitted(data)
    with pytest.raises(
        BadInput, match=r"^t\.csv: expected at least one row without missing values, found none; try to fill them in"
    ):
        encoding.usable(table([[NAN, 0], [NAN, 1]]))


ONE = table([[1.0, 5], [2.0, NAN], [NAN, 7], [4.0, 9]], {1: ["a", "b", "a", None]}, "x t y")
"""Rows 1, 2 and 3 have a gap, in the label, a number and a text."""


@pytest.mark.parametrize(("missing", "rows"), [("error", [0, 1, 2, 3]), ("mean", [0, 2, 3]), ("drop", [0])])
def test_rows_are_used_as_is_said_of_missing_values(missing: str, rows: list[int]) -> None:
    whole = table([[1.0, 5], [2.0, 6]], {1: ["a", "b"]}, "x t y")
    assert learn(whole, targets=["y"], missing=missing).usable(ONE).tolist() == rows


def test_labels_that_are_no_numbers_are_refused_before_rows_are_left_out() -> None:
    whole = table([[1.0, 5], [2.0, 6]], names="x y")
    encoding = learn(whole, targets=["y"], missing="drop")
    with pytest.raises(BadInput, match=r"^t\.csv:2:2: expected a number, got 'z'$"):
        encoding.usable(table([[1.0], [NAN]], {1: ["3", "z"]}, "x y"))
    named = learn(table([[1.0], [2.0]], {1: ["p", "q"]}, "x y"), targets=["y"], output="distribution", missing="drop")
    assert named.usable(table([[1.0], [NAN]], {1: ["p", "z"]}, "x y")).tolist() == [0]


def test_a_missing_label_is_refused_where_labels_are_needed() -> None:
    encoding = learn(table([[1.0, 5], [2.0, 6]], names="x y"), targets=["y"])
    for use in (encoding.encode_targets, encoding.fitted):
        with pytest.raises(BadInput) as error:
            use(table([[1.0, 5], [2.0, NAN]], names="x y"))
        assert str(error.value) == (
            "t.csv:2:2: expected a value, got a missing one; try to fill it in, or train with --missing drop"
        )


@pytest.mark.parametrize("count", [1, 2, 5, 6, 8])
def test_inputs_that_are_ignored_are_named_up_to_five(count: int) -> None:
    names = " ".join([f"c{column}" for column in range(count)])
    data = table([[*[7.0] * count, row, row] for row in range(3)], names=f"{names} x y")
    encoding = learn(data, targets=["y"]).fitted(data, ignore_constant=True)
    assert encoding.ignored_inputs == list(range(count))
    named = ", ".join(f"'c{column}'" for column in range(min(count, 5)))
    assert encoding.doubts(data) == [
        {
            1: f"column {named} is the same in all training rows and is ignored",
            2: f"columns {named} are the same in all training rows and are ignored",
            5: f"columns {named} are the same in all training rows and are ignored",
            6: f"columns {named} and 1 more are the same in all training rows and are ignored",
            8: f"columns {named} and 3 more are the same in all training rows and are ignored",
        }[count]
    ]
    assert learn(data, targets=["y"]).fitted(data).doubts(data) == []


def test_pixels_are_scaled_together_only_where_all_inputs_are_numbers_and_scaled() -> None:
    data = images()
    encoding = learn(data, targets=["13"])
    own = encoding.fitted(data)
    plain = encoding.fitted(data, channels=2, standardize=False)
    assert plain.scaling.fill == pytest.approx(data.numbers[:, :12].mean(axis=0))
    assert plain.scaling.fill.tolist() == own.scaling.fill.tolist()
    assert len(set(encoding.fitted(data, channels=1).scaling.mean)) == 1
    mixed = learn(PEOPLE, targets=["pay"])
    assert mixed.fitted(PEOPLE, channels=1).scaling.mean.tolist() == mixed.fitted(PEOPLE).scaling.mean.tolist()


def test_names_of_labels_are_those_of_classes_that_labels_name() -> None:
    names = {each.targets.kind: each.names_of_labels for each in kinds()}
    assert names == {"values": (), "classes": ("a", "b"), "binary": ("0", "1"), "one-hot": (), "multilabel": ()}


@pytest.mark.parametrize("encoding", kinds(), ids=lambda each: each.targets.kind)
def test_only_outputs_that_are_classes_have_strata(encoding: Encoding) -> None:
    data = table([[1.0, 0], [2.0, 1], [4.0, 1]], {1: ["a", "b", "a"]}, "x t y")
    labels = table([[0.0, 1], [1, 0], [1, 0]], names="p q") if not encoding.columns.targets else None
    strata = encoding.strata(data, labels)
    assert (None if strata is None else strata.tolist()) == {
        "values": None,
        "classes": [0, 1, 0] if encoding.columns.targets == (1,) else [0, 1, 1],
        "binary": [0, 1, 1],
        "one-hot": [1, 0, 0],
        "multilabel": None,
    }[encoding.targets.kind]


def test_labels_that_are_written_otherwise_than_their_classes_are_told() -> None:
    data = table([[1.0, 1], [2.0, 2]])
    encoding = learn(data, targets=["2"], output="distribution")
    other = replace(data, written={1: ["1.0", "2"]})
    assert encoding.respelled(data) == []
    assert encoding.respelled(other) == ["labels '1.0' are taken for the classes that are the same numbers: '1', '2'"]


def test_text_in_the_rows_of_a_part_that_is_numbers_becomes_numbers() -> None:
    data = table([[1.0], [2], [3]], {1: ["4", "x", "5"], 2: ["6", "y", "7"]})
    numbers = learn(table([[1.0, 2, 3], [2, 3, 4]]), targets=["3"])
    chosen = np.array([2, 0])
    part, labels = numbers.part(data, chosen)
    assert (part.numbers.tolist(), part.texts, labels) == ([[3, 5, 7], [1, 4, 6]], {}, None)
    named = learn(table([[1.0, 2], [2, 3]], {2: ["p", "q"]}), targets=["3"], output="distribution")
    assert named.part(data, chosen)[0].texts == {2: ["7", "6"]}
    words = learn(table([[1.0, 2], [2, 3]], {1: ["p", "q"]}), targets=["3"])
    assert words.part(data, chosen)[0].texts == {1: ["5", "4"]}


@pytest.mark.parametrize(("output", "texts"), [("any", {}), ("distribution", {0: ["7", "6"]})])
def test_labels_of_a_file_become_numbers_unless_they_are_names(output: str, texts: dict[int, list[str | None]]) -> None:
    data, file = table([[1.0], [2], [3]]), table(np.zeros((3, 0)), {0: ["6", "y", "7"]}, first=1)
    learnt = table([[1.0], [2], [3]]) if output == "any" else table(np.zeros((3, 0)), {0: ["6", "y", "z"]})
    part, labels = learn(data, learnt, output=output).part(data, np.array([2, 0]), file)
    assert part.numbers.tolist() == [[3], [1]]
    assert labels is not None
    assert labels.texts == texts
    assert labels.numbers.tolist() == ([[7], [6]] if output == "any" else [[], []])


def test_numbers_of_inputs_columns_and_rows_have_a_noun() -> None:
    data = table([[1.0, 2, 3], [2, 3, 4]], {1: ["a", "b"]}, "x t y z")
    encoding = learn(data, targets=["z"], drop=["y"])
    assert encoding.describe(data) == "2 rows, 3 inputs from 2 columns, 1 target: z"
    assert encoding.describe_columns() == "3 inputs from 2 columns, 1 target: z"
    assert learn(data, targets=["z"], drop=["y", "t"]).describe_columns() == "1 input, 1 target: z"
