"""Which kind of target is learnt from labels, and what is said about labels that are of no kind."""

from dataclasses import replace

import numpy as np
import pytest
from small_tables import table

from kerash_cli.encoding.learning import learn, plain
from kerash_cli.encoding.targets import Targets
from kerash_cli.errors import BadInput
from kerash_cli.tables.table import Table

NAN = float("nan")


def numbers(*labels: float, written: list[str | None] | None = None) -> Table:
    """A column of inputs, and one of labels that are numbers."""
    made = table([[row, label] for row, label in enumerate(labels)])
    return replace(made, written={1: written} if written else {})


def words(*labels: str | None) -> Table:
    """A column of inputs, and one of labels that are text."""
    return table([[float(row)] for row in range(len(labels))], {1: list(labels)})


def learnt(data: Table, output: str, outputs: int | None = None) -> Targets:
    return learn(data, targets=["2"], output=output, outputs=outputs).targets


def refusal(data: Table, labels: Table | None = None, **options: object) -> str:
    with pytest.raises(BadInput) as error:
        learn(data, labels, **options)  # type: ignore[arg-type]
    return str(error.value)


@pytest.mark.parametrize(
    ("data", "kind", "classes"),
    [
        (numbers(0, 0.5, 0.5), "values", ()),
        (numbers(0.5, 1, 1), "values", ()),
        (numbers(0, 0.5, 1), "values", ()),
        (numbers(0, 1, 1), "binary", ("0", "1")),
        (numbers(-1, 1, 1), "binary", ("-1", "1")),
        (numbers(-0.5, 0.5, 0.5), "binary", ("-0.5", "0.5")),
        (numbers(0.5, 2, 2), "binary", ("0.5", "2")),
        (numbers(1, 2, 1), "binary", ("1", "2")),
        (numbers(1, 1, 1, written=["1", "1.0", "1"]), "binary", ("1", "1.0")),
        (numbers(0, 1, 1, written=["0", "1.0", "1"]), "binary", ("0", "1")),
        (words("b", "a", "b"), "binary", ("a", "b")),
        (words("5%", "6%", "5%"), "binary", ("5%", "6%")),
    ],
)
def test_a_probability_is_that_of_one_of_two_or_an_amount_up_to_one(
    data: Table, kind: str, classes: tuple[str, ...]
) -> None:
    made = learnt(data, "probability")
    assert (made.kind, made.classes, made.output, made.outputs) == (kind, classes, "probability", 1)


@pytest.mark.parametrize(("data", "numeric"), [(numbers(-1, 1), True), (numbers(0, 1), True), (words("a", "b"), False)])
def test_two_names_that_are_numbers_are_compared_as_numbers(data: Table, numeric: bool) -> None:
    assert learnt(data, "probability").numeric == numeric


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (words("1", "2", "3", "x"), "t.csv:4:2: expected a number as in most of column 2, got 'x'"),
        (words("a", "b", "c"), "t.csv: expected either 0 and 1 or two names in column 2, got 3: 'a', 'b', 'c'; try "),
        (words("a", "a", "a"), "t.csv: expected two classes or more in column 2, got 'a' in all rows; add rows of"),
        (numbers(3, 3, 3), "t.csv: expected two classes or more in column 2, got '3' in all rows; add rows of other"),
    ],
)
def test_what_no_probability_can_be_is_told(data: Table, message: str) -> None:
    assert refusal(data, targets=["2"], output="probability").startswith(message)


