"""Activations whose outputs depend on all inputs along axis 0.

Their derivatives take a and dL/da, and return dL/dz."""

import numpy as np

from kerash_cli.engine.activations.base import Definition, register
from kerash_cli.engine.tensors import Values


def _softmax(z: Values) -> Values:
    e = np.exp(z - np.maximum.reduce(z))
    return e / np.add.reduce(e)


# As the last activation before a cross entropy it has no part in training: losses.SoftmaxCrossEntropy takes its place.
def _d_softmax(a: Values, da: Values) -> Values:
    return a * (da - np.add.reduce(a * da))


def _softmin(z: Values) -> Values:
    e = np.exp(np.minimum.reduce(z) - z)
    return e / np.add.reduce(e)


def _d_softmin(a: Values, da: Values) -> Values:
    return a * (np.add.reduce(a * da) - da)


def _logsoftmax(z: Values) -> Values:
    s = z - np.maximum.reduce(z)
    top = s == 0
    # The sum of the exponentials without one of the largest, which is 1: log1p then keeps the digits of the others.
    others = np.add.reduce(np.exp(s) - top) + (np.add.reduce(1 * top) - 1)
    return s - np.log1p(others)


def _d_logsoftmax(a: Values, da: Values) -> Values:
    return da - np.exp(a) * np.add.reduce(da)


# fmt: off
register({
    "softmax": Definition(
        _softmax, _d_softmax, "exp(x_i) / sum_j exp(x_j)", in_place=True, mixes=True, output="distribution"),
    "softmin": Definition(
        _softmin, _d_softmin, "exp(-x_i) / sum_j exp(-x_j)", in_place=True, mixes=True, output="distribution"),
    "logsoftmax": Definition(
        _logsoftmax, _d_logsoftmax, "x_i - log(sum_j exp(x_j))", in_place=True, mixes=True, output="log distribution",
        aliases=("log_softmax",)),
})
# fmt: on
