import math

import pytest

from kerash_cli.engine.activations import Activation
from kerash_cli.errors import BadInput
from kerash_cli.views.charts.chart import LineSeries
from kerash_cli.views.charts.kinds import activations


def test_a_single_activation_is_there_with_its_derivative() -> None:
    (chart,) = activations([("tanh", Activation("tanh"))])
    f, derivative = chart.series
    assert isinstance(f, LineSeries)
    assert isinstance(derivative, LineSeries)
    assert (f.x[0], f.x[-1], f.name, derivative.name) == (-5, 5, "tanh", "derivative")
    assert [*f.y] == pytest.approx([math.tanh(x) for x in f.x])
    assert [*derivative.y] == pytest.approx([1 / math.cosh(x) ** 2 for x in f.x])


def test_several_have_a_colour_each() -> None:
    (chart,) = activations([("relu", Activation("relu")), ("elu:0.5", Activation.parse("elu:0.5"))])
    assert [(each.name, each.colour) for each in chart.series] == [("relu", 1), ("elu:0.5", 2)]


def test_a_function_of_several_numbers_has_no_curve() -> None:
    with pytest.raises(BadInput, match="softmax is a function of several numbers"):
        activations([("softmax", Activation("softmax"))])
