"""The space of recipes: the limits within which recipes are drawn and mutated."""

import re
from dataclasses import dataclass, replace
from math import exp, log

import numpy as np

from kerash_cli.encoding.views import View
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import Convolution, Dense, Layer
from kerash_cli.errors import BadInput
from kerash_cli.evolution.recipe import POOLING, Recipe, rounded

SEARCHED = (
    "sigmoid", "tanh", "arctan", "arcsinh", "elliotsig", "relu", "softplus", "bentidentity", "sinusoid", "sinc",
    "gaussian", "gelu", "silu", "leakyrelu",
)  # fmt: skip
"""Activations that evolution draws from; `softmax` is left out, because in a hidden layer it prevents merging."""
FOR_TABLES = ("relu", "silu", "selu", "gelu", "tanh")
"""Those that it draws from for a table of 50 rows or more."""
RATES, DECAYS = (1e-3, 2e-2), (1e-4, 1e-1)
"""Lowest and highest learning rate, and lowest and highest weight decay, that are drawn."""
TABLE_RATES, TABLE_DECAYS = (1e-3, 3e-2), (1e-4, 3.0)
"""The same for a table of 50 rows or more."""
STEPS = (200, 6000)
"""Smallest and largest number of batches of a training that are drawn."""
DROPOUTS = (0.0, 0.1, 0.25, 0.4)
"""Rates of dropout that are drawn."""
FEW_ROWS_RATE = 0.05
"""Learning rate if there are too few rows to evolve the settings."""
NARROWEST = 4
"""Minimum number of units of a new layer."""
FILTERS, MOST_FILTERS = (4, 32), 64
"""Smallest and largest number of filters drawn for a new convolution, and the largest that mutations can reach."""


@dataclass(frozen=True)
class Space:
    """The limits within which recipes are drawn and mutated."""

    activations: tuple[str, ...]
    widest: int
    most_layers: int = 4
    """Maximum number of hidden layers with weights."""
    images: bool = False
    tunes: bool = True
    """True if learning rate and weight decay are evolved too."""
    views: tuple[tuple[str, int], ...] = ()
    """Views to choose from, each with its number of inputs; none unless the data is a table of 50 rows or more."""

    most_parameters: int | None = None
    """Maximum number of parameters of a candidate's network."""

    def fits(self, recipe: Recipe) -> bool:
        """Returns whether the recipe's network is small enough."""
        return self.most_parameters is None or recipe.network.size <= self.most_parameters

    @property
    def is_for_tables(self) -> bool:
        """True if views, dropout, factors of inputs and numbers of batches are evolved too."""
        return bool(self.views)

    @property
    def rates(self) -> tuple[float, float]:
        """Lowest and highest learning rate."""
        return TABLE_RATES if self.is_for_tables else RATES

    @property
    def decays(self) -> tuple[float, float]:
        """Lowest and highest weight decay."""
        return TABLE_DECAYS if self.is_for_tables else DECAYS

    def width(self, rng: "np.random.Generator") -> int:
        """Draws the width of a new layer, log-uniformly."""
        return round(_log_uniform(rng, min(NARROWEST, self.widest), self.widest))

    @property
    def most_filters(self) -> int:
        """Maximum number of filters of a convolution."""
        return min(MOST_FILTERS, self.widest)

    def filters(self, rng: "np.random.Generator") -> int:
        """Draws the number of filters of a new convolution, log-uniformly."""
        low, high = FILTERS
        return round(_log_uniform(rng, min(low, self.widest), min(high, self.widest)))

    def activation(self, rng: "np.random.Generator", other_than: str = "") -> Activation:
        """Draws an activation other than `other_than`."""
        choices = [name for name in self.activations if name != other_than]
        return Activation.parse(choices[rng.integers(len(choices))])

    def random(self, start: Recipe, rng: "np.random.Generator") -> Recipe:
        """Draws a recipe with the first and last layer of `start`; few hidden layers are likelier than many."""
        if self.is_for_tables:
            return self._for_table(start, rng)
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
        rate, decay = (rounded(_log_uniform(rng, *bounds)) for bounds in (self.rates, self.decays))
        return replace(recipe, learning_rate=rate, weight_decay=decay)

    def _for_table(self, start: Recipe, rng: "np.random.Generator") -> Recipe:
        """Draws every gene on its own; the hidden layers are equally wide, and have the same activation."""
        hidden = [Dense(self.width(rng), self.activation(rng))] * (
            int(rng.integers(min(3, self.most_layers))) + 1 if self.most_layers else 0
        )
        rate, decay, steps = (_log_uniform(rng, *bounds) for bounds in (self.rates, self.decays, STEPS))
        recipe = replace(
            start.with_layers((start.layers[0], *hidden, *start.layers[start.last :])),
            learning_rate=rounded(rate), weight_decay=rounded(decay), steps=round(steps),
        )  # fmt: skip
        view, features = self.views[int(rng.integers(len(self.views)))]
        dropout = DROPOUTS[int(rng.integers(len(DROPOUTS)))]
        return recipe.with_view(View.parse(view), features).with_dropout(dropout).with_scale(bool(rng.integers(2)))


def convolution(filters: int, activation: Activation) -> Convolution:
    """Returns a convolution with a 3x3 kernel that keeps the size of the image."""
    return Convolution(activation, filters, 1, 1, 3, 3)


def activations(words: str) -> tuple[str, ...]:
    """Reads a list such as `relu,srelu:-1,0.1,1,0.1,tanh`; raises BadInput for an unknown activation."""
    found = tuple(str(Activation.parse(word)) for word in re.split(r",(?=[A-Za-z]|$)", words) if word)
    if not found:
        raise BadInput(f"expected activations such as relu,tanh, got {words!r}; kerash activation --list shows all")
    return tuple(dict.fromkeys(found))


def _log_uniform(rng: "np.random.Generator", low: float, high: float) -> float:
    return exp(rng.uniform(log(low), log(high)))
