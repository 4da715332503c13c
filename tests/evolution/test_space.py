"""What is drawn afresh: every number within its limits, and as often as it should be."""

from dataclasses import replace

import numpy as np
import pytest
from test_mutations import EMPTY, IMAGE, recipe, space

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import Convolution, Dense, MaxPooling
from kerash_cli.evolution.recipe import Recipe
from kerash_cli.evolution.space import SEARCHED, Space, activations, convolution

DRAWS = 2000
FEW = ("relu", "tanh")


def drawn(text: str, draws: int = DRAWS, **words: object) -> list[Recipe]:
    rng, start, own = np.random.default_rng(2), recipe(text), space(text, **{"activations": FEW, **words})
    return [own.random(start, rng) for _ in range(draws)]


def depths(found: list[Recipe]) -> list[int]:
    return [len(each.hidden(Dense, Convolution)) for each in found]


def test_without_a_word_tables_have_up_to_four_layers_and_settings_evolve() -> None:
    own, rng, start = Space(SEARCHED, 20), np.random.default_rng(1), recipe(IMAGE)
    found = [own.random(start, rng) for _ in range(100)]
    assert set(depths(found)) == {1, 2, 3, 4}
    assert not any(each.hidden(Convolution) for each in found)
    assert len({each.learning_rate for each in found}) == 100


@pytest.mark.parametrize(
    ("widest", "widths"), [(40, range(4, 41)), (5, range(4, 6)), (4, range(4, 5)), (3, range(3, 4)), (1, range(1, 2))]
)
def test_widths_are_from_four_to_the_widest(widest: int, widths: range) -> None:
    rng, own = np.random.default_rng(1), space(widest=widest)
    assert {own.width(rng) for _ in range(DRAWS)} == set(widths)


@pytest.mark.parametrize(
    ("widest", "filters"), [(256, range(4, 33)), (33, range(4, 33)), (10, range(4, 11)), (3, range(3, 4))]
)
def test_filters_are_from_four_to_thirty_two_or_the_widest(widest: int, filters: range) -> None:
    rng, own = np.random.default_rng(1), space(widest=widest)
    assert {own.filters(rng) for _ in range(DRAWS)} == set(filters)


@pytest.mark.parametrize(("widest", "most"), [(256, 64), (64, 64), (63, 63), (9, 9)])
def test_mutations_reach_sixty_four_filters_or_the_widest(widest: int, most: int) -> None:
    assert space(widest=widest).most_filters == most


def test_widths_are_drawn_evenly_by_their_logarithms() -> None:
    rng, own = np.random.default_rng(1), space(widest=256)  # 4 to 16 is as likely as 16 to 64, and 64 to 256
    widths = np.array([own.width(rng) for _ in range(3 * DRAWS)])
    assert np.histogram(np.log(widths / 4) / np.log(4), [-1, 1, 2, 4])[0] == pytest.approx(DRAWS, rel=0.06)


def test_an_activation_is_any_other_one_of_the_list() -> None:
    rng, own = np.random.default_rng(1), space(activations=("relu", "tanh", "sinc"))
    assert {str(own.activation(rng)) for _ in range(100)} == {"relu", "tanh", "sinc"}
    assert {str(own.activation(rng, other_than="tanh")) for _ in range(100)} == {"relu", "sinc"}


def test_few_hidden_layers_are_likelier_than_many() -> None:
    """One is twice as likely as two, three times as three, four times as four."""
    counts = np.bincount(depths(drawn(EMPTY)), minlength=5) / DRAWS
    assert counts == pytest.approx([0, 12 / 25, 6 / 25, 4 / 25, 3 / 25], abs=0.025)


@pytest.mark.parametrize(("most", "found"), [(0, {0}), (1, {1}), (2, {1, 2})])
def test_there_are_no_more_layers_than_are_allowed(most: int, found: set[int]) -> None:
    assert set(depths(drawn(EMPTY, 100, most_layers=most))) == found
    assert set(depths(drawn(IMAGE, 100, most_layers=most))) == found


def test_of_an_image_any_number_of_the_first_layers_are_convolutions() -> None:
    found = [each for each in drawn(IMAGE) if len(each.hidden(Dense, Convolution)) == 2]
    counts = np.bincount([len(each.hidden(Convolution)) for each in found]) / len(found)
    assert counts == pytest.approx([1 / 3] * 3, abs=0.07)
    for each in found:
        assert max([0, *each.hidden(Convolution, MaxPooling)]) < min(each.hidden(Dense), default=9)
        assert {str(each.layers[i]) for i in each.hidden(MaxPooling)} <= {"max_pooling - 2 0 2 2"}
    assert not any(each.hidden(Convolution) for each in drawn(IMAGE, 100, images=False))


@pytest.mark.parametrize(
    ("width", "height", "most"), [(3, 3, 0), (8, 3, 0), (4, 9, 1), (7, 7, 1), (8, 8, 2), (8, 6, 1)]
)
def test_an_image_is_halved_as_long_as_its_shorter_side_has_four_pixels(width: int, height: int, most: int) -> None:
    found = drawn(f"{width} {height} 1\ninput\ndense 3 softmax\n", 400, images=True)
    assert {len(each.hidden(MaxPooling)) for each in found} == set(range(most + 1))


def test_half_of_the_convolutions_that_could_be_pooled_are() -> None:
    single = [each for each in drawn(IMAGE, most_layers=1) if each.hidden(Convolution)]
    share = sum(bool(each.hidden(MaxPooling)) for each in single) / len(single)
    assert share == pytest.approx(0.5, abs=0.05)


def test_the_first_and_the_last_layer_stay_and_so_does_what_is_behind_them() -> None:
    text = "6 1 1\ninput\ndense 7 sinc\ndense 3 -\noutput softmax\n"
    for each in drawn(text, 50):
        lines = str(each.description).splitlines()
        assert (lines[:2], lines[-2:]) == (["6 1 1", "input"], ["dense 3 -", "output softmax"])
        assert "dense 7 sinc" not in lines


def test_settings_are_drawn_only_if_they_evolve() -> None:
    own = space(tunes=False)
    fixed = replace(own, activations=FEW).random(recipe(), np.random.default_rng(0))
    assert (fixed.learning_rate, fixed.weight_decay) == (0.005, 0.003)
    assert len({each.learning_rate for each in drawn(EMPTY, 20)}) == 20


def test_a_new_convolution_keeps_the_size_of_the_image() -> None:
    assert str(convolution(5, Activation.parse("tanh"))) == "convolution tanh 5 1 1 3 3"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("tanh", ("tanh",)),
        ("tanh,", ("tanh",)),
        ("tanh,relu,tanh", ("tanh", "relu")),
        ("srelu:-2,0.1,1,0.2,tanh,", ("srelu:-2,0.1,1,0.2", "tanh")),
    ],
)
def test_a_list_of_activations_has_each_once_in_its_order(words: str, found: tuple[str, ...]) -> None:
    assert activations(words) == found
