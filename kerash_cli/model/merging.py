"""Merging the networks of a cross-validation into one whose logits are exactly the mean of theirs."""

from dataclasses import replace

import numpy as np

from kerash_cli.engine.layers import Dense
from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Array
from kerash_cli.model.description import ModelDescription


def mergeable(description: ModelDescription) -> bool:
    """Returns whether every layer that learns is dense, and no hidden activation mixes units as softmax does."""
    learning = [layer for layer in description.layers if layer.learns]
    dense = [layer for layer in learning if isinstance(layer, Dense)]
    return len(dense) == len(learning) and not any(layer.activation.definition.mixes for layer in dense[:-1])


def merged(description: ModelDescription, params: Array) -> tuple[ModelDescription, Array]:
    """Returns one network that has the hidden units of `count` networks side by side, and its parameters.

    `params` (count, size) are the parameters of these networks. A hidden unit gets inputs only from units of its own
    network; the last layer computes the mean. Raises ValueError unless the description is `mergeable`.
    """
    if not mergeable(description):
        raise ValueError("expected only dense layers")
    count = len(params)
    learning = [i for i, layer in enumerate(description.layers) if layer.learns]
    layers = list(description.layers)
    for i in learning[:-1]:
        layer = layers[i]
        assert isinstance(layer, Dense)
        assert layer.units is not None
        layers[i] = replace(layer, units=count * layer.units)
    wide = ModelDescription(description.shape, tuple(layers))
    narrow, network = (Network(each.layers, each.known_shape) for each in (description, wide))
    joint = np.zeros(network.size, params.dtype)
    theirs, own = narrow.tensors(params), network.tensors(joint)
    for i in learning:
        weights, bias = theirs[i]["weights"], theirs[i]["bias"]
        first, last = i == learning[0], i == learning[-1]
        _, inputs, units = weights.shape
        for k in range(count):
            rows = slice(None) if first else slice(k * inputs, (k + 1) * inputs)
            columns = slice(None) if last else slice(k * units, (k + 1) * units)
            own[i]["weights"][rows, columns] += weights[k] / (count if last else 1)
            own[i]["bias"][columns] += bias[k] / (count if last else 1)
    return wide, joint
