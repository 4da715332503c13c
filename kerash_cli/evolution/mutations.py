"""Mutations: small changes to a recipe. (`inheritance` makes the weights of the changed network.)

To add a mutation, write a function of a recipe, a place in the recipe, the space and a random generator. Register it
with its share of the draws and with a function that finds the places where it applies. A mutation is not drawn for a
recipe without such a place.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np

from kerash_cli.encoding.views import View
from kerash_cli.engine.layers import Convolution, Dense, Dropout, Layer, MaxPooling
from kerash_cli.errors import BadInput
from kerash_cli.evolution.recipe import POOLING, Recipe, rounded
from kerash_cli.evolution.space import DROPOUTS, NARROWEST, STEPS, Space, convolution

Places: TypeAlias = Callable[[Recipe, Space], Sequence[int]]
Change: TypeAlias = "Callable[[Recipe, int, Space, np.random.Generator], Recipe]"

LARGEST_KERNEL = 7
"""Kernel width at which mutations stop making a kernel larger."""
TRIALS = 100
"""Number of draws after which `mutate` gives up."""


class Mutation(NamedTuple):
    """A kind of change to a recipe, with its share of the draws and the places where it applies."""

    name: str
    share: float
    places: Places
    change: Change


MUTATIONS: list[Mutation] = []


def mutate(recipe: Recipe, space: Space, rng: "np.random.Generator") -> tuple[str, Recipe]:
    """Draws a change; returns its name and the changed recipe. Raises BadInput if the space allows no change.

    If the shapes of the changed layers do not fit, or nothing has changed, another change is drawn.
    """
    found = [(each, places) for each in MUTATIONS if (places := each.places(recipe, space))]
    shares = np.array([each.share for each, _ in found])
    for _ in range(TRIALS if found else 0):
        mutation, places = found[rng.choice(len(found), p=shares / shares.sum())]
        with suppress(BadInput):
            child = mutation.change(recipe, places[int(rng.integers(len(places)))], space, rng)
            if child != recipe:
                return mutation.name, child
    raise BadInput("no mutation of the network is within the limits; try a larger --max-layers or --max-width")


def mutation(name: str, share: float, places: Places) -> Callable[[Change], Change]:
    """Returns a decorator that registers a function as the mutation `name`."""

    def register(change: Change) -> Change:
        MUTATIONS.append(Mutation(name, share, places, change))
        return change

    return register


def _has_room(recipe: Recipe, space: Space) -> bool:
    return len(recipe.hidden(Dense, Convolution)) < space.most_layers


def _dense_gaps(recipe: Recipe, space: Space) -> Sequence[int]:
    """Returns the places for a new dense layer: before each dense layer without groups, the last one included."""
    return (
        [i for i in (*recipe.hidden(Dense), recipe.last) if not _grouped(recipe, i)] if _has_room(recipe, space) else []
    )


def _image_gaps(recipe: Recipe, space: Space) -> Sequence[int]:
    """Returns the places for a new convolution: behind the input layer and each convolution or pooling layer."""
    if not (space.images and _has_room(recipe, space)):
        return []
    return [i + 1 for i in range(recipe.images) if i == 0 or isinstance(recipe.layers[i], Convolution | MaxPooling)]


def _narrow(recipe: Recipe, space: Space) -> Sequence[int]:
    return [i for i in _resizable(recipe) if _units(recipe, i) < space.widest]


def _wide(recipe: Recipe, space: Space) -> Sequence[int]:
    return [i for i in _resizable(recipe) if _units(recipe, i) > NARROWEST]


def _activated(recipe: Recipe, space: Space) -> Sequence[int]:
    return recipe.hidden(Dense, Convolution) if len(space.activations) > 1 else []


def _removable(recipe: Recipe, space: Space) -> Sequence[int]:
    return [i for i in recipe.hidden(Dense, Convolution) if not _feeds_groups(recipe, i)]


def _tunable(recipe: Recipe, space: Space) -> Sequence[int]:
    return [0] if space.tunes else []


def _of_tables(recipe: Recipe, space: Space) -> Sequence[int]:
    return [0] if space.is_for_tables else []


def _viewed(recipe: Recipe, space: Space) -> Sequence[int]:
    return [0] if len(space.views) > 1 else []


def _table_with_hidden(recipe: Recipe, space: Space) -> Sequence[int]:
    return recipe.hidden(Dense)[:1] if space.is_for_tables else []


def _few_filters(recipe: Recipe, space: Space) -> Sequence[int]:
    return [i for i in recipe.hidden(Convolution) if _filters(recipe, i) < space.most_filters]


def _small_kernels(recipe: Recipe, space: Space) -> Sequence[int]:
    return [i for i in recipe.hidden(Convolution) if _convolution(recipe, i).kernel_width < LARGEST_KERNEL]


def _unpooled(recipe: Recipe, space: Space) -> Sequence[int]:
    """Returns the places behind convolutions without pooling whose output is large enough for it."""
    shapes = recipe.network.shapes
    return [
        i + 1
        for i, (layer, after) in enumerate(pairwise(recipe.layers))
        if isinstance(layer, Convolution) and not isinstance(after, MaxPooling) and min(shapes[i + 1][1:]) >= 2
    ]


def _pooled(recipe: Recipe, space: Space) -> Sequence[int]:
    return recipe.hidden(MaxPooling)


@mutation("add layer", 0.25, _dense_gaps)
def add_layer(recipe: Recipe, place: int, space: Space, rng: "np.random.Generator") -> Recipe:
    """Adds a dense layer; in a network for a table, it is like its neighbour."""
    layer = Dense(space.width(rng), space.activation(rng))
    if not space.is_for_tables:
        return _inserted(recipe, place, layer)
    near = min(recipe.hidden(Dense), key=lambda i: abs(i - place), default=None)
    like = layer if near is None else recipe.layers[near]
    return _inserted(recipe, place, like).with_dropout(recipe.dropout)


@mutation("widen", 0.20, _narrow)
def widen(recipe: Recipe, place: int, space: Space, rng: "np.random.Generator") -> Recipe:
    """Makes a dense layer 1.25 to 2 times as wide."""
    units = _units(recipe, place)
    wider = min(space.widest, max(units + 1, round(units * rng.uniform(1.25, 2))))
    return _changed(recipe, place, units=wider)


@mutation("narrow", 0.10, _wide)
def narrow(recipe: Recipe, place: int, space: Space, rng: "np.random.Generator") -> Recipe:
    """Makes a dense layer narrower by a quarter."""
    units = _units(recipe, place)
    return _changed(recipe, place, units=max(NARROWEST, round(0.75 * units)))


@mutation("change activation", 0.15, _activated)
def change_activation(recipe: Recipe, place: int, space: Space, rng: "np.random.Generator") -> Recipe:
    """Gives a layer another activation; in a network for a table, all hidden layers."""
    layer = recipe.layers[place]
    assert isinstance(layer, Dense | Convolution)
    activation = space.activation(rng, other_than=str(layer.activation))
    for each in recipe.hidden(Dense) if space.is_for_tables else [place]:
        recipe = _changed(recipe, each, activation=activation)
    return recipe


@mutation("remove layer", 0.05, _removable)
def remove_layer(recipe: Recipe, place: int, space: Space, rng: "np.random.Generator") -> Recipe:
    """Removes a layer that has weights, and a pooling behind a convolution or a dropout behind a dense layer."""
    stop = place + 1
    if isinstance(recipe.layers[stop], MaxPooling if isinstance(recipe.layers[place], Convolution) else Dropout):
        stop += 1
    return recipe.with_layers(recipe.layers[:place] + recipe.layers[stop:])


@mutation("settings", 0.25, _tunable)
def settings(recipe: Recipe, place: int, space: Space, rng: "np.random.Generator") -> Recipe:
    """Changes the learning rate and the weight decay, within the limits of the space."""
    rate = recipe.learning_rate * 2 ** rng.uniform(-1.5, 1)
    decay = recipe.weight_decay * 4 ** rng.uniform(-1, 1.5)
    return replace(
        recipe, learning_rate=rounded(_within(rate, *space.rates)), weight_decay=rounded(_within(decay, *space.decays))
    )


@mutation("view", 0.15, _viewed)
def view(recipe: Recipe, place: int, space: Space, rng: "np.random.Generator") -> Recipe:
    """Lets the network see the numbers in another view."""
    others = [(text, features) for text, features in space.views if text != str(recipe.view)]
    text, features = others[int(rng.integers(len(others)))]
    return recipe.with_view(View.parse(text), features)


@mutation("dropout", 0.15, _table_with_hidden)
def dropout(recipe: Recipe, place: int, space: Space, rng: "np.random.Generator") -> Recipe:
    """Gives the network another rate of dropout."""
    others = [rate for rate in DROPOUTS if rate != recipe.dropout]
    return recipe.with_dropout(others[int(rng.integers(len(others)))])


@mutation("steps", 0.10, _of_tables)
def steps(recipe: Recipe, place: int, space: Space, rng: "np.random.Generator") -> Recipe:
    """Trains the network for a half to twice as many batches, within STEPS."""
    return replace(recipe, steps=round(_within(recipe.steps * 2 ** rng.uniform(-1, 1), *STEPS)))


@mutation("scale inputs", 0.05, _of_tables)
def scale_inputs(recipe: Recipe, place: int, space: Space, rng: "np.random.Generator") -> Recipe:
    """Adds a learnt factor for each input, or removes these factors."""
    return recipe.with_scale(not recipe.scales)


@mutation("add convolution", 0.25, _image_gaps)
def add_convolution(recipe: Recipe, place: int, space: Space, rng: "np.random.Generator") -> Recipe:
    """Adds a 3x3 convolution that keeps the image's size, with enough filters to begin as the identity."""
    depth = recipe.network.shapes[place][0]
    filters = min(space.most_filters, max(2 * depth, space.filters(rng)))
    return _inserted(recipe, place, convolution(filters, space.activation(rng)))


