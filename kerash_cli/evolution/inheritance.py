"""Inheritance: a child's weights are made from its parent's weights, so that it computes nearly the same function.

Most recipes that are one mutation apart differ in one place: a layer was added, removed or changed there. All layers
that are the same in both are copied. A wider layer gets random incoming weights and outgoing weights of zero, and a
larger kernel gets zeros around the old one. A new layer becomes the identity if its activation allows that: relu after
outputs that are never negative, or pairs [I, -I] of relu, softplus or bentidentity (Chen et al. 2016,
https://arxiv.org/abs/1511.05641, for relu). In all other cases the next dense layer is fitted by least squares, on some
of the rows, so that it gives nearly the same outputs as before.

A mutation may change any number of layers. If parent and child differ in more than one place, layers of the same kind
are paired in their order, the overlapping parts of their weights are copied, and the next dense layer is fitted.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import NamedTuple, TypeAlias

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.calls import run_calls
from kerash_cli.engine.layers import Convolution, Dense, Layer, MaxPooling
from kerash_cli.engine.network import Network
from kerash_cli.engine.predictor import Predictor
from kerash_cli.engine.tensors import Array, Views
from kerash_cli.model.description import ModelDescription

Draw: TypeAlias = Callable[[Network], Array]
"""A function that draws random parameters (size,) for a network."""

RIDGE, LEAST_RIDGE = 1e-4, 1e-8
"""Ridge of a least-squares fit: a factor on the mean of the matrix's diagonal, and a constant that is added."""
NEARLY_LINEAR = 0.3
"""Standard deviation of the weighted sums in a new layer that is made nearly linear."""

NEVER_NEGATIVE = {"relu", "sigmoid", "softplus", "gaussian", "softmax"}
PAIRED = {"relu": 1.0, "softplus": 1.0, "bentidentity": 0.5}
"""Activations f for which x = factor * (f(x) - f(-x)), each with its factor."""


class Net(NamedTuple):
    """A network without its last activation, and the network's parameters (size,)."""

    network: Network
    params: Array

    @property
    def layers(self) -> Sequence[Layer]:
        """The layers of the network."""
        return self.network.layers

    @property
    def tensors(self) -> list[dict[str, Array]]:
        """Views of the parameters, a dictionary for each layer."""
        return self.network.tensors(self.params)

    def until(self, layer: int, x: Array) -> Array:
        """Computes the inputs of a layer (rows, inputs) from x (rows, features)."""
        before = Network(self.layers[:layer], self.network.shapes[0], self.network.bias)
        params = np.empty(before.size, self.params.dtype)
        for own, whole in zip(before.tensors(params), self.tensors, strict=False):
            for name, tensor in own.items():
                tensor[...] = whole[name]
        return Predictor(before, params, before.roomy_tile)(x)


class Mutant(NamedTuple):
    """A parent, its child, and the place where they differ."""

    parent: Net
    child: Net
    place: int
    """Index of the child's first layer that differs, or that follows a removed layer."""
    shift: int
    """Number of layers of the child minus number of layers of the parent."""
    after: int
    """Index, in the child, of the first layer with weights that comes after the change."""

    @property
    def next_weights(self) -> tuple[Array, Array]:
        """Returns the parent's and the child's weights of the layer at `after`, each (inputs or channels, ...)."""
        both = self.parent.tensors[self.after - self.shift], self.child.tensors[self.after]
        axis = 1 if isinstance(self.child.layers[self.after], Convolution) else 0
        old, new = (np.moveaxis(tensors["weights"], axis, 0) for tensors in both)
        return old, new


def inherit(descriptions: Sequence[ModelDescription], params: Array, draw: Draw, x: Array) -> tuple[Array, float]:
    """Returns parameters for the last description, made from parameters for the first one, and the error.

    Each description is a mutation of the one before. `params` (size,) belong to the first description; x (rows,
    features) has some of the training rows. The error is the root mean square of the change in the logits, divided by
    the root mean square of the parent's logits.
    """
    networks = [Network(each.layers, each.known_shape).on_logits() for each in descriptions]
    first = net = Net(networks[0], params)
    for network in networks[1:]:
        child = Net(network, draw(network))
        _fill(net, child, x)
        net = child
    before, after = (each.until(len(each.layers), x).astype(np.float64) for each in (first, net))
    scale = float(np.sqrt(np.mean(before**2)))
    return net.params.copy(), float(np.sqrt(np.mean((after - before) ** 2))) / (scale or 1.0)


