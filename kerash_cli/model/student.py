"""Student's t distribution, for intervals of figures that were measured only a few times."""

from functools import cache
from math import atan, exp, lgamma, pi, sqrt

import numpy as np

from kerash_cli.model.metrics.base import SURE

_HALVINGS = 60
_HIGHEST = 13.0  # 12.706 for one degree of freedom
_MANY = 10_000  # degrees of freedom, from which two terms of a series have more digits than a difference of lgammas


@cache
def student(freedom: float) -> float:
    """Returns the number that Student's t exceeds with a chance of 2.5 %, for one degree of freedom or more.

    By bisection, from that of the normal distribution upwards. With t = sqrt(freedom) * tan(angle), the density is a
    power of the cosine, which Gauss-Legendre quadrature integrates: Abramowitz & Stegun 1964, 26.7 and 6.1.47
    """
    places, weights = np.polynomial.legendre.leggauss(40)
    scale = 2 / sqrt(pi) * _quotient_of_gammas(freedom)
    low, high = SURE, _HIGHEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        half = atan(middle / sqrt(freedom)) / 2
        within = scale * half * float(weights @ np.cos(half * (places + 1)) ** (freedom - 1))
        low, high = (middle, high) if within < 0.95 else (low, middle)
    return (low + high) / 2


def _quotient_of_gammas(freedom: float) -> float:
    """Returns gamma((freedom + 1) / 2) / gamma(freedom / 2)."""
    if freedom < _MANY:
        return exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2))
    return sqrt(freedom / 2) * (1 - 1 / (4 * freedom) + 1 / (32 * freedom**2))