@mutation("more filters", 0.15, _few_filters)
def more_filters(recipe: Recipe, place: int, space: Space, rng: "np.random.Generator") -> Recipe:
    """Gives a convolution 1.25 to 2 times as many filters."""
    filters = _filters(recipe, place)
    return _changed(
        recipe, place, filters=min(space.most_filters, max(filters + 1, round(filters * rng.uniform(1.25, 2))))
    )


@mutation("larger kernel", 0.05, _small_kernels)
def larger_kernel(recipe: Recipe, place: int, space: Space, rng: "np.random.Generator") -> Recipe:
    """Makes a kernel larger by one on each side, and the padding larger by one."""
    layer = _convolution(recipe, place)
    return _changed(
        recipe, place, pad=layer.pad + 1, kernel_width=layer.kernel_width + 2, kernel_height=layer.kernel_height + 2
    )


@mutation("add pooling", 0.10, _unpooled)
def add_pooling(recipe: Recipe, place: int, space: Space, rng: "np.random.Generator") -> Recipe:
    """Adds a 2x2 max pooling behind a convolution."""
    return _inserted(recipe, place, POOLING)


@mutation("remove pooling", 0.05, _pooled)
def remove_pooling(recipe: Recipe, place: int, space: Space, rng: "np.random.Generator") -> Recipe:
    """Removes one pooling layer."""
    return recipe.with_layers(recipe.layers[:place] + recipe.layers[place + 1 :])


