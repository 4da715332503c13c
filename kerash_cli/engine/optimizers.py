"""Optimizers: formulas for the next parameters, given the gradient.

To add an optimizer, write a subclass of `Optimizer` and add it to `OPTIMIZERS`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import ClassVar, Self

import numpy as np

from kerash_cli.engine.allocation import Allocator, aligned
from kerash_cli.engine.expressions import plan
from kerash_cli.engine.schedules import CONSTANT, Schedule
from kerash_cli.engine.tensors import Array, Calls, Values
from kerash_cli.registry import Registry

BLOCK = 16_384
"""Number of parameters in a block; each block is updated completely before the next, so that it stays in the cache."""

TILE = 65_536
"""Number of squares that are summed at once for the gradient's norm. Another size would round the norm differently."""

SWEEP = 64
"""Number of steps after which numbers that have become TINY are set to 0."""
TINY = 1e8
"""A multiple of the smallest normal number, below which a sum that decays would soon be subnormal.

Processors are up to a hundred times slower with subnormal numbers. A factor of 0.9 a step takes 175 steps from here to
there.
"""


@dataclass(frozen=True)
class OptimizerSettings:
    """The user's settings for an optimizer; without a `learning_rate`, its default rate is used."""

    learning_rate: float | None = None
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    clip_norm: float | None = None
    schedule: Schedule = CONSTANT


class Optimizer(ABC):
    """Updates parameters in place along a gradient.

    A part of the parameters gets the same values whether it is updated alone or with the rest. The whole state is
    `vectors` (each as long as the parameters) and `steps`.
    """

    default_rate: ClassVar[float]
    """Learning rate unless the user gives one."""
    takes_momentum: ClassVar[bool] = False
    cheap: ClassVar[bool] = False
    """True if a step is so fast that fetching the result from another core would take as long."""
    remembers: tuple[str, ...] = ()
    """Names of the optimizer's vectors, in the order in which `formula` takes them."""
    varies: ClassVar[tuple[str, ...]] = ("rate",)
    """Names of the `scalars` that `formula` takes, in its order; `_begin` sets them at each step."""

    def __init__(
        self, settings: OptimizerSettings, size: int, dtype: np.dtype[np.floating], steps_per_epoch: int, epochs: int
    ) -> None:
        """Makes the state before the first step, for `size` parameters; the schedule ends after `epochs` epochs."""
        self.settings = settings
        self.rate = self.default_rate if settings.learning_rate is None else settings.learning_rate
        self.steps = 0
        self.vectors: dict[str, Array] = {name: aligned((size,), dtype) for name in self.remembers}
        for vector in self.vectors.values():
            vector[...] = 0
        self.epochs = epochs
        """Number of epochs after which the schedule ends."""
        self._dtype, self._steps_per_epoch = dtype, steps_per_epoch
        self._scheduled = settings.schedule != CONSTANT
        self.scalars = {name: np.full((), self.rate, dtype) for name in self.varies}

    @abstractmethod
    def formula(self, p: Values, g: Values, *state: Values) -> tuple[Values, ...]:
        """Returns the next parameters and vectors, given parameters p, gradient g, and the vectors and scalars."""

    @property
    def needs_all(self) -> bool:
        """True if updating a part of the parameters needs the whole gradient, as clipping does."""
        return self.settings.clip_norm is not None

    def sized(self, size: int) -> Self:
        """Returns an optimizer for `size` parameters, as this one was before its first step."""
        return type(self)(self.settings, size, self._dtype, self._steps_per_epoch, self.epochs)

    def plan(
        self,
        params: Array,
        gradient: Array,
        part: slice | None = None,
        squares: Callable[[], float] | None = None,
        networks: int = 1,
    ) -> Calls:
        """Returns the calls of one step for all parameters, or for a part of them.

        The calls read only the same part of the gradient, unless the optimizer `needs_all`, and may overwrite it. If
        there are gradients of other parameters too, `squares` returns the sum of all squares. If the parameters are
        those of several `networks`, one after the other, each network's gradient has a norm of its own.
        """
        calls: Calls = [self._begin]
        if self.settings.clip_norm is not None:
            for own in np.split(gradient, networks):
                calls += _clip(own, self.settings.clip_norm, squares or partial(sum_of_squares, own))
        first, last = (0, params.size) if part is None else (part.start, part.stop)
        memory = Allocator()
        for start in range(first, last, BLOCK):
            block = slice(start, min(start + BLOCK, last))
            p, vectors = params[block], [vector[block] for vector in self.vectors.values()]
            operands = [p, gradient[block], *vectors, *self.scalars.values()]
            calls += plan(self.formula, operands, p, *vectors, memory=memory)
        decaying = [*self.vectors.values(), *([params] if self.settings.weight_decay else [])]
        return calls + self.swept([vector[first:last] for vector in decaying])

    def swept(self, decaying: Sequence[Array]) -> Calls:
        """Returns the call that keeps vectors that decay from becoming subnormal; empty if there are none."""

        def sweep() -> None:
            if self.steps % SWEEP:
                return
            for vector in decaying:
                for start in range(0, vector.size, BLOCK):
                    block = vector[start : start + BLOCK]
                    block[np.absolute(block) < TINY * np.finfo(vector.dtype).tiny] = 0

        return [sweep] if any(vector.size for vector in decaying) else []

    def current_rate(self) -> float:
        """The learning rate of the next step."""
        if not self._scheduled:
            return self.rate
        return self.rate * self.settings.schedule(self.steps / self._steps_per_epoch, self.epochs)

    def _begin(self) -> None:
        """Begins a step: counts it, and sets the `scalars` that change (in this base class, only the rate)."""
        if self._scheduled:
            self.scalars["rate"][()] = self.current_rate()
        self.steps += 1

    def _decayed(self, p: Values, g: Values) -> Values:
        """The gradient plus weight decay, which is the derivative of an L2 penalty."""
        return g + p * self.settings.weight_decay if self.settings.weight_decay else g


