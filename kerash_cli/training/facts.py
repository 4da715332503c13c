"""Facts measured at the end of training; see `kerash_cli.model.facts`.

They are measured in one process, on some of the rows that train, evenly spaced, so that the number of workers changes
nothing. On small tables that takes a few milliseconds.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.calls import run_calls
from kerash_cli.engine.layers import Mode
from kerash_cli.engine.losses import Loss
from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Array, carve
from kerash_cli.model.facts import MOST, Facts, LayerFacts
from kerash_cli.tables.table import Rows
from kerash_cli.training.samples import Samples

FEWEST_ROWS, MOST_ROWS = 64, 512
"""Least number of rows that facts are measured on, if there are so many, and largest number."""

FLOPS = 1e8
"""Between these, rows are so few that they take no more floating-point operations than this, forward."""

ROOM = 1 << 24
"""Rows are always so few that the outputs of all layers hold at most this many numbers."""

MOST_GUESSED = 1 << 16
"""Maximum number of rows that the loss of a guess is computed for."""

NEAR = 0.01
"""Distance from an end of an activation's range, as a share of the range, that counts as being at it."""

_AT_END = 1e-6
"""Distance that counts as being at the end of an activation that has only one."""

_FAR = 1e4
"""Weighted sum at which an activation is at an end, if it has one."""

LARGEST = 1e300
"""Figure in the place of one that overflows."""

_TINY = 1e-9


def measured(
    networks: tuple[Network, Network],
    loss: Loss,
    activation: Activation,
    params: tuple[Array, Array],
    samples: Samples,
    classes: Mapping[str, Mapping[str, Any]],
) -> Facts:
    """Returns the facts about a training.

    `networks` are the network and the one that computes the inputs of the loss, as in `InProcess`; `params` are the
    initial and the best parameters, `samples` the rows that train, `classes` the scores of each class.
    """
    whole, judged = networks
    some = _taken(samples, _spaced(len(samples.x), _rows(judged)))
    fused, scored = judged is not whole, len(classes) <= MOST
    many = _spaced(len(samples.x), MOST_GUESSED)
    weight = None if samples.weight is None else samples.weight[many].astype(np.float64)
    guess, chance = _guesses(loss, activation, fused, samples.y[many].astype(np.float64), weight)
    slope = Slope(judged, loss, some)
    with np.errstate(all="ignore"):
        start, start_gradients = slope(params[0]), slope.lengths()
        end, end_gradients = slope(params[1]), slope.lengths()
        outputs = activation(slope.a) if fused else slope.a
        x = np.ascontiguousarray(some.x[:, :-1])
        alike = likeness(x, outputs.T - some.y)
        sizes = np.sqrt(np.square(x, dtype=np.float64).mean(axis=0))
        layers = hidden(whole, params[1], x)
    used = sizes[sizes > 0]
    return Facts(
        len(samples.x),
        len(x),
        guess,
        chance,
        start if isfinite(start) else None,
        _finite(end),
        alike,
        _finite(used.min()) if len(used) else 0.0,
        _finite(sizes.max()),
        tuple(layers),
        tuple(start_gradients),
        tuple(end_gradients),
        tuple(each["recall"] for each in classes.values()) if scored else (),
        tuple(each["support"] for each in classes.values()) if scored else (),
    )


class Slope:
    """The mean loss of some rows and its gradient, without dropout; `network` computes the inputs of the loss."""

    def __init__(self, network: Network, loss: Loss, samples: Samples) -> None:
        self._network, dtype = network, samples.x.dtype
        self._params: Array = np.empty(network.size, dtype)
        self._gradient: Array = np.empty(network.size, dtype)
        plan = network.plan(self._params, len(samples.x), Mode(), self._gradient)
        plan.rows[...] = samples.x
        self.a = plan.a
        """Outputs of the network, (outputs, rows)."""
        self._total: Array = np.empty((), dtype)
        self._weight = len(samples.x) if samples.weight is None else float(samples.weight.sum())
        y = np.ascontiguousarray(samples.y.T)
        judge = loss.calls(plan.a, y, samples.weight, self._total, plan.da, 1 / self._weight)
        self._calls = [*plan.forward, *judge, *plan.backward]

    def __call__(self, params: Array) -> float:
        """Returns the mean loss with these parameters."""
        self._params[...] = params
        run_calls(self._calls)
        return self._total.item() / self._weight

    def lengths(self) -> list[float]:
        """Returns the root mean square of the latest gradient, for each layer that learns."""
        network = self._network
        tensors = carve(self._gradient[: network.learnt], network.param_shapes)  # running means have no gradient
        vectors = [np.concatenate([each.ravel() for each in own.values()]) for own in tensors if own]
        return [_finite(np.sqrt(np.square(each, dtype=np.float64).mean())) for each in vectors]


