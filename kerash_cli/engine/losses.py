"""Losses: what training makes small.

To add a loss, write a subclass of `Loss` and add it to `LOSSES`. One that is better computed from the logits (what the
last activation is given) names its variant for them in `fused`; the network then leaves that activation to the loss.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.expressions import plan
from kerash_cli.engine.tensors import Array, Calls
from kerash_cli.errors import BadInput
from kerash_cli.registry import Registry

TINY = 1e-12
"""No probability is taken for smaller than this where a logarithm or a quotient of it is needed."""


class Loss(ABC):
    """A distance between outputs a and targets y, both (outputs, n), summed over samples.

    `terms` gives each output's share and its derivative; the sum is divided by the number of outputs where
    `mean_over_outputs`, and derivatives come without their common factor `slope`.
    """

    follows: ClassVar[frozenset[str]] = frozenset({"any", "probability", "distribution", "log distribution"})
    fused: ClassVar[Mapping[str, "type[Loss]"]] = {}
    mean_over_outputs: ClassVar[bool] = True
    slope: ClassVar[float] = 1.0

    @abstractmethod
    def terms(self, a: Array, y: Array, terms: Array, da: Array) -> Calls:
        """Calls that write to `terms` and `da`, both (outputs, n); `a` and `y` stay as they are."""

    def calls(self, a: Array, y: Array, weight: Array | None, value: Array, da: Array, scale: float) -> Calls:
        """Calls that write the sum, weighted by weight (n,), to the 0-d `value`, `scale` times its gradient to `da`.

        The mean over a batch of n has scale 1/n.
        """
        share = 1 / len(a) if self.mean_over_outputs else 1.0
        terms = np.empty(da.shape, da.dtype)
        calls = self.terms(a, y, terms, da)
        if weight is not None:
            calls += [partial(np.multiply, terms, weight, terms), partial(np.multiply, da, weight, da)]
        # A product with a constant vector is the fastest sum there is, and does the division too.
        shares = np.full(terms.size, share, terms.dtype)
        calls.append(partial(terms.reshape(-1).dot, shares, value))
        return [*calls, partial(np.multiply, da, np.asarray(self.slope * share * scale, da.dtype), da)]


class MeanSquare(Loss):
    """(a - y)^2, the mean over outputs."""

    slope = 2.0

    def terms(self, a: Array, y: Array, terms: Array, da: Array) -> Calls:
        return [partial(np.subtract, a, y, da), partial(np.multiply, da, da, terms)]


class HalfSquare(Loss):
    """(a - y)^2 / 2, the sum over outputs: the gradient of the original's arithmetic."""

    mean_over_outputs = False

    def terms(self, a: Array, y: Array, terms: Array, da: Array) -> Calls:
        half = np.asarray(0.5, a.dtype)
        return [*MeanSquare().terms(a, y, terms, da), partial(np.multiply, terms, half, terms)]


class MeanAbsolute(Loss):
    """|a - y|, the mean over outputs; the derivative at 0 is 0."""

    def terms(self, a: Array, y: Array, terms: Array, da: Array) -> Calls:
        return [partial(np.subtract, a, y, da), partial(np.absolute, da, terms), partial(np.sign, da, da)]


class Huber(Loss):
    """(a - y)^2 / 2 up to a distance of 1, |a - y| - 1/2 beyond it (Huber 1964), the mean over outputs."""

    def terms(self, a: Array, y: Array, terms: Array, da: Array) -> Calls:
        def value(a: Array, y: Array) -> Array:
            clipped = np.minimum(np.maximum(a - y, -1.0), 1.0)
            return clipped * (a - y - 0.5 * clipped)

        def derivative(a: Array, y: Array) -> Array:
            return np.minimum(np.maximum(a - y, -1.0), 1.0)

        return [*plan(value, (a, y), terms), *plan(derivative, (a, y), da)]


