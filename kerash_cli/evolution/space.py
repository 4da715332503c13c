"""The space of recipes: what they may be made of, and how they are drawn."""

import re
from dataclasses import dataclass, replace
from math import exp, log

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import Convolution, Dense, Layer
from kerash_cli.errors import BadInput
from kerash_cli.evolution.recipe import POOLING, Recipe, rounded

SEARCHED = (
    "sigmoid", "tanh", "arctan", "arcsinh", "elliotsig", "relu", "softplus", "bentidentity", "sinusoid", "sinc",
    "gaussian", "gelu", "silu", "leakyrelu",
)  # fmt: skip
"""The activations that evolution draws from: those of 2019 that have no parameters, and three of today.

Not `softmax`: networks with one in the middle can't be merged.
"""
RATES, DECAYS = (1e-3, 2e-2), (1e-4, 1e-1)
FEW_ROWS_RATE = 0.05
"""The learning rate where there are so few rows that settings are not evolved."""
NARROWEST = 4
FILTERS, MOST_FILTERS = (4, 32), 64


@dataclass(frozen=True)
class Space:
    """What recipes may be made of."""

    activations: tuple[str, ...]
    widest: int
    most_layers: int = 4
    """Hidden layers that learn."""
    images: bool = False
    tunes: bool = True
    """Whether settings are evolved too."""

    def width(self, rng: "np.random.Generator") -> int:
        """Of a new layer, log-uniform."""
        return round(_log_uniform(rng, min(NARROWEST, self.widest), self.widest))

    @property
    def most_filters(self) -> int:
        """Of a convolution."""
        return min(MOST_FILTERS, self.widest)

    def filters(self, rng: "np.random.Generator") -> int:
        """Of a new convolution, log-uniform."""
        low, high = FILTERS
        return round(_log_uniform(rng, min(low, self.widest), min(high, self.widest)))

    def activation(self, rng: "np.random.Generator", other_than: str = "") -> Activation:
        """One of those to draw from."""
        choices = [name for name in self.activations if name != other_than]
        return Activation.parse(choices[rng.integers(len(choices))])

    def random(self, start: Recipe, rng: "np.random.Generator") -> Recipe:
        """A recipe with the ends of another and everything between them new: shallow ones are likelier."""
        layers: list[Layer] = []
        shares = np.array([1 / depth for depth in range(1, self.most_layers + 1)])
        depth = 1 + int(rng.choice(self.most_layers, p=shares / shares.sum())) if self.most_layers else 0
        convolutions = int(rng.integers(depth + 1)) if self.images else 0
        size = min(start.description.known_shape[1:])
        for _ in range(convolutions):
            layers.append(convolution(self.filters(rng), self.activation(rng)))
            if size >= 4 and rng.random() < 0.5:
                layers.append(POOLING)
                size //= 2
        layers += [Dense(self.width(rng), self.activation(rng)) for _ in range(depth - convolutions)]
        recipe = start.with_layers((start.layers[0], *layers, *start.layers[start.last :]))
        if not self.tunes:
            return recipe
        rate, decay = (rounded(_log_uniform(rng, *bounds)) for bounds in (RATES, DECAYS))
        return replace(recipe, learning_rate=rate, weight_decay=decay)


def convolution(filters: int, activation: Activation) -> Convolution:
    """One of 3x3 that keeps the image's size."""
    return Convolution(activation, filters, 1, 1, 3, 3)


def activations(words: str) -> tuple[str, ...]:
    """The activations of a list such as `relu,srelu:-1,0.1,1,0.1,tanh`; BadInput for one that is none."""
    found = tuple(str(Activation.parse(word)) for word in re.split(r",(?=[A-Za-z]|$)", words) if word)
    if not found:
        raise BadInput(f"expected activations such as relu,tanh, got {words!r}; kerash activation --list has all")
    return tuple(dict.fromkeys(found))


def _log_uniform(rng: "np.random.Generator", low: float, high: float) -> float:
    return exp(rng.uniform(log(low), log(high)))
