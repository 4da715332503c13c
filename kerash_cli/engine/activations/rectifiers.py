"""Rectifiers made of straight pieces."""

import numpy as np

from kerash_cli.engine.activations.arithmetic import at_zero, choose, clip
from kerash_cli.engine.activations.base import NOT_NEGATIVE, Definition, Domain, register
from kerash_cli.engine.tensors import Values


def _relu(z: Values) -> Values:
    return np.maximum(z, 0)


def _positive(a: Values, *parameters: float) -> Values:
    return a > 0


def _leakyrelu(z: Values, slope: float) -> Values:
    return np.maximum(z, slope * z)


def _d_leakyrelu(a: Values, slope: float) -> Values:
    return np.maximum(np.sign(a), slope)


def _prelu(z: Values, slope: float) -> Values:
    return np.maximum(z, 0) + slope * np.minimum(z, 0)


def _d_prelu(z: Values, slope: float) -> Values:
    return choose(z > 0, 1, slope)


def _srelu(z: Values, t_left: float, a_left: float, t_right: float, a_right: float) -> Values:
    beyond = a_left * np.minimum(z - t_left, 0) + a_right * np.maximum(z - t_right, 0)
    return clip(z, t_left, t_right) + beyond


def _d_srelu(z: Values, t_left: float, a_left: float, t_right: float, a_right: float) -> Values:
    return choose(z <= t_left, a_left, choose(z < t_right, 1, a_right))


def _relu6(z: Values) -> Values:
    return clip(z, 0, 6)


def _d_relu6(a: Values) -> Values:
    return (a > 0) * (a < 6)


def _thresholdedrelu(z: Values, theta: float) -> Values:
    return np.maximum(z, theta) - theta * (z <= theta)


# fmt: off
register({
    "relu": Definition(
        _relu, _positive, "max(x, 0)", in_place=True, initializer="he",
        kinks=at_zero),
    "relu6": Definition(
        _relu6, _d_relu6, "min(max(x, 0), 6)", in_place=True, initializer="he",
        kinks=lambda: (0, 6)),
    "leakyrelu": Definition(
        _leakyrelu, _d_leakyrelu, "x if x > 0 else slope x", {"slope": 0.01},
        Domain(lambda slope: 0 < slope <= 1, "0 < slope <= 1"), in_place=True, initializer="he",
        aliases=("leaky_relu",),
        kinks=at_zero),
    "prelu": Definition(
        _prelu, _d_prelu, "x if x > 0 else slope x", {"slope": 0.25}, initializer="he",
        kinks=at_zero),
    "thresholdedrelu": Definition(
        _thresholdedrelu, _positive, "x if x > theta else 0", {"theta": 1}, NOT_NEGATIVE,
        in_place=True, initializer="he", aliases=("thresholded_relu",),
        kinks=lambda theta: (theta,)),
    # Jin et al. 2015, https://arxiv.org/abs/1512.07030, where the four are learnt: these defaults are ours
    "srelu": Definition(
        _srelu, _d_srelu, "x; slope a_left up to t_left, a_right from t_right",
        {"t_left": -1, "a_left": 0.1, "t_right": 1, "a_right": 0.1},
        Domain(lambda t_left, a_left, t_right, a_right: t_left <= t_right, "t_left <= t_right"), initializer="he",
        kinks=lambda t_left, a_left, t_right, a_right: (t_left, t_right)),
})
# fmt: on
