"""What each kind of target makes of labels, and of outputs."""

from dataclasses import replace

import numpy as np
import pytest
from measuring import traced
from sklearn.preprocessing import StandardScaler
from small_tables import PEOPLE, table

from kerash_cli.encoding.learning import learn
from kerash_cli.encoding.targets import Classes, Multilabel, OneHot, Targets, Values
from kerash_cli.errors import BadInput
from kerash_cli.tables.table import Table


def test_targets_are_standardised_and_predictions_are_not() -> None:
    encoding = learn(PEOPLE, targets=["pay"]).fitted(PEOPLE, standardize_targets=True)
    encoded = encoding.encode_targets(PEOPLE, dtype=np.float64)
    assert np.allclose(encoded, StandardScaler().fit_transform(PEOPLE.numbers[:, 2:]))
    assert np.allclose(encoding.targets.decode(encoded), PEOPLE.numbers[:, 2:])
    assert encoding.targets.baseline.tolist() == [6]


def test_classes_are_never_standardised() -> None:
    data = table([[1.0, 0], [2.0, 1], [3.0, 1]])
    encoding = learn(data, targets=["2"], output="probability").fitted(data, standardize_targets=True)
    assert encoding.encode_targets(data).tolist() == [[0], [1], [1]]
    assert encoding.targets.baseline.tolist() == pytest.approx([1 / 3, 2 / 3])


@pytest.mark.parametrize(("labels", "got"), [({1: ["a", "c"]}, "'c'"), ({1: ["b", "A"]}, "'A'")])
def test_an_unknown_class_is_refused_with_its_place(labels: dict[int, list[str | None]], got: str) -> None:
    encoding = learn(table([[1.0], [2.0]], {1: ["a", "b"]}), targets=["2"], output="distribution")
    with pytest.raises(BadInput, match=rf"^t\.csv:2:2: expected one of 'a', 'b', got {got}"):
        encoding.encode_targets(table([[1.0], [2.0]], labels))


def test_an_unknown_number_is_refused_with_its_place() -> None:
    encoding = learn(table([[1.0, 3], [2.0, 5]]), targets=["2"], output="distribution")
    assert encoding.encode_targets(table([[1.0, 5]])).tolist() == [[0, 1]]
    for value in (4.0, 6.0, 3.5):
        with pytest.raises(BadInput, match=rf"^t\.csv:1:2: expected one of '3', '5', got '{value:g}'"):
            encoding.encode_targets(table([[1.0, value]]))


def test_classes_are_decoded_to_their_names() -> None:
    data = table([[1.0]] * 3, {1: ["b", "a", "c"]})
    encoding = learn(data, targets=["2"], output="distribution")
    assert encoding.encode_targets(data).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert encoding.targets.decode(np.array([[0.1, 0.2, 0.7], [0.4, 0.4, 0.2]])).tolist() == [["c"], ["a"]]
    assert encoding.strata(data).tolist() == [1, 0, 2]


def test_binary_outputs_are_decoded_to_their_names() -> None:
    data = table([[1.0]] * 2, {1: ["yes", "no"]})
    encoding = learn(data, targets=["2"], output="probability")
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
    encoding = learn(table([[1.0, 0], [2.0, 1]]), targets=["2"], output="log distribution")
    assert np.allclose(encoding.targets.probabilities(np.log([[0.25, 0.75]])), [[0.25, 0.75]])


def test_values_have_no_probabilities() -> None:
    with pytest.raises(ValueError, match="no probabilities"):
        learn(table([[1.0, 0], [2.0, 1]]), targets=["2"]).targets.probabilities(np.ones((1, 1)))


def test_a_prediction_that_overflows_is_infinite_without_a_warning() -> None:
    data = table([[0.0, 1e100], [1.0, 2e100]])
    encoding = learn(data, targets=["2"]).fitted(data, standardize_targets=True)
    assert encoding.targets.decode(np.array([[1e300]])).tolist() == [[float("inf")]]


