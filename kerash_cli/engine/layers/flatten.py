"""A layer that turns an image into a row of numbers."""

from dataclasses import dataclass
from math import prod

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers.base import IDENTITY, Transparent, no_activation, word
from kerash_cli.engine.tensors import Shape


@dataclass(frozen=True)
class Flatten(Transparent, keyword="flatten"):
    """Turns an image into one row of the same numbers, in the order of a tensor file: x fastest, then y, then z."""

    activation: Activation = word(no_activation, default=IDENTITY)

    def output_shape(self, shape: Shape) -> Shape:
        return (1, 1, prod(shape))
