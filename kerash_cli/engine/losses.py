"""Losses: the numbers that training minimizes.

To add a loss, write a subclass of `Loss` and add it to `LOSSES`. A loss that is better computed from the logits (the
inputs of the last activation) names its variant for them in `fused`; the network then leaves that activation to it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import numpy as np

from kerash_cli.engine.activations import ACTIVATIONS, Activation
from kerash_cli.engine.allocation import aligned
from kerash_cli.engine.expressions import column_sums, plan
from kerash_cli.engine.tensors import Array, Calls, Values
from kerash_cli.errors import BadInput
from kerash_cli.registry import Registry

TINY = 1e-12
"""Lower limit for probabilities before a logarithm or a division."""


class Loss(ABC):
    """A distance between outputs a and targets y, both (outputs, n), summed over samples.

    `formula` gives the loss of each output, and its derivative without the common factor `slope`. With
    `mean_over_outputs`, the sum is divided by the number of outputs.
    """

    follows: ClassVar[frozenset[str]] = frozenset({"any", "probability", "distribution", "log distribution"})
    """Kinds of outputs that this loss is defined for, as in `Activation.output`."""
    suggests: ClassVar[str] = "softmax"
    """Last activation to suggest if this loss is not defined for the outputs."""
    fused: ClassVar[Mapping[str, "type[Loss]"]] = {}
    """Variants of the loss that include the last activation, by the name of that activation."""
    mean_over_outputs: ClassVar[bool] = True
    slope: ClassVar[float] = 1.0
    kinks: ClassVar[tuple[float, ...]] = ()
    """Values of a - y where the loss or its derivative jumps."""

    @abstractmethod
    def formula(self, a: Values, y: Values) -> tuple[Values, Values]:
        """Returns the loss of each output, and its derivative without the factor `slope`."""

    def terms(self, a: Array, y: Array, terms: Array, da: Array) -> Calls:
        """Returns the calls that write the results of `formula` to `terms` and `da`; a and y stay unchanged."""
        return plan(self.formula, [a, y], terms, da)

    def calls(self, a: Array, y: Array, weight: Array | None, value: Array, da: Array, scale: float) -> Calls:
        """Returns the calls that write the loss to the 0-d array `value`, and `scale` times its gradient to `da`.

        The loss is summed over samples, after multiplying each sample's loss by its `weight` (n,). With a `scale` of
        1/n, `da` gets the gradient of the mean over n samples.
        """
        share = 1 / len(a) if self.mean_over_outputs else 1.0
        terms: Array = aligned(da.shape, da.dtype)

        def judged(a: Values, y: Values, weight: Values = 1) -> tuple[Values, Values]:
            loss, slope = self.formula(a, y)
            return loss * weight, slope * weight * (self.slope * share * scale)

        # A product with a constant vector is the fastest sum there is, and does the division too.
        shares = np.full(terms.size, share, terms.dtype)
        operands = [a, y] if weight is None else [a, y, weight]
        return [*plan(judged, operands, terms, da), partial(terms.reshape(-1).dot, shares, value)]


class MeanSquare(Loss):
    """Mean of (a - y)^2 over outputs."""

    slope = 2.0

    def formula(self, a: Values, y: Values) -> tuple[Values, Values]:
        distance = a - y
        return distance * distance, distance


class HalfSquare(Loss):
    """Sum of (a - y)^2 / 2 over outputs; its gradient is the one that kerash used in 2019."""

    mean_over_outputs = False

    def formula(self, a: Values, y: Values) -> tuple[Values, Values]:
        distance = a - y
        return distance * distance * 0.5, distance


class MeanAbsolute(Loss):
    """Mean of |a - y| over outputs; the derivative at 0 is 0."""

    kinks = (0,)

    def formula(self, a: Values, y: Values) -> tuple[Values, Values]:
        return np.absolute(a - y), np.sign(a - y)


class Huber(Loss):
    """Mean over outputs of (a - y)^2 / 2 where |a - y| <= 1, else of |a - y| - 1/2 (Huber 1964)."""

    kinks = (-1, 1)

    def formula(self, a: Values, y: Values) -> tuple[Values, Values]:
        clipped = np.minimum(np.maximum(a - y, -1.0), 1.0)
        return clipped * (a - y - 0.5 * clipped), clipped


class LogisticCrossEntropy(Loss):
    """Binary cross entropy of a sigmoid, from its logits: log(1 + e^z) - y z."""

    def formula(self, a: Values, y: Values) -> tuple[Values, Values]:
        loss = np.maximum(a, 0.0) - y * a + np.log1p(np.exp(np.copysign(a, -1.0)))
        return loss, ACTIVATIONS["sigmoid"].f(a) - y


class BinaryCrossEntropy(Loss):
    """Mean of -y log a - (1 - y) log(1 - a) over outputs."""

    follows = frozenset({"probability", "distribution"})
    suggests = "sigmoid"
    fused = {"sigmoid": LogisticCrossEntropy}

    def formula(self, a: Values, y: Values) -> tuple[Values, Values]:
        loss = -y * np.log(np.maximum(a, TINY)) - (1.0 - y) * np.log(np.maximum(1.0 - a, TINY))
        return loss, (a - y) / np.maximum(a * (1.0 - a), TINY)


class SoftmaxCrossEntropy(Loss):
    """Categorical cross entropy of a softmax, from its logits: y (log sum e^z - z), for targets that sum to 1."""

    mean_over_outputs = False

    def formula(self, a: Values, y: Values) -> tuple[Values, Values]:
        z = a - np.maximum.reduce(a)
        e = np.exp(z)
        total = column_sums(e)
        return y * (np.log(total) - z), e / total - y


class CategoricalCrossEntropy(Loss):
    """Sum of -y log a over outputs, for targets that sum to 1."""

    follows = frozenset({"distribution", "log distribution"})
    fused = {"softmax": SoftmaxCrossEntropy, "logsoftmax": SoftmaxCrossEntropy}
    mean_over_outputs = False

    def formula(self, a: Values, y: Values) -> tuple[Values, Values]:
        return -y * np.log(np.maximum(a, TINY)), -y / np.maximum(a, TINY)


LOSSES: Registry[type[Loss]] = Registry("loss")
LOSSES.add("mean-square", MeanSquare, ("mse",))
LOSSES.add("half-square", HalfSquare)
LOSSES.add("mean-absolute", MeanAbsolute, ("mae",))
LOSSES.add("huber", Huber)
LOSSES.add("binary-cross-entropy", BinaryCrossEntropy, ("bce",))
LOSSES.add("categorical-cross-entropy", CategoricalCrossEntropy, ("cross-entropy", "cce"))


def after(name: str, activation: Activation) -> tuple[Loss, bool]:
    """Returns the loss `name` for a network that ends in `activation`, and whether it includes that activation.

    Raises BadInput if the loss is not defined for such outputs.
    """
    loss = LOSSES[name]
    if activation.output not in loss.follows:
        raise BadInput(
            f"expected an activation whose outputs suit the loss {LOSSES.canonical(name)}, got {str(activation)!r}; "
            f"try {loss.suggests}, or --loss mean-square"
        )
    fused = loss.fused.get(activation.name)
    return (loss(), False) if fused is None else (fused(), True)
