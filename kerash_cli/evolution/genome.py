"""Genomes: descriptions of networks with the settings to train them with; and the space that they are drawn from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp, log
from typing import Any, Self

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import Convolution, Dense, Layer, MaxPooling
from kerash_cli.engine.network import Network
from kerash_cli.errors import BadInput
from kerash_cli.model.description import ModelDescription

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
DIGITS = 4
"""Significant digits of a setting that is drawn."""


@dataclass(frozen=True)
class Genome:
    """A network that can be trained."""

    description: ModelDescription
    learning_rate: float
    weight_decay: float

    @property
    def key(self) -> str:
        """The same for equal genomes alone."""
        return f"{self.description}{self.learning_rate!r} {self.weight_decay!r}"

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Of its description."""
        return self.description.layers

    @property
    def network(self) -> Network:
        """What it describes."""
        return Network(self.layers, self.description.known_shape)

    @property
    def last(self) -> int:
        """The index of the last layer that learns, whose size the data decides."""
        return max(i for i, layer in enumerate(self.layers) if layer.learns)

    @property
    def images(self) -> int:
        """How many layers there are before the first dense one: those that may see an image."""
        return next((i for i, layer in enumerate(self.layers) if isinstance(layer, Dense)), self.last)

    @property
    def topology(self) -> str:
        """What stands between the inputs and the last layer that learns, in a few words."""
        return ", ".join(map(_in_words, self.layers[1 : self.last])) or "no hidden layer"

    def hidden(self, *kinds: type[Layer]) -> list[int]:
        """The indexes of the layers of these kinds before the last that learns."""
        return [i for i in range(self.last) if isinstance(self.layers[i], kinds)]

    def with_layers(self, layers: "tuple[Layer, ...]") -> Self:
        """The genome with other layers; BadInput where their shapes don't fit each other."""
        description = ModelDescription(self.description.shape, layers)
        Network(layers, description.known_shape)
        return replace(self, description=description)

    def to_json(self) -> dict[str, Any]:
        """JSON values; `from_json` of them is this genome again."""
        return {
            "model": str(self.description),
            "learning_rate": self.learning_rate,
            "weight_decay": self.weight_decay,
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """What `to_json` wrote."""
        return cls(ModelDescription.parse(record["model"]), record["learning_rate"], record["weight_decay"])


@dataclass(frozen=True)
class Space:
    """What genomes may be made of."""

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

    def random(self, start: Genome, rng: "np.random.Generator") -> Genome:
        """A genome with the ends of another and everything between them new: shallow ones are likelier."""
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
        genome = start.with_layers((start.layers[0], *layers, *start.layers[start.last :]))
        if not self.tunes:
            return genome
        rate, decay = (rounded(_log_uniform(rng, *bounds)) for bounds in (RATES, DECAYS))
        return replace(genome, learning_rate=rate, weight_decay=decay)


POOLING = MaxPooling(Activation("identity"), 2, 0, 2, 2)


def convolution(filters: int, activation: Activation) -> Convolution:
    """One of 3x3 that keeps the image's size."""
    return Convolution(activation, filters, 1, 1, 3, 3)


def _in_words(layer: Layer) -> str:
    if isinstance(layer, Dense):
        return f"{layer.units} {layer.activation}"
    if isinstance(layer, Convolution):
        return f"{layer.filters} filters {layer.kernel_width}x{layer.kernel_height} {layer.activation}"
    return "pooling" if layer == POOLING else str(layer)


def rounded(value: float) -> float:
    """A setting with as many digits as people read."""
    return float(f"{value:.{DIGITS}g}")


def activations(words: str) -> tuple[str, ...]:
    """The activations of a list such as `relu,srelu:-1,0.1,1,0.1,tanh`; BadInput for one that is none."""
    found = tuple(str(Activation.parse(word)) for word in re.split(r",(?=[A-Za-z]|$)", words) if word)
    if not found:
        raise BadInput(f"expected activations such as relu,tanh, got {words!r}; kerash activation --list has all")
    return tuple(dict.fromkeys(found))


def _log_uniform(rng: "np.random.Generator", low: float, high: float) -> float:
    return exp(rng.uniform(log(low), log(high)))
