"""Where each mutation applies, and how far it goes."""

from dataclasses import replace
from math import log2
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_mutations import GROUPED, RICH, recipe, space

from kerash_cli.engine.layers import Layer
from kerash_cli.errors import BadInput
from kerash_cli.evolution.mutations import MUTATIONS, Mutation, mutate
from kerash_cli.evolution.recipe import Recipe
from kerash_cli.evolution.space import Space

DEEP = "6 1 1\ninput\nscale\ndense 9 tanh\ndropout 0.1\ndense 5 tanh\ndropout 0.1\ndense 3 softmax\n"
VIEWS = (("standard", 6), ("quantile", 12), ("piecewise", 54))
KINDS = {each.name: each for each in MUTATIONS}
DRAWS = 800

PLACES: dict[str, tuple[str, dict[str, object], list[int]]] = {
    "add layer": (RICH, {}, [5, 6]),
    "add layer, to no other": ("6 1 1\ninput\ndense 3 softmax\n", {}, [1]),
    "add layer, one below the most": (RICH, {"most_layers": 3}, [5, 6]),
    "add layer, at the most": (RICH, {"most_layers": 2}, []),
    "widen": (RICH, {}, [5]),
    "widen, one below the widest": (RICH, {"widest": 10}, [5]),
    "widen, at the widest": (RICH, {"widest": 9}, []),
    "narrow": (RICH, {}, [5]),
    "narrow, one above the narrowest": (RICH.replace("dense 9", "dense 5"), {}, [5]),
    "narrow, at the narrowest": (RICH.replace("dense 9", "dense 4"), {}, []),
    "add layer, without groups behind it": (GROUPED, {}, [2, 4, 5]),
    "widen, without groups": (GROUPED, {}, [4]),
    "narrow, without groups": (GROUPED, {}, [4]),
    "change activation, of groups too": (GROUPED, {}, [2, 3, 4]),
    "remove layer, without groups behind it": (GROUPED, {}, [3, 4]),
    "change activation": (RICH, {}, [1, 5]),
    "change activation, of two": (RICH, {"activations": ("relu", "tanh")}, [1, 5]),
    "change activation, of one": (RICH, {"activations": ("relu",)}, []),
    "remove layer": (RICH, {}, [1, 5]),
    "settings": (RICH, {}, [0]),
    "settings, that stay": (RICH, {"tunes": False}, []),
    "add convolution": (RICH, {}, [1, 2, 3]),
    "add convolution, to no other": ("8 6 2\ninput\ndense 3 softmax\n", {}, [1]),
    "add convolution, at the most": (RICH, {"most_layers": 2}, []),
    "add convolution, without images": (RICH, {"images": False}, []),
    "more filters": (RICH, {}, [1]),
    "more filters, one below the most": (RICH, {"widest": 5}, [1]),
    "more filters, at the most": (RICH, {"widest": 4}, []),
    "larger kernel": (RICH, {}, [1]),
    "larger kernel, below the largest": (RICH.replace("1 1 3 3", "1 2 5 5"), {}, [1]),
    "larger kernel, at the largest": (RICH.replace("1 1 3 3", "1 3 7 7"), {}, []),
    "add pooling": (RICH.replace("max_pooling - 2 0 2 2\n", ""), {}, [2]),
    "add pooling, behind the second": (RICH.replace("flatten", "convolution relu 4 1 1 3 3\nflatten"), {}, [4]),
    "add pooling, to pooled": (RICH, {}, []),
    "add pooling, to one filter": ("8 6 2\ninput\nconvolution relu 1 1 1 3 3\ndense 3 -\n", {}, [2]),
    "add pooling, to two rows": ("8 2 2\ninput\nconvolution relu 4 1 1 3 3\ndense 3 -\n", {}, [2]),
    "add pooling, to one row": ("8 1 2\ninput\nconvolution relu 4 1 1 3 3\ndense 3 -\n", {}, []),
    "add pooling, to what is one row behind": ("8 3 2\ninput\nconvolution relu 4 1 0 3 3\ndense 3 -\n", {}, []),
    "add pooling, to one column": ("1 8 2\ninput\nconvolution relu 4 1 1 3 3\ndense 3 -\n", {}, []),
    "view": (DEEP, {"views": VIEWS}, [0]),
    "view, of one": (DEEP, {"views": VIEWS[:1]}, []),
    "view, of none": (DEEP, {}, []),
    "dropout": (DEEP, {"views": VIEWS[:1]}, [2]),
    "dropout, without hidden layers": ("6 1 1\ninput\nscale\ndense 3 softmax\n", {"views": VIEWS}, []),
    "dropout, but for a table": (DEEP, {}, []),
    "steps": ("6 1 1\ninput\ndense 3 softmax\n", {"views": VIEWS[:1]}, [0]),
    "steps, but for a table": (DEEP, {}, []),
    "scale inputs": ("6 1 1\ninput\ndense 3 softmax\n", {"views": VIEWS[:1]}, [0]),
    "scale inputs, but for a table": (DEEP, {}, []),
    "add layer, behind the scale": (DEEP, {"views": VIEWS}, [2, 4, 6]),
    "remove pooling": (RICH, {}, [2]),
    "remove pooling, of none": (RICH.replace("max_pooling - 2 0 2 2\n", ""), {}, []),
}


