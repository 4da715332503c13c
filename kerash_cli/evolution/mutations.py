"""Mutations: one small change of a genome each, weights left out.

To add one, write a function of a genome, a place in it, the space and a generator, and register it with the share of
draws that it gets and a function that finds the places where it applies. A mutation is drawn only if it has a place.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np

from kerash_cli.engine.layers import Convolution, Dense, MaxPooling
from kerash_cli.errors import BadInput
from kerash_cli.evolution.genome import (
    DECAYS,
    NARROWEST,
    POOLING,
    RATES,
    Genome,
    Space,
    convolution,
    rounded,
)

Places: TypeAlias = Callable[[Genome, Space], Sequence[int]]
Change: TypeAlias = "Callable[[Genome, int, Space, np.random.Generator], Genome]"

LARGEST_KERNEL = 7
TRIALS = 100
"""Draws before nothing else is expected to fit."""


class Mutation(NamedTuple):
    """A kind of change."""

    name: str
    share: float
    places: Places
    change: Change


MUTATIONS: list[Mutation] = []


def mutate(genome: Genome, space: Space, rng: "np.random.Generator") -> tuple[str, Genome]:
    """The genome with one change, and what that is called; BadInput where the space allows none.

    A change whose shapes would not fit each other is drawn again, and so is one to what there was.
    """
    found = [(each, places) for each in MUTATIONS if (places := each.places(genome, space))]
    shares = np.array([each.share for each, _ in found])
    for _ in range(TRIALS if found else 0):
        mutation, places = found[rng.choice(len(found), p=shares / shares.sum())]
        with suppress(BadInput):
            child = mutation.change(genome, places[int(rng.integers(len(places)))], space, rng)
            if child != genome:
                return mutation.name, child
    raise BadInput("expected a genome that can change, got one that can't; try a larger --max-layers or --max-width")


def mutation(name: str, share: float, places: Places) -> Callable[[Change], Change]:
    """Registers a change under a name."""

    def register(change: Change) -> Change:
        MUTATIONS.append(Mutation(name, share, places, change))
        return change

    return register


def _has_room(genome: Genome, space: Space) -> bool:
    return len(genome.hidden(Dense, Convolution)) < space.most_layers


def _dense_gaps(genome: Genome, space: Space) -> Sequence[int]:
    """Where a dense layer may come in: before each of them, and the last."""
    return [*genome.hidden(Dense), genome.last] if _has_room(genome, space) else []


def _image_gaps(genome: Genome, space: Space) -> Sequence[int]:
    """Where a convolution may come in: behind the first line, and behind each layer that gives an image."""
    if not (space.images and _has_room(genome, space)):
        return []
    return [i + 1 for i in range(genome.images) if i == 0 or isinstance(genome.layers[i], Convolution | MaxPooling)]


def _narrow(genome: Genome, space: Space) -> Sequence[int]:
    return [i for i in genome.hidden(Dense) if _units(genome, i) < space.widest]


def _wide(genome: Genome, space: Space) -> Sequence[int]:
    return [i for i in genome.hidden(Dense) if _units(genome, i) > NARROWEST]


def _activated(genome: Genome, space: Space) -> Sequence[int]:
    return genome.hidden(Dense, Convolution) if len(space.activations) > 1 else []


def _removable(genome: Genome, space: Space) -> Sequence[int]:
    return genome.hidden(Dense, Convolution)


def _tunable(genome: Genome, space: Space) -> Sequence[int]:
    return [0] if space.tunes else []


def _few_filters(genome: Genome, space: Space) -> Sequence[int]:
    return [i for i in genome.hidden(Convolution) if (_convolution(genome, i).filters or 0) < space.most_filters]


def _small_kernels(genome: Genome, space: Space) -> Sequence[int]:
    return [i for i in genome.hidden(Convolution) if _convolution(genome, i).kernel_width < LARGEST_KERNEL]


def _unpooled(genome: Genome, space: Space) -> Sequence[int]:
    """Behind each convolution that no pooling follows, and that leaves an image to pool."""
    shapes = genome.network.shapes
    return [
        i + 1
        for i, (layer, after) in enumerate(pairwise(genome.layers))
        if isinstance(layer, Convolution) and not isinstance(after, MaxPooling) and min(shapes[i + 1][1:]) >= 2
    ]


def _pooled(genome: Genome, space: Space) -> Sequence[int]:
    return genome.hidden(MaxPooling)


@mutation("add layer", 0.25, _dense_gaps)
def add_layer(genome: Genome, place: int, space: Space, rng: "np.random.Generator") -> Genome:
    """A new dense layer before that one."""
    return _inserted(genome, place, Dense(space.width(rng), space.activation(rng)))


@mutation("widen", 0.20, _narrow)
def widen(genome: Genome, place: int, space: Space, rng: "np.random.Generator") -> Genome:
    """By a quarter to double."""
    units = _units(genome, place)
    wider = min(space.widest, max(units + 1, round(units * rng.uniform(1.25, 2))))
    return _changed(genome, place, units=wider)


@mutation("narrow", 0.10, _wide)
def narrow(genome: Genome, place: int, space: Space, rng: "np.random.Generator") -> Genome:
    """By a quarter."""
    units = _units(genome, place)
    return _changed(genome, place, units=max(NARROWEST, min(units - 1, round(0.75 * units))))


@mutation("change activation", 0.15, _activated)
def change_activation(genome: Genome, place: int, space: Space, rng: "np.random.Generator") -> Genome:
    """Of one layer, to another one."""
    layer = genome.layers[place]
    assert isinstance(layer, Dense | Convolution)
    return _changed(genome, place, activation=space.activation(rng, other_than=str(layer.activation)))


@mutation("remove layer", 0.05, _removable)
def remove_layer(genome: Genome, place: int, space: Space, rng: "np.random.Generator") -> Genome:
    """One that learns, and with a convolution the pooling behind it."""
    stop = place + 1
    if isinstance(genome.layers[place], Convolution) and isinstance(genome.layers[stop], MaxPooling):
        stop += 1
    return genome.with_layers(genome.layers[:place] + genome.layers[stop:])


@mutation("settings", 0.25, _tunable)
def settings(genome: Genome, place: int, space: Space, rng: "np.random.Generator") -> Genome:
    """Another learning rate and weight decay, within the space's bounds."""
    rate = genome.learning_rate * 2 ** rng.uniform(-1.5, 1)
    decay = genome.weight_decay * 4 ** rng.uniform(-1, 1.5)
    return replace(
        genome, learning_rate=rounded(min(max(rate, RATES[0]), RATES[1])),
        weight_decay=rounded(min(max(decay, DECAYS[0]), DECAYS[1])),
    )  # fmt: skip