def hidden(network: Network, params: Array, x: Array) -> list[LayerFacts]:
    """Returns facts about the hidden layers whose activations have an end, for the inputs x (rows, features)."""
    found, tensors = list[LayerFacts](), network.tensors(params)
    last = max(i for i, own in enumerate(tensors) if own)
    for i, layer in enumerate(network.layers[:last]):
        x = _through(Network((layer,), network.shapes[i], network.bias), tensors[i], x)
        ends = _ends(layer.activation) if tensors[i] else []
        if ends:
            depth, height, width = network.shapes[i + 1]
            units = x.reshape(len(x), depth if height * width > 1 < depth else x.shape[1], -1)
            at_end = [np.abs(units - end) <= room for end, room in ends]
            stuck = np.logical_or.reduce([each.all(axis=(0, 2)) for each in at_end])
            saturated = float(sum(each.mean() for each in at_end)) if len(ends) > 1 else None
            found.append(LayerFacts(i, units.shape[1], float(stuck.mean()), saturated))
    return found


def likeness(x: Array, errors: Array) -> float | None:
    """Returns how alike the errors (rows, outputs) of neighbours are: 1 if they are the same, about 0 by chance.

    A row's neighbour is the row nearest to it in x (rows, features) that has other inputs. Where neighbours have like
    errors, there is something left to learn: a test of the lack of fit without repeated rows, after Daniel & Wood 1980,
    "Fitting equations to data", ch. 7. None if there are no neighbours, or no errors.
    """
    points, errors = x.astype(np.float64), errors.astype(np.float64)
    squares = np.square(points).sum(axis=1)
    distances = squares[:, None] + squares - 2 * (points @ points.T)
    distances[distances <= _TINY * squares.max(initial=0)] = np.inf
    nearest = distances.argmin(axis=1)
    there = np.isfinite(distances.min(axis=1))
    with np.errstate(all="ignore"):
        own = errors - errors.mean(axis=0)
        total = np.square(own[there]).sum()
        among = (own[there] * own[nearest[there]]).sum()
    return float(among / total) if isfinite(total) and isfinite(among) and total > 0 else None


def _guesses(loss: Loss, activation: Activation, fused: bool, y: Array, weight: Array | None) -> tuple[float, float]:
    """Returns the mean loss of the best answer that is the same for all rows, and that of outputs that are all 0.

    The best answer is the share of each class, or the mean of each target, which the loss may take as logits.
    """
    best: Array = np.average(y, axis=0, weights=weight)
    if activation.output == "log distribution" or (fused and activation.output == "distribution"):
        best = np.log(np.maximum(best, _TINY))
    elif fused:
        best = np.clip(best, _TINY, 1 - _TINY)
        best = np.log(best / (1 - best))
    zero: Array = np.zeros((len(best), 1))
    equal = zero if fused else activation(zero)
    return _constant(loss, best[:, None], y, weight), _constant(loss, equal, y, weight)


def _constant(loss: Loss, a: Array, y: Array, weight: Array | None) -> float:
    """Returns the mean loss of the outputs a (outputs, 1) for each row of y (rows, outputs)."""
    outputs, total = np.repeat(a, len(y), axis=1), np.empty(())
    with np.errstate(all="ignore"):
        run_calls(loss.calls(outputs, np.ascontiguousarray(y.T), weight, total, np.empty_like(outputs), 1.0))
    return _finite(total.item() / (len(y) if weight is None else float(weight.sum())))


def _finite(value: float) -> float:
    """Returns a number that the record can have: LARGEST for one that is larger, infinite or NaN."""
    return float(value) if value <= LARGEST else LARGEST


def _through(network: Network, tensors: Mapping[str, Array], x: Array) -> Array:
    """Returns the outputs (rows, outputs) of a network of one layer that has these tensors."""
    params: Array = np.empty(network.size, x.dtype)
    (views,) = network.tensors(params)
    for name, view in views.items():
        view[...] = tensors[name]
    plan = network.plan(params, len(x), Mode())
    plan.rows[:, :-1] = x
    run_calls(plan.forward)
    return np.ascontiguousarray(plan.a.T)


def _ends(activation: Activation) -> list[tuple[float, float]]:
    """Returns the values at which an activation is constant, each with the distance that counts as being at it."""
    if activation.definition.mixes:
        return []
    with np.errstate(all="ignore"):
        left, lefter, right, righter = activation(np.array([[-_FAR, -2 * _FAR, _FAR, 2 * _FAR]]))[0].tolist()
    ends = [end for end, further in ((left, lefter), (right, righter)) if end == further and isfinite(end)]
    range_ = abs(ends[0] - ends[-1]) if ends else 0.0
    return [] if len(ends) == 2 and not range_ else [(end, NEAR * range_ or _AT_END) for end in ends]


def _rows(network: Network) -> int:
    """Returns the number of rows to measure on."""
    wanted = min(MOST_ROWS, max(FEWEST_ROWS, int(FLOPS / max(1, network.flops))))
    return max(1, min(wanted, ROOM // sum(depth * height * width for depth, height, width in network.shapes)))


def _spaced(rows: int, most: int) -> Rows:
    """Returns at most `most` of the indexes of so many rows, evenly spaced."""
    return np.arange(min(rows, most)) * rows // min(rows, most)


def _taken(samples: Samples, rows: Rows) -> Samples:
    weight = None if samples.weight is None else samples.weight[rows]
    return Samples(samples.x[rows], samples.y[rows], weight)
