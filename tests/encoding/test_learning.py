from dataclasses import replace

import numpy as np
import pytest
from measuring import traced
from small_tables import again

from kerash_cli.encoding.learning import learn
from kerash_cli.errors import BadInput, BadTable, OutOfSpace
from kerash_cli.system import memory
from kerash_cli.tables.table import Table


def table(*columns: list[object], names: str = "", source: str = "t.csv", first: int = 1) -> Table:
    """A table of these columns: of strings and None where there is a string, else of numbers."""
    texts = {place: cells for place, cells in enumerate(columns) if any(isinstance(cell, str) for cell in cells)}
    numbers = [np.array(cells, float) for place, cells in enumerate(columns) if place not in texts]
    rows = len(columns[0])
    matrix = np.stack(numbers, axis=1) if numbers else np.empty((rows, 0))
    return Table(source, tuple(names.split()) or None, matrix, texts, range(first, first + rows))


NAN = float("nan")
X = [1.0, 2.0, 3.0, 4.0]
KINDS = ["a", "b", "c", "a"]


def refusal(*arguments: object, **options: object) -> str:
    with pytest.raises(BadInput) as error:
        learn(*arguments, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_columns_but_the_label_are_inputs() -> None:
    encoding = learn(table(X, X, X, names="a b c"), targets=["b"])
    assert [each.position for each in encoding.columns.inputs] == [0, 2]
    assert encoding.features == 2
    assert encoding.targets.labels == ("b",)


def test_dropped_columns_are_no_inputs() -> None:
    encoding = learn(table(X, KINDS, X, X, names="a b c d"), targets=["d"], drop=["b", "1"])
    assert [each.position for each in encoding.columns.inputs] == [2]


def test_a_label_file_leaves_all_columns_as_inputs() -> None:
    encoding = learn(table(X, X), table(X, X, source="l.csv"))
    assert (encoding.features, encoding.outputs, encoding.columns.targets) == (2, 2, ())
    assert encoding.targets.labels == ("target 1", "target 2")


def test_text_inputs_become_a_feature_for_each_value_in_order() -> None:
    encoding = learn(table(KINDS, X), targets=["2"])
    assert encoding.columns.inputs[0].categories == ("a", "b", "c")
    assert encoding.features == 3


@pytest.mark.parametrize("output", ["distribution", "log distribution"])
@pytest.mark.parametrize("outputs", [None, 3])
def test_names_before_a_distribution_are_classes(output: str, outputs: int | None) -> None:
    encoding = learn(table(X, ["b", "c", "a", "b"]), targets=["2"], output=output, outputs=outputs)
    assert (encoding.targets.kind, encoding.targets.classes, encoding.outputs) == ("classes", ("a", "b", "c"), 3)


CLASSES: dict[str, tuple[list[object], int | None, str]] = {
    "numbers sort as numbers": ([10.0, 9.0, 2.5, 10.0], None, "2.5 9 10"),
    "others sort by code point": (["b", "B", "10", "é"], None, "10 B b é"),
    "indices may leave some out": ([0.0, 2.0, 2.0, 4.0], 5, "0 1 2 3 4"),
    "as many numbers as outputs are names where they are no indices": ([1.0, 2.0, 3.0, 1.0], 3, "1 2 3"),
}


@pytest.mark.parametrize(("labels", "outputs", "classes"), CLASSES.values(), ids=CLASSES)
def test_classes_are_in_order(labels: list[object], outputs: int | None, classes: str) -> None:
    encoding = learn(table(X, labels), targets=["2"], output="distribution", outputs=outputs)
    assert encoding.targets.classes == tuple(classes.split())


def test_several_columns_before_a_distribution_are_one_hot() -> None:
    labels = table([1.0, 0, 0, 0.5], [0.0, 1, 1, 0.5], names="yes no", source="l.csv")
    encoding = learn(table(X), labels, output="distribution")
    assert (encoding.targets.kind, encoding.outputs, encoding.targets.classes) == ("one-hot", 2, ("yes", "no"))


def test_one_hot_columns_beside_inputs_name_the_classes() -> None:
    encoding = learn(
        table([1.0, 0, 0, 1], X, [0.0, 1, 1, 0], names="yes x no"), targets=["yes", "no"], output="distribution"
    )
    assert encoding.targets.classes == ("yes", "no")
    assert again(encoding).targets.classes == ("yes", "no")


@pytest.mark.parametrize("labels", [[0.0, 1, 1, 0], [1.0, 0, 0, 0]])
def test_zeros_and_ones_before_a_probability_are_binary(labels: list[float]) -> None:
    encoding = learn(table(X, labels), targets=["2"], output="probability", outputs=1)
    assert (encoding.targets.kind, encoding.targets.classes, encoding.outputs) == ("binary", ("0", "1"), 1)


def test_two_names_before_a_probability_are_binary_and_the_second_is_one() -> None:
    data = table(X, ["yes", "no", "no", "yes"])
    encoding = learn(data, targets=["2"], output="probability")
    assert encoding.targets.classes == ("no", "yes")
    assert encoding.encode_targets(data).tolist() == [[1], [0], [0], [1]]


def test_numbers_between_zero_and_one_before_a_probability_are_values() -> None:
    assert learn(table(X, [0.0, 0.5, 1, 0.25]), targets=["2"], output="probability").targets.kind == "values"


def test_columns_of_zeros_and_ones_before_probabilities_are_several_labels() -> None:
    encoding = learn(table(X), table([0.0, 1, 1, 0], [1.0, 1, 1, 1], source="l.csv"), output="probability")
    assert (encoding.targets.kind, encoding.outputs, encoding.targets.classes) == ("multilabel", 2, ())


def test_numbers_before_anything_else_are_values() -> None:
    assert learn(table(X, X), targets=["2"], output="any").targets.kind == "values"


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (table(X, X, names="a b"), {}, "t.csv: expected labels, got none; try a label file or --target b"),
        (table(X, X), {"targets": ["3"]}, "t.csv: expected a column from 1 to 2, got '3'"),
        (table(X, X), {"targets": ["2"], "drop": ["1"]}, "--drop: expected the label and at least one input"),
        (table(X, X), {"targets": ["2"], "drop": ["2"]}, "--drop: expected the label and at least one input"),
        (table(X), {"targets": ["1"]}, "t.csv: expected a column besides the label, got none; try another table"),
        (table(X, X, X), {"targets": ["3"], "inputs": 3}, "t.csv:1: expected 3 inputs, as the model has, got 2; try"),
        (
            table(KINDS, X),
            {"targets": ["2"], "inputs": 1},
            "t.csv:1: expected 1 inputs, as the model has, got 3 (from 1 col",
        ),
        (table(X, X), {"targets": ["2"], "outputs": 3}, "t.csv: expected 3 label columns, one for each output, got 1"),
        (
            table([1.0, NAN, 3, 4], X),
            {"targets": ["2"], "missing": "error"},
            "t.csv:2:1: expected a value, got a missing one; --missing drop",
        ),
        (
            table(["a", "b", None, "a"], X),
            {"targets": ["2"], "missing": "error"},
            "t.csv:3:1: expected a value, got a missing one",
        ),
        (
            table(X, [NAN, 1.0, 2, 3]),
            {"targets": ["2"], "missing": "error"},
            "t.csv:1:2: expected a label, got a missing one",
        ),
        (table(X, [NAN] * 4), {"targets": ["2"]}, "t.csv: expected at least one row with a label, found none"),
        (
            table([NAN] * 4, X),
            {"targets": ["2"], "missing": "drop"},
            "t.csv: expected at least one row without missing values, found none",
        ),
        (
            table(["1", "x", "3", "4"], X),
            {"targets": ["2"]},
            "t.csv:2:1: expected a number as in most of column 1, got 'x'",
        ),
        (
            table(["inf", "2", "3", "4"], X),
            {"targets": ["2"]},
            "t.csv:1:1: expected a number as in most of column 1, got 'inf'",
        ),
        (table(X, KINDS), {"targets": ["2"]}, "t.csv:1:2: expected a number, got 'a'; try softmax"),
        (
            table(X, ["0", "1", "1_0", "1"]),
            {"targets": ["2"], "output": "distribution"},
            "t.csv:3:2: expected a number as in most of column 2, got '1_0'",
        ),
        (
            table(X, KINDS, names="x kind"),
            {"targets": ["2"], "output": "distribution", "outputs": 2},
            "t.csv: expected 2 classes, one for each output, in column 'kind', got 3: 'a', 'b', 'c'; try '?'",
        ),
        (
            table(X, ["a"] * 4),
            {"targets": ["2"], "output": "distribution"},
            "t.csv: expected two classes or more in column 2",
        ),
        (
            table(X, KINDS),
            {"targets": ["2"], "output": "probability"},
            "t.csv: expected either 0 and 1 or two names in column 2, got 3",
        ),
        (
            table(X, [0.0, 1, 2, 1]),
            {"targets": ["2"], "output": "probability"},
            "t.csv:3:2: expected 0 to 1, as the last layer outputs, got 2; try softmax for classes, '-' for quantities",
        ),
        (table(X, X), {"targets": ["2"], "output": "probability", "outputs": 2}, "t.csv: expected 2 label columns"),
        (
            table(X, [1.0, float("inf"), 1, 1]),
            {"targets": ["2"]},
            "t.csv:2:2: expected a number that float64 can hold, got inf",
        ),
    ],
)
def test_data_that_does_not_fit_is_refused_with_its_place(
    data: Table, options: dict[str, object], message: str
) -> None:
    assert refusal(data, **options).startswith(message)


