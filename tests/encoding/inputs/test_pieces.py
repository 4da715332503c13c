"""Pieces of columns of numbers: edges are those of NumPy's percentiles, features are computed here cell by cell."""

import itertools

import numpy as np
import pytest
from small_tables import again, inputs, table

from kerash_cli.encoding.inputs import INPUTS
from kerash_cli.encoding.inputs.pieces import Pieces
from kerash_cli.encoding.learning import learn
from kerash_cli.encoding.record import Encoding
from kerash_cli.encoding.views import View
from kerash_cli.errors import BadInput
from kerash_cli.tables.table import Table

NAN, INF = float("nan"), float("inf")


def column(values: list[float]) -> Table:
    return table([[value, index] for index, value in enumerate(values)], names="x y")


def learnt(data: Table, bins: int = 4, **options: str) -> Encoding:
    found = learn(data, targets=["y"], views=[View(pieces=bins)], **options)  # type: ignore[arg-type]
    return found.fitted(data, ignore_constant=True)


def pieces(encoding: Encoding, values: list[float]) -> list[list[float]]:
    return [row[1:] for row in inputs(encoding, column(values))]


def test_a_value_is_placed_in_its_bin_below_those_under_it() -> None:
    encoding = learnt(column([0, 1, 2, 4, 8]))  # the quarters are the five values themselves
    assert encoding.columns.inputs[1] == Pieces(0, 4, (0.0, 1.0, 2.0, 4.0, 8.0))
    assert pieces(encoding, [0.25, 3, 7, -5, 100]) == [
        [-0.25, -0.5, -0.5, -0.5],
        [0.5, 0.5, 0, -0.5],
        [0.5, 0.5, 0.5, 0.25],
        [-0.5] * 4,
        [0.5] * 4,
    ]


@pytest.mark.parametrize("bins", [2, 8, 16, 64])
def test_edges_are_percentiles_and_features_are_those_of_the_paper(bins: int) -> None:
    values = np.random.default_rng(bins).lognormal(size=500)
    encoding = learnt(column(values.tolist()), bins)
    edges = [float(np.percentile(values, 100 * k / bins)) for k in range(bins + 1)]
    np.testing.assert_allclose(encoding.columns.inputs[1].detail["edges"], edges, rtol=1e-12)
    expected = []
    for value in values.tolist():
        row = []
        for low, high in itertools.pairwise(edges):
            ratio = 0.0 if value < low else 1.0 if value >= high else (value - low) / (high - low)
            row.append(ratio - 0.5)
        expected.append(row)
    np.testing.assert_allclose(pieces(encoding, values.tolist()), expected, atol=1e-9)


def test_values_that_recur_make_fewer_bins() -> None:
    encoding = learnt(column([0, 0, 0, 0, 0, 0, 0, 1, 3]), 8)
    assert encoding.columns.inputs[1].detail == {"pieces": 8, "edges": [0, 1, 3]}
    assert pieces(encoding, [0.5, 2]) == [[0, -0.5], [0.5, 0]]
    one = learnt(column([0] * 50 + [1, 2]), 2)
    assert one.columns.inputs[1].detail == {"pieces": 2, "edges": [0, 2]}


@pytest.mark.parametrize("values", [[1, 1, 1, 1], [0, 1, 1, 0], [0, 1, NAN, 0]])
def test_a_column_of_one_or_two_values_has_no_pieces(values: list[float]) -> None:
    data = column(values)
    encoding = learn(data, targets=["y"], views=[View(pieces=4)])
    assert [each.kind for each in encoding.columns.inputs] == ["number"]


def test_a_missing_number_is_in_the_place_of_the_mean() -> None:
    encoding = learnt(column([0, 2, 4, NAN, 10]), 2)  # the mean is 4, as is the median
    assert encoding.columns.inputs[1].detail["edges"] == [0, 3, 10]
    assert pieces(encoding, [NAN, 4]) == [[0.5, pytest.approx(1 / 7 - 0.5)]] * 2
    assert inputs(again(encoding), column([NAN, 4])) == inputs(encoding, column([4, 4]))
    other = learnt(column([0, 2, 4, 10]), 2)
    with pytest.raises(BadInput, match=r"^t\.csv:2:1: expected a value, got a missing one; try to fill it in, or"):
        other.encode_inputs(column([1, NAN]))


def test_pieces_without_their_column_have_no_place_for_a_missing_number() -> None:
    alone = learnt(column([0, 1, 2, 4, 8])).seeing([1])
    assert inputs(alone, column([3])) == [[0.5, 0.5, 0, -0.5]]
    with pytest.raises(BadInput, match=r"^t\.csv:2:1: expected a value, got a missing one; try to fill it in, or"):
        alone.encode_inputs(column([1, NAN]))
    filled = learnt(column([0, 1, 2, 4, 8, NAN])).seeing([1])
    assert inputs(filled, column([NAN, 3])) == inputs(filled, column([3, 3]))


