"""What is drawn afresh for a table of 50 rows or more, and the portfolio that comes before it."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kerash_cli.encoding.views import View
from kerash_cli.engine.layers import Dense, Dropout, Mode
from kerash_cli.evolution.mutations import mutate
from kerash_cli.evolution.portfolio import PORTFOLIO, recipes
from kerash_cli.evolution.recipe import Recipe
from kerash_cli.evolution.space import FOR_TABLES, Space
from kerash_cli.model.description import ModelDescription

VIEWS = (
    *(("standard", 6), ("quantile", 11), ("piecewise", 46), ("piecewise:16", 86)),
    *(("quantile,piecewise", 51), ("quantile,piecewise:16", 91)),
)
"""Five columns of numbers and a feature of another column."""
START = Recipe(ModelDescription.parse("6 1 1\ninput\ndense 3 -\noutput softmax\n"), 0.005, 0.003)
SPACE = Space(FOR_TABLES, 256, 3, views=VIEWS)
DRAWS = 2000


def drawn(space: Space = SPACE, draws: int = DRAWS) -> list[Recipe]:
    rng = np.random.default_rng(5)
    return [space.random(START, rng) for _ in range(draws)]


FOUND = drawn()


def widths(each: Recipe) -> list[int]:
    return [layer.units or 0 for layer in each.layers[: each.last] if isinstance(layer, Dense)]


def shares(values: list[Any]) -> dict[Any, float]:
    return {value: count / len(values) for value, count in Counter(values).items()}


def test_only_a_space_with_views_is_for_tables() -> None:
    plain = Space(FOR_TABLES, 256)
    assert (SPACE.is_for_tables, plain.is_for_tables) == (True, False)
    assert (SPACE.rates, SPACE.decays) == ((1e-3, 3e-2), (1e-4, 3.0))
    assert (plain.rates, plain.decays) == ((1e-3, 2e-2), (1e-4, 1e-1))


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ("view", dict.fromkeys([text for text, _ in VIEWS], 1 / 6)),
        ("dropout", {0.0: 1 / 4, 0.1: 1 / 4, 0.25: 1 / 4, 0.4: 1 / 4}),
        ("scale", {True: 1 / 2, False: 1 / 2}),
        ("depth", {1: 1 / 3, 2: 1 / 3, 3: 1 / 3}),
        ("activation", dict.fromkeys(["relu", "silu", "selu", "gelu", "tanh"], 1 / 5)),
    ],
)
def test_each_gene_is_drawn_on_its_own_and_each_value_alike(of: str, expected: dict[Any, float]) -> None:
    values = {
        "view": [str(each.view) for each in FOUND],
        "dropout": [each.dropout for each in FOUND],
        "scale": [each.scales for each in FOUND],
        "depth": [len(widths(each)) for each in FOUND],
        "activation": [each.activations[0] for each in FOUND],
    }[of]
    assert shares(values) == pytest.approx(expected, abs=0.04)


def test_hidden_layers_are_equally_wide_and_have_the_same_activation_and_dropout() -> None:
    for each in FOUND:
        assert len(set(widths(each))) == len(set(each.activations)) == 1
        hidden = [
            [f"dense {widths(each)[0]} {each.activations[0]}"],
            [f"dropout {each.dropout:g}"] * bool(each.dropout),
        ]
        lines = [["scale"] * each.scales, *hidden * len(widths(each)), ["dense 3 -", "output softmax"]]
        assert str(each.description).splitlines()[2:] == [line for part in lines for line in part]


@pytest.mark.parametrize(
    ("name", "low", "high"), [("learning_rate", 1e-3, 3e-2), ("weight_decay", 1e-4, 3.0), ("steps", 200, 6000)]
)
def test_settings_and_steps_are_drawn_evenly_by_their_logarithms(name: str, low: float, high: float) -> None:
    places = np.log(np.array([getattr(each, name) for each in FOUND]) / low) / np.log(high / low)
    assert -1e-3 <= places.min() <= 0.01
    assert 0.99 <= places.max() <= 1 + 1e-3
    assert np.histogram(places, 4, (0, 1))[0] == pytest.approx(DRAWS / 4, rel=0.15)
    assert all(isinstance(each.steps, int) for each in FOUND)


def test_widths_are_drawn_evenly_by_their_logarithms() -> None:
    counts = np.histogram([widths(each)[0] for each in FOUND], [4, 16, 64, 257])[0]
    assert counts == pytest.approx(DRAWS / 3, rel=0.1)


def test_a_network_has_as_many_inputs_as_its_view_and_runs() -> None:
    for each in FOUND[:50]:
        assert each.network.features == dict(VIEWS)[str(each.view)]
        plan = each.network.plan(each.network.initial(0, np.dtype("f4")), 2, Mode())
        for call in plan.forward:
            call()
        assert np.isfinite(plan.a).all()


@pytest.mark.parametrize(("most", "depths"), [(0, {0}), (1, {1}), (2, {1, 2}), (3, {1, 2, 3}), (4, {1, 2, 3})])
def test_there_are_no_more_layers_than_are_allowed_and_at_most_three(most: int, depths: set[int]) -> None:
    assert {len(widths(each)) for each in drawn(replace(SPACE, most_layers=most), 200)} == depths


def test_of_one_view_all_networks_have_this_one() -> None:
    found = drawn(replace(SPACE, views=(("piecewise", 46),), widest=5, activations=("sinc",)), 100)
    assert {(str(each.view), each.network.features) for each in found} == {("piecewise", 46)}
    assert {width for each in found for width in widths(each)} == {4, 5}
    assert {activation for each in found for activation in each.activations} == {"sinc"}


@pytest.mark.parametrize("most", [None, 20, 21])
def test_a_recipe_fits_if_its_network_has_no_more_parameters_than_are_allowed(most: int | None) -> None:
    assert START.network.size == 6 * 3 + 3
    assert replace(SPACE, most_parameters=most).fits(START) == (most != 20)


def test_children_of_children_stay_in_the_space() -> None:
    rng, parent, names = np.random.default_rng(3), START, set[str]()
    for _ in range(1500):
        name, child = mutate(parent, SPACE, rng)
        names.add(name)
        assert child.key != parent.key
        assert child.network.features == dict(VIEWS)[str(child.view)]
        assert len(widths(child)) <= 3
        assert all(4 <= width <= 256 for width in widths(child))
        assert len(set(child.activations)) <= 1
        assert child.hidden(Dropout) == ([i + 1 for i in child.hidden(Dense)] if child.dropout else [])
        assert child.dropout in (0, 0.1, 0.25, 0.4)
        assert 200 <= child.steps <= 6000
        assert str(child.description).splitlines()[-2:] == ["dense 3 -", "output softmax"]
        assert Recipe.from_json(child.to_json()) == child
        parent = child
    kinds = {"add layer", "widen", "narrow", "change activation", "remove layer", "settings"}
    assert names == {*kinds, "view", "dropout", "steps", "scale inputs"}


def found_in(space: Space) -> list[Recipe]:
    return list(recipes(START, space))


def test_the_portfolio_is_in_its_order_and_as_it_is_written_down() -> None:
    found = found_in(SPACE)
    assert len(found) == len(PORTFOLIO)
    for entry, each in zip(PORTFOLIO, found, strict=True):
        assert (widths(each), set(each.activations)) == ([entry.width] * 2, {"silu"})
        assert (each.learning_rate, each.weight_decay, each.steps) == (
            *(entry.learning_rate, entry.weight_decay, entry.steps),
        )
        assert (each.dropout, each.scales, each.view) == (entry.dropout, entry.scales, View.parse(entry.view))
        assert each.network.features == dict(VIEWS)[entry.view]
        assert str(each.description).splitlines()[-2:] == ["dense 3 -", "output softmax"]
    assert len({each.key for each in found}) == len(found)


def test_the_portfolio_is_within_the_limits_of_a_table() -> None:
    for each in found_in(SPACE):
        assert SPACE.rates[0] <= each.learning_rate <= SPACE.rates[1]
        assert SPACE.decays[0] <= each.weight_decay <= SPACE.decays[1]
        assert 200 <= each.steps <= 6000
        assert {*each.activations} <= {*FOR_TABLES}
        assert 1 <= len(widths(each)) <= 3


@pytest.mark.parametrize("most", [0, 1, 2, 4])
def test_networks_of_the_portfolio_have_no_more_layers_than_are_allowed(most: int) -> None:
    found = found_in(replace(SPACE, most_layers=most))
    assert [widths(each) for each in found] == [[entry.width] * min(2, most) for entry in PORTFOLIO]


@pytest.mark.parametrize("widest", [8, 16, 40, 64, 1000])
def test_layers_of_the_portfolio_are_no_wider_than_is_allowed(widest: int) -> None:
    found = found_in(replace(SPACE, widest=widest))
    assert [widths(each) for each in found] == [[min(entry.width, widest)] * 2 for entry in PORTFOLIO]


def test_in_the_place_of_a_view_that_is_not_there_the_portfolio_has_the_standard_one() -> None:
    for left in (VIEWS[:1], VIEWS[:3]):
        expected = [entry.view if entry.view in dict(left) else "standard" for entry in PORTFOLIO]
        found = found_in(replace(SPACE, views=left))
        assert [str(each.view) for each in found] == expected
        assert [each.network.features for each in found] == [dict(left)[view] for view in expected]


def test_activations_that_are_not_allowed_are_replaced_by_allowed_ones_in_turn() -> None:
    allowed = ("relu", "sinc", "gaussian")
    for number, each in enumerate(found_in(replace(SPACE, activations=allowed))):
        assert set(each.activations) == {allowed[number % 3]}
    (only,) = {
        activation for each in found_in(replace(SPACE, activations=("sinc",))) for activation in each.activations
    }
    assert only == "sinc"
