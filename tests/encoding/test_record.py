import contextlib
import copy
import json
import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from kerash_cli.encoding.learning import learn
from kerash_cli.encoding.record import Encoding
from kerash_cli.errors import BadInput
from kerash_cli.tables.table import Table

NAN = float("nan")


def table(numbers: Any, texts: dict[int, list[str | None]] | None = None, names: str = "", first: int = 1) -> Table:
    matrix = np.asarray(numbers)
    return Table("t.csv", tuple(names.split()) or None, matrix, texts or {}, range(first, first + len(matrix)))


@pytest.fixture
def people() -> Table:
    numbers = [[30.0, 1.5, 5], [40.0, 2.5, 7], [50.0, 2.5, 9], [60.0, 1.5, 3]]
    return table(numbers, {1: ["Ulm", "Rom", "Bonn", "Rom"]}, "age town height pay", first=2)


def inputs(encoding: Encoding, data: Table) -> list[list[float]]:
    return encoding.encode_inputs(data, np.float64).tolist()


def test_inputs_are_standardised_as_scikit_learn_does(people: Table) -> None:
    encoding = learn(people, target="pay").fitted(people)
    scaled = StandardScaler().fit_transform(people.numbers[:, :2])
    towns = OneHotEncoder(sparse_output=False).fit_transform(np.array(people.texts[1])[:, None])
    assert np.allclose(inputs(encoding, people), np.hstack([scaled[:, :1], towns, scaled[:, 1:]]), rtol=1e-12)


def test_means_are_those_of_the_given_rows_only(people: Table) -> None:
    encoding = learn(people, target="pay", drop=["town"]).fitted(people, rows=np.array([0, 1]))
    assert encoding.scaling.mean.tolist() == [35, 2]
    assert encoding.scaling.scale.tolist() == [5, 0.5]
    assert inputs(encoding, people)[2] == [3, 1]


def test_a_constant_column_has_scale_one() -> None:
    data = table([[0.1, value] for value in range(7)])
    encoding = learn(data, target="2").fitted(data)
    assert encoding.scaling.scale.tolist() == [1]
    assert inputs(encoding, data) == [[0]] * 7


def test_large_values_keep_their_deviation() -> None:
    data = table([[1e15 + value, value] for value in range(5)])
    assert learn(data, target="2").fitted(data).scaling.scale.tolist() == [pytest.approx(2**0.5)]


def test_without_standardising_inputs_are_as_they_are(people: Table) -> None:
    encoding = learn(people, target="pay", drop=["town"]).fitted(people, standardize=False)
    assert inputs(encoding, people) == people.numbers[:, :2].tolist()


def test_targets_are_standardised_and_predictions_are_not(people: Table) -> None:
    encoding = learn(people, target="pay").fitted(people, standardize_targets=True)
    encoded = encoding.encode_targets(people, dtype=np.float64)
    assert np.allclose(encoded, StandardScaler().fit_transform(people.numbers[:, 2:]))
    assert np.allclose(encoding.targets.decode(encoded), people.numbers[:, 2:])
    assert encoding.targets.baseline.tolist() == [6]


def test_classes_are_never_standardised() -> None:
    data = table([[1.0, 0], [2.0, 1], [3.0, 1]])
    encoding = learn(data, target="2", output="probability").fitted(data, standardize_targets=True)
    assert encoding.encode_targets(data).tolist() == [[0], [1], [1]]
    assert encoding.targets.baseline.tolist() == pytest.approx([1 / 3, 2 / 3])


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64, np.bool_])
def test_the_type_of_a_table_changes_nothing(dtype: type) -> None:
    values = np.array([[0, 1], [1, 0], [1, 1]])
    encoding = learn(table(values.astype(float)), target="2").fitted(table(values.astype(float)))
    assert inputs(encoding, table(values.astype(dtype))) == inputs(encoding, table(values.astype(float)))


