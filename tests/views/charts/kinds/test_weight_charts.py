from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerash_cli.errors import BadInput
from kerash_cli.views.charts import kinds
from kerash_cli.views.charts.chart import MatrixSeries


def model(weights: Any, shape: tuple[int, int, int] = (1, 1, 1), names: tuple[str, ...] | None = None) -> Any:
    """What the charts ask of a model: its tensors, the shape of a sample, and the columns."""
    count = len(weights) if np.ndim(weights) == 2 else 1
    inputs = [SimpleNamespace(position=place, features=1) for place in range(count)]
    return SimpleNamespace(
        params=None,
        network=SimpleNamespace(tensors=lambda params: [{}, {"weights": np.array(weights, np.float32)}]),
        description=SimpleNamespace(known_shape=shape),
        encoding=SimpleNamespace(columns=SimpleNamespace(names=names, inputs=inputs)),
    )


def cells(chart: Any) -> list[list[float]]:
    (series,) = chart.series
    assert isinstance(series, MatrixSeries)
    assert not series.shows_values
    return [[float(value) for value in row] for row in series.rows]


def test_weights_have_a_row_for_each_input_with_its_column() -> None:
    (chart,) = kinds.weights([("m", model([[1, -2, 0], [0.5, 4, 3]], names=("a", "b", "y")))])
    assert cells(chart) == [[1, -2, 0], [0.5, 4, 3]]
    assert chart.y.names == ["a", "b"]
    assert chart.x.label == "3 units"
    assert "2 inputs and 3 units; the input with the largest weights is b" in chart.description


def test_inputs_without_names_have_numbers() -> None:
    (chart,) = kinds.weights([("m", model([[1], [2]]))])
    assert chart.y.names == ["1", "2"]


def test_many_weights_are_represented_by_the_strongest() -> None:
    weights = np.zeros((130, 2))
    weights[4, 1] = -9
    weights[5, 1] = 7
    (chart,) = kinds.weights([("m", model(weights))])
    assert len(cells(chart)) == 44
    assert cells(chart)[1] == [0, -9]
    assert any("3 x 1" in note for note in chart.notes)


def test_filters_are_laid_out_with_gaps_each_by_its_own_largest_weight() -> None:
    filters = [[[[1, 2], [3, -4]]], [[[0, 0], [0, 0.5]]]]
    (chart,) = kinds.filters([("m", model(filters, (1, 8, 8)))])
    nan = np.nan
    expected = [[0.25, 0.5, nan, 0, 0], [0.75, -1, nan, 0, 1]]
    np.testing.assert_array_equal(cells(chart), expected)


def test_many_filters_stand_in_rows() -> None:
    filters = np.zeros((20, 1, 8, 8))
    filters[9, 0, 2, 3] = 5
    (chart,) = kinds.filters([("m", model(filters, (1, 8, 8)))])
    found = np.array(cells(chart))
    assert found.shape == (3 * 9 - 1, 8 * 9 - 1)  # eight in a row of at most 72 cells
    assert np.argwhere(found == 1).tolist() == [[9 + 2, 9 + 3]]
    assert np.isnan(found[8]).all()
    assert np.isnan(found[:, 8]).all()


def test_channels_stand_side_by_side() -> None:
    filters = [[[[1.0]], [[-1.0]]]]
    (chart,) = kinds.filters([("m", model(filters, (2, 8, 8)))])
    assert cells(chart) == [[1, -1]]


def test_units_of_a_dense_layer_are_images_if_the_inputs_are() -> None:
    weights = np.arange(18).reshape(9, 2)
    for shape, guessed in (((1, 3, 3), False), ((1, 1, 9), True)):
        (chart,) = kinds.filters([("m", model(weights, shape))])
        found = np.array(cells(chart))
        np.testing.assert_allclose(found[:, :3] * 16, weights[:, 0].reshape(3, 3))
        np.testing.assert_allclose(found[:, 4:] * 17, weights[:, 1].reshape(3, 3))
        assert any("drawn as an image of 3 x 3" in note for note in chart.notes) == guessed


def test_what_can_not_be_shown_is_an_error_with_another_kind() -> None:
    with pytest.raises(BadInput, match="its 5 inputs are no image; try --kind weights"):
        kinds.filters([("m", model(np.ones((5, 2))))])
    with pytest.raises(BadInput, match="has filters; try --kind filters"):
        kinds.weights([("m", model(np.ones((5, 1, 2, 2)), (1, 8, 8)))])
    bare = model([[1.0]])
    bare.network.tensors = lambda params: [{}, {"gamma": np.ones(3)}]
    with pytest.raises(BadInput, match="no layer has weights"):
        kinds.weights([("m", bare)])
