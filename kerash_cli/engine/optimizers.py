"""Optimizers: arithmetic on two flat vectors, the parameters and their gradient.

To add an optimizer, write a subclass of `Optimizer` and add it to `OPTIMIZERS`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import ClassVar

import numpy as np

from kerash_cli.engine.schedules import CONSTANT, Schedule
from kerash_cli.engine.tensors import Array, Calls
from kerash_cli.registry import Registry

BLOCK = 16_384
"""Elements taken through a whole step at a time, so that its dozen passes find them in the cache."""

TILE = 65_536
"""Elements of a gradient that are summed in one go for its norm: fixed, since it decides the rounding."""


@dataclass(frozen=True)
class Settings:
    """What an optimizer is told; `learning_rate` None is the optimizer's own default."""

    learning_rate: float | None = None
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    clip_norm: float | None = None
    schedule: Schedule = CONSTANT


class Optimizer(ABC):
    """Goes one step along a gradient, in place, by arithmetic that is the same for any slice of the vectors.

    `vectors` (each as long as the parameters) and `steps` are all that it remembers.
    """

    default_rate: ClassVar[float]
    cheap: ClassVar[bool] = False
    """Whether a step takes no longer than fetching what another core has updated."""
    remembers: tuple[str, ...] = ()

    def __init__(
        self, settings: Settings, size: int, dtype: np.dtype[np.floating], steps_per_epoch: int, epochs: int
    ) -> None:
        """For `size` parameters and a run of so many epochs, which the schedule is measured by."""
        self.settings = settings
        self.rate = self.default_rate if settings.learning_rate is None else settings.learning_rate
        self.steps = 0
        self.vectors = {name: np.zeros(size, dtype) for name in self.remembers}
        self._steps_per_epoch, self._epochs = steps_per_epoch, epochs
        self._step_size = np.asarray(self.rate, dtype)
        self._varies = settings.schedule != CONSTANT

    @property
    def needs_all(self) -> bool:
        """Whether a part of the parameters can only be updated with the gradient of all."""
        return self.settings.clip_norm is not None

    def plan(self, params: Array, gradient: Array, part: slice | None = None) -> Calls:
        """Calls that take one step, with all parameters or a part of them; they may overwrite the gradient.

        Of the gradient, only that part counts, unless the optimizer `needs_all`.
        """
        calls: Calls = [self._begin]
        if self.settings.clip_norm is not None:
            calls += _clip(gradient, self.settings.clip_norm)
        first, last = (0, params.size) if part is None else (part.start, part.stop)
        work = np.empty(min(BLOCK, last - first), params.dtype)
        for start in range(first, last, BLOCK):
            block = slice(start, min(start + BLOCK, last))
            p, g = params[block], gradient[block]
            calls += self._step(p, g, {name: v[block] for name, v in self.vectors.items()}, work[: p.size])
        return calls

    def current_rate(self) -> float:
        """The learning rate of the next step."""
        if not self._varies:
            return self.rate
        return self.rate * self.settings.schedule(self.steps / self._steps_per_epoch, self._epochs)

    def _begin(self) -> None:
        """Sets what changes from step to step: the 0-d arrays that the calls have bound."""
        if self._varies:
            self._step_size[()] = self.current_rate()
        self.steps += 1

    @abstractmethod
    def _step(self, p: Array, g: Array, vectors: Mapping[str, Array], work: Array) -> Calls:
        """The calls for one block; `work` is as long as it is."""

    def _decayed(self, p: Array, g: Array, work: Array) -> Calls:
        """weight_decay times the parameters joins the gradient, as the derivative of an L2 penalty."""
        if not self.settings.weight_decay:
            return []
        return [partial(np.multiply, p, _scalar(self.settings.weight_decay, p), work), partial(np.add, g, work, g)]


class SGD(Optimizer):
    """Gradient descent, with momentum and Nesterov's form of it as in Sutskever et al. 2013.

    https://proceedings.mlr.press/v28/sutskever13.html; the rate stays outside the velocity, so that a schedule acts
    at once.
    """

    default_rate = 0.1
    cheap = True

    def __init__(
        self, settings: Settings, size: int, dtype: np.dtype[np.floating], steps_per_epoch: int, epochs: int
    ) -> None:
        self.remembers = ("velocity",) if settings.momentum else ()
        super().__init__(settings, size, dtype, steps_per_epoch, epochs)

    def _step(self, p: Array, g: Array, vectors: Mapping[str, Array], work: Array) -> Calls:
        calls = self._decayed(p, g, work)
        if (velocity := vectors.get("velocity")) is not None:
            momentum = _scalar(self.settings.momentum, p)
            calls += [partial(np.multiply, velocity, momentum, velocity), partial(np.add, velocity, g, velocity)]
            if self.settings.nesterov:
                calls += [partial(np.multiply, velocity, momentum, work), partial(np.add, g, work, g)]
            else:
                g = velocity
        return [*calls, partial(np.multiply, g, self._step_size, work), partial(np.subtract, p, work, p)]


