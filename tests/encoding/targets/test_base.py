"""Properties of all kinds of targets: scaling, names, order, and what a record of them can't be."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_tables import table

from kerash_cli.encoding import targets
from kerash_cli.encoding.targets import Binary, Classes, Multilabel, OneHot, Targets, Values
from kerash_cli.engine.activations import Activation
from kerash_cli.errors import BadInput

INFINITE = float("inf")


def values(*labels: str) -> Values:
    return Values.unscaled("any", len(labels), labels)


def classes(*names: str, numeric: bool = False, output: str = "distribution") -> Classes:
    return Classes.unscaled(output, len(names), ("kind",), names, numeric)


def yes_or_no(*names: str) -> Binary:
    return Binary.unscaled("probability", 1, ("kind",), names)


def as_saved_targets(made: Targets) -> dict[str, Any]:
    """The record of targets as it is read from a saved model."""
    record: dict[str, Any] = json.loads(json.dumps(made.to_json()))
    return record


@pytest.mark.parametrize(
    ("made", "baseline"), [(values("a", "b"), [0, 0]), (yes_or_no("n", "y"), [0, 0]), (classes("a", "b", "c"), [0] * 3)]
)
def test_unscaled_targets_are_in_their_own_unit(made: Targets, baseline: list[float]) -> None:
    assert made.mean.tolist() == [0] * made.outputs
    assert made.scale.tolist() == [1] * made.outputs
    assert made.baseline.tolist() == baseline
    assert not made.is_scaled


@pytest.mark.parametrize(
    ("mean", "scale", "scaled"),
    [([0, 0], [1, 1], False), ([0, 0.5], [1, 1], True), ([0, 0], [1, 0.5], True), ([1, 1], [2, 2], True)],
)
def test_targets_are_scaled_where_a_mean_or_a_scale_is(mean: list[float], scale: list[float], scaled: bool) -> None:
    made = replace(values("a", "b"), mean=np.array(mean), scale=np.array(scale))
    assert made.is_scaled == scaled
    assert not made.in_own_unit().is_scaled
    assert made.in_own_unit().mean.tolist() == [0, 0]


def test_the_meaning_of_the_outputs_is_told_by_their_names() -> None:
    assert classes("a", "b").meaning() == "classes 'a', 'b'"
    assert values("pay", "size").meaning() == "numbers, 'pay', 'size'"
    assert Multilabel.unscaled("probability", 2, ("wet", "hot")).meaning() == "labels 'wet', 'hot'"
    assert yes_or_no("no", "yes").meaning() == "yes or no, yes or no"


def test_what_each_kind_says_of_itself() -> None:
    several = Multilabel.unscaled("probability", 2, ("p", "q"))
    shares = OneHot.unscaled("distribution", 2, ("p", "q"), ("p", "q"))
    kinds = [values("a"), classes("a", "b"), yes_or_no("a", "b"), several, shares]
    assert [each.scored_singly for each in kinds] == [True, False, False, False, False]
    assert [each.has_probabilities for each in kinds] == [False, True, True, True, True]
    assert [each.names_classes for each in kinds] == [False, True, True, False, False]
    assert [each.text_labels for each in kinds] == [False, True, True, False, False]
    assert not classes("1", "2", numeric=True).text_labels
    assert all(each.is_usual for each in kinds)
    assert not Values.unscaled("probability", 1, ("a",)).is_usual
    assert [each.doubts() for each in kinds] == [[]] * 5
    assert values("a").respelled(table([[1.0]]), [0]) == []
    assert [each.prediction_names() for each in (values("a", "b"), classes("x", "y"), several, shares)] == [
        ["predicted_a", "predicted_b"],
        ["predicted_kind"],
        ["predicted_p", "predicted_q"],
        ["predicted_class"],
    ]
    assert [each.describe() for each in (values("a", "b"), several, shares)] == [
        "2 targets: a, b",
        "2 labels: p, q",
        "2 classes in columns of their own: p, q",
    ]


def test_a_target_that_the_type_can_not_hold_is_refused_with_its_place() -> None:
    with pytest.raises(BadInput, match=r"^t\.csv:2:1: expected a number that float32 can hold, got 1e\+39$"):
        values("a").encode(table([[1.0], [1e39]]), [0], np.float32)


def test_only_classes_have_strata() -> None:
    with pytest.raises(ValueError, match="values have no classes"):
        values("a").strata(table([[1.0]]), [0])


@pytest.mark.parametrize(("rows", "mean"), [(None, [3, 5]), ([0, 2], [2.5, 6]), ([1], [4, 3])])
def test_the_baseline_is_the_mean_of_the_given_rows(rows: list[int] | None, mean: list[float]) -> None:
    labels = table([[2.0, 4], [4, 3], [3, 8]])
    chosen = None if rows is None else np.array(rows)
    scaled = replace(values("a", "b"), mean=np.array([1.0, 1]), scale=np.array([2.0, 2]))
    assert scaled.measure(labels, [0, 1], chosen).tolist() == pytest.approx([(each - 1) / 2 for each in mean])
    fitted = scaled.fitted(labels, [0, 1], chosen, False)
    assert fitted.baseline.tolist() == pytest.approx(mean)
    assert not fitted.is_scaled


def test_a_row_is_finite_where_all_its_outputs_are() -> None:
    outputs = np.array([[1.0, 2], [INFINITE, 1], [1, float("nan")]])
    several = Multilabel.unscaled("probability", 2, ("p", "q"))
    assert several.finite(outputs).tolist() == [True, False, False]
    large = replace(values("a", "b"), scale=np.array([1.0, 1e10]))
    assert large.finite(np.array([[1e300, 1], [1, 1e300], [INFINITE, 0]])).tolist() == [True, False, False]


def test_an_output_of_its_own_is_ranked_against_its_opposite() -> None:
    assert yes_or_no("n", "y").ranking(np.array([[0.25], [0.75]], np.float32)).tolist() == [
        [-0.25, 0.25],
        [-0.75, 0.75],
    ]
    assert classes("a", "b").ranking(np.array([[0.25, 0.75]])).tolist() == [[0.25, 0.75]]


def test_only_amounts_and_several_labels_have_limits() -> None:
    several = Multilabel.unscaled("probability", 2, ("p", "q"))
    assert values("a").limits(Activation("relu")) == (0, INFINITE)
    assert several.limits(Activation("relu")) == (-INFINITE, INFINITE)
    assert classes("a", "b").limits(Activation("relu")) is None


@pytest.mark.parametrize(
    ("own", "other", "made"),
    [
        (classes("b", "a", "c"), classes("a", "b", "c"), ("a", "b", "c")),
        (classes("1.0", "2", numeric=True), classes("1", "2.0", numeric=True), ("1", "2.0")),
        (classes("a", "b"), OneHot.unscaled("distribution", 2, ("p", "q"), ("p", "q")), ("a", "b")),
        (yes_or_no("a", "b"), Values.unscaled("probability", 1, ("x",)), ("a", "b")),
        (yes_or_no("b", "a"), yes_or_no("a", "b"), ("a", "b")),
    ],
)
def test_classes_are_arranged_as_those_of_the_same_kind(own: Targets, other: Targets, made: tuple[str, ...]) -> None:
    arranged = own.arranged_as(other)
    assert arranged.classes == made
    assert (arranged.kind, arranged.labels) == (own.kind, own.labels)


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("other", [True, False])
def test_classes_are_compared_as_numbers_where_both_are(own: bool, other: bool) -> None:
    made = classes("1", "2", numeric=own).arranged_as(classes("1", "2", numeric=other))
    assert made.numeric == (own and other)


@pytest.mark.parametrize(
    ("own", "other", "labels"),
    [
        (values("p", "q"), values("q", "p"), ("q", "p")),
        (values("p", "q"), values("target 1", "target 2"), ("p", "q")),
        (values("target 1", "target 2"), values("p", "q"), ("target 1", "target 2")),
        (values("size"), values("weight"), ("size",)),
    ],
)
def test_labels_are_arranged_where_they_have_the_same_names(
    own: Targets, other: Targets, labels: tuple[str, ...]
) -> None:
    assert own.arranged_as(other).labels == labels


@pytest.mark.parametrize(
    ("own", "other", "message"),
    [
        (values("p", "q"), values("p", "r"), "expected its model's 2 outputs (p, r), got 2 outputs (p, q)"),
        (values("p", "q"), values("p"), "expected its model's 1 output (p), got 2 outputs (p, q)"),
        (classes("a", "b"), classes("a", "c"), "expected its model's 2 outputs (a, c), got 2 outputs (a, b)"),
        (
            classes("1", "2", numeric=True),
            classes("1", "x"),
            "expected its model's 2 outputs (1, x), got 2 outputs (1, 2)",
        ),
        (
            classes("1", "2.0"),
            classes("1", "2", numeric=True),
            "expected its model's 2 outputs (1, 2), got 2 outputs (1, 2.0)",
        ),
        (
            classes("a", "b"),
            classes("a", "b", output="log distribution"),
            "expected its model's 2 outputs (a, b), got 2 outputs (a, b)",
        ),
    ],
)
def test_other_outputs_than_those_of_a_start_are_refused(own: Targets, other: Targets, message: str) -> None:
    with pytest.raises(BadInput) as error:
        own.arranged_as(other)
    assert str(error.value) == f"--start: {message}"


RECORDS: dict[str, dict[str, Any]] = {
    "values": as_saved_targets(replace(values("p", "q"), scale=np.array([0.5, 1]))),
    "classes": as_saved_targets(classes("1", "2", "10", numeric=True)),
    "binary": as_saved_targets(yes_or_no("a", "b")),
}


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_record_gives_the_targets_back(record: dict[str, Any]) -> None:
    assert as_saved_targets(targets.read(record)) == record


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        ("values", {"kind": "amounts"}, "expected one of .* for kind"),
        ("values", {"output": "some"}, "expected one of distribution, .*, any for output"),
        ("values", {"outputs": 0, "labels": [], "target_mean": [], "target_scale": [], "baseline": []}, "expected out"),
        ("values", {"outputs": 10**9 + 1}, "expected outputs from 1 to 1000000000"),
        ("values", {"outputs": 10**9}, "expected a label per output"),
        ("values", {"classes": ["a", "b"]}, "expected 0 classes"),
        ("values", {"labels": ["p"]}, "expected a label per output"),
        ("values", {"numeric": 1}, "expected true or false for numeric"),
        ("values", {"target_scale": [0.5, 0.0]}, "expected a positive target_scale"),
        ("values", {"target_scale": [-1.0, 1.0]}, "expected a positive target_scale"),
        ("values", {"baseline": [0.0]}, "expected 2 finite numbers for baseline"),
        ("classes", {"classes": ["1", "10", "2"]}, "expected sorted numbers"),
        ("classes", {"classes": ["1", "1.0", "2"]}, "expected sorted numbers"),
        ("classes", {"classes": ["1", "2", "x"]}, "expected sorted numbers"),
        ("classes", {"classes": ["1", "2"]}, "expected 3 classes"),
        ("classes", {"labels": ["p", "q", "r"]}, "expected a label per output"),
        ("binary", {"classes": ["a"]}, "expected 2 classes"),
        ("binary", {"outputs": 2}, "expected one output for two classes"),
        ("binary", {"baseline": [0.5]}, "expected 2 finite numbers for baseline"),
    ],
)
def test_a_record_of_no_targets_is_refused(kind: str, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        targets.read({**RECORDS[kind], **wrong})
