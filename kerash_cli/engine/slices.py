"""Slices: parts of a network of dense layers, which hold some units of each hidden layer and are computed apart.

A stage of the network goes from one dense layer to the next. In each stage, a slice computes its own units from all
outputs of the stage before. The last stage has the output layer too: there, a slice multiplies its units by their
weights, and the sum of what all slices give is the network's output, up to the last activation.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from kerash_cli.engine.layers import IDENTITY, Dense, Layer, OutputLayer
from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Array, Views


class Piece(NamedTuple):
    """A slice's part of a stage, as a network of its own."""

    network: Network
    units: slice
    """The units of the stage's hidden layer that it computes."""
    whole: Callable[[Array], list[Views]]
    """Returns, for each of its layers, views of its tensors in a vector of the whole network, (size,)."""

    def views(self, vector: Array) -> list[Array]:
        """Returns views of this piece's numbers in a vector of the whole network."""
        layers = zip(self.network.tensor_shapes, self.whole(vector), strict=True)
        return [whole[name] for shapes, whole in layers for name in shapes]

    def load(self, vector: Array, own: Array) -> None:
        """Copies the numbers of this piece from a vector of the whole network to one of its own, (network.size,)."""
        for tensors, whole in zip(self.network.tensors(own), self.whole(vector), strict=True):
            for name, tensor in tensors.items():
                tensor[...] = whole[name]

    def store(self, own: Array, vector: Array) -> None:
        """Copies the numbers of this piece back to a vector of the whole network."""
        for tensors, whole in zip(self.network.tensors(own), self.whole(vector), strict=True):
            for name, tensor in tensors.items():
                whole[name][...] = tensor


class Slices(NamedTuple):
    """A network that is cut into slices."""

    stages: list[list[Piece]]
    """The pieces of each stage, in the order of slices."""
    head: Network | None
    """The last activation, which the sum of the outputs still goes through; None if there is none."""


def hidden(network: Network) -> list[int]:
    """Returns the number of units of each hidden layer if the network can be cut into slices, else an empty list.

    It can be cut if nothing but dense layers, at least two of them and without groups, combines numbers of a sample.
    """
    dense = _dense(network)
    if len(dense) < 2 or any(layer.grouped for layer in network.layers if isinstance(layer, Dense)):
        return []
    first, last = dense[0], dense[-1]
    apart = (layer.keeps_apart(network.shapes[i]) for i, layer in enumerate(network.layers) if first <= i < last)
    before, after = network.layers[:first], network.tensor_shapes[last + 1 :]
    if not all(apart) or any(after) or not all(layer.transparent(training=True) for layer in before):
        return []
    return [network.shapes[i + 1][-1] for i in dense[:-1]]


def cut(network: Network, count: int) -> Slices:
    """Returns the network in `count` slices; it must have `hidden` layers, none of which has fewer units."""
    dense = _dense(network)
    stages = [
        [_piece(network, range(first, end), number, count) for number in range(count)]
        for first, end in zip(dense, [*dense[1:-1], dense[-1] + 1], strict=False)
    ]
    activations = [layer.activation for layer in network.layers[dense[-1] :] if layer.activation != IDENTITY]
    head = Network([OutputLayer(each) for each in activations], network.shapes[-1]) if activations else None
    return Slices(stages, head)


def _dense(network: Network) -> list[int]:
    return [i for i, layer in enumerate(network.layers) if isinstance(layer, Dense)]


def _piece(network: Network, layers: range, number: int, count: int) -> Piece:
    """Returns the piece of slice `number` of `count` in the stage with these layers of the network."""
    width = network.shapes[layers.start + 1][-1]
    units = slice(width * number // count, width * (number + 1) // count)

    def taken(vector: Array) -> list[tuple[Layer, Views]]:
        everything = network.tensors(vector)
        return [
            layer.of_inputs(units, number == 0, everything[i])
            if isinstance(layer, Dense) and i > layers.start
            else layer.of_units(units, everything[i])
            for i, layer in zip(layers, network.layers[layers.start : layers.stop], strict=True)
        ]

    own = [layer for layer, _ in taken(np.empty(network.size, np.float32))]
    piece = Network(own, network.shapes[layers.start], network.bias)
    return Piece(piece, units, lambda vector: [views for _, views in taken(vector)])
