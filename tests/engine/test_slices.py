"""Slices: which networks can be cut, and that the pieces together are the network."""

from collections.abc import Sequence

import numpy as np
import pytest

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import (
    IDENTITY,
    BatchNormalization,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    InputLayer,
    Layer,
    Mode,
    OutputLayer,
)
from kerash_cli.engine.network import Network
from kerash_cli.engine.slices import cut, hidden
from kerash_cli.engine.tensors import Array

RELU, TANH, SOFTMAX = Activation("relu"), Activation("tanh"), Activation("softmax")
ROW, IMAGE = (1, 1, 6), (2, 5, 5)


@pytest.mark.parametrize(
    ("layers", "shape", "expected"),
    [
        ([InputLayer(), Dense(8, RELU), Dense(3, SOFTMAX)], ROW, [8]),
        ([Dense(8, RELU), Dense(5, TANH), Dense(3, IDENTITY), OutputLayer(SOFTMAX)], ROW, [8, 5]),
        ([Flatten(), Dense(8, RELU), Dropout(0.1), Dense(3, SOFTMAX)], IMAGE, [8]),
        ([Dense(8, IDENTITY), BatchNormalization(RELU), Dense(3, SOFTMAX)], ROW, [8]),
        ([Dense(3, SOFTMAX)], ROW, []),
        ([Dense(8, SOFTMAX), Dense(3, SOFTMAX)], ROW, []),
        ([Dropout(0.1), Dense(8, RELU), Dense(3, SOFTMAX)], ROW, []),
        ([BatchNormalization(), Dense(8, RELU), Dense(3, SOFTMAX)], ROW, []),
        ([Dense(8, RELU), BatchNormalization(SOFTMAX), Dense(3, SOFTMAX)], ROW, []),
        ([Dense(8, RELU), Dense(3, IDENTITY), BatchNormalization(RELU)], ROW, []),
        ([Convolution(RELU, 4, 1, 0, 3, 3), Dense(8, RELU), Dense(3, SOFTMAX)], IMAGE, []),
        ([Dropout(0), Dense(8, RELU), Dense(3, SOFTMAX)], ROW, [8]),
    ],
    ids=str,
)
def test_a_network_can_be_cut_if_only_dense_layers_combine_numbers(
    layers: Sequence[Layer], shape: tuple[int, int, int], expected: list[int]
) -> None:
    assert hidden(Network(layers, shape)) == expected


NETWORKS = {
    "one": [Dense(8, RELU), Dense(3, SOFTMAX)],
    "three": [Dense(8, RELU), Dropout(0), Dense(5, TANH), BatchNormalization(RELU), Dense(7, TANH), Dense(3, IDENTITY)],
    "output": [InputLayer(), Dense(8, RELU), Dense(3, TANH), OutputLayer(SOFTMAX)],
}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS)
def test_every_number_belongs_to_one_piece(layers: Sequence[Layer], count: int, bias: bool) -> None:
    network = Network(layers, ROW, bias)
    vector, copy = np.arange(network.size, dtype=np.float64), np.full(network.size, -1.0)
    pieces = [piece for stage in cut(network, count).stages for piece in stage]
    for piece in pieces:
        own = np.empty(piece.network.size)
        piece.load(vector, own)
        piece.store(own, copy)
    assert np.array_equal(copy, vector)
    assert sum(piece.network.size for piece in pieces) == network.size


def outputs(network: Network, params: Array, x: Array) -> Array:
    """The outputs, (outputs, n), for x (features, n)."""
    plan = network.plan(params, x.shape[1], Mode())
    plan.rows[:, :-1] = x.T
    for call in plan.forward:
        call()
    return plan.a.copy()


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS)
def test_the_slices_sum_up_to_the_outputs_of_the_network(layers: Sequence[Layer], count: int) -> None:
    network, rng = Network(layers, ROW), np.random.default_rng(0)
    params, x = rng.random(network.size), rng.standard_normal((6, 4))
    slices = cut(network, count)
    signal = x
    for stage in slices.stages:
        given = []
        for piece in stage:
            own = np.empty(piece.network.size)
            piece.load(params, own)
            given.append(outputs(piece.network, own, signal))
        signal = sum(given) if stage is slices.stages[-1] else np.vstack(given)
    a = signal if slices.head is None else outputs(slices.head, np.empty(0), signal)
    assert a == pytest.approx(outputs(network, params, x), rel=1e-12)


def test_a_piece_knows_the_units_that_it_computes() -> None:
    stages = cut(Network([Dense(8, RELU), Dense(5, TANH), Dense(3, IDENTITY)], ROW), 2).stages
    assert [[piece.units for piece in stage] for stage in stages] == [
        [slice(0, 4), slice(4, 8)],
        [slice(0, 2), slice(2, 5)],
    ]