@pytest.mark.parametrize("case", PLACES)
def test_a_mutation_applies_where_it_should(case: str) -> None:
    text, words, places = PLACES[case]
    own = space(text, **{"images": True, **words})
    assert list(KINDS[case.partition(",")[0]].places(recipe(text), own)) == places


def test_every_mutation_has_its_places_here() -> None:
    assert {case.partition(",")[0] for case in PLACES} == KINDS.keys(), "write its places here"


def children(name: str, place: int, parent: Recipe, own: Space) -> list[Recipe]:
    rng = np.random.default_rng(3)
    return [KINDS[name].change(parent, place, own, rng) for _ in range(DRAWS)]


def changed(name: str, place: int, text: str = RICH, **words: object) -> list[Layer]:
    """The layer at that place, of many children, of which the other layers are as they were."""
    parent = recipe(text)
    found = children(name, place, parent, space(text, **{"images": True, **words}))
    inserted = name.startswith("add")
    for child in found:
        others = child.layers[:place], child.layers[place + 1 :]
        assert others == (parent.layers[:place], parent.layers[place + (not inserted) :])
        assert (child.learning_rate, child.weight_decay) == (parent.learning_rate, parent.weight_decay)
    return [child.layers[place] for child in found]


def words(layers: list[Layer], field: str) -> set[int]:
    return {getattr(layer, field) for layer in layers}


def test_a_layer_gets_more_units_or_filters_by_a_quarter_to_double() -> None:
    text = RICH.replace("dense 9", "dense 16").replace("relu 4", "relu 8")
    wider = words(changed("widen", 5, text, widest=60), "units")
    assert (min(wider), max(wider)) == (20, 32)
    assert words(changed("widen", 5, text, widest=20), "units") == {20}
    more = words(changed("more filters", 1, text, widest=60), "filters")
    assert (min(more), max(more)) == (10, 16)
    assert words(changed("more filters", 1, text, widest=11), "filters") == {10, 11}
    assert words(changed("more filters", 1, RICH.replace("relu 4", "relu 1"), widest=60), "filters") == {2}
    assert words(changed("widen", 5, RICH.replace("dense 9", "dense 1")), "units") == {2}


@pytest.mark.parametrize(("units", "left"), [(16, 12), (6, 4), (5, 4), (9, 7)])
def test_a_layer_loses_a_quarter_of_its_units(units: int, left: int) -> None:
    assert words(changed("narrow", 5, RICH.replace("dense 9", f"dense {units}")), "units") == {left}


