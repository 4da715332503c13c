"""Batch normalization (Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers.base import IDENTITY, Layer, Own, word
from kerash_cli.engine.layers.image import activate, activate_back
from kerash_cli.engine.tensors import Array, Calls, Shape, Views

EPSILON = 1e-5


@dataclass(frozen=True)
class BatchNormalization(Layer, keyword="batch_normalization"):
    """Each channel of an image, or each of a row of numbers, brought to a mean and a variance that are learnt.

    weights (channels,), the standard deviations, and bias (channels,), the means, that come out. While training, what
    goes in is measured in each chunk of a batch, for itself; a network that is trained goes by the running `mean` and
    `variance` (channels,) of what it saw then, the variance unbiased, as PyTorch keeps it.
    """

    layout = "image"
    learns = True
    fewest_rows = 8

    activation: Activation = word(Activation.parse, default=IDENTITY)

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def param_shapes(self, shape: Shape) -> Mapping[str, Shape]:
        return {"weights": (_channels(shape),), "bias": (_channels(shape),)}

    def buffer_shapes(self, shape: Shape) -> Mapping[str, Shape]:
        return {"mean": (_channels(shape),), "variance": (_channels(shape),)}

    def initialize(self, shape: Shape, tensors: Views, draw: Callable[[Shape, int, int], Array]) -> None:
        tensors["weights"][...] = tensors["variance"][...] = 1

    def cache_shapes(self, shape: Shape, n: int) -> Mapping[str, Shape]:
        depth, height, width = shape
        image = (height, depth, width, n)
        shapes = {"normalized": image, "inverse": (_channels(shape),)}
        return shapes if self.activation.in_place else {"z": image, **shapes}

    def scratch_shapes(self, shape: Shape, n: int) -> Mapping[str, Shape]:
        return {"by_row": (shape[1], _channels(shape)), "factor": (_channels(shape),)}

    def least_rows(self, shape: Shape) -> int:
        return 2 if prod(shape) == _channels(shape) else 1

    def flops(self, shape: Shape) -> int:
        return 2 * prod(shape)

    def forward(self, x: Array, out: Array, own: Own) -> Calls:
        z, factor = _by_channel(own.cache.get("z", out)), own.cache["factor"]
        x, normalized, inverse = _by_channel(x), _by_channel(own.cache["normalized"]), own.cache["inverse"]
        epsilon = np.asarray(EPSILON, x.dtype)
        if own.mode.training:
            count = x.size // x.shape[1]
            calls: Calls = [
                *_sum(x, own.cache, own.buffers["mean"], 1 / count),
                partial(np.subtract, x, own.buffers["mean"][:, np.newaxis], normalized),
                partial(np.multiply, normalized, normalized, z),
                *_sum(z, own.cache, factor, 1 / count),
                partial(np.multiply, factor, np.asarray(count / max(1, count - 1), x.dtype), own.buffers["variance"]),
                partial(np.add, factor, epsilon, factor),
                partial(np.sqrt, factor, factor),
                partial(np.reciprocal, factor, inverse),
            ]
        else:
            calls = [
                partial(np.subtract, x, own.buffers["mean"][:, np.newaxis], normalized),
                partial(np.add, own.buffers["variance"], epsilon, factor),
                partial(np.sqrt, factor, factor),
                partial(np.reciprocal, factor, inverse),
            ]
        calls += [
            partial(np.multiply, normalized, inverse[:, np.newaxis], normalized),
            partial(np.multiply, normalized, own.params["weights"][:, np.newaxis], z),
        ]
        if "bias" in own.params:
            calls.append(partial(np.add, z, own.params["bias"][:, np.newaxis], z))
        return [*calls, *activate(self.activation, z, _by_channel(out))]

    def backward(self, x: Array, a: Array, da: Array, dx: Array | None, own: Own) -> Calls:
        z, a, dz = (_by_channel(image) for image in (own.cache.get("z", a), a, da))
        normalized, factor = _by_channel(own.cache["normalized"]), own.cache["factor"]
        calls = activate_back(self.activation, z, a, dz, dz)
        d_weights, d_bias = own.grads["weights"], own.grads.get("bias", np.empty_like(own.grads["weights"]))
        # The sums are part of the derivative of mean and variance, whether or not there is a bias.
        calls += _sum(dz, own.cache, d_bias)
        if dx is None:
            return [*calls, partial(np.multiply, dz, normalized, dz), *_sum(dz, own.cache, d_weights)]
        d, share = _by_channel(dx), np.asarray(dz.shape[1] / dz.size, dz.dtype)
        return [
            *calls,
            partial(np.multiply, dz, normalized, d),
            *_sum(d, own.cache, d_weights),
            partial(np.multiply, d_weights, share, factor),
            partial(np.multiply, normalized, factor[:, np.newaxis], d),
            partial(np.multiply, d_bias, share, factor),
            partial(np.add, d, factor[:, np.newaxis], d),
            partial(np.subtract, dz, d, d),
            partial(np.multiply, own.params["weights"], own.cache["inverse"], factor),
            partial(np.multiply, d, factor[:, np.newaxis], d),
        ]


def _channels(shape: Shape) -> int:
    """A row of numbers has as many channels as numbers."""
    depth, height, width = shape
    return width if depth == height == 1 else depth


def _by_channel(image: Array) -> Array:
    """A view (height, channels, n) of an image in memory."""
    height, depth, width, n = image.shape
    return image.reshape((1, width, n) if depth == height == 1 else (height, depth, width * n))


def _sum(image: Array, cache: Views, out: Array, share: float = 1.0) -> Calls:
    """Calls that write `share` times the sum of each channel of an image (height, channels, n) to `out`."""
    by_row = cache["by_row"]
    calls: Calls = [partial(np.add.reduce, image, axis=2, out=by_row), partial(np.add.reduce, by_row, axis=0, out=out)]
    return calls if share == 1 else [*calls, partial(np.multiply, out, np.asarray(share, out.dtype), out)]
