"""The optional last layer of a network."""

from dataclasses import dataclass
from functools import partial
from math import prod

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers.base import IDENTITY, Layer, Own, word
from kerash_cli.engine.tensors import Array, Calls, Shape


@dataclass(frozen=True)
class OutputLayer(Layer, keyword="output"):
    """The last layer of a network: applies an activation to the outputs of the layer before."""

    place = "last"
    stacks = True

    activation: Activation = word(Activation.parse, default=IDENTITY)

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def transparent(self, training: bool) -> bool:
        return self.activation == IDENTITY

    def cache_shapes(self, shape: Shape, n: int) -> dict[str, Shape]:
        return {"z": (prod(shape), n)}

    def forward(self, x: Array, out: Array, own: Own) -> Calls:
        z = own.cache["z"]
        return [partial(z.__setitem__, ..., x[:-1]), *self.activation.forward(z, out, own.memory)]

    def backward(self, x: Array, a: Array, da: Array, dx: Array | None, own: Own) -> Calls:
        return [] if dx is None else self.activation.backward(own.cache["z"], a, da, dx, own.memory)