def _inserted(recipe: Recipe, place: int, layer: Layer) -> Recipe:
    return recipe.with_layers((*recipe.layers[:place], layer, *recipe.layers[place:]))


def _changed(recipe: Recipe, place: int, **words: object) -> Recipe:
    layer = replace(recipe.layers[place], **words)  # type: ignore[type-var]
    return recipe.with_layers((*recipe.layers[:place], layer, *recipe.layers[place + 1 :]))


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _dense(recipe: Recipe) -> list[int]:
    return [*recipe.hidden(Dense), recipe.last]


def _resizable(recipe: Recipe) -> list[int]:
    """Returns the hidden dense layers whose units are no matter of groups, neither their own nor the next layer's."""
    return [i for i in recipe.hidden(Dense) if not _grouped(recipe, i) and not _feeds_groups(recipe, i)]


def _feeds_groups(recipe: Recipe, place: int) -> bool:
    """Returns whether the next dense layer is made of groups, each of which sees certain inputs."""
    return _grouped(recipe, next(i for i in _dense(recipe) if i > place))


def _grouped(recipe: Recipe, place: int) -> bool:
    layer = recipe.layers[place]
    return isinstance(layer, Dense) and layer.grouped


def _units(recipe: Recipe, place: int) -> int:
    layer = recipe.layers[place]
    assert isinstance(layer, Dense)
    assert layer.units is not None  # it is known wherever there is a recipe
    return layer.units


def _filters(recipe: Recipe, place: int) -> int:
    filters = _convolution(recipe, place).filters
    assert filters is not None
    return filters


def _convolution(recipe: Recipe, place: int) -> Convolution:
    layer = recipe.layers[place]
    assert isinstance(layer, Convolution)
    return layer
