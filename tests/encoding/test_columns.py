"""Which columns an encoding is about, what words name them, and what a record of it can't be."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_tables import PEOPLE, again, as_saved, images, inputs, table

from kerash_cli.encoding.learning import learn
from kerash_cli.encoding.record import Encoding
from kerash_cli.errors import BadInput
from kerash_cli.tables.table import Table

ROWS = [[1.0, 2.0, 0.0], [3.0, 5.0, 1.0], [4.0, 4.0, 1.0], [7.0, 1.0, 0.0]]


def test_the_column_of_labels_goes_by_its_name_or_its_number_or_is_that_of_a_file() -> None:
    assert learn(table(ROWS, names="a b c"), targets=["b"]).label_column == "b"
    assert learn(table(ROWS), targets=["3"]).label_column == "3"
    inputs, labels = table(ROWS), table([[1.0], [2], [3], [4]], names="size")
    assert learn(inputs, labels).label_column == "size"
    assert learn(inputs, table([[1.0, 2], [2, 3], [3, 1], [4, 4]], names="size price")).label_column is None


@pytest.mark.parametrize(
    ("labels", "scaled"),
    [
        ([[0.0, 5], [0, 7], [0, 9], [0, 3]], True),
        ([[-1.0, 5], [1, 5], [-1, 7], [1, 7]], True),
        ([[-1.0, 1], [1, -1], [-1, 1], [1, -1]], False),
    ],
)
def test_targets_are_scaled_where_any_of_them_is(labels: list[list[float]], scaled: bool) -> None:
    inputs = table(ROWS)
    encoding = learn(inputs, table(labels)).fitted(inputs, table(labels), standardize_targets=True)
    assert encoding.targets.is_scaled == scaled
    assert not encoding.unscaled().targets.is_scaled


def test_a_table_of_labels_alone_has_the_labels() -> None:
    inputs, labels = table(ROWS, names="a b c"), table([[1.0, 2], [2, 3], [3, 1], [4, 4]], names="size price")
    encoding = learn(inputs, labels)
    swapped = table([[2.0, 1], [3, 2]], names="price size")
    assert encoding.encode_targets(swapped).tolist() == [[1, 2], [2, 3]]
    more = table([[2.0, 9, 1], [3, 9, 2]], names="price x size")
    assert encoding.encode_targets(more).tolist() == [[1, 2], [2, 3]]
    with pytest.raises(BadInput, match="expected labels"):
        encoding.encode_targets(table([[2.0, 9], [3, 9]], names="price x"))


def missing_columns(header: tuple[str, ...]) -> BadInput:
    encoding = learn(table(ROWS, names="Age Height pay"), targets=["pay"])
    with pytest.raises(BadInput, match="no column") as error:
        encoding.encode_inputs(Table("t.csv", header, np.zeros((1, len(header))), {}, range(1, 2)))
    return error.value


def test_a_header_that_differs_in_capitals_alone_can_be_mended() -> None:
    (repair,) = missing_columns(("age", "HEIGHT", "x/y")).repairs
    assert repair.filter == r"sed '1s/.*/Age,Height,x\/y/'"
    for header in (("age", "size"), ("age", "height", "x,y"), ("age", "height", 'x"y')):
        assert missing_columns(header).repairs == ()


def values_record() -> dict[str, Any]:
    inputs, labels = table(ROWS), table([[1.0, 2], [2, 3], [3, 1], [4, 4]])
    return as_saved(learn(inputs, labels).fitted(inputs, labels))


@pytest.mark.parametrize(
    "wrong",
    [
        {"outputs": 0, "labels": [], "target_mean": [], "target_scale": [], "baseline": []},
        {"inputs": [], "fill": [], "mean": [], "scale": []},
        {"inputs": [[0, ["a"], 3]]},
        {"inputs": [[0, []], [1, None], [2, None]], "fill": [0.0] * 2, "mean": [0.0] * 2, "scale": [1.0] * 2},
        {"inputs": [[0, None], [0, None], [2, None]]},
        {"inputs": [[0, None], [1, None], [3, None]]},
        {"inputs": [[0], [1, None], [2, None]]},
        {"target": 0},
        {"target": 3},
        {"target": -1},
        {"width": 2},
        {"names": ["a", "b"]},
        {"names": ["a", "b", "c", "d"]},
        {"labels": ["a"]},
        {"classes": ["a", "b"]},
        {"scale": [1.0, 1.0, 0.0]},
        {"target_scale": [1.0, -1.0]},
        {"baseline": [1.0]},
        {"kind": "binary"},
        {"delimiter": "ab"},
        {"missing": "maybe"},
    ],
)
def test_a_record_whose_parts_do_not_fit_is_refused(wrong: dict[str, Any]) -> None:
    record = values_record()
    assert as_saved(Encoding.from_json(record)) == record
    with pytest.raises(ValueError, match="expected"):
        Encoding.from_json({**record, **wrong})


def test_a_start_has_the_same_classes_in_any_order() -> None:
    def classes(*labels: float) -> Encoding:
        return learn(table([[i, label] for i, label in enumerate(labels * 2)]), targets=["2"], output="distribution")

    assert classes(0, 1, 2).arranged_as(classes(2, 0, 1)).targets.classes == ("0", "1", "2")
    with pytest.raises(BadInput, match="--start: expected its model's 3 outputs"):
        classes(0, 1, 2).arranged_as(classes(1, 2, 3))


def test_a_start_keeps_its_scaling_but_for_columns_that_counted_for_nothing() -> None:
    old = table([[1, 7, 0], [3, 7, 1], [5, 7, 2]])
    new = table([[10, 1, 0], [20, 3, 1], [60, 5, 2]])
    before = learn(old, targets=["3"]).fitted(old, ignore_constant=True, standardize_targets=True)
    own = learn(new, targets=["3"]).fitted(new, ignore_constant=True)
    started = own.scaled_as(before)
    assert started.scaling.mean.tolist() == [3, 3]  # the first one's of the start, the second one's own
    assert started.scaling.scale.tolist() == [before.scaling.scale[0], own.scaling.scale[1]]
    assert started.scaling.fill.tolist() == [before.scaling.fill[0], own.scaling.fill[1]]
    assert started.scaling.standardized
    assert (started.targets.mean == before.targets.mean).all()
    assert (started.targets.scale == before.targets.scale).all()


def test_without_names_on_one_side_a_start_has_its_columns_in_their_order() -> None:
    named, plain = learn(table(ROWS, names="a b c"), targets=["c"]), learn(table(ROWS), targets=["3"])
    assert named.arranged_as(plain).columns.inputs == named.columns.inputs
    assert plain.arranged_as(named).columns.inputs == plain.columns.inputs


def test_one_column_of_labels_may_be_called_anything() -> None:
    inputs, labels = table(ROWS), table([[1.0], [2], [3], [4]], names="size")
    encoding = learn(inputs, labels)
    other = table([[5.0], [6], [7], [8]], names="weight")
    assert encoding.encode_targets(inputs, other).tolist() == other.numbers.tolist()
    two = learn(inputs, table([[1.0, 2], [2, 3], [3, 1], [4, 4]], names="size price"))
    with pytest.raises(BadInput, match="expected labels called 'size', 'price', got 'size', 'weight'"):
        two.encode_targets(inputs, table([[1.0, 2], [2, 3], [3, 1], [4, 4]], names="size weight"))


def test_every_target_needs_a_mean() -> None:
    inputs, labels = table(ROWS), table([[1.0, 1.7e308], [2, -1.7e308], [3, 1.7e308], [4, -1.7e308]])
    with pytest.raises(BadInput, match="expected targets with a mean"):
        learn(inputs, labels).fitted(inputs, labels)


def test_columns_are_found_by_name_in_any_order_among_others() -> None:
    encoding = learn(PEOPLE, targets=["pay"]).fitted(PEOPLE)
    turned = Table(
        "other.csv",
        ("height", "x", "town", "age"),
        np.stack([PEOPLE.numbers[:, 1], PEOPLE.numbers[:, 2], PEOPLE.numbers[:, 0]], axis=1),
        {2: PEOPLE.texts[1]},
        PEOPLE.lines,
    )
    assert inputs(encoding, turned) == inputs(encoding, PEOPLE)


def test_a_missing_column_is_named() -> None:
    other = table([[1.0, 2, 3]], names="age height pay")
    with pytest.raises(BadInput, match="got 'age', 'height', 'pay': no column 'town'"):
        learn(PEOPLE, targets=["pay"]).encode_inputs(other)


@pytest.mark.parametrize("target", ["1", "2", "3"])
def test_without_names_the_label_may_be_there_or_not(target: str) -> None:
    data = table([[1.0, 2, 4], [4, 5, 9]])
    encoding = learn(data, targets=[target])
    rest = table(np.delete(data.numbers, int(target) - 1, axis=1))
    assert inputs(encoding, rest) == inputs(encoding, data)
    with pytest.raises(BadInput, match=r"^t\.csv: expected 3 columns, or 2 without the label, got 4"):
        encoding.encode_inputs(table([[1.0, 2, 3, 4]]))


def test_without_names_all_labels_or_none_may_be_there() -> None:
    data = table([[1.0, 2, 4, 8], [4, 5, 9, 3]])
    encoding = learn(data, targets=["4", "2"])
    assert encoding.columns.targets == (3, 1)
    assert encoding.encode_targets(data).tolist() == [[8, 2], [3, 5]]
    rest = table(data.numbers[:, [0, 2]])
    assert inputs(encoding, rest) == inputs(encoding, data) == [[1, 4], [4, 9]]
    with pytest.raises(BadInput, match=r"^t\.csv: expected 4 columns, or 2 without the labels, got 3"):
        encoding.encode_inputs(table([[1.0, 2, 3]]))
    with pytest.raises(BadInput, match=r"^t\.csv: expected labels \('target 1', 'target 2'\), got none"):
        encoding.encode_targets(rest)


def test_labels_go_by_their_names() -> None:
    data = table([[1.0, 2, 4], [4, 5, 9]], names="a b c")
    encoding = again(learn(data, targets=["c", "a"]))
    other = table([[7.0, 4, 2, 1]], names="z c b a")
    assert encoding.encode_targets(other).tolist() == [[4, 1]]
    with pytest.raises(BadInput, match=r"^t\.csv: expected labels \('c', 'a'\), got 1 of them; try a label file"):
        encoding.encode_targets(table([[1.0, 2]], names="a b"))


def test_labels_are_taken_from_where_they_are() -> None:
    encoding = learn(PEOPLE, targets=["pay"])
    labels = table([[5.0], [7], [9], [3]])
    assert encoding.encode_targets(PEOPLE, labels).tolist() == encoding.encode_targets(PEOPLE).tolist()
    without = table(PEOPLE.numbers[:, :2], dict(PEOPLE.texts), "age town height")
    with pytest.raises(BadInput, match=r"^t\.csv: expected labels \('pay'\), got none; try a label file"):
        encoding.encode_targets(without)


def test_labels_learnt_from_a_file_are_found_by_name_in_a_table() -> None:
    data = table(PEOPLE.numbers[:, :2], names="age height")
    encoding = learn(data, table(PEOPLE.numbers[:, 2:], names="pay"))
    assert encoding.encode_targets(PEOPLE).tolist() == [[5], [7], [9], [3]]
    with pytest.raises(BadInput, match="expected labels"):
        encoding.encode_targets(data)
    with pytest.raises(BadInput, match="expected 1 columns of labels, got 2"):
        encoding.encode_targets(data, data)


def test_the_delimiter_is_kept_for_other_tables() -> None:
    data = replace(table([[1.0, 0], [2.0, 1]]), delimiter=";")
    assert again(learn(data, targets=["2"])).schema.delimiter == ";"


def test_equal_numbers_and_columns_in_a_row_are_counted() -> None:
    encoding = learn(images(), targets=["13"]).fitted(images(), channels=2)
    record = as_saved(encoding)
    assert record["inputs"] == [[0, None, 12]]
    assert [count for _, count in record["scale"]] == [6, 6]
    assert as_saved(again(encoding)) == record


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
def test_a_count_that_can_not_be_is_refused(name: str, value: Any) -> None:
    record = as_saved(learn(images(), targets=["13"]).fitted(images(), channels=2))
    assert as_saved(Encoding.from_json(record)) == record
    with pytest.raises(ValueError, match="expected"):
        Encoding.from_json({**record, name: value})


@pytest.mark.parametrize(
    ("kinds", "output", "text"), [(["a", "b", "c", "b"], "distribution", {1, 3}), ([1.0, 2, 1, 2], "any", {1})]
)
def test_a_schema_says_which_columns_are_read_as_text(kinds: list[Any], output: str, text: set[int]) -> None:
    towns: list[str | None] = ["Ulm", "Rom", "Ulm", "Ulm"]
    texts = {1: towns, 3: kinds} if output == "distribution" else {1: towns}
    numbers = np.array([[1.0, 2], [2, 3], [3, 4], [4, 5]])
    data = table(numbers if output == "distribution" else np.column_stack([numbers, kinds]), texts)
    schema = learn(data, targets=["4"], output=output, drop=["1"]).schema
    assert (schema.names, schema.width, schema.targets, schema.used) == (None, 4, (3,), {1, 2})
    assert schema.text == text
    labels = table(np.zeros((4, 0)), {0: ["p", "q", "p", "q"]})
    assert learn(table(ROWS), labels, output="distribution").schema.text == set()


@pytest.mark.parametrize(
    ("names", "target", "other", "message"),
    [
        ("", "3", "", "expected 3 columns, or 2 without the label, got 4"),
        ("", None, "", "expected 3 columns, got 4"),
        ("a b c", "c", "", "expected 3 columns, or 2 without the label, got 4"),
        ("", "3", "a b c d", "expected 3 columns, or 2 without the label, got 4"),
        ("a b c", "c", "w x y z", "expected a header with 'a', 'b', got 'w', 'x', 'y', 'z': no column 'a', 'b'"),
        ("a b c", "c", "b x y z", "expected a header with 'a', 'b', got 'b', 'x', 'y', 'z': no column 'a'"),
    ],
)
def test_a_table_without_the_inputs_is_refused(names: str, target: str | None, other: str, message: str) -> None:
    data = table(ROWS, names=names)
    encoding = learn(data, None if target else table([[1.0], [2], [3], [4]]), targets=[target] if target else [])
    with pytest.raises(BadInput) as error:
        encoding.check_columns(table([[1.0, 2, 3, 4]], names=other))
    assert str(error.value) == f"t.csv: {message}"


def test_a_header_in_other_capitals_is_mended_where_nothing_else_is_in_it() -> None:
    (repair,) = missing_columns(("height", "AGE")).repairs
    assert repair.filter == "sed '1s/.*/Height,Age/'"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("a b c y", "--start: its model has no input 'c'; try --drop, or leave out --start"),
        ("a y", "--start: this table has no input 'b'; try --drop, or leave out --start"),
    ],
)
def test_an_input_more_or_less_than_a_start_has_is_told(names: str, message: str) -> None:
    model = learn(table([[1, 10, 0], [3, 30, 1]], names="a b y"), targets=["y"])
    width = len(names.split())
    with pytest.raises(BadInput) as error:
        learn(table([[1] * width, [2] * width], names=names), targets=["y"]).arranged_as(model)
    assert str(error.value) == message


@pytest.mark.parametrize("names", ["a b y", ""])
def test_inputs_that_are_encoded_otherwise_than_a_start_are_refused(names: str) -> None:
    def towns(*words: str) -> Encoding:
        return learn(table([[1.0, 0]] * len(words), {1: list(words)}, names), targets=["3"])

    assert towns("Ulm", "Rom").arranged_as(towns("Rom", "Ulm", "Rom")).features == 3
    with pytest.raises(BadInput) as error:
        towns("Ulm", "Rom").arranged_as(towns("Rom", "Ulm", "Bonn"))
    assert str(error.value) == (
        "--start: expected its model's 4 inputs, with the same values in text columns, got 3 inputs"
    )


def test_text_counts_for_zero_and_one_and_is_neither_shifted_nor_divided() -> None:
    encoding = learn(PEOPLE, targets=["pay"]).fitted(PEOPLE)
    center, deviation = encoding.columns.fit(PEOPLE, np.array([0, 1]))
    assert center.tolist() == [35, 0, 0, 0, 2]  # the age, Bonn, Rom, Ulm, and the height
    assert deviation.tolist() == [5, 0, 1, 1, 0.5]
    assert encoding.scaling.mean.tolist() == [45, 0, 0, 0, 2]
    assert encoding.scaling.scale[1:4].tolist() == [1, 1, 1]
    assert encoding.columns.number_places(table([[1.0, 2]], {0: ["Ulm"]}, "town height age")) == [2, 1]


def test_values_that_no_training_row_had_are_counted_in_text_alone() -> None:
    encoding = learn(PEOPLE, targets=["pay"]).fitted(PEOPLE)
    other = table([[1.0, 1], [2, 2], [3, 3]], {1: ["Rom", "Paris", None]}, "age town height")
    assert encoding.unseen(other) == 1


@pytest.mark.parametrize(
    ("learnt", "given", "places"),
    [
        ("p q", "q p", [[2, 1], [4, 3]]),
        ("p q", "", [[1, 2], [3, 4]]),
        ("", "q p", [[1, 2], [3, 4]]),
        ("", "", [[1, 2], [3, 4]]),
    ],
)
def test_label_columns_without_names_go_by_their_places(learnt: str, given: str, places: list[list[float]]) -> None:
    data = table([[1.0], [2]])
    encoding = learn(data, table([[1.0, 2], [2, 3]], names=learnt))
    assert encoding.encode_targets(data, table([[1.0, 2], [3, 4]], names=given)).tolist() == places


def test_some_of_several_labels_are_not_enough() -> None:
    encoding = learn(table([[1.0], [2]], names="a"), table([[1.0, 2], [2, 3]], names="p q"))
    with pytest.raises(BadInput, match=r"^t\.csv: expected labels \('p', 'q'\), got 1 of them; try a label file$"):
        encoding.encode_targets(table([[1.0, 2], [2, 3]], names="a p"))
    with pytest.raises(BadInput, match=r"^t\.csv: expected 2 columns of labels, got 1$"):
        encoding.encode_targets(table([[1.0], [2]], names="a"), table([[1.0], [2]], names="p"))


def test_columns_are_checked_for_text_among_numbers_alone() -> None:
    columns = learn(PEOPLE, targets=["pay"]).columns
    columns.check(table([[1.0, 2]], {1: ["Paris"]}, "age town height"))
    with pytest.raises(BadInput, match=r"^t\.csv:1:3: expected a number, got 'tall'$"):
        columns.check(table([[1.0]], {1: ["Ulm"], 2: ["tall"]}, "age town height"))
