"""Smooth rectifiers: nearly constant on the left, nearly x on the right."""

from math import sqrt

import numpy as np

from kerash_cli.engine.activations.arithmetic import (
    at_zero,
    choose,
    d_isru,
    exp_minus_abs,
    expm1_of_negative,
    isru,
    log1p,
    scaled,
    sigmoid,
)
from kerash_cli.engine.activations.base import POSITIVE, Definition, register
from kerash_cli.engine.tensors import Values


def _isrlu(z: Values, alpha: float) -> Values:
    return np.maximum(z, 0) + isru(np.minimum(z, 0), alpha)


def _d_isrlu(z: Values, alpha: float) -> Values:
    return d_isru(np.minimum(z, 0), alpha)


def _elu(z: Values, alpha: float) -> Values:
    return np.maximum(z, 0) + alpha * expm1_of_negative(np.minimum(z, 0))


def _d_elu(z: Values, alpha: float) -> Values:
    e = np.exp(np.minimum(z, 0))
    return e if alpha == 1 else e * choose(z > 0, 1, alpha)


def _selu(z: Values, alpha: float, scale: float) -> Values:
    return scale * np.maximum(z, 0) + scale * alpha * expm1_of_negative(np.minimum(z, 0))


def _d_selu(z: Values, alpha: float, scale: float) -> Values:
    return np.exp(np.minimum(z, 0)) * choose(z > 0, scale, scale * alpha)


def _celu(z: Values, alpha: float) -> Values:
    return np.maximum(z, 0) + alpha * expm1_of_negative(np.minimum(z, 0) / alpha)


def _d_celu(z: Values, alpha: float) -> Values:
    return np.exp(np.minimum(z, 0) / alpha)


def _softplus(z: Values, beta: float) -> Values:
    s = beta * z
    return (np.maximum(s, 0) + log1p(exp_minus_abs(s))) / beta


def _d_softplus(z: Values, beta: float) -> Values:
    return sigmoid(beta * z)


def _squareplus(z: Values, b: float) -> Values:
    return np.maximum(z, 0) + 0.5 * b / (np.hypot(z, sqrt(b)) + np.absolute(z))


def _d_squareplus(z: Values, b: float) -> Values:
    h = np.hypot(z, sqrt(b))
    q = 0.5 * b / h / (h + np.absolute(z))
    return choose(z > 0, 1 - q, q)


# fmt: off
register({
    "elu": Definition(
        _elu, _d_elu, "x if x > 0 else alpha (exp(x) - 1)", {"alpha": 1}, initializer="he",
        kinks=at_zero),
    # Klambauer et al. 2017, https://arxiv.org/abs/1706.02515
    "selu": Definition(
        _selu, _d_selu, "scale (x if x > 0 else alpha (exp(x) - 1))",
        {"alpha": 1.6732632423543772, "scale": 1.0507009873554805}, initializer="lecun",
        kinks=at_zero),
    # Barron 2017, https://arxiv.org/abs/1704.07483
    "celu": Definition(
        _celu, _d_celu, "x if x > 0 else alpha (exp(x / alpha) - 1)", {"alpha": 1}, POSITIVE,
        wide=scaled, wide_derivative=scaled, initializer="he",
        kinks=at_zero),
    "isrlu": Definition(
        _isrlu, _d_isrlu, "x if x > 0 else x / sqrt(1 + alpha x^2)", {"alpha": 1}, POSITIVE, initializer="he",
        kinks=at_zero),
    "softplus": Definition(
        _softplus, _d_softplus, "log(1 + exp(beta x)) / beta", {"beta": 1}, POSITIVE,
        wide=scaled, wide_derivative=scaled, initializer="he"),
    # Barron 2021, https://arxiv.org/abs/2112.11687
    "squareplus": Definition(
        _squareplus, _d_squareplus, "(x + sqrt(x^2 + b)) / 2", {"b": 4}, POSITIVE, initializer="he"),
})
# fmt: on
