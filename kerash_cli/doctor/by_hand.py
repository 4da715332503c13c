"""XOR learnt in plain Python, a number at a time: what a training should come to, without NumPy."""

from collections.abc import Sequence
from math import exp, tanh

XOR = ((0.0, 0.0, 0.0), (0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0))
"""The rows of the table: two inputs and the answer."""


def trained(params: Sequence[float], hidden: int, epochs: int, rate: float) -> list[float]:
    """Returns the parameters after gradient descent on the mean cross entropy of all four rows.

    The network has a layer of `hidden` tanh units and a sigmoid unit. The parameters are the weights of the first input
    to each unit, those of the second, the units' biases, the weights of the last unit, and its bias.
    """
    p = [*map(float, params)]
    for _ in range(epochs):
        gradient = [0.0] * len(p)
        for first, second, answer in XOR:
            units = _units(p, hidden, first, second)
            dz = (_output(p, hidden, units) - answer) / len(XOR)
            for j, a in enumerate(units):
                du = dz * p[3 * hidden + j] * (1 - a * a)
                gradient[j] += du * first
                gradient[hidden + j] += du * second
                gradient[2 * hidden + j] += du
                gradient[3 * hidden + j] += dz * a
            gradient[4 * hidden] += dz
        p = [value - rate * slope for value, slope in zip(p, gradient, strict=True)]
    return p


def answers(params: Sequence[float], hidden: int) -> list[float]:
    """Returns the probability of a yes for each row."""
    p = [*map(float, params)]
    return [_output(p, hidden, _units(p, hidden, first, second)) for first, second, _ in XOR]


def _units(p: Sequence[float], hidden: int, first: float, second: float) -> list[float]:
    return [tanh(p[j] * first + p[hidden + j] * second + p[2 * hidden + j]) for j in range(hidden)]


def _output(p: Sequence[float], hidden: int, units: Sequence[float]) -> float:
    z = sum(p[3 * hidden + j] * a for j, a in enumerate(units)) + p[4 * hidden]
    return 1 / (1 + exp(-z))