class LogisticCrossEntropy(Loss):
    """Binary cross entropy of a sigmoid, from its logits: log(1 + e^z) - y z."""

    def terms(self, a: Array, y: Array, terms: Array, da: Array) -> Calls:
        def value(z: Array, y: Array) -> Array:
            value: Array = np.maximum(z, 0.0) - y * z + np.log1p(np.exp(np.copysign(z, -1.0)))
            return value

        sigmoid = Activation("sigmoid").forward(a, da)
        return [*plan(value, (a, y), terms), *sigmoid, partial(np.subtract, da, y, da)]


class BinaryCrossEntropy(Loss):
    """-y log a - (1 - y) log(1 - a), the mean over outputs."""

    follows = frozenset({"probability", "distribution"})
    fused = {"sigmoid": LogisticCrossEntropy}

    def terms(self, a: Array, y: Array, terms: Array, da: Array) -> Calls:
        def value(a: Array, y: Array) -> Array:
            value: Array = -y * np.log(np.maximum(a, TINY)) - (1.0 - y) * np.log(np.maximum(1.0 - a, TINY))
            return value

        def derivative(a: Array, y: Array) -> Array:
            return (a - y) / np.maximum(a * (1.0 - a), TINY)

        return [*plan(value, (a, y), terms), *plan(derivative, (a, y), da)]


class SoftmaxCrossEntropy(Loss):
    """Categorical cross entropy of a softmax, from its logits: y (log sum e^z - z), for targets that sum to 1."""

    mean_over_outputs = False

    def terms(self, a: Array, y: Array, terms: Array, da: Array) -> Calls:
        shifted, highest = np.empty_like(a), np.empty_like(a[:1])
        total, ones = np.empty_like(a[0]), np.ones_like(a[:, 0])
        return [
            partial(np.maximum.reduce, a, axis=0, out=highest, keepdims=True),
            partial(np.subtract, a, highest, shifted),
            partial(np.exp, shifted, da),
            partial(ones.dot, da, total),
            partial(np.divide, da, total, da),
            partial(np.subtract, da, y, da),
            partial(np.log, total, total),
            partial(np.subtract, total, shifted, shifted),
            partial(np.multiply, y, shifted, terms),
        ]


class CategoricalCrossEntropy(Loss):
    """-y log a, the sum over outputs, for targets that sum to 1."""

    follows = frozenset({"distribution", "log distribution"})
    fused = {"softmax": SoftmaxCrossEntropy, "logsoftmax": SoftmaxCrossEntropy}
    mean_over_outputs = False

    def terms(self, a: Array, y: Array, terms: Array, da: Array) -> Calls:
        def value(a: Array, y: Array) -> Array:
            return -y * np.log(np.maximum(a, TINY))

        def derivative(a: Array, y: Array) -> Array:
            return -y / np.maximum(a, TINY)

        return [*plan(value, (a, y), terms), *plan(derivative, (a, y), da)]


LOSSES: Registry[type[Loss]] = Registry("loss")
LOSSES.add("mean-square", MeanSquare, ("mse",))
LOSSES.add("half-square", HalfSquare)
LOSSES.add("mean-absolute", MeanAbsolute, ("mae",))
LOSSES.add("huber", Huber)
LOSSES.add("binary-cross-entropy", BinaryCrossEntropy, ("bce",))
LOSSES.add("categorical-cross-entropy", CategoricalCrossEntropy, ("cross-entropy", "cce"))


def after(name: str, activation: Activation) -> tuple[Loss, bool]:
    """The loss `name` for a network that ends in `activation`, and whether it takes over that activation.

    BadInput where the loss is not defined for such outputs.
    """
    loss = LOSSES[name]
    if activation.output not in loss.follows:
        raise BadInput(
            f"expected an activation whose outputs {LOSSES.canonical(name)} can judge, got {str(activation)!r}; "
            f"try {'sigmoid' if loss is BinaryCrossEntropy else 'softmax'}, or --loss mean-square"
        )
    fused = loss.fused.get(activation.name)
    return (loss(), False) if fused is None else (fused(), True)