def test_a_label_file_of_another_length_names_both() -> None:
    labels = table(X[:3], source="l.csv")
    assert refusal(table(X), labels) == ("l.csv: 3 labels for 4 rows of t.csv; there must be one for each row")


def test_a_label_file_beside_a_target_is_one_too_many() -> None:
    assert refusal(table(X), table(X, source="l.csv"), targets=["1"]).startswith(
        "--target: expected a label file or --target"
    )


def test_several_label_columns_must_be_as_many_as_outputs() -> None:
    labels = table(X, X, source="l.csv")
    assert refusal(table(X), labels, outputs=3) == "l.csv: expected 3 label columns, one for each output, got 2"


@pytest.mark.parametrize(("shares", "got"), [([0.5, 0.25], "0.5 0.25"), ([-1.0, 2.0], "-1 2")])
def test_one_hot_labels_must_be_shares(shares: list[float], got: str) -> None:
    labels = table([1.0, shares[0]], [0.0, shares[1]], source="l.csv", first=2)
    message = refusal(table([1.0, 2.0]), labels, output="distribution")
    assert message == f"l.csv:3: expected shares of 2 classes that add up to 1, got {got}"


def test_rows_with_missing_values_teach_nothing_under_drop() -> None:
    data = table(["a", "b", "c", None], [1.0, 2, NAN, 4], ["p", "q", "r", "p"])
    encoding = learn(data, targets=["3"], output="distribution", missing="drop")
    assert encoding.columns.inputs[0].categories == ("a", "b")
    assert encoding.targets.classes == ("p", "q")
    assert encoding.usable(data).tolist() == [0, 1]


