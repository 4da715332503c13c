"""The mean of each channel of an image."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.expressions import plan
from kerash_cli.engine.layers.base import IDENTITY, Layer, Own, word
from kerash_cli.engine.layers.image import activate, activate_back
from kerash_cli.engine.tensors import Array, Calls, Shape


@dataclass(frozen=True)
class GlobalAveragePooling(Layer, keyword="global_average_pooling"):
    """The mean of each channel, whatever the size of the image (Lin et al. 2013, https://arxiv.org/abs/1312.4400)."""

    layout = "image"

    activation: Activation = word(Activation.parse, default=IDENTITY)

    def output_shape(self, shape: Shape) -> Shape:
        return (shape[0], 1, 1)

    def cache_shapes(self, shape: Shape, n: int) -> Mapping[str, Shape]:
        depth, _, width = shape
        shapes = {"sums": (depth, width, n)}
        return shapes if self.activation.in_place else {"z": (1, depth, 1, n), **shapes}

    def flops(self, shape: Shape) -> int:
        return prod(shape)

    def forward(self, x: Array, out: Array, own: Own) -> Calls:
        z, sums = own.cache.get("z", out), own.cache["sums"]
        return [
            partial(np.add.reduce, x, axis=0, out=sums),
            partial(np.add.reduce, sums, axis=1, out=z[0, :, 0]),
            *_divided(z, x, own),
            *activate(self.activation, z, out, own.memory),
        ]

    def backward(self, x: Array, a: Array, da: Array, dx: Array | None, own: Own) -> Calls:
        if dx is None:
            return []
        return [
            *activate_back(self.activation, own.cache.get("z", a), a, da, da, own.memory),
            *_divided(da, x, own),
            partial(np.copyto, dx, da),
        ]


def _divided(sums: Array, x: Array, own: Own) -> Calls:
    """Returns the calls that divide `sums` in place by the number of places in an image of x."""
    share = 1 / (x.shape[0] * x.shape[2])
    return plan(lambda sums: sums * share, [sums], sums, memory=own.memory)