def test_the_mean_is_that_of_the_rows_that_train_and_the_edges_are_those_of_all() -> None:
    data = column([0, 1, 2, 4, 8])
    encoding = learn(data, targets=["y"], views=[View(pieces=4)], missing="mean").fitted(data, rows=np.array([0, 2]))
    assert encoding.scaling.fill.tolist() == [1, 0.5, -0.5, -0.5, -0.5]
    assert encoding.scaling.mean.tolist() == [1, 0, 0, 0, 0]
    assert encoding.scaling.scale.tolist() == [1, 1, 1, 1, 1]


def test_a_bin_without_a_row_that_trains_is_ignored() -> None:
    data = column([0, 1, 2, 4, 8])
    encoding = learn(data, targets=["y"], views=[View(pieces=4)])
    encoding = encoding.fitted(data, rows=np.array([0, 1, 2]), ignore_constant=True)
    assert encoding.scaling.ignored.tolist() == [3, 4]
    assert pieces(encoding, [8, 0])[0] == [0.5, 0.5, 0, 0]
    assert encoding.ignored_inputs == []


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "values",
    [
        [5e-324, 1e-323, 1.5e-323, 2e-323],
        [-1e150, -1.0, 1.0, 1e150],
        [1e15, 1e15 + 0.125, 1e15 + 0.25, 1e15 + 0.5],
        [0.0, -0.0, 1e-310, 1e-309],
    ],
)
def test_numbers_of_any_size_have_a_place(values: list[float], dtype: type) -> None:
    data = column(values)
    encoding = learnt(data, 2)
    encoded = encoding.encode_inputs(column([*values, (values[0] + values[3]) / 2]), dtype)[:, 1:]
    assert encoded.dtype == dtype
    assert encoded.min() == -0.5
    assert encoded.max() == 0.5
    assert (np.diff(encoded[:4], axis=0) >= 0).all()


def test_a_span_that_is_infinite_has_no_pieces() -> None:
    data = column([-1.5e308, 0, 1, 1.5e308])
    assert [each.kind for each in learn(data, targets=["y"], views=[View(pieces=4)]).columns.inputs] == ["number"]
    endless = column([1, 2, 3, INF])
    assert [each.kind for each in learn(endless, targets=["y"], views=[View(True, 4)]).columns.inputs] == ["number"]


def test_a_value_far_outside_is_in_the_outermost_place() -> None:
    encoding = learnt(column([0, 1e-300, 2e-300, 3e-300]), 2)
    seen = Pieces.see(encoding.columns.inputs[1:], np.array([[1e300, 1e300], [-1e300, -1e300], [INF, -INF]]))
    assert seen.tolist() == [[0.5, 0.5], [-0.5, -0.5], [0.5, -0.5]]


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_the_type_of_a_table_does_not_matter(dtype: type) -> None:
    values = np.array([[0, 1], [1, 0], [2, 1], [4, 5], [8, 3]])
    encoding = learn(table(values.astype(float)), targets=["2"], views=[View(True, 4)])
    encoding = encoding.fitted(table(values.astype(float)))
    assert inputs(encoding, table(values.astype(dtype))) == inputs(encoding, table(values.astype(float)))
    assert (
        encoding.columns.inputs
        == learn(table(values.astype(dtype)), targets=["2"], views=[View(True, 4)]).columns.inputs
    )


@pytest.mark.parametrize("detail", [None, ["a"], {}, {"pieces": 4}, {"pieces": 4, "edges": [0.0, 1.0], "more": 1}])
def test_a_detail_of_another_kind_is_left_to_that(detail: object) -> None:
    assert INPUTS["pieces"].from_detail(0, detail) is None


@pytest.mark.parametrize(
    ("bins", "edges"),
    [
        (1, [0.0, 1.0]),
        (65, [0.0, 1.0]),
        (True, [0.0, 1.0]),
        (4.0, [0.0, 1.0]),
        (4, []),
        (4, [0.0]),
        (4, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
        (4, [0.0, 0.0]),
        (4, [1.0, 0.0]),
        (4, [0.0, 2.0, 1.0]),
        (4, [-1.7e308, 0.0, 1.7e308]),
        (4, [0.0, NAN]),
        (4, [0.0, INF]),
        (4, [-1.7e308, 1.7e308]),
        (4, [0, 1]),
        (4, ["0", "1"]),
        (4, [[0.0, 4]]),
        (4, [[0.0, 4], 1.0]),
        (4, "01"),
        (4, None),
        (4, {"0": 1}),
    ],
)
def test_edges_that_can_not_be_are_refused(bins: object, edges: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        INPUTS["pieces"].from_detail(0, {"pieces": bins, "edges": edges})
