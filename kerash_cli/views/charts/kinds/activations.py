"""Activations as curves."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kerash_cli.errors import BadInput
from kerash_cli.views.charts.chart import Axis, Chart, LineSeries, colour_of
from kerash_cli.views.charts.kinds.base import kind, title

if TYPE_CHECKING:
    from kerash_cli.engine.activations import Activation

FROM, TO, POINTS = -5.0, 5.0, 501


@kind("activations", "activation", "activation")
def activations(named: "Sequence[tuple[str, Activation]]") -> list[Chart]:
    """Activations from -5 to 5; of a single one also the derivative."""
    x = np.linspace(FROM, TO, POINTS)
    series = []
    for place, (name, activation) in enumerate(named):
        if activation.definition.mixes:
            raise BadInput(f"{name} is a function of several numbers, and has no curve; try another activation")
        series.append(LineSeries(name, x, activation(x), colour_of(place)))
    if len(named) == 1:
        ((name, activation),) = named
        series.append(LineSeries("derivative", x, activation.derivative(x), 2, dashed=True))
    ends = "; ".join(f"{each.name} goes from {each.y[0]:.3g} to {each.y[-1]:.3g}" for each in series)
    return [Chart(title("Activation", named), f"From x = -5 to 5, {ends}.", Axis("x"), Axis("f(x)"), series)]
