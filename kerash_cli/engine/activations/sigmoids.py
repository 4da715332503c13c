"""Steps, S-shaped curves and shrinkage."""

import numpy as np

from kerash_cli.engine.activations.arithmetic import (
    CANCELLED,
    HUGE,
    at_zero,
    choose,
    clip,
    d_isru,
    exp_minus_abs,
    isru,
    log1p,
    polynomial,
    sigmoid,
)
from kerash_cli.engine.activations.base import NOT_NEGATIVE, POSITIVE, Definition, Domain, register
from kerash_cli.engine.tensors import Values


def _binarystep(z: Values) -> Values:
    return (z >= 0) + _zero(z)


def _zero(z: Values) -> Values:
    return np.minimum(np.absolute(z), 0)


def _d_sigmoid(z: Values) -> Values:
    e = exp_minus_abs(z)
    s = 1 + e
    return e / s / s


def _d_tanh(z: Values) -> Values:
    e = exp_minus_abs(z)
    return np.square((e + e) / (1 + e * e))


def _d_arctan(z: Values) -> Values:
    return np.square(1 / np.hypot(z, 1))


def _d_arcsinh(z: Values) -> Values:
    return 1 / np.hypot(z, 1)


def _elliotsig(z: Values) -> Values:
    z = clip(z, -HUGE, HUGE)
    return z / (1 + np.absolute(z))


def _d_elliotsig(z: Values) -> Values:
    return np.square(1 / (1 + np.absolute(z)))


def _d_hardtanh(a: Values, low: float, high: float) -> Values:
    return (a > low) * (a < high)


def _softshrink(z: Values, lambd: float) -> Values:
    return z - clip(z, -lambd, lambd)


def _hardshrink(z: Values, lambd: float) -> Values:
    return z - clip(z, -lambd, lambd) * (np.absolute(z) <= lambd)


def _d_shrink(a: Values, lambd: float) -> Values:
    return a != 0


def _hardsigmoid(z: Values, slope: float, offset: float) -> Values:
    return clip(slope * (z + offset / slope), 0, 1)


def _d_hardsigmoid(z: Values, slope: float, offset: float) -> Values:
    return slope * ((z > -offset / slope) * (z < (1 - offset) / slope))


def _logsigmoid(z: Values) -> Values:
    return np.minimum(z, 0) - log1p(exp_minus_abs(z))


def _d_logsigmoid(z: Values) -> Values:
    return sigmoid(-z)


def _tanhshrink(z: Values) -> Values:
    s = clip(z, -1, 1)
    series = s * (s * s * polynomial(s * s, CANCELLED)) / np.cosh(s)
    return choose(np.absolute(z) < 1, series, z - np.tanh(z))


def _d_tanhshrink(z: Values) -> Values:
    return np.square(np.tanh(z))


def _sqnl(z: Values) -> Values:
    s = clip(z, -2, 2)
    return s * (1 - 0.25 * np.absolute(s))


def _d_sqnl(z: Values) -> Values:
    return np.maximum(1 - 0.5 * np.absolute(z), 0)


# fmt: off
register({
    "identity": Definition(lambda z: z, lambda a: 1, "x", in_place=True, aliases=("-", "linear")),
    "binarystep": Definition(
        _binarystep, _zero, "1 if x >= 0 else 0", aliases=("step", "heaviside"),
        kinks=at_zero),
    "sigmoid": Definition(sigmoid, _d_sigmoid, "1 / (1 + exp(-x))", output="probability", aliases=("logistic",)),
    "hardsigmoid": Definition(
        _hardsigmoid, _d_hardsigmoid, "min(max(slope x + offset, 0), 1)", {"slope": 1 / 6, "offset": 0.5}, POSITIVE,
        output="probability", aliases=("hard_sigmoid",),
        kinks=lambda slope, offset: (-offset / slope, (1 - offset) / slope)),
    "logsigmoid": Definition(_logsigmoid, _d_logsigmoid, "-log(1 + exp(-x))", aliases=("log_sigmoid",)),
    "tanh": Definition(np.tanh, _d_tanh, "tanh(x)"),
    "hardtanh": Definition(
        clip, _d_hardtanh, "min(max(x, low), high)", {"low": -1, "high": 1},
        Domain(lambda low, high: low < high, "low < high"), in_place=True, aliases=("hard_tanh",),
        kinks=lambda low, high: (low, high)),
    "tanhshrink": Definition(_tanhshrink, _d_tanhshrink, "x - tanh(x)", aliases=("tanh_shrink",)),
    "softshrink": Definition(
        _softshrink, _d_shrink, "x - min(max(x, -lambda), lambda)", {"lambda": 0.5}, NOT_NEGATIVE, in_place=True,
        aliases=("soft_shrink",),
        kinks=lambda lambd: (-lambd, lambd)),
    "hardshrink": Definition(
        _hardshrink, _d_shrink, "x if |x| > lambda else 0", {"lambda": 0.5}, NOT_NEGATIVE, in_place=True,
        aliases=("hard_shrink",),
        kinks=lambda lambd: (-lambd, lambd)),
    "arctan": Definition(np.arctan, _d_arctan, "arctan(x)", aliases=("atan",)),
    "arcsinh": Definition(np.arcsinh, _d_arcsinh, "log(x + sqrt(x^2 + 1))", aliases=("asinh",)),
    "elliotsig": Definition(
        _elliotsig, _d_elliotsig, "x / (1 + |x|)", aliases=("softsign",),
        kinks=at_zero),
    # Carlile et al. 2017, https://arxiv.org/abs/1710.09967, and so is isrlu
    "isru": Definition(isru, d_isru, "x / sqrt(1 + alpha x^2)", {"alpha": 1}, POSITIVE),
    # Wuraola & Patel 2018, SQNL: A New Computationally Efficient Activation Function
    "sqnl": Definition(
        _sqnl, _d_sqnl, "s - s |s| / 4, s = min(max(x, -2), 2)",
        kinks=lambda: (-2, 0, 2)),
})
# fmt: on