@pytest.mark.parametrize(
    ("data", "outputs", "classes", "numeric"),
    [
        (numbers(-1, 1, 1), 2, ("-1", "1"), True),
        (numbers(0, 0.5, 2), 3, ("0", "0.5", "2"), True),
        (numbers(1, 2, 3), 3, ("1", "2", "3"), True),
        (numbers(0, 2, 3), 4, ("0", "1", "2", "3"), True),
        (numbers(0, 2, 2, written=["0", "2.0", "2.0"]), 3, ("0", "1", "2.0"), True),
        (words("0", "1", "1.0"), 3, ("0", "1", "1.0"), False),
        (words("0", "x", "y"), 3, ("0", "x", "y"), False),
        (numbers(2**53 - 1, 1, 1), None, ("1", str(2**53 - 1)), True),
        (numbers(2**53, 1, 1), None, ("1", str(2**53)), False),
        (numbers(-(2**53), 1, 1), None, (str(-(2**53)), "1"), False),
        (numbers(1 - 2**53, 1, 1), None, (str(1 - 2**53), "1"), True),
    ],
)
def test_classes_are_indexes_names_or_numbers(
    data: Table, outputs: int | None, classes: tuple[str, ...], numeric: bool
) -> None:
    made = learnt(data, "distribution", outputs)
    assert (made.kind, made.classes, made.numeric, made.outputs) == ("classes", classes, numeric, len(classes))


@pytest.mark.parametrize(
    ("different", "rows", "classes"), [(20, 20, True), (21, 21, False), (22, 44, True), (22, 43, False)]
)
def test_more_than_twenty_numbers_are_classes_where_they_recur(different: int, rows: int, classes: bool) -> None:
    data = numbers(*(row % different / 8 for row in range(rows)))
    if classes:
        assert learnt(data, "distribution").outputs == different
    else:
        assert f"got {different} different numbers in {rows} rows" in refusal(
            data, targets=["2"], output="distribution"
        )
    assert learnt(data, "distribution", different).outputs == different


def test_many_names_are_classes_though_none_recurs() -> None:
    assert learnt(words(*(f"w{row}" for row in range(30))), "log distribution").outputs == 30


def test_other_numbers_of_classes_than_outputs_are_refused() -> None:
    assert refusal(numbers(1, 2, 3), targets=["2"], output="distribution", outputs=2) == (
        "t.csv: expected 2 classes, one for each output, in column 2, got 3: '1', '2', '3'; "
        "try '?' for the number of units"
    )


INPUTS = table([[1.0], [2], [3]])


@pytest.mark.parametrize(
    ("labels", "output", "kind"),
    [
        ([[0, 1], [1, 1], [1, 0]], "probability", "multilabel"),
        ([[0, 0.5], [1, 1], [1, 0]], "probability", "values"),
        ([[0, 0.5], [1, 1], [1, 0]], "any", "values"),
        ([[0, 1], [0.5, 0.5], [1, 0]], "distribution", "one-hot"),
        ([[0, 1], [0.5, 0.5], [1, 0]], "log distribution", "one-hot"),
    ],
)
@pytest.mark.parametrize("outputs", [None, 2])
def test_several_columns_are_labels_of_their_own_or_shares_of_classes(
    labels: list[list[float]], output: str, kind: str, outputs: int | None
) -> None:
    made = learn(INPUTS, table(labels), output=output, outputs=outputs).targets
    assert (made.kind, made.output, made.outputs) == (kind, output, 2)
    assert made.labels == ("target 1", "target 2")
    assert made.classes == (("0", "1") if kind == "one-hot" else ())


@pytest.mark.parametrize("output", ["any", "probability", "distribution"])
def test_several_columns_are_as_many_as_the_outputs(output: str) -> None:
    message = refusal(INPUTS, table([[0, 1], [1, 0], [1, 0]]), output=output, outputs=3)
    assert message == "t.csv: expected 3 label columns, one for each output, got 2"


