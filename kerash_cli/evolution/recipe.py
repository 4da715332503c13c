"""Recipes, which evolution mutates: a recipe is the description of a network, and the settings to train it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import Convolution, Dense, Layer, MaxPooling
from kerash_cli.engine.network import Network
from kerash_cli.model.description import ModelDescription

POOLING = MaxPooling(Activation("identity"), 2, 0, 2, 2)
"""Pooling layer that evolution adds: it takes the largest number of each 2x2 square."""

DIGITS = 4
"""Number of significant digits of a setting that is drawn at random."""


@dataclass(frozen=True)
class Recipe:
    """A network's description, and the settings to train the network."""

    description: ModelDescription
    learning_rate: float
    weight_decay: float

    @property
    def key(self) -> str:
        """A string that is the same for two recipes if and only if they are equal."""
        return f"{self.description}{self.learning_rate!r} {self.weight_decay!r}"

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Layers of the description."""
        return self.description.layers

    @property
    def network(self) -> Network:
        """The network that the recipe describes."""
        return Network(self.layers, self.description.known_shape)

    @property
    def last(self) -> int:
        """Index of the last layer with weights; the data decides the size of this layer."""
        return max(i for i, layer in enumerate(self.layers) if layer.learns)

    @property
    def images(self) -> int:
        """Number of layers before the first dense layer; the inputs of these layers may be images."""
        return next((i for i, layer in enumerate(self.layers) if isinstance(layer, Dense)), self.last)

    @property
    def topology(self) -> str:
        """Hidden layers in a few words, such as `16 relu, 8 tanh`."""
        return ", ".join(map(_in_words, self.layers[1 : self.last])) or "no hidden layer"

    def hidden(self, *kinds: type[Layer]) -> list[int]:
        """Returns the indexes of hidden layers of the given kinds."""
        return [i for i in range(self.last) if isinstance(self.layers[i], kinds)]

    def with_layers(self, layers: "tuple[Layer, ...]") -> Self:
        """Returns the recipe with `layers`; raises BadInput if their shapes do not fit each other."""
        description = ModelDescription(self.description.shape, layers)
        Network(layers, description.known_shape)
        return replace(self, description=description)

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values from which `from_json` makes this recipe again."""
        return {
            "model": str(self.description),
            "learning_rate": self.learning_rate,
            "weight_decay": self.weight_decay,
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Returns the recipe from which `to_json` made the record."""
        return cls(ModelDescription.parse(record["model"]), record["learning_rate"], record["weight_decay"])


def _in_words(layer: Layer) -> str:
    if isinstance(layer, Dense):
        return str(layer).removeprefix("dense ")
    if isinstance(layer, Convolution):
        return f"{layer.filters} filters {layer.kernel_width}x{layer.kernel_height} {layer.activation}"
    return "pooling" if layer == POOLING else str(layer)


def rounded(value: float) -> float:
    """Rounds a setting to DIGITS significant digits."""
    return float(f"{value:.{DIGITS}g}")