def test_a_row_is_encoded_alike_in_any_company(people: Table) -> None:
    encoding = learn(people, target="pay").fitted(people)
    together = encoding.encode_inputs(people)
    for row in range(people.rows):
        assert encoding.encode_inputs(people.take(np.array([row]))).tobytes() == together[row].tobytes()


def test_many_rows_are_encoded_as_few_are() -> None:
    data = table(np.random.default_rng(0).normal(size=(5000, 40)))
    encoding = learn(data, target="40").fitted(data)
    known = StandardScaler().fit_transform(data.numbers[:, :39])
    assert np.allclose(encoding.encode_inputs(data, np.float64), known, rtol=1e-10, atol=1e-12)


def test_inputs_can_be_written_where_they_are_wanted(people: Table) -> None:
    encoding = learn(people, target="pay").fitted(people)
    stage = np.full((4, encoding.features + 1), 7, np.float32)
    encoding.write_inputs(people, stage[:, :-1])
    assert stage[:, :-1].tolist() == encoding.encode_inputs(people).tolist()
    assert stage[:, -1].tolist() == [7] * 4


def test_unseen_words_are_all_zeros_and_counted(people: Table) -> None:
    encoding = learn(people, target="pay", drop=["age", "height"]).fitted(people)
    other = table([[1.0, 1, 1]] * 3, {1: ["Rom", "Paris", "rom"]}, "age town height pay")
    assert inputs(encoding, other) == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert encoding.unseen(other) == 2
    assert encoding.unseen(people) == 0


def test_missing_values_become_the_mean_of_the_training_rows() -> None:
    data = table([[1.0, 0], [NAN, 0], [3.0, 1]], {1: ["a", None, "b"]})
    encoding = learn(data, target="3", missing="mean").fitted(data)
    assert inputs(encoding, data)[1] == [0, 0, 0]
    plain = learn(data, target="3", missing="mean").fitted(data, standardize=False)
    assert inputs(plain, data)[1] == [2, 0, 0]


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


def test_a_column_without_values_has_no_mean() -> None:
    data = table([[NAN, 0.0], [NAN, 1]], names="x y")
    with pytest.raises(BadInput, match=r"^t\.csv: expected values with a mean in column 'x', got missing values only"):
        learn(data, target="y", missing="mean").fitted(data)


def test_values_too_far_apart_have_no_deviation() -> None:
    data = table([[1e308, 0.0], [-1e308, 1]])
    with pytest.raises(BadInput, match=r"^t\.csv: expected values with a mean in column 1, got values too far apart"):
        learn(data, target="2").fitted(data)


@pytest.mark.parametrize("value", [float("inf"), -float("inf"), 1e39])
def test_what_the_type_can_not_hold_is_refused_with_its_place(value: float) -> None:
    encoding = learn(table([[1.0, 2.0, 3.0]]), target="3")
    with pytest.raises(BadInput, match=r"^t\.csv:2:2: expected a number that float32 can hold, got "):
        encoding.encode_inputs(table([[1.0, 1.0, 1.0], [1.0, value, 1.0]]))


def test_an_infinite_value_has_no_mean() -> None:
    data = table([[1.0, 0.0], [float("inf"), 1]])
    with pytest.raises(BadInput, match=r"^t\.csv:2:1: expected a number that float64 can hold, got inf"):
        learn(data, target="2").fitted(data)


def test_text_in_a_number_column_is_refused_with_its_place(people: Table) -> None:
    encoding = learn(people, target="pay")
    other = table([[1.0, 1]] * 2, {0: ["1", "x"], 1: ["Ulm", "Ulm"]}, "age town height pay", first=2)
    with pytest.raises(BadInput, match=r"^t\.csv:3:1: expected a number, got 'x'"):
        encoding.encode_inputs(other)


def test_columns_are_found_by_name_in_any_order_among_others(people: Table) -> None:
    encoding = learn(people, target="pay").fitted(people)
    turned = Table(
        "other.csv",
        ("height", "x", "town", "age"),
        np.stack([people.numbers[:, 1], people.numbers[:, 2], people.numbers[:, 0]], axis=1),
        {2: people.texts[1]},
        people.lines,
    )
    assert inputs(encoding, turned) == inputs(encoding, people)