def test_a_hostile_name_can_not_break_the_line() -> None:
    evil = "\x1b[31m\nError: all is well"
    message = refusal(table([evil, evil], [1.0, 2], names="a b"), targets=["a"])
    assert message.isprintable()


@pytest.mark.parametrize("labels", [[1.0, 2, 2, 1], [-1.0, 1, 1, -1], [0.0, 5, 5, 0]])
def test_two_other_numbers_before_a_probability_are_names_and_the_larger_is_one(labels: list[float]) -> None:
    data = table(X, labels)
    encoding = learn(data, targets=["2"], output="probability", outputs=1)
    assert (encoding.targets.kind, encoding.targets.numeric) == ("binary", True)
    assert encoding.targets.classes == tuple(f"{value:g}" for value in sorted(set(labels)))
    assert encoding.encode_targets(data).tolist() == [[0], [1], [1], [0]]


def test_a_word_that_recurs_among_numbers_can_be_taken_for_a_missing_value() -> None:
    with pytest.raises(BadInput) as error:
        learn(table(X + X, ["1", "x", "3", "x", "4", "5", "6", "7"], X + X), targets=["3"])
    (repair,) = error.value.repairs
    assert (repair.filter, repair.words) == ("", ("--missing-values", "x"))
    assert repair.meaning == "if that is a missing value"


