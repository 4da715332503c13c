"""Other networks that advice suggests, as descriptions."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import Dense, Dropout, Layer
from kerash_cli.engine.layers.base import head
from kerash_cli.model.description import ModelDescription

UNITS = 64
"""Units of the layers in a larger network."""

MORE = 2
"""Number of layers that a larger network has more."""

KEPT = 3
"""Number of hidden layers that learn in a shallower network."""


def activated(description: ModelDescription, layers: Collection[int], name: str) -> str:
    """Returns a description in which the hidden layers of these numbers have another activation."""
    return _text(
        description,
        [_with(layer, name) if i in layers else layer for i, layer in enumerate(description.layers)],
    )


def shallower(description: ModelDescription) -> str:
    """Returns a description with the first KEPT of the hidden layers that learn, which are relu units."""
    last, learning, kept = head(list(description.layers)), 0, list[Layer]()
    for layer in description.layers[:last]:
        learning += layer.learns
        if learning <= KEPT or not isinstance(layer, Dense):
            kept.append(_with(layer, "relu") if isinstance(layer, Dense) else layer)
    return _text(description, [*kept, *description.layers[last:]])


def larger(description: ModelDescription) -> str:
    """Returns a description of MORE layers of UNITS relu units, without dropout, whose dense layers are no narrower."""
    last, kept = head(list(description.layers)), list[Layer]()
    for layer in description.layers[:last]:
        if isinstance(layer, Dense) and not layer.grouped and layer.units is not None and layer.units < UNITS:
            kept.append(replace(layer, units=UNITS))
        elif not isinstance(layer, Dropout):
            kept.append(layer)
    more = [Dense(UNITS, Activation("relu"))] * MORE
    return _text(description, [*kept, *more, *description.layers[last:]])


def _with(layer: Any, name: str) -> Layer:
    """Returns a layer, which has an activation, with another one."""
    changed: Layer = replace(layer, activation=Activation(name))
    return changed


def _text(description: ModelDescription, layers: list[Layer]) -> str:
    return str(replace(description, layers=tuple(layers), lines=()))