def test_a_missing_column_is_named(people: Table) -> None:
    other = table([[1.0, 2, 3]], names="age height pay")
    with pytest.raises(
        BadInput,
        match="got 'age', 'height', 'pay': no column 'town'",
    ):
        learn(people, target="pay").encode_inputs(other)


@pytest.mark.parametrize("target", ["1", "2", "3"])
def test_without_names_the_label_may_be_there_or_not(target: str) -> None:
    data = table([[1.0, 2, 4], [4, 5, 9]])
    encoding = learn(data, target=target)
    rest = table(np.delete(data.numbers, int(target) - 1, axis=1))
    assert inputs(encoding, rest) == inputs(encoding, data)
    with pytest.raises(BadInput, match=r"^t\.csv: expected 3 columns, or 2 without the label, got 4"):
        encoding.encode_inputs(table([[1.0, 2, 3, 4]]))


def test_labels_are_taken_from_where_they_are(people: Table) -> None:
    encoding = learn(people, target="pay")
    labels = table([[5.0], [7], [9], [3]])
    assert encoding.encode_targets(people, labels).tolist() == encoding.encode_targets(people).tolist()
    without = table(people.numbers[:, :2], dict(people.texts), "age town height")
    with pytest.raises(BadInput, match=r"^t\.csv: expected labels \('pay'\), got none; try a label file"):
        encoding.encode_targets(without)


def test_labels_learnt_from_a_file_are_found_by_name_in_a_table(people: Table) -> None:
    data = table(people.numbers[:, :2], names="age height")
    encoding = learn(data, table(people.numbers[:, 2:], names="pay"))
    assert encoding.encode_targets(people).tolist() == [[5], [7], [9], [3]]
    with pytest.raises(BadInput, match="expected labels"):
        encoding.encode_targets(data)
    with pytest.raises(BadInput, match="expected 1 columns of labels, got 2"):
        encoding.encode_targets(data, data)


@pytest.mark.parametrize(
    ("labels", "got"),
    [({1: ["a", "c"]}, "'c'"), ({1: ["b", "A"]}, "'A'")],
)
def test_an_unknown_class_is_refused_with_its_place(labels: dict[int, list[str | None]], got: str) -> None:
    encoding = learn(table([[1.0], [2.0]], {1: ["a", "b"]}), target="2", output="distribution")
    with pytest.raises(BadInput, match=rf"^t\.csv:2:2: expected one of 'a', 'b', got {got}"):
        encoding.encode_targets(table([[1.0], [2.0]], labels))


def test_an_unknown_number_is_refused_with_its_place() -> None:
    encoding = learn(table([[1.0, 3], [2.0, 5]]), target="2", output="distribution")
    assert encoding.encode_targets(table([[1.0, 5]])).tolist() == [[0, 1]]
    for value in (4.0, 6.0, 3.5):
        with pytest.raises(BadInput, match=rf"^t\.csv:1:2: expected one of '3', '5', got '{value:g}'"):
            encoding.encode_targets(table([[1.0, value]]))


def test_classes_are_decoded_to_their_names() -> None:
    data = table([[1.0]] * 3, {1: ["b", "a", "c"]})
    encoding = learn(data, target="2", output="distribution")
    assert encoding.encode_targets(data).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert encoding.targets.decode(np.array([[0.1, 0.2, 0.7], [0.4, 0.4, 0.2]])).tolist() == [["c"], ["a"]]
    assert encoding.strata(data).tolist() == [1, 0, 2]


def test_binary_outputs_are_decoded_to_their_names() -> None:
    data = table([[1.0]] * 2, {1: ["yes", "no"]})
    encoding = learn(data, target="2", output="probability")
    outputs = np.array([[0.9], [0.5], [0.1]])
    assert encoding.targets.decode(outputs).tolist() == [["yes"], ["no"], ["no"]]
    assert np.allclose(encoding.targets.probabilities(outputs), [[0.1, 0.9], [0.5, 0.5], [0.9, 0.1]])
    assert encoding.strata(data).tolist() == [1, 0]


