"""What each kind of target makes of labels, and of outputs."""

import numpy as np
import pytest
from measuring import traced
from sklearn.preprocessing import StandardScaler
from small_tables import PEOPLE, table

from kerash_cli.encoding.learning import learn
from kerash_cli.errors import BadInput


def test_targets_are_standardised_and_predictions_are_not() -> None:
    encoding = learn(PEOPLE, target="pay").fitted(PEOPLE, standardize_targets=True)
    encoded = encoding.encode_targets(PEOPLE, dtype=np.float64)
    assert np.allclose(encoded, StandardScaler().fit_transform(PEOPLE.numbers[:, 2:]))
    assert np.allclose(encoding.targets.decode(encoded), PEOPLE.numbers[:, 2:])
    assert encoding.targets.baseline.tolist() == [6]


def test_classes_are_never_standardised() -> None:
    data = table([[1.0, 0], [2.0, 1], [3.0, 1]])
    encoding = learn(data, target="2", output="probability").fitted(data, standardize_targets=True)
    assert encoding.encode_targets(data).tolist() == [[0], [1], [1]]
    assert encoding.targets.baseline.tolist() == pytest.approx([1 / 3, 2 / 3])


@pytest.mark.parametrize(("labels", "got"), [({1: ["a", "c"]}, "'c'"), ({1: ["b", "A"]}, "'A'")])
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
    with traced() as most:
        data = table([[1.0, 0], [2.0, 7], [3.0, 29_999]])
        encoding = learn(data, target="2", output="distribution", outputs=30_000).fitted(data)
        assert encoding.strata(data).tolist() == [0, 7, 29_999]
        assert np.flatnonzero(encoding.encode_targets(data)).tolist() == [0, 30_007, 89_999]
        assert encoding.targets.baseline[[0, 1, 7]].tolist() == [1 / 3, 0, 1 / 3]
        assert most() < 30_000 * 3_000  # a square of them takes 7 GB