def test_a_new_activation_is_another_one_of_the_list() -> None:
    own = {"activations": ("relu", "tanh", "sinc")}
    assert {str(each) for each in words(changed("change activation", 5, **own), "activation")} == {"relu", "sinc"}
    assert {str(each) for each in words(changed("change activation", 1, **own), "activation")} == {"tanh", "sinc"}


def test_a_new_dense_layer_has_any_width_and_any_activation_of_the_list() -> None:
    layers = changed("add layer", 6, widest=12, activations=("relu", "tanh"))
    assert words(layers, "units") == set(range(4, 13))
    assert {str(each) for each in words(layers, "activation")} == {"relu", "tanh"}


def test_a_new_convolution_keeps_the_size_and_can_be_the_identity() -> None:
    layers = changed("add convolution", 1, widest=12, activations=("relu", "tanh"))
    filters = words(layers, "filters")
    assert filters == set(range(4, 13))  # the image has 2 channels
    assert words(changed("add convolution", 2, widest=12), "filters") == set(range(8, 13))  # 4 come from the first one
    assert words(changed("add convolution", 2, widest=6), "filters") == {6}
    sizes = {(each.stride, each.pad, each.kernel_width, each.kernel_height) for each in layers}  # type: ignore[attr-defined]
    assert sizes == {(1, 1, 3, 3)}


def test_a_larger_kernel_has_a_place_more_on_each_side_and_gives_an_image_of_the_same_size() -> None:
    (layer,) = set(changed("larger kernel", 1))
    assert str(layer) == "convolution relu 4 1 2 5 5"


def test_a_new_pooling_halves_the_image() -> None:
    (layer,) = set(changed("add pooling", 2, RICH.replace("max_pooling - 2 0 2 2\n", "")))
    assert str(layer) == "max_pooling - 2 0 2 2"


def test_what_is_removed_is_one_layer_and_with_a_convolution_its_pooling() -> None:
    lines = RICH.splitlines()
    parent, own = recipe(RICH), space(RICH)
    for name, place, gone in (("remove layer", 1, {2, 3}), ("remove layer", 5, {6}), ("remove pooling", 2, {3})):
        (child,) = {each.key: each for each in children(name, place, parent, own)}.values()
        assert str(child.description).splitlines() == [line for i, line in enumerate(lines) if i not in gone]
    alone = recipe(RICH.replace("max_pooling - 2 0 2 2\n", ""))
    (child,) = {each.key: each for each in children("remove layer", 1, alone, own)}.values()
    assert len(child.layers) == len(alone.layers) - 1


def test_settings_go_up_and_down_by_what_they_should_and_stay_within_their_bounds() -> None:
    found = children("settings", 0, recipe(RICH), space(RICH))  # a rate of 0.005, a decay of 0.003
    rates = [log2(each.learning_rate / 0.005) for each in found]
    decays = [log2(each.weight_decay / 0.003) / 2 for each in found]
    assert (min(rates), max(rates)) == (pytest.approx(-1.5, abs=0.02), pytest.approx(1, abs=0.02))
    assert (min(decays), max(decays)) == (pytest.approx(-1, abs=0.02), pytest.approx(1.5, abs=0.02))
    assert all(float(f"{each.learning_rate:.4g}") == each.learning_rate for each in found)
    assert any(float(f"{each.weight_decay:.3g}") != each.weight_decay for each in found)
    assert {each.layers for each in found} == {recipe(RICH).layers}
    for rate, decay in ((1e-3, 1e-4), (2e-2, 1e-1)):
        at_the_end = Recipe(recipe(RICH).description, rate, decay)
        beyond = children("settings", 0, at_the_end, space(RICH))
        assert rate in {each.learning_rate for each in beyond}
        assert decay in {each.weight_decay for each in beyond}
        assert all(1e-3 <= each.learning_rate <= 2e-2 and 1e-4 <= each.weight_decay <= 1e-1 for each in beyond)


