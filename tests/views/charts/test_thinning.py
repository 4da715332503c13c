import numpy as np
import pytest

from kerash_cli.views.charts.thinning import merged, pieces, sample, thinned


def test_a_million_points_become_four_in_each_column_with_its_extremes() -> None:
    y = np.random.default_rng(0).normal(size=1_000_000)
    x = np.linspace(0, 1, len(y))
    xs, ys = thinned(x, y, 100)
    assert len(xs) <= 400
    for column in (0, 17, 99):
        inside, kept = (np.minimum(np.floor(each * 100), 99) == column for each in (x, xs))
        assert (ys[kept].min(), ys[kept].max()) == (y[inside].min(), y[inside].max())
        assert (ys[kept][0], ys[kept][-1]) == (y[inside][0], y[inside][-1])


def test_few_points_stay_as_they_are() -> None:
    x, y = np.array([0.0, 0.5, 1.0]), np.array([1.0, 5.0, 2.0])
    assert [each.tolist() for each in thinned(x, y, 1)] == [[0, 0.5, 1], [1, 5, 2]]


def test_a_line_is_divided_where_a_number_is_missing() -> None:
    nan = np.nan
    found = pieces(np.arange(6.0), np.array([1, nan, nan, 2, 3, nan]))
    assert [(x.tolist(), y.tolist()) for x, y in found] == [([0], [1]), ([3, 4], [2, 3])]


def test_a_sample_is_even() -> None:
    assert sample(10, 5).tolist() == [0, 2, 4, 6, 8]
    assert sample(3, 5).tolist() == [0, 1, 2]


@pytest.mark.parametrize(("by_sum", "expected"), [(True, [[10, -5], [7, 9]]), (False, [[4, -5], [7, 9]])])
def test_cells_of_a_large_matrix_are_added_or_represented_by_the_largest(
    by_sum: bool, expected: list[list[int]]
) -> None:
    matrix = np.array([[1, 2, -5], [3, 4, 0], [0, 7, 9]], float)
    assert [merged(matrix, 2, 2, by_sum).cells.tolist(), *merged(matrix, 2, 2, by_sum)[1:]] == [expected, 2, 2]


def test_rows_and_columns_are_merged_alike_only_where_they_must_be() -> None:
    matrix = np.ones((4, 12))
    assert merged(matrix, 4, 4, by_sum=True).cells.tolist() == [[3, 3, 3, 3]] * 4
    assert merged(matrix, 4, 4, by_sum=True, alike=True).cells.shape == (2, 4)