def test_several_labels_are_decoded_to_zeros_and_ones() -> None:
    encoding = learn(table([[1.0]] * 2), table([[0, 1], [1, 1.0]]), output="probability")
    assert encoding.targets.decode(np.array([[0.2, 0.9]])).tolist() == [[0, 1]]
    assert encoding.targets.probabilities(np.array([[0.25, 0.75]])).tolist() == [[0.25, 0.75]]
    assert encoding.strata(table([[1.0]])) is None


def test_logarithms_of_probabilities_are_undone() -> None:
    encoding = learn(table([[1.0, 0], [2.0, 1]]), target="2", output="log distribution")
    assert np.allclose(encoding.targets.probabilities(np.log([[0.25, 0.75]])), [[0.25, 0.75]])


def test_values_have_no_probabilities() -> None:
    with pytest.raises(ValueError, match="no probabilities"):
        learn(table([[1.0, 0], [2.0, 1]]), target="2").targets.probabilities(np.ones((1, 1)))


def test_one_line_says_what_was_inferred(people: Table) -> None:
    encoding = learn(people, target="town", output="distribution").fitted(people)
    assert encoding.describe(people) == "4 rows, 3 inputs (standardised), 3 classes from town: Bonn, Rom, Ulm"
    encoding = learn(people, target="pay", drop=["age", "height"])
    assert encoding.describe(people) == "4 rows, 3 inputs from 1 column, 1 target: pay"


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
    assert (again.columns.inputs, again.targets.classes, again.schema) == (
        encoding.columns.inputs,
        encoding.targets.classes,
        encoding.schema,
    )
    assert again.scaling.mean.tobytes() == encoding.scaling.mean.tobytes()


WRONG = [
    None,
    True,
    -1,
    0,
    2**70,
    1.5,
    float("nan"),
    float("inf"),
    "x",
    [],
    [[]],
    [[0, []]],
    ["x", "x"],
    {},
    [None],
    [1.0, "x"],
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


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(2, 30), st.just(3)),
        elements=st.integers(-(10**9), 10**9).map(lambda number: number / 1000),
    )
)
def test_standardised_columns_have_mean_zero_and_deviation_one_or_zero(values: np.ndarray) -> None:
    data = table(values)
    encoded = learn(data, target="3").fitted(data).encode_inputs(data, np.float64)
    deviation = encoded.std(axis=0)
    assert np.abs(encoded.mean(axis=0)).max() < 1e-6
    for position in range(2):
        assert deviation[position] == pytest.approx(0 if np.ptp(values[:, position]) == 0 else 1, abs=1e-6)


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
        BadInput, match=r"^t\.csv: expected a row without missing values, got none; try to fill them in"
    ):
        encoding.usable(table([[NAN, 0], [NAN, 1]]))


def test_a_value_that_overflows_when_standardised_is_refused_without_a_warning() -> None:
    data = table([[0.0, 1], [1e-9, 2], [2e-9, 3]])
    encoding = learn(data, target="2").fitted(data)
    with pytest.raises(BadInput, match=r"^t\.csv:1:1: expected a number that float64 can hold, got 1e\+300"):
        encoding.encode_inputs(table([[1e300, 1]]), np.float64)


def test_a_prediction_that_overflows_is_infinite_without_a_warning() -> None:
    data = table([[0.0, 1e100], [1.0, 2e100]])
    encoding = learn(data, target="2").fitted(data, standardize_targets=True)
    assert encoding.targets.decode(np.array([[1e300]])).tolist() == [[float("inf")]]


def test_the_baseline_of_large_targets_is_their_mean() -> None:
    data = table([[0.0, 1.5e308], [1.0, 1.5e308], [2.0, 1.5e308]])
    assert learn(data, target="2").fitted(data, standardize_targets=True).targets.baseline.tolist() == [1.5e308]