def _fill(parent: Net, child: Net, x: Array) -> None:
    """Replaces the child's random parameters by values made from the parent's, where that is possible."""
    old, new = parent.layers, child.layers
    shift = len(new) - len(old)
    place = _alike(old, new)
    behind = place + max(shift, 0) if shift else place + 1
    in_one_place = old[behind - shift :] == new[behind:]
    if not in_one_place:
        behind = len(new) - _alike(old[::-1], new[::-1])
    for theirs, own in zip(parent.tensors[:place], child.tensors, strict=False):
        _overlap(theirs, own)
    for i in range(behind, len(new)):
        _overlap(parent.tensors[i - shift], child.tensors[i])
    after = next((i for i in range(behind, len(new)) if new[i].learns), None)
    if after is None:
        return
    mutant = Mutant(parent, child, place, shift, after)
    fixed = _has_groups(new[after])
    if not in_one_place or fixed:
        _share(mutant, behind)
        if isinstance(new[after], Dense) and not fixed:
            _refit(mutant, x)
        return
    former, latter = mutant.next_weights
    if former.shape != latter.shape:
        latter[...] = 0
        _overlap({"weights": former}, {"weights": latter})
    if not _preserved(mutant, x) and isinstance(new[after], Dense):
        _refit(mutant, x)


def _kind(layer: Layer) -> tuple[type[Layer], bool]:
    return type(layer), _has_groups(layer)


def _has_groups(layer: Layer) -> bool:
    """Returns whether a layer has weights for certain inputs alone, so that it is not fitted to others."""
    return isinstance(layer, Dense) and layer.grouped


def _alike(old: Sequence[Layer], new: Sequence[Layer]) -> int:
    """Counts the layers that two networks have in common before the first layer that differs."""
    return next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _share(mutant: Mutant, behind: int) -> None:
    """Pairs layers of the same kind, starting at the first that differs, and copies their overlapping weights."""
    parent, child, place, shift, _ = mutant
    waiting = list(range(place, behind - shift))
    for i in range(place, behind):
        twin = next((j for j in waiting if _kind(parent.layers[j]) == _kind(child.layers[i])), None)
        if twin is not None:
            _overlap(parent.tensors[twin], child.tensors[i])
            waiting = [j for j in waiting if j > twin]


def _preserved(mutant: Mutant, x: Array) -> bool:
    """Sets the weights of the changed layer; returns whether the child computes the same as before without a fit."""
    parent, child, place, shift, _ = mutant
    layer = child.layers[place]
    if shift == 1 and isinstance(layer, Dense | Convolution):
        return _as_identity(mutant, layer) or _as_line(mutant, x)
    if shift:
        return False
    before, theirs, own = parent.layers[place], parent.tensors[place], child.tensors[place]
    if isinstance(layer, Convolution) and isinstance(before, Convolution):
        rim = (layer.kernel_width - before.kernel_width) // 2
        if rim:
            own["weights"][...] = np.pad(theirs["weights"], ((0, 0), (0, 0), (rim, rim), (rim, rim)))
            own["bias"][...] = theirs["bias"]
            return True
        _overlap(theirs, own)
        return layer.activation == before.activation
    if isinstance(layer, Dense) and isinstance(before, Dense):
        if _width(layer) < _width(before):
            _keep_best(mutant, x, _width(layer))
            return False
        _overlap(theirs, own)
        return layer.activation == before.activation and not layer.activation.definition.mixes
    return False


def _as_identity(mutant: Mutant, layer: Dense | Convolution) -> bool:
    """Makes a new layer the identity, if its activation and its size allow that; returns whether they do."""
    place, child = mutant.place, mutant.child
    name, units, shape = layer.activation.name, _width(layer), child.network.shapes[place]
    channels = prod(shape) if isinstance(layer, Dense) else shape[0]
    once = name == "relu" and _never_negative(child.layers[:place]) and units >= channels
    # The largest of -x is not minus the largest of x.
    twice = name in PAIRED and units >= 2 * channels and not isinstance(child.layers[place + 1], MaxPooling)
    if not (once or twice):
        return False
    own, (old, new) = child.tensors[place], mutant.next_weights
    # (inputs, units): for a convolution, the weights in the middle of the kernel.
    middle = own["weights"] if isinstance(layer, Dense) else own["weights"][:, :, 1, 1].T
    used = channels if once else 2 * channels
    own["bias"][...] = 0
    (own["weights"][:, :used] if isinstance(layer, Dense) else own["weights"][:used])[...] = 0
    new[...] = 0
    for k, sign in enumerate([1] if once else [1, -1]):
        middle[:, k * channels : (k + 1) * channels] = sign * np.eye(channels)
        new[k * len(old) : (k + 1) * len(old)] = old * (1.0 if once else sign * PAIRED[name])
    return True