class Noting:
    """Draws as a generator of NumPy does, and notes the shares by which it chooses."""

    def __init__(self) -> None:
        self.shares: list[list[float]] = []
        self.rng = np.random.default_rng(0)

    def choice(self, count: int, p: NDArray[np.float64]) -> int:
        assert len(p) == count
        self.shares.append(p.tolist())
        return int(self.rng.choice(count, p=p))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rng, name)


def test_shares_are_those_of_the_reference_among_all_that_apply() -> None:
    shares = {"add layer": 0.25, "widen": 0.20, "narrow": 0.10, "change activation": 0.15, "remove layer": 0.05}
    shares |= {"settings": 0.25, "add convolution": 0.25, "more filters": 0.15, "larger kernel": 0.05}
    shares |= {"add pooling": 0.1, "remove pooling": 0.05}
    for_tables = {"view": 0.15, "dropout": 0.15, "steps": 0.1, "scale inputs": 0.05}
    parent = recipe(RICH.replace("flatten", "convolution relu 4 1 1 3 3\nflatten"))
    for own in (space(RICH), space(RICH, views=VIEWS)):
        rng: Any = Noting()
        mutate(parent, own, rng)
        applying = shares | (for_tables if own.views else {})
        expected = [applying[name] / sum(applying.values()) for name in KINDS if name in applying]
        assert rng.shares[0] == pytest.approx(expected)


@pytest.mark.parametrize("draws", [1, 99, 100])
def test_a_change_that_changes_nothing_is_drawn_again_a_hundred_times(
    monkeypatch: pytest.MonkeyPatch, draws: int
) -> None:
    tried: list[int] = []

    def change(parent: Recipe, place: int, own: Space, rng: np.random.Generator) -> Recipe:
        tried.append(place)
        return replace(parent, learning_rate=0.5) if len(tried) == draws else parent

    monkeypatch.setattr("kerash_cli.evolution.mutations.MUTATIONS", [Mutation("none", 1, lambda *_: [7], change)])
    assert mutate(recipe(), space(), np.random.default_rng(0)) == ("none", replace(recipe(), learning_rate=0.5))
    assert tried == [7] * draws
    with pytest.raises(BadInput, match="no mutation of the network is within the limits"):
        mutate(recipe(), space(), np.random.default_rng(0))
    assert len(tried) == draws + 100


def test_a_pooling_behind_a_dense_layer_stays_when_that_goes() -> None:
    parent = recipe("8 1 1\ninput\ndense 8 tanh\nmax_pooling - 2 0 2 1\ndense 3 -\n")
    child = KINDS["remove layer"].change(parent, 1, space(), np.random.default_rng(0))
    assert str(child.description) == "8 1 1\ninput\nmax_pooling - 2 0 2 1\ndense 3 -\n"


def of_table(name: str, place: int, text: str = DEEP, **words: object) -> list[Recipe]:
    """The different children of a network for a table."""
    own = space(text, **{"views": VIEWS, "activations": ("relu", "tanh", "silu"), **words})
    return list({each.key: each for each in children(name, place, recipe(text), own)}.values())


def layers(each: Recipe) -> list[str]:
    return str(each.description).splitlines()[2:]


def test_a_new_layer_of_a_network_for_a_table_is_like_its_neighbour_and_drops_out_as_the_others_do() -> None:
    """The neighbour is the nearest layer, and of two equally near ones the former."""
    nine, five, behind = "dense 9 tanh", "dense 5 tanh", ["dropout 0.1", "dense 3 softmax"]
    for place, found in ((2, [nine, nine, five]), (4, [nine, five, five]), (6, [nine, five, five])):
        (child,) = of_table("add layer", place)
        between = "\n".join(found).replace("\n", "\ndropout 0.1\n").splitlines()
        assert layers(child) == ["scale", *between, *behind]


