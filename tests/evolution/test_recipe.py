"""What a recipe says of its network, and that it comes back from JSON."""

from dataclasses import replace

import pytest
from test_mutations import EMPTY, RICH, recipe

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
    assert len({each.key for each in (own, *others)}) == 4
    assert len({Recipe(own.description, *settings).key for settings in ((0.1, 0.2), (0.2, 0.1))}) == 2


def test_a_recipe_with_other_layers_keeps_its_inputs_and_its_settings() -> None:
    own = recipe(DEEP)
    other = own.with_layers((own.layers[0], *own.layers[3:]))
    assert str(other.description) == "6 1 1\ninput\ndense 4 relu\ndense 3 softmax\n"
    assert (other.learning_rate, other.weight_decay) == (0.005, 0.003)


def test_a_recipe_is_json_and_back() -> None:
    told = recipe(DEEP).to_json()
    assert told == {"model": DEEP, "learning_rate": 0.005, "weight_decay": 0.003}
    assert Recipe.from_json({**told, "generation": 3}) == recipe(DEEP)


def test_the_pooling_that_evolution_adds_takes_the_largest_of_two_by_two() -> None:
    assert MaxPooling(Activation("identity"), stride=2, pad=0, kernel_width=2, kernel_height=2) == POOLING
    assert recipe(RICH).layers[2] == POOLING


@pytest.mark.parametrize(
    ("value", "kept"), [(0.00123449, 0.001234), (0.0123451, 0.01235), (0.1, 0.1), (123449.0, 123400.0), (0.0, 0.0)]
)
def test_settings_are_rounded_to_four_digits(value: float, kept: float) -> None:
    assert rounded(value) == kept
