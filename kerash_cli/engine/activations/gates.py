"""Activations that multiply x by a gate, a function that rises from 0 to 1."""

from math import pi, sqrt
from typing import Any

import numpy as np

from kerash_cli.engine.activations.arithmetic import (
    HUGE,
    SATURATED,
    always,
    choose,
    clip,
    half_sigmoids,
    polynomial,
    scaled,
)
from kerash_cli.engine.activations.base import Definition, register
from kerash_cli.engine.tensors import Values

SCALED_TAIL = (
    0.0005162422963662841, -0.004418155623680238, 0.014762902387000593, -0.01872470477392823, -0.021258421137593256,
    0.12331997630285452, -0.23518695797848213, 0.2836222001361013, -0.25112596055650027, 0.16408985768174403,
    -0.08396209862003633, 0.04167512473413644, 0.003917889288658644, 0.028479190321494114, 0.037017315418394425,
    0.0498749970089469, 0.06101212967172166, 0.07021469069930081, 0.07659686889004089, 0.07978845780092776,
    0.07978845605253214,
)  # fmt: skip
"""Coefficients of the polynomial in `_scaled_tail`."""

SHORT_SCALED_TAIL = (
    0.021254860843092662, -0.12424958547738227, 0.27212313129052024, -0.30666932130708474, 0.2797633521492438,
    -0.09964869463854893, 0.10128037541639769, 0.0476706420954048, 0.07254493879091073, 0.07633732218523208,
    0.07980497626410342, 0.07978800239753922,
)  # fmt: skip
"""A shorter alternative to SCALED_TAIL, for float32; correct to 3e-9."""


def _hardswish(z: Values) -> Values:
    return np.maximum(z, -3) * (clip(z + 3, 0, 6) / 6)


def _d_hardswish(z: Values) -> Values:
    s = clip(z, -3, 3)
    return (z >= 3) + (s + s + 3) / 6 * ((z > -3) * (z < 3))


def _silu(z: Values, beta: float) -> Values:
    h, q = half_sigmoids(beta * z)
    return z * h * q


def _d_silu(z: Values, beta: float) -> Values:
    s = clip(beta * z, -HUGE, SATURATED)
    h, q = half_sigmoids(s)
    return q * (1 + h * h + s) * q


def _mish(z: Values) -> Values:
    h = np.exp(0.5 * np.minimum(z, SATURATED))
    e = h * h
    return z * h * (h * (e + 2) / (e * (e + 2) + 2))


def _d_mish(z: Values) -> Values:
    s = clip(z, -HUGE, SATURATED)
    h = np.exp(0.5 * s)
    e = h * h
    n = e * (e + 2) + 2
    return h * ((e + 2) * n + 4 * s * (1 + e)) * (h / n / n)


def _gelu(z: Values) -> Values:
    s = np.minimum(np.absolute(z), SATURATED)
    h = np.exp(-0.25 * s * s)
    return np.maximum(z, 0) - s * h * _scaled_tail(s, z.dtype) * h


def _d_gelu(z: Values) -> Values:
    s = np.minimum(np.absolute(z), SATURATED)
    h = np.exp(-0.25 * s * s)
    r = h * (s / sqrt(2 * pi) - _scaled_tail(s, z.dtype)) * h
    return choose(z > 0, 1 + r, -r)


def _scaled_tail(s: Values, dtype: np.dtype[Any]) -> Values:
    """The normal distribution's tail beyond s, times exp(s^2 / 2), for s in [0, 40]; correct to 6e-16 (float32: 3e-9).

    With t = 5 / (5 + s), it is t P(t), where the polynomial P interpolates erfc(s / sqrt 2) exp(s^2 / 2) / (2 t) at the
    21 (float32: 12) Chebyshev nodes of [5 / 45, 1]. To derive the coefficients, solve for P with mpmath at 60 digits.
    """
    t = 5 / (5 + s)
    return t * polynomial(t, SHORT_SCALED_TAIL if dtype == np.float32 else SCALED_TAIL)


def _gelutanh(z: Values) -> Values:
    h, q = half_sigmoids(_gelutanh_argument(z)[1])
    return z * h * q


def _d_gelutanh(z: Values) -> Values:
    s, v = _gelutanh_argument(z)
    h, q = half_sigmoids(v)
    slope = 2 * sqrt(2 / pi) * (1 + 3 * 0.044715 * s * s)
    return q * (1 + h * h + s * slope) * q


def _gelutanh_argument(z: Values) -> tuple[Values, Values]:
    """Returns z, clipped to where the gate is neither 0 nor 1, and v such that the gate is (1 + tanh(v / 2)) / 2."""
    s = clip(z, -SATURATED, 8)
    return s, 2 * sqrt(2 / pi) * s * (1 + 0.044715 * s * s)


# fmt: off
register({
    "gelu": Definition(
        _gelu, _d_gelu, "x (1 + erf(x / sqrt(2))) / 2", wide=always, wide_derivative=always, initializer="he"),
    "gelutanh": Definition(
        _gelutanh, _d_gelutanh, "x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2",
        wide=always, wide_derivative=always, initializer="he", aliases=("gelu_tanh",)),
    "silu": Definition(
        _silu, _d_silu, "x / (1 + exp(-beta x))", {"beta": 1}, wide=scaled, wide_derivative=always, initializer="he",
        aliases=("swish",)),
    "hardswish": Definition(
        _hardswish, _d_hardswish, "x min(max(x + 3, 0), 6) / 6", initializer="he", aliases=("hard_swish",),
        kinks=lambda: (-3, 3)),
    "mish": Definition(_mish, _d_mish, "x tanh(log(1 + exp(x)))", wide_derivative=always, initializer="he"),
})
# fmt: on
