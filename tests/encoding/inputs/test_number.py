"""Number inputs: how they are scaled, filled in and refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from small_tables import PEOPLE, inputs, table

from kerash_cli.encoding.learning import learn
from kerash_cli.errors import BadInput

NAN = float("nan")


def test_inputs_are_standardised_as_scikit_learn_does() -> None:
    encoding = learn(PEOPLE, targets=["pay"]).fitted(PEOPLE)
    scaled = StandardScaler().fit_transform(PEOPLE.numbers[:, :2])
    towns = OneHotEncoder(sparse_output=False).fit_transform(np.array(PEOPLE.texts[1])[:, None])
    assert np.allclose(inputs(encoding, PEOPLE), np.hstack([scaled[:, :1], towns, scaled[:, 1:]]), rtol=1e-12)


def test_means_are_those_of_the_given_rows_only() -> None:
    encoding = learn(PEOPLE, targets=["pay"], drop=["town"]).fitted(PEOPLE, rows=np.array([0, 1]))
    assert encoding.scaling.mean.tolist() == [35, 2]
    assert encoding.scaling.scale.tolist() == [5, 0.5]
    assert inputs(encoding, PEOPLE)[2] == [3, 1]


def test_a_constant_column_has_scale_one() -> None:
    data = table([[0.1, value] for value in range(7)])
    encoding = learn(data, targets=["2"]).fitted(data)
    assert encoding.scaling.scale.tolist() == [1]
    assert inputs(encoding, data) == [[0]] * 7


def test_large_values_keep_their_deviation() -> None:
    data = table([[1e15 + value, value] for value in range(5)])
    assert learn(data, targets=["2"]).fitted(data).scaling.scale.tolist() == [pytest.approx(2**0.5)]


def test_without_standardising_inputs_are_as_they_are() -> None:
    encoding = learn(PEOPLE, targets=["pay"], drop=["town"]).fitted(PEOPLE, standardize=False)
    assert inputs(encoding, PEOPLE) == PEOPLE.numbers[:, :2].tolist()


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64, np.bool_])
def test_the_type_of_a_table_changes_nothing(dtype: type) -> None:
    values = np.array([[0, 1], [1, 0], [1, 1]])
    encoding = learn(table(values.astype(float)), targets=["2"]).fitted(table(values.astype(float)))
    assert inputs(encoding, table(values.astype(dtype))) == inputs(encoding, table(values.astype(float)))


def test_a_row_is_encoded_alike_in_any_company() -> None:
    encoding = learn(PEOPLE, targets=["pay"]).fitted(PEOPLE)
    together = encoding.encode_inputs(PEOPLE)
    for row in range(PEOPLE.rows):
        assert encoding.encode_inputs(PEOPLE.take(np.array([row]))).tobytes() == together[row].tobytes()


def test_many_rows_are_encoded_as_few_are() -> None:
    data = table(np.random.default_rng(0).normal(size=(5000, 40)))
    encoding = learn(data, targets=["40"]).fitted(data)
    known = StandardScaler().fit_transform(data.numbers[:, :39])
    assert np.allclose(encoding.encode_inputs(data, np.float64), known, rtol=1e-10, atol=1e-12)


def test_inputs_can_be_written_where_they_are_wanted() -> None:
    encoding = learn(PEOPLE, targets=["pay"]).fitted(PEOPLE)
    stage = np.full((4, encoding.features + 1), 7, np.float32)
    encoding.write_inputs(PEOPLE, stage[:, :-1])
    assert stage[:, :-1].tolist() == encoding.encode_inputs(PEOPLE).tolist()
    assert stage[:, -1].tolist() == [7] * 4


def test_missing_values_become_the_mean_of_the_training_rows() -> None:
    data = table([[1.0, 0], [NAN, 0], [3.0, 1]], {1: ["a", None, "b"]})
    encoding = learn(data, targets=["3"], missing="mean").fitted(data)
    assert inputs(encoding, data)[1] == [0, 0, 0]
    plain = learn(data, targets=["3"], missing="mean").fitted(data, standardize=False)
    assert inputs(plain, data)[1] == [2, 0, 0]


def test_a_column_without_values_has_no_mean() -> None:
    data = table([[NAN, 0.0], [2, 1]], names="x y")
    with pytest.raises(BadInput, match=r"^t\.csv: expected values with a mean in column 'x', got missing values only"):
        learn(data, targets=["y"], missing="mean").fitted(data, rows=np.array([0]))


def test_values_too_far_apart_have_no_deviation() -> None:
    data = table([[1e308, 0.0], [-1e308, 1]])
    with pytest.raises(BadInput, match=r"^t\.csv: expected values with a mean in column 1, got values too far apart"):
        learn(data, targets=["2"]).fitted(data)


@pytest.mark.parametrize("value", [float("inf"), -float("inf"), 1e39])
def test_what_the_type_can_not_hold_is_refused_with_its_place(value: float) -> None:
    encoding = learn(table([[1.0, 2.0, 3.0]]), targets=["3"])
    with pytest.raises(BadInput, match=r"^t\.csv:2:2: expected a number that float32 can hold, got "):
        encoding.encode_inputs(table([[1.0, 1.0, 1.0], [1.0, value, 1.0]]))


def test_an_infinite_value_has_no_mean() -> None:
    data = table([[1.0, 0.0], [float("inf"), 1]])
    with pytest.raises(BadInput, match=r"^t\.csv:2:1: expected a number that float64 can hold, got inf"):
        learn(data, targets=["2"]).fitted(data)


def test_text_in_a_number_column_is_refused_with_its_place() -> None:
    encoding = learn(PEOPLE, targets=["pay"])
    other = table([[1.0, 1]] * 2, {0: ["1", "x"], 1: ["Ulm", "Ulm"]}, "age town height pay", first=2)
    with pytest.raises(BadInput, match=r"^t\.csv:3:1: expected a number, got 'x'"):
        encoding.encode_inputs(other)


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(2, 30), st.just(3)),
        elements=st.integers(-(10**9), 10**9).map(lambda number: number / 1000),
    )
)
def test_standardised_columns_have_mean_zero_and_deviation_one_or_zero(values: np.ndarray) -> None:
    data = table(values)
    encoded = learn(data, targets=["3"]).fitted(data).encode_inputs(data, np.float64)
    deviation = encoded.std(axis=0)
    assert np.abs(encoded.mean(axis=0)).max() < 1e-6
    for position in range(2):
        assert deviation[position] == pytest.approx(0 if np.ptp(values[:, position]) == 0 else 1, abs=1e-6)


def test_a_value_that_overflows_when_standardised_is_refused_without_a_warning() -> None:
    data = table([[0.0, 1], [1e-9, 2], [2e-9, 3]])
    encoding = learn(data, targets=["2"]).fitted(data)
    with pytest.raises(BadInput, match=r"^t\.csv:1:1: expected a number that float64 can hold, got 1e\+300"):
        encoding.encode_inputs(table([[1e300, 1]]), np.float64)


def test_a_column_that_is_ignored_is_nothing_at_all() -> None:
    data = table([[1.0, 7, 0], [2, 7, 1], [4, 7, 2]])
    for standardize in (True, False):
        encoding = learn(data, targets=["3"]).fitted(data, standardize=standardize, ignore_constant=True)
        encoded = encoding.encode_inputs(table([[1.0, -1e9, 0], [2, 1e300, 0], [3, NAN, 0]]).take(np.array([0, 1])))
        assert encoded[:, 1].tolist() == [0, 0]
        assert encoded[0, 0] == np.float32(1 if not standardize else (1 - 7 / 3) / np.std([1, 2, 4]))


def test_the_place_of_a_value_that_is_refused_is_that_in_the_table() -> None:
    encoding = learn(table([[1.0, 2], [2, 3]]), targets=["2"])
    many = np.ones((70_000, 2))
    many[69_998] = 1e39
    with pytest.raises(BadInput, match=r"^t\.csv:69999:1: expected a number that float32 can hold, got 1e\+39$"):
        encoding.encode_inputs(table(many))


def test_as_many_rows_as_numbers_beside_text_are_encoded() -> None:
    encoding = learn(PEOPLE, targets=["pay"]).fitted(PEOPLE, standardize=False)
    assert inputs(encoding, PEOPLE.take(np.array([0, 1]))) == [[30, 0, 0, 1, 1.5], [40, 0, 1, 0, 2.5]]


@pytest.mark.parametrize("missing", ["error", "mean"])
def test_text_where_numbers_are_learnt_from_is_refused_with_its_place(missing: str) -> None:
    data = table([[1.0, 2], [2, 3]])
    encoding = learn(data, targets=["2"], missing=missing)
    with pytest.raises(BadInput, match=r"^t\.csv:2:1: expected a number, got 'x'$"):
        encoding.fitted(table([[2.0], [3]], {0: ["1", "x"]}))


def test_a_gap_among_values_is_refused_or_filled_in_alone() -> None:
    data = table([[1.0, 10, 0], [3, 30, 1]])
    encoding = learn(data, targets=["3"], missing="mean").fitted(data)
    assert inputs(encoding, table([[NAN, 30, 0], [3, NAN, 0], [3, 10, 0]])) == [[0, 1], [1, 0], [1, -1]]
    with pytest.raises(
        BadInput, match=r"^t\.csv:2:2: expected a value, got a missing one; try to fill it in, or train"
    ):
        learn(data, targets=["3"]).encode_inputs(table([[1.0, 30, 0], [3, NAN, 0], [NAN, 10, 0]]))