class SGD(Optimizer):
    """Gradient descent, optionally with momentum or Nesterov momentum.

    Both are as in Sutskever et al. 2013 (https://proceedings.mlr.press/v28/sutskever13.html). The rate stays outside
    the velocity, so that a schedule takes effect at once.
    """

    default_rate = 0.1
    takes_momentum = True
    cheap = True

    def __init__(
        self, settings: OptimizerSettings, size: int, dtype: np.dtype[np.floating], steps_per_epoch: int, epochs: int
    ) -> None:
        self.remembers = ("velocity",) if settings.momentum else ()
        super().__init__(settings, size, dtype, steps_per_epoch, epochs)

    def formula(self, p: Values, g: Values, *state: Values) -> tuple[Values, ...]:
        *vectors, rate = state
        g = self._decayed(p, g)
        if not vectors:
            return (p - g * rate,)
        velocity = vectors[0] * self.settings.momentum + g
        along = g + velocity * self.settings.momentum if self.settings.nesterov else velocity
        return p - along * rate, velocity


class RMSprop(Optimizer):
    """Divides the gradient by its running root mean square, as PyTorch does (Tieleman & Hinton 2012, lecture 6.5)."""

    default_rate = 0.005
    remembers = ("square",)
    decay, epsilon = 0.99, 1e-8

    def formula(self, p: Values, g: Values, *state: Values) -> tuple[Values, ...]:
        square, rate = state
        g = self._decayed(p, g)
        square = square * self.decay + g * g * (1 - self.decay)
        return p - g / (np.sqrt(square) + self.epsilon) * rate, square


class Adam(Optimizer):
    """Adam: Kingma & Ba 2015, algorithm 1, https://arxiv.org/abs/1412.6980.

    The vectors are m / (1 - beta1) and v / (1 - beta2), running sums instead of means. The factors 1 - beta1 and
    1 - beta2 are combined with the bias corrections into two scalars, which saves three passes over the parameters.
    """

    default_rate = 0.005
    remembers = ("first", "second")
    varies: ClassVar[tuple[str, ...]] = ("rate", "epsilon")
    beta1, beta2, epsilon = 0.9, 0.999, 1e-8

    def formula(self, p: Values, g: Values, *state: Values) -> tuple[Values, ...]:
        first, second, rate, epsilon = state
        g = self._decayed(p, g)
        first = first * self.beta1 + g
        second = second * self.beta2 + g * g
        return p - first / (np.sqrt(second) + epsilon) * rate, first, second

    def _begin(self) -> None:
        rate = self.current_rate()
        self.steps += 1
        # The step is rate m^ / (sqrt(v^) + epsilon); numerator and denominator are multiplied by `scale`.
        scale = sqrt((1 - self.beta2**self.steps) / (1 - self.beta2))
        self.scalars["epsilon"][()] = self.epsilon * scale
        self.scalars["rate"][()] = rate * scale * (1 - self.beta1) / (1 - self.beta1**self.steps)


class AdamW(Adam):
    """Adam with decoupled weight decay: Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101."""

    varies = ("rate", "epsilon", "shrink")

    def formula(self, p: Values, g: Values, *state: Values) -> tuple[Values, ...]:
        *others, shrink = state
        return super().formula(p * shrink, g, *others)

    def _begin(self) -> None:
        self.scalars["shrink"][()] = 1 - self.current_rate() * self.settings.weight_decay
        super()._begin()

    def _decayed(self, p: Values, g: Values) -> Values:
        return g


OPTIMIZERS: Registry[type[Optimizer]] = Registry("optimizer")
OPTIMIZERS.add("sgd", SGD)
OPTIMIZERS.add("rmsprop", RMSprop)
OPTIMIZERS.add("adam", Adam)
OPTIMIZERS.add("adamw", AdamW)


def sum_of_squares(gradient: Array) -> float:
    """Returns the square of a gradient's Euclidean norm."""
    tiles = (gradient[start : start + TILE] for start in range(0, gradient.size, TILE))
    return sum(float(tile.dot(tile)) for tile in tiles)


def _clip(gradient: Array, largest: float, squares: Callable[[], float]) -> Calls:
    """Returns the calls that scale the gradient down if the norm, the root of `squares`, is larger than `largest`."""
    factor = np.empty((), gradient.dtype)

    def measure() -> None:
        factor[()] = min(1.0, largest / (sqrt(squares()) + 1e-6))

    return [measure, *plan(lambda g, factor: g * factor, [gradient, factor], gradient)]
