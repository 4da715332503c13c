"""Recipes, which evolution mutates: a recipe is the description of a network, and the settings to train it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from kerash_cli.encoding.views import STANDARD, View
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import Convolution, Dense, Dropout, Layer, MaxPooling, Scale
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
    steps: int = 1000
    """Number of batches of a full training, which is rounded to whole epochs."""
    view: View = STANDARD
    """What the network sees of the columns of numbers."""

    @property
    def key(self) -> str:
        """A string that is the same for two recipes if and only if they are equal."""
        return f"{self.description}{self.learning_rate!r} {self.weight_decay!r} {self.steps} {self.view}"

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
        """View and hidden layers in a few words, such as `16 relu, 8 tanh` or `quantile, 16 relu`."""
        layers = ", ".join(map(_in_words, self.layers[1 : self.last])) or "no hidden layer"
        return layers if self.view == STANDARD else f"{self.view}, {layers}"

    @property
    def activations(self) -> tuple[str, ...]:
        """Activations of the hidden layers; networks that agree in them can be merged."""
        return tuple(str(self.layers[i].activation) for i in self.hidden(Dense, Convolution))

    @property
    def dropout(self) -> float:
        """Rate of the first dropout layer; 0 if there is none."""
        return next((layer.rate for layer in self.layers if isinstance(layer, Dropout)), 0.0)

    @property
    def scales(self) -> bool:
        """True if the network learns a factor for each input."""
        return isinstance(self.layers[1], Scale)

    def hidden(self, *kinds: type[Layer]) -> list[int]:
        """Returns the indexes of hidden layers of the given kinds."""
        return [i for i in range(self.last) if isinstance(self.layers[i], kinds)]

    def with_layers(self, layers: "tuple[Layer, ...]") -> Self:
        """Returns the recipe with `layers`; raises BadInput if their shapes do not fit each other."""
        description = ModelDescription(self.description.shape, layers)
        Network(layers, description.known_shape)
        return replace(self, description=description)

    def with_dropout(self, rate: float) -> Self:
        """Returns the recipe with dropout behind each hidden dense layer, at this rate, and nowhere else."""
        layers: list[Layer] = []
        for i, layer in enumerate(self.layers):
            if not isinstance(layer, Dropout):
                layers.append(layer)
            if rate and isinstance(layer, Dense) and i < self.last:
                layers.append(Dropout(rate))
        return self.with_layers(tuple(layers))

    def with_scale(self, scales: bool) -> Self:
        """Returns the recipe with a learnt factor for each input, or without."""
        first, *others = self.layers
        rest = others[1:] if self.scales else others
        return self.with_layers((first, *[Scale()] * scales, *rest))

    def with_view(self, view: View, features: int) -> Self:
        """Returns the recipe with another view, which gives the network so many inputs."""
        description = ModelDescription((1, 1, features), self.layers)
        return replace(self, description=description, view=view)

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values from which `from_json` makes this recipe again."""
        return {
            "model": str(self.description),
            "learning_rate": self.learning_rate,
            "weight_decay": self.weight_decay,
            "steps": self.steps,
            "view": str(self.view),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Returns the recipe from which `to_json` made the record."""
        description, view = ModelDescription.parse(record["model"]), View.parse(record["view"])
        return cls(description, record["learning_rate"], record["weight_decay"], record["steps"], view)


def _in_words(layer: Layer) -> str:
    if isinstance(layer, Dense):
        return str(layer).removeprefix("dense ")
    if isinstance(layer, Convolution):
        return f"{layer.filters} filters {layer.kernel_width}x{layer.kernel_height} {layer.activation}"
    return "pooling" if layer == POOLING else str(layer)


def rounded(value: float) -> float:
    """Rounds a setting to DIGITS significant digits."""
    return float(f"{value:.{DIGITS}g}")