def test_one_column_of_amounts_has_one_output() -> None:
    assert refusal(numbers(1, 2, 3), targets=["2"], outputs=3) == (
        "t.csv: expected 3 label columns, one for each output, got 1; try softmax for classes"
    )
    assert learn(INPUTS, table([[1.0], [2], [4]]), outputs=1).targets.labels == ("target",)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("any", "t.csv:1:1: expected a number, got 'a'; try softmax as the last activation if these are classes"),
        ("probability", "t.csv:1:1: expected 0 or 1 in each of 2 columns of labels, got 'a'"),
        (
            "distribution",
            "t.csv:1:1: expected a number, got 'a', the share of a class, since there are 2 columns of labels; "
            "try a file of one column",
        ),
        (
            "log distribution",
            "t.csv:1:1: expected a number, got 'a', the share of a class, since there are 2 columns of labels; "
            "try a file of one column",
        ),
    ],
)
def test_names_in_several_columns_are_no_labels(output: str, message: str) -> None:
    labels = table([[1.0], [0], [1]], {0: ["a", "b", "c"]})
    assert refusal(INPUTS, labels, output=output) == message


@pytest.mark.parametrize(("names", "last"), [("a b c", "c"), ("", "3")])
def test_without_labels_the_last_column_is_named(names: str, last: str) -> None:
    message = refusal(table([[1.0, 2, 3]], names=names))
    assert message == f"t.csv: expected labels, got none; try a label file or --target {last}"


def test_labels_that_are_all_missing_are_told_with_where_they_are() -> None:
    told = "t.csv: expected at least one row with a label, found none; try another "
    gaps = table([[NAN, 0], [0, NAN], [NAN, NAN]])
    assert refusal(INPUTS, gaps) == f"{told}label file"
    assert refusal(numbers(NAN, NAN), targets=["2"]) == f"{told}--target"


@pytest.mark.parametrize(
    ("missing", "categories", "classes"), [("mean", ("a", "b", "c"), ("p", "q", "r")), ("drop", ("a", "c"), ("p", "r"))]
)
def test_rows_without_a_label_teach_nothing_and_gaps_in_inputs_only_where_they_are_dropped(
    missing: str, categories: tuple[str, ...], classes: tuple[str, ...]
) -> None:
    data = table([[1.0], [NAN], [3], [4]], {1: ["a", "b", "c", "d"], 2: ["p", "q", "r", None]})
    encoding = learn(data, targets=["3"], output="distribution", missing=missing)
    assert encoding.columns.inputs[1].detail == categories
    assert (encoding.targets.classes, encoding.missing) == (classes, missing)


@pytest.mark.parametrize("missing", ["mean", "drop"])
def test_rows_are_left_where_some_have_what_is_needed(missing: str) -> None:
    labels = table([[NAN], [2], [3]])
    data = table([[1.0], [NAN], [NAN]] if missing == "drop" else [[1.0], [NAN], [2]])
    if missing == "mean":
        assert learn(data, labels, missing=missing).usable(data, labels).tolist() == [1, 2]
        assert refusal(table([[1.0], [NAN], [NAN]]), labels, missing=missing).startswith("t.csv: expected a column")
    else:
        assert refusal(data, labels, missing=missing) == (
            "t.csv: expected at least one row without missing values, found none; try --missing mean"
        )


def test_a_network_without_data_has_inputs_and_outputs_by_number() -> None:
    encoding = plain(3, 2, "any")
    assert (encoding.features, encoding.outputs, encoding.missing) == (3, 2, "error")
    assert (encoding.targets.kind, encoding.targets.labels) == ("values", ("target 1", "target 2"))
    assert encoding.encode_inputs(table([[1.5, -2, 3]]), np.float64).tolist() == [[1.5, -2, 3]]
    assert encoding.encode_targets(table([[0.0] * 3]), table([[5.0, 7]])).tolist() == [[5, 7]]
    assert plain(1, 1, "probability").targets.kind == "values"


@pytest.mark.parametrize("output", ["distribution", "log distribution"])
def test_classes_of_a_network_without_data_go_by_their_indexes(output: str) -> None:
    made = plain(2, 3, output).targets
    assert (made.kind, made.output, made.outputs, made.classes) == ("one-hot", output, 3, ("0", "1", "2"))
    assert made.labels == ("target 1", "target 2", "target 3")