def test_the_first_layer_of_a_network_for_a_table_is_drawn() -> None:
    found = of_table("add layer", 2, "6 1 1\ninput\nscale\ndense 3 softmax\n", widest=6)
    assert {tuple(layers(each)) for each in found} == {
        ("scale", f"dense {units} {activation}", "dense 3 softmax")
        for units in (4, 5, 6)
        for activation in ("relu", "tanh", "silu")
    }


@pytest.mark.parametrize("place", [2, 4])
def test_all_hidden_layers_of_a_network_for_a_table_get_the_same_activation(place: int) -> None:
    found = of_table("change activation", place)
    assert sorted(each.activations for each in found) == [("relu", "relu"), ("silu", "silu")]
    assert {each.with_layers(recipe(DEEP).layers) for each in found} == {recipe(DEEP)}


def test_with_a_layer_goes_its_dropout() -> None:
    (child,) = of_table("remove layer", 2)
    assert layers(child) == ["scale", "dense 5 tanh", "dropout 0.1", "dense 3 softmax"]
    (child,) = of_table("remove layer", 4)
    assert layers(child) == ["scale", "dense 9 tanh", "dropout 0.1", "dense 3 softmax"]


def test_another_view_is_any_other_one_with_as_many_inputs_as_it_has() -> None:
    parent = recipe(DEEP)
    found = of_table("view", 0)
    assert {(str(each.view), each.network.features) for each in found} == {("quantile", 12), ("piecewise", 54)}
    assert {each.with_view(parent.view, 6) for each in found} == {parent}
    back = KINDS["view"].change(found[0], 0, space(DEEP, views=(VIEWS[0], (str(found[0].view), 12))), Noting().rng)
    assert back == parent


def test_another_dropout_is_any_other_rate_of_the_list_behind_all_hidden_layers() -> None:
    parent = recipe(DEEP)
    found = of_table("dropout", 2)
    assert {each.dropout for each in found} == {0.0, 0.25, 0.4}
    assert {each.with_dropout(0.1) for each in found} == {parent}


def test_steps_are_halved_to_doubled_within_200_and_6000() -> None:
    found = [each.steps for each in of_table("steps", 0)]
    assert (min(found), max(found)) == (pytest.approx(500, rel=0.01), pytest.approx(2000, rel=0.01))
    assert np.mean(np.array(found) < 1000) == pytest.approx(0.5, abs=0.07)
    for steps, low, high in ((200, 200, 400), (250, 200, 500), (5000, 2500, 6000), (6000, 3000, 6000)):
        parent = replace(recipe(DEEP), steps=steps)
        drawn = [each.steps for each in children("steps", 0, parent, space(DEEP, views=VIEWS))]
        assert (min(drawn), max(drawn)) == (pytest.approx(low, rel=0.01), pytest.approx(high, rel=0.01))
        assert min(drawn) >= 200
        assert max(drawn) <= 6000
        assert {replace(each, steps=steps) for each in children("steps", 0, parent, space(DEEP))} == {parent}


def test_a_scale_comes_and_goes() -> None:
    (without,) = of_table("scale inputs", 0)
    assert layers(without) == layers(recipe(DEEP))[1:]
    (again,) = of_table("scale inputs", 0, str(without.description))
    assert again == recipe(DEEP)


def test_settings_of_a_network_for_a_table_have_bounds_of_their_own() -> None:
    for rate, decay in ((1e-3, 1e-4), (3e-2, 3.0)):
        at_the_end = Recipe(recipe(DEEP).description, rate, decay)
        beyond = children("settings", 0, at_the_end, space(DEEP, views=VIEWS))
        assert rate in {each.learning_rate for each in beyond}
        assert decay in {each.weight_decay for each in beyond}
        assert all(1e-3 <= each.learning_rate <= 3e-2 and 1e-4 <= each.weight_decay <= 3.0 for each in beyond)
        assert {(each.steps, each.view, each.layers) for each in beyond} == {
            (at_the_end.steps, at_the_end.view, at_the_end.layers)
        }