class RMSprop(Optimizer):
    """Division by a running root mean square, in the form of PyTorch (Tieleman & Hinton 2012, lecture 6.5)."""

    default_rate = 0.005
    remembers = ("square",)
    decay, epsilon = 0.99, 1e-8

    def _step(self, p: Array, g: Array, vectors: Mapping[str, Array], work: Array) -> Calls:
        square = vectors["square"]
        return [
            *self._decayed(p, g, work),
            partial(np.multiply, square, _scalar(self.decay, p), square),
            partial(np.multiply, g, g, work),
            partial(np.multiply, work, _scalar(1 - self.decay, p), work),
            partial(np.add, square, work, square),
            partial(np.sqrt, square, work),
            partial(np.add, work, _scalar(self.epsilon, p), work),
            partial(np.divide, g, work, work),
            partial(np.multiply, work, self._step_size, work),
            partial(np.subtract, p, work, p),
        ]


class Adam(Optimizer):
    """Kingma & Ba 2015, algorithm 1: https://arxiv.org/abs/1412.6980.

    The running means are kept as plain sums, m / (1 - beta1) and v / (1 - beta2): the two factors meet the bias
    corrections in two scalars, which saves three passes.
    """

    default_rate = 0.005
    remembers = ("first", "second")
    beta1, beta2, epsilon = 0.9, 0.999, 1e-8

    def __init__(
        self, settings: Settings, size: int, dtype: np.dtype[np.floating], steps_per_epoch: int, epochs: int
    ) -> None:
        super().__init__(settings, size, dtype, steps_per_epoch, epochs)
        self._epsilon = np.zeros((), dtype)

    def _begin(self) -> None:
        rate = self.current_rate()
        self.steps += 1
        # The step is rate m^ / (sqrt(v^) + epsilon); numerator and denominator are multiplied by `scale`.
        scale = sqrt((1 - self.beta2**self.steps) / (1 - self.beta2))
        self._epsilon[()] = self.epsilon * scale
        self._step_size[()] = rate * scale * (1 - self.beta1) / (1 - self.beta1**self.steps)

    def _step(self, p: Array, g: Array, vectors: Mapping[str, Array], work: Array) -> Calls:
        first, second = vectors["first"], vectors["second"]
        return [
            *self._decayed(p, g, work),
            partial(np.multiply, first, _scalar(self.beta1, p), first),
            partial(np.add, first, g, first),
            partial(np.multiply, second, _scalar(self.beta2, p), second),
            partial(np.multiply, g, g, work),
            partial(np.add, second, work, second),
            partial(np.sqrt, second, work),
            partial(np.add, work, self._epsilon, work),
            partial(np.divide, first, work, work),
            partial(np.multiply, work, self._step_size, work),
            partial(np.subtract, p, work, p),
        ]


class AdamW(Adam):
    """Adam with decoupled weight decay: Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101."""

    def __init__(
        self, settings: Settings, size: int, dtype: np.dtype[np.floating], steps_per_epoch: int, epochs: int
    ) -> None:
        super().__init__(settings, size, dtype, steps_per_epoch, epochs)
        self._shrink = np.ones((), dtype)

    def _begin(self) -> None:
        self._shrink[()] = 1 - self.current_rate() * self.settings.weight_decay
        super()._begin()

    def _decayed(self, p: Array, g: Array, work: Array) -> Calls:
        return [partial(np.multiply, p, self._shrink, p)]


OPTIMIZERS: Registry[type[Optimizer]] = Registry("optimizer")
OPTIMIZERS.add("sgd", SGD)
OPTIMIZERS.add("rmsprop", RMSprop)
OPTIMIZERS.add("adam", Adam)
OPTIMIZERS.add("adamw", AdamW)


def _scalar(value: float, like: Array) -> Array:
    """A 0-d array: as an operand half as dear as a Python float."""
    return np.asarray(value, like.dtype)


def _clip(gradient: Array, largest: float) -> Calls:
    """The calls that scale the gradient down to a Euclidean norm of `largest` where it is longer."""
    tiles = [gradient[start : start + TILE] for start in range(0, gradient.size, TILE)]
    factor = np.ones((), gradient.dtype)

    def measure() -> None:
        norm = sqrt(sum(float(tile.dot(tile)) for tile in tiles))
        factor[()] = min(1.0, largest / (norm + 1e-6))

    return [measure, partial(np.multiply, gradient, factor, gradient)]
