"""Gradients against central differences, and the places where those say nothing: an activation's and a loss's kinks."""

from collections.abc import Callable
from math import sqrt

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.losses import Huber, Loss, MeanAbsolute
from kerash_cli.engine.tensors import Array

STEP = 5e-5
TOLERANCE = 1e-6
AWAY = 1e-3
"""How far from a kink a value must be."""

KINKS: dict[str, Callable[..., tuple[float, ...]]] = {
    "binarystep": lambda: (0,),
    "hardsigmoid": lambda slope, offset: (-offset / slope, (1 - offset) / slope),
    "hardtanh": lambda low, high: (low, high),
    "softshrink": lambda lambd: (-lambd, lambd),
    "hardshrink": lambda lambd: (-lambd, lambd),
    "elliotsig": lambda: (0,),
    "sqnl": lambda: (-2, 0, 2),
    "relu": lambda: (0,),
    "relu6": lambda: (0, 6),
    "leakyrelu": lambda slope: (0,),
    "prelu": lambda slope: (0,),
    "thresholdedrelu": lambda theta: (theta,),
    "srelu": lambda t_left, a_left, t_right, a_right: (t_left, t_right),
    "elu": lambda alpha: (0,),
    "selu": lambda alpha, scale: (0,),
    "celu": lambda alpha: (0,),
    "isrlu": lambda alpha: (0,),
    "hardswish": lambda: (-3, 3),
}
"""Where an activation, given its parameters, or one of its first derivatives jumps; one that is not here is smooth."""

LOSS_KINKS: dict[type[Loss], tuple[float, ...]] = {MeanAbsolute: (0,), Huber: (-1, 1)}
"""The same for a loss, in terms of a - y."""


def near_a_kink(z: Array, activation: Activation) -> Array:
    """Whether each z is too close to where the activation has a kink."""
    kinks = KINKS[activation.name](*activation.parameters) if activation.name in KINKS else ()
    return near(z, kinks)


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
