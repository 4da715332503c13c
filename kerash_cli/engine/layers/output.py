"""The line that may close a network."""

from dataclasses import dataclass
from functools import partial
from math import prod

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers.base import IDENTITY, Layer, Mode, word
from kerash_cli.engine.tensors import Array, Calls, Shape, Tensors, Views


@dataclass(frozen=True)
class Output(Layer, keyword="output"):
    """What the layer before gives, through an activation of its own."""

    place = "last"

    activation: Activation = word(Activation.parse, default=IDENTITY)

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def transparent(self, training: bool) -> bool:
        return self.activation == IDENTITY

    def cache_shapes(self, shape: Shape, n: int) -> dict[str, Shape]:
        return {"z": (prod(shape), n)}

    def forward(
        self,
        x: Array,
        out: Array,
        params: Tensors,
        buffers: Tensors,
        cache: Views,
        mode: Mode,
        index: int,
    ) -> Calls:
        # A copy: an activation that works in place would change the input, which the layer before still needs.
        z = cache["z"]
        return [partial(z.__setitem__, ..., x[:-1]), *self.activation.forward(z, out)]

    def backward(
        self,
        x: Array,
        a: Array,
        da: Array,
        dx: Array | None,
        params: Tensors,
        grads: Tensors,
        cache: Views,
    ) -> Calls:
        return [] if dx is None else self.activation.backward(cache["z"], a, da, dx)
