"""Recipes: a network's description and the settings to train it with. Evolution mutates them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import Convolution, Dense, Layer, MaxPooling
from kerash_cli.engine.network import Network
from kerash_cli.model.description import ModelDescription

POOLING = MaxPooling(Activation("identity"), 2, 0, 2, 2)
"""The pooling that evolution adds: the largest of each 2x2."""

DIGITS = 4
"""Significant digits of a setting that is drawn."""


@dataclass(frozen=True)
class Recipe:
    """A network's description and the settings to train it with."""

    description: ModelDescription
    learning_rate: float
    weight_decay: float

    @property
    def key(self) -> str:
        """A text that equal recipes share, and no others."""
        return f"{self.description}{self.learning_rate!r} {self.weight_decay!r}"

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of its description."""
        return self.description.layers

    @property
    def network(self) -> Network:
        """The network that it describes."""
        return Network(self.layers, self.description.known_shape)

    @property
    def last(self) -> int:
        """The index of the last layer that learns, whose size the data decides."""
        return max(i for i, layer in enumerate(self.layers) if layer.learns)

    @property
    def images(self) -> int:
        """The number of layers before the first dense one: those that may see an image."""
        return next((i for i, layer in enumerate(self.layers) if isinstance(layer, Dense)), self.last)

    @property
    def topology(self) -> str:
        """The hidden layers in a few words: `16 relu, 8 tanh`."""
        return ", ".join(map(_in_words, self.layers[1 : self.last])) or "no hidden layer"

    def hidden(self, *kinds: type[Layer]) -> list[int]:
        """The indexes of the layers of these kinds before the last that learns."""
        return [i for i in range(self.last) if isinstance(self.layers[i], kinds)]

    def with_layers(self, layers: "tuple[Layer, ...]") -> Self:
        """The recipe with other layers; raises BadInput where their shapes don't fit each other."""
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
        """Makes the recipe that `to_json` wrote."""
        return cls(ModelDescription.parse(record["model"]), record["learning_rate"], record["weight_decay"])


def _in_words(layer: Layer) -> str:
    if isinstance(layer, Dense):
        return f"{layer.units} {layer.activation}"
    if isinstance(layer, Convolution):
        return f"{layer.filters} filters {layer.kernel_width}x{layer.kernel_height} {layer.activation}"
    return "pooling" if layer == POOLING else str(layer)


def rounded(value: float) -> float:
    """Rounds a setting to DIGITS significant digits."""
    return float(f"{value:.{DIGITS}g}")
