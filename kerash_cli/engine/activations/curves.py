"""Bumps, waves and other curves."""

import numpy as np

from kerash_cli.engine.activations.arithmetic import CANCELLED, HUGE, SATURATED, always, choose, clip, polynomial
from kerash_cli.engine.activations.base import Definition, register
from kerash_cli.engine.tensors import Values


def _bentidentity(z: Values) -> Values:
    s = clip(z, -HUGE, HUGE)
    return z * (1 + 0.5 * s / (1 + np.sqrt(1 + s * s)))


def _d_bentidentity(z: Values) -> Values:
    s = clip(z, -HUGE, HUGE)
    return 1 + 0.5 * s / np.sqrt(1 + s * s)


def _sinc(z: Values) -> Values:
    s = np.maximum(np.absolute(z), 1e-30)
    return np.sin(s) / s


def _d_sinc(z: Values) -> Values:
    near = clip(z, -1, 1)
    far = np.copysign(np.maximum(np.absolute(z), 1), z)
    series = -near * polynomial(-near * near, CANCELLED)
    return choose(np.absolute(z) < 1, series, (np.cos(far) - np.sin(far) / far) / far)


def _gaussian(z: Values) -> Values:
    s = np.minimum(np.absolute(z), SATURATED)
    return np.exp(-s * s)


def _d_gaussian(z: Values) -> Values:
    s = clip(z, -SATURATED, SATURATED)
    h = np.exp(-0.5 * s * s)
    return -2 * s * h * h


def _d_cosine(z: Values) -> Values:
    return -np.sin(z)


def _d_quadratic(z: Values) -> Values:
    return z + z


# fmt: off
register({
    "bentidentity": Definition(_bentidentity, _d_bentidentity, "x + (sqrt(x^2 + 1) - 1) / 2"),
    "quadratic": Definition(np.square, _d_quadratic, "x^2"),
    "gaussian": Definition(_gaussian, _d_gaussian, "exp(-x^2)", wide=always, wide_derivative=always),
    "sinusoid": Definition(np.sin, np.cos, "sin(x)", aliases=("sin", "sine")),
    "cosine": Definition(np.cos, _d_cosine, "cos(x)", aliases=("cos",)),
    "sinc": Definition(_sinc, _d_sinc, "sin(x) / x, 1 at 0", wide_derivative=always),
})
# fmt: on