@mutation("add convolution", 0.25, _image_gaps)
def add_convolution(genome: Genome, place: int, space: Space, rng: "np.random.Generator") -> Genome:
    """A new one of 3x3 that keeps the image's size, wide enough to begin as the identity."""
    depth = genome.network.shapes[place][0]
    filters = min(space.most_filters, max(2 * depth, space.filters(rng)))
    return _inserted(genome, place, convolution(filters, space.activation(rng)))


@mutation("more filters", 0.15, _few_filters)
def more_filters(genome: Genome, place: int, space: Space, rng: "np.random.Generator") -> Genome:
    """By a quarter to double."""
    filters = _convolution(genome, place).filters or 0
    return _changed(
        genome, place, filters=min(space.most_filters, max(filters + 1, round(filters * rng.uniform(1.25, 2))))
    )


@mutation("larger kernel", 0.05, _small_kernels)
def larger_kernel(genome: Genome, place: int, space: Space, rng: "np.random.Generator") -> Genome:
    """A place more on each side, and of padding too."""
    layer = _convolution(genome, place)
    return _changed(
        genome, place, pad=layer.pad + 1, kernel_width=layer.kernel_width + 2, kernel_height=layer.kernel_height + 2
    )


@mutation("add pooling", 0.10, _unpooled)
def add_pooling(genome: Genome, place: int, space: Space, rng: "np.random.Generator") -> Genome:
    """The largest of each 2x2, behind a convolution."""
    return _inserted(genome, place, POOLING)


@mutation("remove pooling", 0.05, _pooled)
def remove_pooling(genome: Genome, place: int, space: Space, rng: "np.random.Generator") -> Genome:
    """One of them."""
    return genome.with_layers(genome.layers[:place] + genome.layers[place + 1 :])


def _inserted(genome: Genome, place: int, layer: Dense | Convolution | MaxPooling) -> Genome:
    return genome.with_layers((*genome.layers[:place], layer, *genome.layers[place:]))


def _changed(genome: Genome, place: int, **words: object) -> Genome:
    layer = replace(genome.layers[place], **words)  # type: ignore[type-var]
    return genome.with_layers((*genome.layers[:place], layer, *genome.layers[place + 1 :]))


def _units(genome: Genome, place: int) -> int:
    layer = genome.layers[place]
    assert isinstance(layer, Dense)
    return layer.units or 0


def _convolution(genome: Genome, place: int) -> Convolution:
    layer = genome.layers[place]
    assert isinstance(layer, Convolution)
    return layer
