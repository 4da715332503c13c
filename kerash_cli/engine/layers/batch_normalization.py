"""Batch normalization (Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.expressions import plan
from kerash_cli.engine.layers.base import IDENTITY, Layer, Own, word
from kerash_cli.engine.layers.image import activate, activate_back
from kerash_cli.engine.tensors import Array, Calls, Shape, Values, Views

EPSILON = 1e-5
"""Number added to each variance, so that nothing is divided by 0."""


@dataclass(frozen=True)
class BatchNormalization(Layer, keyword="batch_normalization"):
    """Brings each channel of an image, or each number of a row, to a mean and a variance that are learnt.

    The outputs have the standard deviations `weights` (channels,) and the means `bias` (channels,). While training, the
    mean and variance of the inputs are measured separately in each chunk of a batch. A trained network uses the running
    `mean` and `variance` (channels,) of the batches it was trained on; the variance is unbiased, as in PyTorch.
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
        return {"by_row": (shape[1], _channels(shape)), "spread": (_channels(shape),)}

    def least_rows(self, shape: Shape) -> int:
        return 2 if prod(shape) == _channels(shape) else 1

    def flops(self, shape: Shape) -> int:
        return 2 * prod(shape)

    def keeps_apart(self, shape: Shape) -> bool:
        return shape[:2] == (1, 1) and not self.activation.definition.mixes

    def forward(self, x: Array, out: Array, own: Own) -> Calls:
        z, x, normalized = (_by_channel(each) for each in (own.cache.get("z", out), x, own.cache["normalized"]))
        inverse, affine = _column(own.cache["inverse"]), [_column(each) for each in own.params.values()]

        def scaled(x: Values, inverse: Values, weights: Values, bias: Values | None = None) -> tuple[Values, Values]:
            x = x * inverse
            return x, x * weights if bias is None else x * weights + bias

        return [
            *(_measured(x, own, normalized, z) if own.mode.training else _learnt(x, own, normalized)),
            *plan(scaled, [normalized, inverse, *affine], normalized, z),
            *activate(self.activation, z, _by_channel(out), own.memory),
        ]

    def backward(self, x: Array, a: Array, da: Array, dx: Array | None, own: Own) -> Calls:
        z, a, dz = (_by_channel(image) for image in (own.cache.get("z", a), a, da))
        normalized, d = _by_channel(own.cache["normalized"]), dz if dx is None else _by_channel(dx)
        d_weights, share = own.grads["weights"], dz.shape[1] / dz.size
        d_bias = own.grads.get("bias")
        if d_bias is None:
            d_bias = own.memory.empty(d_weights.shape, d_weights.dtype)

        def derivative(
            dz: Values, x: Values, d_weights: Values, d_bias: Values, weights: Values, inverse: Values
        ) -> Values:
            return (dz - (x * (d_weights * share) + d_bias * share)) * (weights * inverse)

        calls = [
            *activate_back(self.activation, z, a, dz, dz, own.memory),
            # The sums are part of the derivative of mean and variance, whether or not there is a bias.
            *_sum(dz, own, d_bias),
            *plan(lambda dz, x: dz * x, [dz, normalized], d),
            *_sum(d, own, d_weights),
        ]
        if dx is None:
            return calls
        columns = map(_column, (d_weights, d_bias, own.params["weights"], own.cache["inverse"]))
        return [*calls, *plan(derivative, [dz, normalized, *columns], d, memory=own.memory)]


def _measured(x: Array, own: Own, normalized: Array, squares: Array) -> Calls:
    """Returns the calls that measure each channel of x (height, channels, n) and write x - mean to `normalized`."""
    mean, variance, inverse = own.buffers["mean"], own.buffers["variance"], own.cache["inverse"]
    count, spread = x.size // x.shape[1], own.cache["spread"]

    def centred(x: Values, mean: Values) -> tuple[Values, Values]:
        return x - mean, np.square(x - mean)

    def inverted(spread: Values) -> tuple[Values, Values]:
        return spread * (count / max(1, count - 1)), 1 / np.sqrt(spread + EPSILON)

    return [
        *_sum(x, own, mean, 1 / count),
        *plan(centred, [x, _column(mean)], normalized, squares),
        *_sum(squares, own, spread, 1 / count),
        *plan(inverted, [spread], variance, inverse, memory=own.memory),
    ]


def _learnt(x: Array, own: Own, normalized: Array) -> Calls:
    """Returns the calls that write x minus the running mean to `normalized`, and 1 / deviation to `inverse`."""
    mean, variance, inverse = own.buffers["mean"], own.buffers["variance"], own.cache["inverse"]
    return [
        *plan(lambda x, mean: x - mean, [x, _column(mean)], normalized),
        *plan(lambda variance: 1 / np.sqrt(variance + EPSILON), [variance], inverse, memory=own.memory),
    ]


def _column(channels: Array) -> Array:
    """Returns a view (channels, 1), which NumPy broadcasts over an image (height, channels, n)."""
    return channels[:, np.newaxis]


def _channels(shape: Shape) -> int:
    """Returns the number of channels; in a row of numbers, each number is a channel."""
    depth, height, width = shape
    return width if depth == height == 1 else depth


def _by_channel(image: Array) -> Array:
    """Returns a view (height, channels, n) of an image."""
    height, depth, width, n = image.shape
    return image.reshape((1, width, n) if depth == height == 1 else (height, depth, width * n))


def _sum(image: Array, own: Own, out: Array, share: float = 1.0) -> Calls:
    """Returns the calls that write `share` times the sum of each channel of an image (height, channels, n) to `out`.

    The calls are written by hand, because compiled expressions only add up along axis 0.
    """
    by_row = own.cache["by_row"]
    calls: Calls = [partial(np.add.reduce, image, axis=2, out=by_row), partial(np.add.reduce, by_row, axis=0, out=out)]
    return [*calls, *plan(lambda out: out * share, [out], out, memory=own.memory)]
