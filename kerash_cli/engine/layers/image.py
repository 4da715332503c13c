"""Activations for images; one that mixes, as softmax does, mixes the channels of each place."""

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.allocation import Allocator
from kerash_cli.engine.tensors import Array, Calls


def activate(activation: Activation, z: Array, out: Array, memory: Allocator) -> Calls:
    """Returns the calls of `Activation.forward` for images (height, depth, width, n)."""
    if not activation.definition.mixes:
        return activation.forward(z, out, memory)
    return [call for rows in zip(z, out, strict=True) for call in activation.forward(*rows, memory)]


def activate_back(activation: Activation, z: Array, a: Array, da: Array, out: Array, memory: Allocator) -> Calls:
    """Returns the calls of `Activation.backward` for images (height, depth, width, n)."""
    if not activation.definition.mixes:
        return activation.backward(z, a, da, out, memory)
    return [call for rows in zip(z, a, da, out, strict=True) for call in activation.backward(*rows, memory)]