def test_the_baseline_of_large_targets_is_their_mean() -> None:
    data = table([[0.0, 1.5e308], [1.0, 1.5e308], [2.0, 1.5e308]])
    assert learn(data, targets=["2"]).fitted(data, standardize_targets=True).targets.baseline.tolist() == [1.5e308]


@pytest.mark.parametrize("standardize", [False, True])
def test_targets_without_a_mean_are_refused(standardize: bool) -> None:
    data = table([[0.0, 1.5e308], [1.0, -1.5e308], [2.0, -1.5e308]])
    with pytest.raises(BadInput, match=r"^t\.csv: expected targets with a mean, got values too far apart; try smaller"):
        learn(data, targets=["2"]).fitted(data, standardize_targets=standardize)


def test_targets_without_a_deviation_are_refused_where_they_are_standardised() -> None:
    data = table([[0.0, 1e200], [1.0, 3e200]])
    assert learn(data, targets=["2"]).fitted(data).targets.baseline.tolist() == [2e200]
    with pytest.raises(BadInput, match=r"^t\.csv: expected values with a mean in column 2, .*; try smaller units$"):
        learn(data, targets=["2"]).fitted(data, standardize_targets=True)


def test_many_classes_take_memory_in_proportion() -> None:
    with traced() as most:
        data = table([[1.0, 0], [2.0, 7], [3.0, 29_999]])
        encoding = learn(data, targets=["2"], output="distribution", outputs=30_000).fitted(data)
        assert encoding.strata(data).tolist() == [0, 7, 29_999]
        assert np.flatnonzero(encoding.encode_targets(data)).tolist() == [0, 30_007, 89_999]
        assert encoding.targets.baseline[[0, 1, 7]].tolist() == [1 / 3, 0, 1 / 3]
        assert most() < 30_000 * 3_000  # a square of them takes 7 GB


LETTERS = Classes.unscaled("distribution", 3, ("kind",), ("a", "b", "c"))
NUMBERS = Classes.unscaled("distribution", 2, ("kind",), ("1", "2.5"), numeric=True)


@pytest.mark.parametrize(
    ("kind", "labels", "message"),
    [
        (LETTERS, table(np.zeros((3, 0)), {0: ["c", "x", "y"]}), "t.csv:2:1: expected one of 'a', 'b', 'c', got 'x'"),
        (LETTERS, table(np.zeros((2, 0)), {0: ["c", None]}), "t.csv:2:1: expected one of 'a', 'b', 'c', got ''"),
        (NUMBERS, table([[2.5], [1], [7], [8]]), "t.csv:3:1: expected one of '1', '2.5', got '7'"),
        (NUMBERS, table([[2.5], [float("nan")]]), "t.csv:2:1: expected one of '1', '2.5', got ''"),
    ],
)
def test_the_first_label_that_is_no_class_is_told(kind: Classes, labels: Table, message: str) -> None:
    with pytest.raises(BadInput) as error:
        kind.strata(labels, [0])
    assert str(error.value) == message


@pytest.mark.parametrize(("rows", "shares"), [(None, [0.5, 0.25, 0.25]), ([0, 2], [1, 0, 0]), ([1, 2], [0.5, 0.5, 0])])
def test_the_baseline_of_classes_is_the_share_of_each(rows: list[int] | None, shares: list[float]) -> None:
    labels = table(np.zeros((4, 0)), {0: ["a", "b", "a", "c"]})
    fitted = LETTERS.fitted(labels, [0], None if rows is None else np.array(rows), True)
    assert fitted.baseline.tolist() == shares


def test_the_naive_answer_is_the_likeliest_by_the_baseline_alone() -> None:
    assert replace(LETTERS, baseline=np.array([0.2, 0.5, 0.3])).naive_answer == 1
    several = Multilabel.unscaled("probability", 3, ("p", "q", "r"))
    assert replace(several, baseline=np.array([0.2, 0.7, 0.5])).naive_answer.tolist() == [False, True, False]
    assert replace(Values.unscaled("any", 1, ("x",)), baseline=np.array([2.5])).naive_answer.tolist() == [2.5]