def test_complaints_about_all_columns_are_told_at_once() -> None:
    with pytest.raises(BadTable) as error:
        learn(table(["1", "x", "3", "4"], [1.0, NAN, 2, 3], X), targets=["3"], missing="error")
    assert [str(each)[:10] for each in error.value.complaints] == ["t.csv:2:1:", "t.csv:2:2:"]


def test_numbers_that_do_not_recur_are_no_classes() -> None:
    many = [number / 8 for number in range(30)]
    assert refusal(table(many, many), targets=["2"], output="distribution") == (
        "t.csv: expected classes that recur in column 2, got 30 different numbers in 30 rows; "
        "try 'dense ? -' as the last layer if they are quantities"
    )
    assert learn(table(many * 2, many * 2), targets=["2"], output="distribution").outputs == 30
    assert learn(table(many[:20], many[:20]), targets=["2"], output="distribution").outputs == 20


def test_more_classes_than_fit_into_memory_are_refused_before_they_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 10**9)
    with traced() as most:
        with pytest.raises(OutOfSpace, match=r"^t\.csv: needs 200 GB of memory, but only 1 GB are free; try"):
            learn(table(X, [0.0, 1, 1, 0]), targets=["2"], output="distribution", outputs=10**9)
        assert most() < 10**6


@pytest.mark.parametrize("name", ["", "id", "Index", "rownames", "Unnamed: 0"])
def test_a_column_that_numbers_the_rows_is_left_out(name: str) -> None:
    columns = [[7, 8, 9, 10, 15, 20], [0, 1, 2, 0, 1, 2], [0, 1, 0, 1, 0, 1]]
    data = replace(table(*columns, names="n x y"), names=(name, "x", "y"))
    encoding = learn(data, targets=["y"])
    assert [each.position for each in encoding.columns.inputs] == [1]
    assert encoding.doubts(data) == [f"column {name!r} is names or numbers of the rows and is left out"]
    assert [each.position for each in learn(data, targets=["y"], drop=["x"]).columns.inputs] == [0]
    assert learn(data, targets=["y"], drop=["1"]).doubts(data) == []


def test_large_numbers_of_rows_may_be_equal_as_float64() -> None:
    data = table([float(2**60 + row) for row in range(6)], [0, 1, 2, 0, 1, 2], [0, 1, 0, 1, 0, 1], names="id x y")
    assert [each.position for each in learn(data, targets=["y"]).columns.inputs] == [1]


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("id", [1, 2, 3, 4, 4, 7]),
        ("id", [1, 2, 3, 5, 4, 7]),
        ("id", [1, 2, 3, 4, 5, 7.5]),
        ("id", [1, 2, 3, 4, 5, float("nan")]),
        ("id", [1, 2, 3, 4]),
        ("year", [1, 2, 3, 4, 5, 6]),
    ],
)
def test_other_numbers_are_inputs(name: str, numbers: list[float]) -> None:
    data = table(numbers, [n % 2 for n in numbers], [n % 3 for n in numbers], names=f"{name} x y")
    assert len(learn(data, targets=["y"]).columns.inputs) == 2


def test_what_the_file_sets_aside_is_no_input_and_may_be_the_label() -> None:
    data = replace(table([1, 3, 2], [2, 1, 2], [3, 1, 2], names="a b y"), aside=frozenset({0, 2}))
    encoding = learn(data, targets=["y"])
    assert [each.position for each in encoding.columns.inputs] == [1]
    assert encoding.doubts(data) == ["column 'a' is names or numbers of the rows and is left out"]
