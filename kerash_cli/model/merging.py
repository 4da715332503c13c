"""Merging trained networks into one whose last weighted sums are exactly the weighted mean of theirs."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import Dense, InputLayer, Layer, OutputLayer, Scale
from kerash_cli.engine.layers.grouping import WHOLE, GroupPart, Groups, Span
from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Array, Indices
from kerash_cli.model.description import ModelDescription


class Member(NamedTuple):
    """Networks of one description, such as those of all folds, and their share in the mean."""

    description: ModelDescription
    params: Array
    """Parameters of each network, (count, size)."""
    inputs: Indices | None
    """Ascending indexes of what these networks see among the inputs of all members; None if they see all of them."""
    share: float


class Weights(NamedTuple):
    """A dense layer of one network, in float64: weights (inputs, units) and bias (units,)."""

    weights: Array
    bias: Array


class Lone(NamedTuple):
    """One of the networks that are merged: what it sees of the inputs, its share, and its dense layers."""

    spans: tuple[Span, ...]
    share: float
    stages: list[Weights]

    @property
    def form(self) -> tuple[list[int], tuple[Span, ...]]:
        """Its widths and what it sees: networks of the same form are put side by side."""
        return [len(stage.bias) for stage in self.stages], self.spans


def mergeable(description: ModelDescription) -> bool:
    """Returns whether networks of this description can become one."""
    return obstacle(description) is None


def obstacle(description: ModelDescription) -> int | None:
    """Returns the index of the first layer because of which such networks can't become one; None if they can.

    All layers that compute something must be scales, or dense and without groups, but for an activation at the end; and
    no hidden activation may mix units as softmax does.
    """
    last = max(i for i, layer in enumerate(description.layers) if layer.learns)
    for i, layer in enumerate(description.layers):
        is_simple = not layer.grouped if isinstance(layer, Dense) else isinstance(layer, Scale | OutputLayer)
        mixes = i < last and layer.activation.definition.mixes
        if mixes or not (is_simple or layer.transparent(False)):
            return i
    return None


def merged(
    members: Sequence[Member], features: int, factor: float = 1.0, bias: bool = True
) -> tuple[ModelDescription, Array]:
    """Returns one network that has the units of all members' networks side by side, and its parameters.

    Its last weighted sums are the mean of theirs, weighted by share / count, times `factor`; `features` counts its
    inputs. A hidden unit gets inputs from units of its own network alone, and has no weights for others. Scales become
    part of the next dense layer, and dropout is left out. Without `bias`, neither the members' networks nor this one
    have biases. Raises ValueError unless each description is `mergeable`, and all have the same activations in the same
    order.
    """
    if not all(mergeable(each.description) for each in members):
        raise ValueError("expected only dense layers")
    if len({(*_activations(each.description), *_ending(each.description)) for each in members}) != 1:
        raise ValueError("expected networks with the same activations")
    total = sum(each.share for each in members)
    lone = sorted(
        (each for member in members for each in _apart(member, features, total, bias)), key=lambda each: each.form
    )
    *hidden, last = _activations(members[0].description)
    stages = [_side_by_side(lone, i, activation, features) for i, activation in enumerate(hidden)]
    stages.append(_mean(lone, last, features, factor))
    layers = [InputLayer(), *(layer for layer, _ in stages), *_ending(members[0].description)]
    numbers = np.concatenate([tensor.ravel() for _, (*weights, own) in stages for tensor in (*weights, *[own] * bias)])
    dtype = np.result_type(*(each.params for each in members))
    return ModelDescription(_shape(members, features), tuple(layers)), numbers.astype(dtype)


def _activations(description: ModelDescription) -> list[Activation]:
    return [layer.activation for layer in description.layers if isinstance(layer, Dense)]


def _ending(description: ModelDescription) -> list[Layer]:
    return [layer for layer in description.layers if isinstance(layer, OutputLayer)]


def _shape(members: Sequence[Member], features: int) -> tuple[int, int, int]:
    """Returns the shape of a sample: that of all members, if they see all inputs, else a row."""
    shapes = {(1, 1, features) if each.inputs is not None else each.description.known_shape for each in members}
    depth, height, width = shapes.pop() if len(shapes) == 1 else (1, 1, features)
    return depth, height, width


def _apart(member: Member, features: int, total: float, bias: bool) -> Iterator[Lone]:
    """Yields the networks of a member; factors of a scale are part of the weights of the next dense layer."""
    network = Network(member.description.layers, member.description.known_shape, bias)
    inputs = np.arange(features) if member.inputs is None else member.inputs
    if len(inputs) != network.features or (np.diff(inputs) < 1).any():
        raise ValueError(f"expected {network.features} ascending inputs for a member, got {inputs}")
    for params in member.params.astype(np.float64):
        stages, factors = [], np.ones(1)
        for layer, own in zip(network.layers, network.tensors(params), strict=True):
            if isinstance(layer, Scale):
                factors = factors * own["weights"]
            elif isinstance(layer, Dense):
                weights = own["weights"] * factors[:, np.newaxis]
                stages.append(Weights(weights, own["bias"] if bias else np.zeros(weights.shape[1])))
                factors = np.ones(1)
        yield Lone(_spans(inputs), member.share / total / len(member.params), stages)


def _spans(inputs: Indices) -> tuple[Span, ...]:
    """Returns ascending indexes as spans."""
    breaks = np.flatnonzero(np.diff(inputs) != 1) + 1
    return tuple((int(part[0]), int(part[-1]) + 1) for part in np.split(inputs, breaks))


def _side_by_side(lone: list[Lone], index: int, activation: Activation, features: int) -> tuple[Dense, list[Array]]:
    """Returns a hidden layer of the merged network, and its tensors in order."""
    stages = [each.stages[index] for each in lone]
    bias = np.concatenate([stage.bias for stage in stages])
    seen = [() if index else each.spans for each in lone]
    if not index and len(set(seen)) == 1:
        groups, weights = _seeing(seen[0], features, len(bias)), [np.hstack([stage.weights for stage in stages])]
        return Dense(len(bias), activation, groups), [*weights, bias]
    forms = [(*stage.weights.shape, spans) for stage, spans in zip(stages, seen, strict=True)]
    alike = [(form, len(list(each))) for form, each in groupby(forms)]
    parts = tuple(GroupPart(count, inputs, units, spans) for (inputs, units, spans), count in alike)
    groups = Groups(parts[0].count) if len(parts) == 1 and not parts[0].spans else Groups(0, parts)
    return Dense(len(bias), activation, groups), [*(stage.weights for stage in stages), bias]


def _mean(lone: list[Lone], activation: Activation, features: int, factor: float) -> tuple[Dense, list[Array]]:
    """Returns the last layer of the merged network, and its tensors in order."""
    shares = [factor * each.share for each in lone]
    weights = [share * each.stages[-1].weights for share, each in zip(shares, lone, strict=True)]
    bias = np.sum([share * each.stages[-1].bias for share, each in zip(shares, lone, strict=True)], axis=0)
    if len(lone[0].stages) > 1:
        return Dense(len(bias), activation), [np.vstack(weights), bias]
    places = [np.concatenate([np.arange(*span) for span in each.spans]) for each in lone]
    seen = np.unique(np.concatenate(places))
    joint = np.zeros((features, len(bias)))
    for place, own in zip(places, weights, strict=True):
        joint[place] += own
    return Dense(len(bias), activation, _seeing(_spans(seen), features, len(bias))), [joint[seen], bias]


def _seeing(spans: tuple[Span, ...], features: int, units: int) -> Groups:
    """Returns the groups of a layer all of whose units see the same inputs."""
    inputs = sum(stop - start for start, stop in spans)
    return WHOLE if inputs == features else Groups(0, (GroupPart(1, inputs, units, spans),))
