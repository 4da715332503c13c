"""A network as steps: the few kinds of arithmetic that all layers come to. A writer must only know these.

Between steps a signal is (depth, height, width), row-major, or a row of numbers, which is (1, 1, width).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias, TypeVar

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import (
    IDENTITY,
    AveragePooling,
    BatchNormalization,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling,
    InputLayer,
    Layer,
    MaxPooling,
    OutputLayer,
    Scale,
)
from kerash_cli.engine.layers.batch_normalization import EPSILON
from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Array, Shape, Views
from kerash_cli.errors import BadInput
from kerash_cli.registry import Registry


@dataclass(frozen=True, eq=False)
class NetworkStep:
    """A part of a layer; `title` is the layer's line, and the shapes are those of the signal before and after it."""

    title: str
    before: Shape
    after: Shape

    @property
    def is_image(self) -> bool:
        """True if the step works on images, even if they are only one row of one channel."""
        return self.before[:2] != (1, 1)


@dataclass(frozen=True, eq=False)
class WeightBlock:
    """Units from `first` on, and their weights (inputs, units) for the inputs from `start` on."""

    start: int
    first: int
    weights: Array


@dataclass(frozen=True, eq=False)
class Sums(NetworkStep):
    """Weighted sums of a row of numbers: the sum of what the blocks give each unit, and its bias."""

    blocks: tuple[WeightBlock, ...]
    bias: Array

    @property
    def is_whole(self) -> bool:
        """True if there is one block, in which each unit sees all inputs."""
        return len(self.blocks) == 1 and self.blocks[0].weights.shape == (prod(self.before), prod(self.after))


@dataclass(frozen=True, eq=False)
class Scaled(NetworkStep):
    """Each number times its channel's factor, plus its channel's offset."""

    factors: Array
    offsets: Array


@dataclass(frozen=True, eq=False)
class Activated(NetworkStep):
    """An activation of each number; one that mixes, such as softmax, mixes the channels of each place."""

    activation: Activation
    on_image: bool

    @property
    def is_image(self) -> bool:
        return self.on_image

    @property
    def mixed(self) -> int:
        """Number of channels that an activation mixes."""
        return self.before[0] if self.on_image else self.before[2]


@dataclass(frozen=True, eq=False)
class Windows(NetworkStep):
    """A step on windows of an image; there is padding on all four sides, whose values are 0 or do not count."""

    @property
    def is_image(self) -> bool:
        return True

    kernel: tuple[int, int]
    """Height and width of a window."""
    stride: int
    pad: int


@dataclass(frozen=True, eq=False)
class Convolved(Windows):
    """Sums of windows of all channels, with weights (filters, depth, height, width), plus the filter's bias."""

    weights: Array
    bias: Array


@dataclass(frozen=True, eq=False)
class Largest(Windows):
    """The largest number of each window of a channel."""


@dataclass(frozen=True, eq=False)
class Means(Windows):
    """The mean of each window of a channel, without the padding."""


Lowering: TypeAlias = Callable[[Any, Shape, Shape, Views], Iterator[NetworkStep]]
LOWERINGS: Registry[Lowering] = Registry("layer that can be exported")
"""Functions that yield the steps of a layer, by its keyword, given its shapes before and after and its tensors;
the activation comes after them."""

L = TypeVar("L", bound=Lowering)


def of(*layers: type[Layer]) -> Callable[[L], L]:
    """Registers a function for the steps of these layers."""

    def register(function: L) -> L:
        for layer in layers:
            LOWERINGS.add(layer.keyword, function)
        return function

    return register


def steps(network: Network, params: Array) -> list[NetworkStep]:
    """Returns the steps of a trained network; raises BadInput at a layer without a function for its steps."""
    found: list[NetworkStep] = []
    shapes = zip(network.shapes, network.shapes[1:], strict=False)
    for layer, (before, after), tensors in zip(network.layers, shapes, network.tensors(params), strict=True):
        if layer.layout != "image":
            before, after = ((1, 1, prod(shape)) for shape in (before, after))
        if layer.keyword not in LOWERINGS:
            raise BadInput(f"the layer '{layer.short}' can't be exported; try a model without it")
        found += LOWERINGS[layer.keyword](layer, before, after, tensors)
        if layer.activation != IDENTITY:
            is_row = layer.layout != "image" or (isinstance(layer, BatchNormalization) and after[:2] == (1, 1))
            found.append(Activated(layer.short, after, after, layer.activation, not is_row))
    return found


@of(InputLayer, Flatten, Dropout, OutputLayer)
def _nothing(layer: Layer, before: Shape, after: Shape, tensors: Views) -> Iterator[NetworkStep]:
    return iter(())


@of(Dense)
def _dense(layer: Dense, before: Shape, after: Shape, tensors: Views) -> Iterator[NetworkStep]:
    bias = tensors.get("bias", np.zeros(prod(after), next(iter(tensors.values())).dtype))
    if not layer.grouped:
        yield Sums(layer.short, before, after, (WeightBlock(0, 0, tensors["weights"]),), bias)
        return
    blocks = []
    for part in layer.groups.placed(prod(before), prod(after)):
        start = part.spans[0][0]
        places = np.concatenate([np.arange(*span) for span in part.spans]) - start
        for group, weights in enumerate(tensors[part.name]):
            own = places if part.shared else np.arange(part.inputs)
            wide = np.zeros((own[-1] + 1, part.units), weights.dtype)
            wide[own] = weights
            moved = 0 if part.shared else group * part.inputs
            blocks.append(WeightBlock(start + moved, part.first + group * part.units, wide))
    yield Sums(layer.short, before, after, tuple(blocks), bias)


@of(Scale)
def _scale(layer: Scale, before: Shape, after: Shape, tensors: Views) -> Iterator[NetworkStep]:
    factors = tensors["weights"]
    yield Scaled(layer.short, before, after, factors, np.zeros_like(factors))


@of(BatchNormalization)
def _batch_normalization(
    layer: BatchNormalization, before: Shape, after: Shape, tensors: Views
) -> Iterator[NetworkStep]:
    wide = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}
    factors = wide["weights"] / np.sqrt(wide["variance"] + EPSILON)
    offsets = wide.get("bias", np.zeros(len(factors))) - wide["mean"] * factors
    dtype = tensors["weights"].dtype
    yield Scaled(layer.short, before, after, factors.astype(dtype), offsets.astype(dtype))


@of(Convolution)
def _convolution(layer: Convolution, before: Shape, after: Shape, tensors: Views) -> Iterator[NetworkStep]:
    weights = tensors["weights"]
    bias = tensors.get("bias", np.zeros(len(weights), weights.dtype))
    kernel = (layer.kernel_height, layer.kernel_width)
    yield Convolved(layer.short, before, after, kernel, layer.stride, layer.pad, weights, bias)


@of(MaxPooling, AveragePooling)
def _pooling(layer: MaxPooling | AveragePooling, before: Shape, after: Shape, tensors: Views) -> Iterator[NetworkStep]:
    kind = Largest if isinstance(layer, MaxPooling) else Means
    yield kind(layer.short, before, after, (layer.kernel_height, layer.kernel_width), layer.stride, layer.pad)


@of(GlobalAveragePooling)
def _global_average_pooling(
    layer: GlobalAveragePooling, before: Shape, after: Shape, tensors: Views
) -> Iterator[NetworkStep]:
    _, height, width = before
    yield Means(layer.short, before, after, (height, width), 1, 0)
