"""Normal quantiles of columns of numbers: expected ones come from SciPy's ndtri and rankdata, or from tables."""

import itertools

import numpy as np
import pytest
from small_tables import again, inputs, table

from kerash_cli.encoding.inputs import INPUTS
from kerash_cli.encoding.inputs.quantile import Quantile
from kerash_cli.encoding.learning import learn
from kerash_cli.encoding.record import Encoding
from kerash_cli.encoding.views import View
from kerash_cli.errors import BadInput
from kerash_cli.tables.table import Table

NAN, INF = float("nan"), float("inf")


def column(values: list[float]) -> Table:
    return table([[value, index] for index, value in enumerate(values)], names="x y")


def learnt(data: Table) -> Encoding:
    return learn(data, targets=["y"], views=[View(quantile=True)]).fitted(data, ignore_constant=True)


def quantiles(encoding: Encoding, values: list[float]) -> list[float]:
    return [row[1] for row in inputs(encoding, column(values))]


def test_the_middle_of_a_rank_counts() -> None:
    encoding = learnt(column([3, 1, 2, 1]))  # ranks from 0 to 1: 1 is in the middle of the lower half, 0.25
    low, mid, high = -0.674490, 0.318639, 1.150349  # of 0.25, 0.625 and 0.875, from a table of the normal distribution
    assert encoding.columns.inputs[1].detail == {"quantiles": [1, 2, 3], "normal": [low, mid, high]}
    assert quantiles(encoding, [1, 2, 3, 0, 99]) == [low, mid, high, low, high]
    assert quantiles(encoding, [1.5, 2.75]) == pytest.approx([(low + mid) / 2, mid / 4 + high * 3 / 4])


@pytest.mark.parametrize("count", [20, 128, 129, 1000, 40_000])
def test_values_have_the_quantiles_of_their_ranks(count: int) -> None:
    special, stats = pytest.importorskip("scipy.special"), pytest.importorskip("scipy.stats")
    values = np.random.default_rng(count).lognormal(size=count).round(2)
    encoding = learnt(column(values.tolist()))
    expected = special.ndtri((stats.rankdata(values) - 0.5) / count).clip(-3, 3)
    found = quantiles(encoding, values.tolist())
    assert np.abs(np.array(found) - expected).max() < (1e-6 if len(np.unique(values)) <= 128 else 0.06)
    assert 2 <= len(encoding.columns.inputs[1].values) <= 128
    order = np.argsort(values)
    assert (np.diff(np.array(found)[order]) >= 0).all()


def test_the_smallest_and_the_largest_of_many_values_keep_their_quantiles() -> None:
    encoding = learnt(column([float(number) for number in range(200)]))  # their ranks are 0.0025 and 0.9975
    assert encoding.columns.inputs[1].values[0] == 0
    assert encoding.columns.inputs[1].values[-1] == 199
    assert quantiles(encoding, [0, 199]) == [-2.807034, 2.807034]  # from a table of the normal distribution
    many = learnt(column([float(number) for number in range(20_000)])).columns.inputs[1]
    assert (many.normal[0], many.normal[-1]) == (-3, 3)
    assert 20 < many.values[0] < 30  # 0.135 % of the values are below -3
    assert 19_970 < many.values[-1] < 19_980
    assert len(many.values) == 126 + 2


def test_a_value_that_nearly_all_rows_have_leaves_the_others_far_out() -> None:
    values = [*np.linspace(-5, -4, 100), *[0.0] * 100_000, *np.linspace(4, 5, 100)]
    encoding = learnt(column(values))
    assert quantiles(encoding, [-5, -4.5, -4, 0, 4, 5]) == pytest.approx([-3, -3, -3, 0, 3, 3], abs=0.1)


@pytest.mark.parametrize("values", [[1, 1, 1], [0, 1, 0, 1], [NAN, 1, 2, 2]])
def test_a_column_of_one_or_two_values_has_no_quantile(values: list[float]) -> None:
    data = column(values)
    assert len(learn(data, targets=["y"], views=[View(quantile=True)]).columns.inputs) == 1


def test_a_missing_number_has_the_quantile_of_the_mean() -> None:
    encoding = learnt(column([1, 2, NAN, 3, 6]))  # the mean is 3, whose share is 0.625
    assert quantiles(encoding, [NAN, 3]) == pytest.approx([0.318639] * 2)
    assert inputs(again(encoding), column([NAN])) == inputs(encoding, column([3]))
    with pytest.raises(BadInput, match="expected a value, got a missing one"):
        learnt(column([1, 2, 3])).encode_inputs(column([NAN]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "values", [[5e-324, 1e-323, 1.5e-323], [-1e150, 0.0, 1e150], [0.0, -0.0, 1e-310, 1.0], [7.0, 7.0, 7.5, 1e12]]
)
def test_numbers_of_any_size_have_a_quantile(values: list[float], dtype: type) -> None:
    encoding = learnt(column(values))
    between = [(low + high) / 2 for low, high in itertools.pairwise(values)]
    found = encoding.encode_inputs(column(sorted([*values, *between])), dtype)[:, 1]
    assert found.dtype == dtype
    assert np.isfinite(found).all()
    assert (np.diff(found) >= 0).all()
    assert found.min() < 0 < found.max()


def test_infinite_numbers_have_the_outermost_quantiles() -> None:
    (columns,) = [learnt(column([1, 2, 3])).columns.inputs[1:]]
    assert Quantile.see(columns, np.array([[INF], [-INF], [2.0]])).ravel().tolist() == [0.967422, -0.967422, 0]


@pytest.mark.parametrize("detail", [None, [], {"quantiles": [0.0, 1.0]}, {"quantiles": [], "normal": [], "more": []}])
def test_what_describes_another_kind_is_left_to_that(detail: object) -> None:
    assert INPUTS["quantile"].from_detail(0, detail) is None


@pytest.mark.parametrize(
    ("values", "normal"),
    [
        ([], []),
        ([0.0], [0.0]),
        ([0.0, 1.0], [0.0]),
        ([0.0, 1.0], [0.0, 1.0, 2.0]),
        ([0.0, 1.0], [1.0, 0.0]),
        ([0.0, 1.0], [-3.5, 0.0]),
        ([0.0, 1.0], [0.0, 3.5]),
        ([0.0, 1.0], [0.0, NAN]),
        ([0.0, 1.0], [0, 1]),
        ([0.0, 1.0], None),
        ([1.0, 0.0], [0.0, 1.0]),
        ([0.0, 0.0], [0.0, 1.0]),
        ([0.0, INF], [0.0, 1.0]),
        ([-1.7e308, 1.7e308], [0.0, 1.0]),
        ([0, 1], [0.0, 1.0]),
        ([[0.0, 4]], [0.0, 1.0]),
        ("ab", [0.0, 1.0]),
        ([float(number) for number in range(129)], [0.0] * 129),
    ],
)
def test_quantiles_that_can_not_be_are_refused(values: object, normal: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        INPUTS["quantile"].from_detail(0, {"quantiles": values, "normal": normal})


def test_as_many_quantiles_as_may_be_saved_are_read() -> None:
    detail = {"quantiles": [float(number) for number in range(128)], "normal": [0.0] * 128}
    found = INPUTS["quantile"].from_detail(3, detail)
    assert found is not None
    assert (found.position, found.detail) == (3, detail)
