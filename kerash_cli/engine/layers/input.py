"""The first layer of a network."""

from dataclasses import dataclass

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers.base import IDENTITY, Transparent, no_activation, word
from kerash_cli.engine.tensors import Shape


@dataclass(frozen=True)
class InputLayer(Transparent, keyword="input"):
    """The first layer of a network: passes the samples on as they are."""

    place = "first"

    activation: Activation = word(no_activation, default=IDENTITY)

    def reach(self, part: Shape, shape: Shape) -> Shape | None:
        return part
