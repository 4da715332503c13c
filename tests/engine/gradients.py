"""Gradients against central differences, and the places where those say nothing: an activation's and a loss's kinks."""

from collections.abc import Callable
from math import sqrt

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.tensors import Array

STEP = 5e-5
TOLERANCE = 1e-6
AWAY = 1e-3
"""How far from a kink a value must be."""


def near_a_kink(z: Array, activation: Activation) -> Array:
    """Whether each z is too close to where the activation has a kink."""
    return near(z, activation.definition.kinks(*activation.parameters))


def near(z: Array, kinks: tuple[float, ...]) -> Array:
    """Whether each z is too close to one of `kinks`."""
    return np.any([abs(z - kink) < AWAY for kink in kinks] or np.zeros((1, *z.shape), bool), axis=0)


def check(value: Callable[[], float], point: Array, gradient: Array, rng: np.random.Generator, what: str) -> None:
    """Asserts that value(), a function of what `point` holds now, has that gradient along a random direction."""
    direction = rng.standard_normal(point.shape)
    direction /= sqrt((direction**2).sum())
    here = point.copy()

    def along(steps: int) -> float:
        point[...] = here + steps * STEP * direction
        return value()

    numeric = (8 * (along(1) - along(-1)) - (along(2) - along(-2))) / (12 * STEP)
    point[...] = here
    analytic = float((gradient * direction).sum())
    scale = max(abs(analytic), 0.01 * sqrt((gradient**2).sum()))
    assert abs(numeric - analytic) <= TOLERANCE * scale + 1e-10, f"{what}: {analytic}, by differences {numeric}"
