"""What a recipe says of its network, and that it comes back from JSON."""

from dataclasses import replace

import pytest
from test_mutations import EMPTY, RICH, recipe

from kerash_cli.encoding.views import View
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import Convolution, Dense, MaxPooling
from kerash_cli.evolution.recipe import POOLING, Recipe, rounded

POOLED_TWICE = "8 6 2\ninput\nconvolution relu 4 1 1 3 3\nmax_pooling - 3 0 3 3\ndense 3 -\n"
ALL_CONVOLUTIONS = "8 6 2\ninput\nconvolution relu 4 1 1 3 3\nconvolution - 1 1 1 3 3\nglobal_average_pooling\n"
DEEP = "6 1 1\ninput\ndense 9 tanh\ndropout 0.1\ndense 4 relu\ndense 3 softmax\n"


@pytest.mark.parametrize(
    ("text", "last", "images", "topology"),
    [
        (EMPTY, 1, 1, "no hidden layer"),
        (DEEP, 4, 1, "9 tanh, dropout 0.1, 4 relu"),
        (RICH, 6, 5, "4 filters 3x3 relu, pooling, flatten, dropout 0.1, 9 tanh"),
        (RICH.replace("3 3\n", "3 1\n"), 6, 5, "4 filters 3x1 relu, pooling, flatten, dropout 0.1, 9 tanh"),
        (POOLED_TWICE, 3, 3, "4 filters 3x3 relu, max_pooling - 3 0 3 3"),
        (ALL_CONVOLUTIONS, 2, 2, "4 filters 3x3 relu"),
    ],
)
def test_a_recipe_knows_its_last_layer_its_images_and_its_hidden_layers(
    text: str, last: int, images: int, topology: str
) -> None:
    found = recipe(text)
    assert (found.last, found.images, found.topology) == (last, images, topology)


def test_hidden_layers_are_those_before_the_last_with_weights() -> None:
    found = recipe(RICH)
    assert found.hidden(Dense) == [5]
    assert found.hidden(Convolution, MaxPooling) == [1, 2]
    assert recipe(ALL_CONVOLUTIONS).hidden(Convolution) == [1]
    assert recipe().hidden(Dense) == []


def test_recipes_have_the_same_key_if_and_only_if_they_are_equal() -> None:
    own = recipe(DEEP)
    assert own.key == recipe(DEEP).key
    others = [recipe(), replace(own, learning_rate=0.0050001), replace(own, weight_decay=0.0030001)]
    others += [replace(own, steps=999), replace(own, view=View(pieces=8)), replace(own, view=View(quantile=True))]
    assert len({each.key for each in (own, *others)}) == 7
    assert len({Recipe(own.description, *settings).key for settings in ((0.1, 0.2), (0.2, 0.1))}) == 2


def test_a_recipe_with_other_layers_keeps_its_inputs_and_its_settings() -> None:
    own = recipe(DEEP)
    other = own.with_layers((own.layers[0], *own.layers[3:]))
    assert str(other.description) == "6 1 1\ninput\ndense 4 relu\ndense 3 softmax\n"
    assert (other.learning_rate, other.weight_decay) == (0.005, 0.003)


def test_a_recipe_is_json_and_back() -> None:
    told = recipe(DEEP).to_json()
    assert told == {
        "model": DEEP, "learning_rate": 0.005, "weight_decay": 0.003, "steps": 1000, "view": "standard"
    }  # fmt: skip
    assert Recipe.from_json({**told, "generation": 3}) == recipe(DEEP)
    other = replace(recipe(DEEP), steps=77, view=View(quantile=True, pieces=16))
    assert other.to_json() == {**told, "steps": 77, "view": "quantile,piecewise:16"}
    assert Recipe.from_json(other.to_json()) == other


def lines(own: Recipe) -> list[str]:
    """The description without its shape and its input layer."""
    return str(own.description).splitlines()[2:]


@pytest.mark.parametrize(
    ("hidden", "activations", "dropout", "scales"),
    [
        ("", (), 0.0, False),
        ("scale\n", (), 0.0, True),
        ("dense 9 tanh\ndropout 0.25\ndense 4 relu\ndropout 0.4\n", ("tanh", "relu"), 0.25, False),
        ("scale\ndense 9 selu\ndense 9 selu\n", ("selu", "selu"), 0.0, True),
        ("dense 9 srelu:-2,0.1,1,0.2\n", ("srelu:-2,0.1,1,0.2",), 0.0, False),
    ],
)
def test_a_recipe_knows_its_activations_its_dropout_and_its_scale(
    hidden: str, activations: tuple[str, ...], dropout: float, scales: bool
) -> None:
    """The activation of the last layer is not among them."""
    found = recipe(f"6 1 1\ninput\n{hidden}dense 3 softmax\n")
    assert (found.activations, found.dropout, found.scales) == (activations, dropout, scales)


def test_convolutions_have_activations_too() -> None:
    assert recipe(RICH).activations == ("relu", "tanh")


def test_dropout_is_behind_each_hidden_dense_layer_and_nowhere_else() -> None:
    own = recipe("6 1 1\ninput\ndropout 0.3\nscale\ndense 9 tanh\ndense 4 relu\ndropout 0.1\ndense 3 softmax\n")
    assert lines(own.with_dropout(0.25)) == [
        *("scale", "dense 9 tanh", "dropout 0.25", "dense 4 relu", "dropout 0.25", "dense 3 softmax")
    ]
    without = ["scale", "dense 9 tanh", "dense 4 relu", "dense 3 softmax"]
    assert lines(own.with_dropout(0.25).with_dropout(0)) == lines(own.with_dropout(0)) == without
    assert lines(recipe().with_dropout(0.4)) == ["dense 3 softmax"]
    assert replace(own.with_dropout(0.25), description=own.description) == own


def test_a_scale_is_the_first_layer_and_there_is_one_at_most() -> None:
    own = recipe(DEEP)
    scaled = own.with_scale(True)
    assert lines(scaled) == ["scale", *lines(own)]
    assert (scaled.with_scale(True), scaled.with_scale(False), own.with_scale(False)) == (scaled, own, own)
    assert recipe().with_scale(True).topology == "scale"


def test_another_view_gives_the_network_as_many_inputs_as_it_has() -> None:
    own = replace(recipe(DEEP).with_scale(True), steps=7)
    other = own.with_view(View(pieces=16), 90)
    assert (str(other.view), other.steps, other.network.features) == ("piecewise:16", 7, 90)
    assert (other.topology, own.topology) == (f"piecewise:16, {own.topology}", "scale, 9 tanh, dropout 0.1, 4 relu")
    assert (other.layers, other.learning_rate) == (own.layers, own.learning_rate)
    assert other.with_view(View(), 6) == own
    assert other.network.size - own.network.size == (90 - 6) * (1 + 9)  # a factor, and weights of 9 units


def test_the_pooling_that_evolution_adds_takes_the_largest_of_two_by_two() -> None:
    assert MaxPooling(Activation("identity"), stride=2, pad=0, kernel_width=2, kernel_height=2) == POOLING
    assert recipe(RICH).layers[2] == POOLING


@pytest.mark.parametrize(
    ("value", "kept"), [(0.00123449, 0.001234), (0.0123451, 0.01235), (0.1, 0.1), (123449.0, 123400.0), (0.0, 0.0)]
)
def test_settings_are_rounded_to_four_digits(value: float, kept: float) -> None:
    assert rounded(value) == kept