def _as_line(mutant: Mutant, x: Array) -> bool:
    """Makes a new dense layer nearly linear in the directions of most variance; returns False: it is not exact."""
    layer, own = mutant.child.layers[mutant.place], mutant.child.tensors[mutant.place]
    if isinstance(layer, Dense):
        given = mutant.parent.until(mutant.place, x).astype(np.float64)
        mean = given.mean(axis=0)
        _, sizes, directions = np.linalg.svd(given - mean, full_matrices=False)
        count = min(len(directions), _width(layer))
        rounding = max(given.shape) * np.finfo(np.float64).eps * float(np.abs(given).max())
        deviation = float(sizes[0]) / len(x) ** 0.5
        if deviation <= rounding:  # all rows are the same, and only their mean is not quite
            deviation = 1.0
        weights = directions[:count].T * (NEARLY_LINEAR / deviation)
        own["weights"][:, :count] = weights
        own["bias"][:count] = _slope_at(layer.activation) - mean @ weights
    return False


def _width(layer: Dense | Convolution) -> int:
    """Returns the number of units or filters, which is known in any network."""
    width = layer.units if isinstance(layer, Dense) else layer.filters
    assert width is not None
    return width


def _slope_at(activation: Activation) -> float:
    """Returns a point where the activation's slope is not 0; the slope of an even function is 0 at 0."""
    near = np.array([[-0.1, 0.1], [0.6, 0.8]])
    values = np.empty_like(near)
    run_calls(activation.forward(near.copy(), values))
    return 0.7 if abs(values[1, 1] - values[1, 0]) > 2 * abs(values[0, 1] - values[0, 0]) else 0.0


def _keep_best(mutant: Mutant, x: Array, units: int) -> None:
    """Keeps the `units` units of a dense layer that contribute the most variance to the next layer."""
    parent, child, place, *_ = mutant
    given = parent.until(place + 1, x)
    old, new = mutant.next_weights
    worth = given.std(axis=0) * np.sqrt((old.reshape(len(old), -1) ** 2).sum(axis=1))
    kept = np.sort(np.argsort(-worth, kind="stable")[:units])
    child.tensors[place]["weights"][...] = parent.tensors[place]["weights"][:, kept]
    child.tensors[place]["bias"][...] = parent.tensors[place]["bias"][kept]
    new[...] = old[kept]


def _refit(mutant: Mutant, x: Array) -> None:
    """Fits the next dense layer by least squares, so that its outputs are nearly the same as before."""
    parent, child, _, shift, after = mutant
    theirs, own = parent.tensors[after - shift], child.tensors[after]
    wanted = parent.until(after - shift, x).astype(np.float64) @ theirs["weights"] + theirs["bias"]
    given = child.until(after, x).astype(np.float64)
    given = np.hstack([given, np.ones((len(given), 1))])
    rows, features = given.shape
    ridge = RIDGE * float((given**2).sum()) / features + LEAST_RIDGE
    if features <= rows:
        solution = np.linalg.solve(given.T @ given + ridge * np.eye(features), given.T @ wanted)
    else:
        solution = given.T @ np.linalg.solve(given @ given.T + ridge * np.eye(rows), wanted)
    own["weights"][...], own["bias"][...] = solution[:-1], solution[-1]


def _overlap(old: Views, new: Views) -> None:
    """Copies the part of each old tensor that fits into the new tensor; those of groups may have no counterpart."""
    for name, tensor in new.items():
        if name not in old or old[name].ndim != tensor.ndim:
            continue
        shared = tuple(slice(0, min(a, b)) for a, b in zip(old[name].shape, tensor.shape, strict=True))
        tensor[shared] = old[name][shared]


def _never_negative(layers: Sequence[Layer]) -> bool:
    """Returns whether the layers' activations guarantee that the outputs of the last layer are never negative."""
    for layer in reversed(layers):
        if isinstance(layer, MaxPooling) or layer.transparent(training=False):
            continue
        return layer.activation.name in NEVER_NEGATIVE
    return False