@pytest.mark.parametrize("standardize", [False, True])
def test_targets_without_a_mean_are_refused(standardize: bool) -> None:
    data = table([[0.0, 1.5e308], [1.0, -1.5e308], [2.0, -1.5e308]])
    with pytest.raises(BadInput, match=r"^t\.csv: expected targets with a mean, got values too far apart; try smaller"):
        learn(data, target="2").fitted(data, standardize_targets=standardize)


def test_targets_without_a_deviation_are_refused_where_they_are_standardised() -> None:
    data = table([[0.0, 1e200], [1.0, 3e200]])
    assert learn(data, target="2").fitted(data).targets.baseline.tolist() == [2e200]
    with pytest.raises(BadInput, match=r"^t\.csv: expected values with a mean in column 2, .*; try smaller units$"):
        learn(data, target="2").fitted(data, standardize_targets=True)


def test_many_classes_take_memory_in_proportion() -> None:
    tracemalloc.start()
    data = table([[1.0, 0], [2.0, 7], [3.0, 29_999]])
    encoding = learn(data, target="2", output="distribution", outputs=30_000).fitted(data)
    assert encoding.strata(data).tolist() == [0, 7, 29_999]
    assert np.flatnonzero(encoding.encode_targets(data)).tolist() == [0, 30_007, 89_999]
    assert encoding.targets.baseline[[0, 1, 7]].tolist() == [1 / 3, 0, 1 / 3]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 30_000 * 3_000  # a square of them takes 7 GB


def test_the_delimiter_is_kept_for_other_tables() -> None:
    data = replace(table([[1.0, 0], [2.0, 1]]), delimiter=";")
    encoding = Encoding.from_json(json.loads(json.dumps(learn(data, target="2").to_json())))
    assert encoding.schema.delimiter == ";"


# Images


@pytest.fixture
def images() -> Table:
    """Six samples of two channels of 2x3 pixels, and a label."""
    rng = np.random.default_rng(0)
    return table(np.hstack([rng.normal([3.0] * 6 + [-1.0] * 6, [2.0] * 6 + [0.5] * 6, (6, 12)), [[0], [1]] * 3]))


def test_the_pixels_of_a_channel_are_scaled_together(images: Table) -> None:
    encoding = learn(images, target="13").fitted(images, channels=2)
    channels = images.numbers[:, :12].reshape(6, 2, 6)
    expected = (channels - channels.mean(axis=(0, 2), keepdims=True)) / channels.std(axis=(0, 2), keepdims=True)
    assert np.allclose(encoding.encode_inputs(images, np.float64), expected.reshape(6, 12), rtol=1e-12)


def test_equal_numbers_and_columns_in_a_row_are_counted(images: Table) -> None:
    encoding = learn(images, target="13").fitted(images, channels=2)
    record = encoding.to_json()
    assert record["inputs"] == [[0, None, 12]]
    assert [count for _, count in record["scale"]] == [6, 6]
    assert Encoding.from_json(json.loads(json.dumps(record))).to_json() == record


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("inputs", [[0, None, 13]]),
        ("inputs", [[0, None, 10**18]]),
        ("inputs", [[0, None, 1]]),
        ("inputs", [[0, ["a"], 12]]),
        ("inputs", [[0, None, 12, 12]]),
        ("inputs", [[0, None, 12], [11, None]]),
        ("mean", [[0.5, 10**18]]),
        ("mean", [[0.5, 6], [0.5, -6], [0.5, 12]]),
        ("mean", [[0.5, 12.0]]),
        ("mean", [[float("nan"), 12]]),
        ("scale", [[0.0, 12]]),
    ],
)
def test_a_count_that_can_not_be_is_refused(images: Table, name: str, value: Any) -> None:
    record = learn(images, target="13").fitted(images, channels=2).to_json()
    with pytest.raises(ValueError, match="expected"):
        Encoding.from_json({**record, name: value})
