"""Every mutation of any recipe gives a recipe that can be trained, within the space."""

from dataclasses import replace

import numpy as np
import pytest

from kerash_cli.engine.layers import Convolution, Dense, Mode
from kerash_cli.errors import BadInput
from kerash_cli.evolution.mutations import MUTATIONS, mutate
from kerash_cli.evolution.recipe import Recipe
from kerash_cli.evolution.space import DECAYS, FILTERS, NARROWEST, RATES, SEARCHED, Space, activations
from kerash_cli.model.description import ModelDescription

EMPTY = "6 1 1\ninput\ndense 3 softmax\n"
IMAGE = "8 6 2\ninput\ndense 3 softmax\n"
RICH = (
    "8 6 2\ninput\nconvolution relu 4 1 1 3 3\nmax_pooling - 2 0 2 2\nflatten\ndropout 0.1\ndense 9 tanh\n"
    "dense 3 softmax\noutput\n"
)

GROUPED = "6 1 1\ninput\nscale\ndense 8 tanh\ndense 8 tanh 2x1-3+5-6:3,7-8:2\ndense 8 relu\ndense 3 softmax\n"


TABLES = {"view", "dropout", "steps", "scale inputs"}
"""Mutations that are drawn for tables of 50 rows or more alone."""


def recipe(text: str = EMPTY) -> Recipe:
    return Recipe(ModelDescription.parse(text), 0.005, 0.003)


def space(text: str = EMPTY, **words: object) -> Space:
    return replace(Space(SEARCHED, 40, images=" 6 " in text), **words)  # type: ignore[arg-type]


def walk(text: str, steps: int, seed: int = 0) -> list[tuple[str, Recipe, Recipe]]:
    """Mutations, each of what the one before gave."""
    rng, own, parent = np.random.default_rng(seed), space(text), recipe(text)
    found = []
    for _ in range(steps):
        name, child = mutate(parent, own, rng)
        found.append((name, parent, child))
        parent = child
    return found


@pytest.mark.parametrize("text", [EMPTY, IMAGE, RICH, GROUPED])
def test_a_child_still_runs_and_is_within_the_space(text: str) -> None:
    own = space(text)
    for _, parent, child in walk(text, 150):
        assert child.key != parent.key
        assert ModelDescription.parse(str(child.description)) == child.description
        assert Recipe.from_json(child.to_json()) == child
        hidden = child.hidden(Dense, Convolution)
        assert len(hidden) <= own.most_layers
        for i in hidden:
            layer = child.layers[i]
            assert str(layer.activation) in {*own.activations, "relu", "tanh"}  # type: ignore[attr-defined]
            assert not isinstance(layer, Dense) or NARROWEST <= (layer.units or 0) <= own.widest
        assert RATES[0] <= child.learning_rate <= RATES[1]
        assert DECAYS[0] <= child.weight_decay <= DECAYS[1]
        assert child.layers[child.last] == parent.layers[parent.last]
        plan = child.network.plan(child.network.initial(0, np.dtype("f4")), 2, Mode())
        for call in plan.forward:
            call()
        assert np.isfinite(plan.a).all()


@pytest.mark.parametrize("text", [EMPTY, RICH])
def test_every_mutation_is_drawn_where_it_applies(text: str) -> None:
    images = {"add convolution", "more filters", "larger kernel", "add pooling", "remove pooling"}
    expected = {each.name for each in MUTATIONS} - TABLES - (set() if text == RICH else images)
    assert {name for name, *_ in walk(text, 1500)} == expected


def test_an_empty_topology_without_settings_to_tune_can_only_gain_a_layer() -> None:
    own = space(tunes=False)
    for seed in range(50):
        name, child = mutate(recipe(), own, np.random.default_rng(seed))
        assert name == "add layer"
        assert len(child.layers) == 3
        assert (child.learning_rate, child.weight_decay) == (0.005, 0.003)


def test_shares_are_those_of_the_plan() -> None:
    """add .25, widen .20, narrow .10, activation .15, remove .05, settings .25, drawn where all of them apply."""
    parent = recipe("6 1 1\ninput\ndense 10 tanh\ndense 3 softmax\n")
    rng, own = np.random.default_rng(1), space()
    names = [mutate(parent, own, rng)[0] for _ in range(4000)]
    shares = {"add layer": 0.25, "widen": 0.20, "narrow": 0.10, "change activation": 0.15, "remove layer": 0.05}
    for name, share in (*shares.items(), ("settings", 0.25)):
        assert names.count(name) / len(names) == pytest.approx(share, abs=0.02)


def test_widths_change_by_what_they_should() -> None:
    parent = recipe("6 1 1\ninput\ndense 20 tanh\ndense 3 softmax\n")
    rng, own = np.random.default_rng(1), space(widest=100)
    units = {"widen": set[int](), "narrow": set[int]()}
    for _ in range(3000):
        name, child = mutate(parent, own, rng)
        if name in units:
            layer = child.layers[1]
            assert isinstance(layer, Dense)
            units[name].add(layer.units or 0)
    assert units["narrow"] == {15}
    assert min(units["widen"]) == 25
    assert max(units["widen"]) == 40


def test_a_recipe_that_can_not_change_is_an_error() -> None:
    with pytest.raises(BadInput, match="--max-layers"):
        mutate(recipe(), space(tunes=False, most_layers=0), np.random.default_rng(0))


@pytest.mark.parametrize("text", [EMPTY, IMAGE])
def test_strangers_are_of_every_depth_and_width(text: str) -> None:
    own, rng, start = space(text), np.random.default_rng(2), recipe(text)
    found = [own.random(start, rng) for _ in range(400)]
    assert {len(each.hidden(Dense, Convolution)) for each in found} == {1, 2, 3, 4}
    widths = [each.layers[i].units for each in found for i in each.hidden(Dense)]  # type: ignore[attr-defined]
    assert {NARROWEST, 40} <= set(widths)
    assert sum(width < 13 for width in widths) / len(widths) == pytest.approx(0.5, abs=0.06)  # 13 = sqrt(4 * 40)
    assert any(each.hidden(Convolution) for each in found) == (text == IMAGE)
    for each in found:
        assert each.layers[each.last] == start.layers[-1]
        assert all(FILTERS[0] <= each.layers[i].filters <= FILTERS[1] for i in each.hidden(Convolution))  # type: ignore[attr-defined]


def test_a_list_of_activations_is_read() -> None:
    assert activations("relu,prelu:0.1,relu") == ("relu", "prelu:0.1")
    assert activations("srelu:-2,0.1,1,0.2,tanh") == ("srelu:-2,0.1,1,0.2", "tanh")
    with pytest.raises(BadInput, match="unknown activation 'sigmiod'; did you mean 'sigmoid'"):
        activations("relu,sigmiod")
    with pytest.raises(BadInput, match="such as relu,tanh"):
        activations(",")