def test_classes_that_are_the_same_number_are_doubted() -> None:
    names = ("1", "1.0", "a", "2.50", "b", "2.5", "3")
    made = Classes.unscaled("distribution", 7, ("kind",), names)
    assert made.doubts() == [
        "classes 1 and 1.0, 2.50 and 2.5 are equal as numbers, but written differently: they are kept apart"
    ]
    assert LETTERS.doubts() == NUMBERS.doubts() == []


def test_labels_that_are_written_differently_from_their_classes_are_told() -> None:
    labels = replace(table([[1.0], [1], [2.5], [float("nan")]]), written={0: ["1.00", "1", "2.50", None]})
    assert NUMBERS.respelled(labels, [0]) == [
        "labels '1.00', '2.50' are taken for the classes that are the same numbers: '1', '2.5'"
    ]
    assert NUMBERS.respelled(table([[1.0], [2.5]]), [0]) == []
    assert LETTERS.respelled(table(np.zeros((1, 0)), {0: ["x"]}), [0]) == []


def test_shares_of_classes_are_targets_and_the_largest_is_the_stratum() -> None:
    shares = OneHot.unscaled("distribution", 3, ("p", "q", "r"), ("p", "q", "r"))
    labels = table([[1.0, 0, 0], [0.25, 0.25, 0.5], [0, 1 - 1e-7, 0]])
    assert shares.encode(labels, [0, 1, 2], np.float64).tolist() == labels.numbers.tolist()
    assert shares.strata(labels, [0, 1, 2]).tolist() == [0, 2, 1]
    assert shares.decode(np.array([[0.2, 0.2, 0.6], [0.4, 0.4, 0.2]])).tolist() == [["r"], ["p"]]


@pytest.mark.parametrize("wrong", [[0.5, 0.5 + 1e-5], [0.5, 0.5 - 1e-5], [-0.5, 1.5], [0, 0], [1, 1]])
def test_the_first_row_that_is_no_shares_is_told(wrong: list[float]) -> None:
    shares = OneHot.unscaled("distribution", 2, ("p", "q"), ("p", "q"))
    with pytest.raises(BadInput, match=r"^t\.csv:2: expected shares of 2 classes that add up to 1, got "):
        shares.encode(table([[1.0, 0], wrong, [7, 7]]), [0, 1], np.float64)


@pytest.mark.parametrize(
    ("kind", "labels", "message"),
    [
        (Values, [[0.5, 1], [0, 1.5], [-1, 0]], "t.csv:2:2: expected 0 to 1, as the last layer outputs, got 1.5; try"),
        (Values, [[0.5, 1], [-0.5, 1], [1, 2]], "t.csv:2:1: expected 0 to 1, as the last layer outputs, got -0.5; try"),
        (Multilabel, [[0, 1], [1, 0.5], [2, 0]], "t.csv:2:2: expected 0 or 1, as the last layer outputs, got 0.5; try"),
        (Multilabel, [[0, 1], [-1, 0], [1, 3]], "t.csv:2:1: expected 0 or 1, as the last layer outputs, got -1; try"),
    ],
)
def test_the_first_label_that_no_probability_can_be_is_told(
    kind: type[Targets], labels: list[list[float]], message: str
) -> None:
    with pytest.raises(BadInput) as error:
        kind.unscaled("probability", 2, ("p", "q")).encode(table(labels), [0, 1], np.float64)
    assert str(error.value).startswith(message)
    amounts = kind.unscaled("any", 2, ("p", "q")).encode(table(labels), [0, 1], np.float64)
    assert amounts.tolist() == labels


def test_targets_that_are_all_the_same_keep_their_size() -> None:
    made = Values.unscaled("any", 3, ("p", "q", "r"))
    labels = table([[5.0, 1, 0], [5, 3, 0.5], [5, 5, 1]])
    fitted = made.fitted(labels, [0, 1, 2], np.array([0, 1]), True)
    assert fitted.mean.tolist() == [5, 2, 0.25]
    assert fitted.scale.tolist() == [1, 1, 0.25]
    assert fitted.baseline.tolist() == [5, 2, 0.25]
    assert not made.fitted(labels, [0, 1, 2], None, False).is_scaled
