"""Layers: what each computes, by nested loops; their lines, read and written."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small import TANH, run

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import (
    IDENTITY,
    LAYERS,
    Dense,
    Dropout,
    Flatten,
    InputLayer,
    Layer,
    Mode,
    OutputLayer,
    Scale,
)
from kerash_cli.engine.layers.base import BadWord
from kerash_cli.engine.layers.grouping import Groups
from kerash_cli.engine.network import Network
from kerash_cli.engine.plans import Plan
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput

RELU = Activation("relu")


def forward(plan: Plan, x: Array) -> Array:
    plan.rows[:, :-1] = x
    run(plan.forward)
    return plan.a.T.copy()


def computed(layer: Layer, params: Array, x: Array, mode: Mode) -> Array:
    """What one layer alone makes of x (rows, features)."""
    return forward(Network([layer], (1, 1, x.shape[1])).plan(params, len(x), mode), x)


def test_dense_is_the_weighted_sum_of_all_inputs_plus_a_bias() -> None:
    rng = np.random.default_rng(0)
    weights, bias, x = rng.standard_normal((3, 2)), rng.standard_normal(2), rng.standard_normal((4, 3))
    expected = [
        [max(0.0, bias[j] + sum(x[row, i] * weights[i, j] for i in range(3))) for j in range(2)] for row in range(4)
    ]
    params = np.concatenate([weights.ravel(), bias])
    assert np.allclose(computed(Dense(2, RELU), params, x, Mode()), expected, rtol=1e-14)


def test_dense_reads_an_image_in_the_order_of_a_tensor_file() -> None:
    image = np.arange(24.0).reshape(2, 3, 4)  # depth, height, width: x is fastest
    network = Network([Dense(1, IDENTITY)], image.shape)
    weights = np.zeros(25)
    weights[1 + 2 * 4 + 1 * 12] = 1
    assert forward(network.plan(weights, 1, Mode()), image.reshape(1, -1)).item() == image[1, 2, 1]


@pytest.mark.parametrize("layer", [InputLayer(), Flatten(), OutputLayer(), Dropout(0.5)])
def test_a_layer_without_arithmetic_gives_its_input(layer: Layer) -> None:
    x = np.random.default_rng(1).standard_normal((3, 4))
    assert np.array_equal(computed(layer, np.empty(0), x, Mode()), x)


def test_flatten_makes_one_row_of_an_image() -> None:
    assert Flatten().output_shape((2, 3, 4)) == (1, 1, 24)


def test_output_applies_its_activation_and_leaves_its_input_alone() -> None:
    network = Network([Dense(3, IDENTITY), OutputLayer(RELU)], (1, 1, 3))
    plan = network.plan(np.concatenate([-np.eye(3).ravel(), np.zeros(3)]), 1, Mode())
    assert forward(plan, np.array([[1.0, -2.0, 3.0]])).tolist() == [[0, 2, 0]]


# Dropout


def masked(seed: int = 0, step: int = 0, chunk: int = 0, rate: float = 0.3, rows: int = 200) -> Array:
    mode = Mode(training=True, seed=seed, step=step, chunk=chunk)
    return computed(Dropout(rate), np.empty(0), np.ones((rows, 50)), mode)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", [0.1, 0.3, 0.9])
def test_dropout_zeroes_its_share_and_scales_the_rest(rate: float, dtype: Any) -> None:
    plan = Network([Dropout(rate)], (1, 1, 50)).plan(np.empty(0, dtype), 400, Mode(training=True))
    a = forward(plan, np.ones((400, 50)))
    kept = a != 0
    assert np.allclose(a[kept], 1 / (1 - rate), rtol=1e-6)
    assert abs(kept.mean() - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / a.size)


@pytest.mark.parametrize("key", [(1, 2, 3), (2, 2, 3), (1, 3, 3), (1, 2, 4)])
def test_dropout_draws_another_mask_for_another_seed_step_or_chunk_alone(key: tuple[int, int, int]) -> None:
    assert np.array_equal(masked(1, 2, 3), masked(*key)) == (key == (1, 2, 3))


def test_two_dropouts_of_a_network_draw_masks_of_their_own() -> None:
    network = Network([Dropout(0.5), Dropout(0.5)], (1, 1, 400))
    a = forward(network.plan(np.empty(0), 10, Mode(training=True)), np.ones((10, 400)))
    assert abs((a != 0).mean() - 0.25) < 0.05


def test_dropout_of_rate_0_does_nothing() -> None:
    assert np.array_equal(masked(rate=0.0, rows=2), np.ones((2, 50)))


def test_dropout_follows_the_mode_that_it_was_planned_with() -> None:
    mode = Mode(training=True)
    plan = Network([Dropout(0.5)], (1, 1, 50)).plan(np.empty(0), 10, mode)
    first = forward(plan, np.ones((10, 50)))
    mode.step = 1
    assert not np.array_equal(forward(plan, np.ones((10, 50))), first)


# Lines


@pytest.mark.parametrize(
    ("line", "layer"),
    [
        ("input", InputLayer()),
        ("input -", InputLayer()),
        ("dense 10 sigmoid", Dense(10, Activation("sigmoid"))),
        ("dense 007 -", Dense(7, IDENTITY)),
        ("dense 007 - 1", Dense(7, IDENTITY)),
        ("dense 8 - 02", Dense(8, IDENTITY, Groups(2))),
        ("dense ? - 4", Dense(None, IDENTITY, Groups(4))),
        ("scale", Scale()),
        ("dense ? prelu:0.1", Dense(None, Activation("prelu", (0.1,)))),
        ("flatten -", Flatten()),
        ("dropout .25", Dropout(0.25)),
        ("dropout 1e-05", Dropout(0.00001)),
        ("output", OutputLayer()),
        ("output relu", OutputLayer(RELU)),
    ],
)
def test_a_line_is_read_as_a_layer(line: str, layer: Layer) -> None:
    keyword, *words = line.split()
    assert LAYERS[keyword].parse(words) == layer


@pytest.mark.parametrize(
    ("layer", "line"),
    [
        (InputLayer(), "input"),
        (Dense(10, TANH), "dense 10 tanh"),
        (Dense(None, IDENTITY), "dense ? -"),
        (Dense(8, IDENTITY, Groups(2)), "dense 8 - 2"),
        (Scale(), "scale"),
        (OutputLayer(), "output"),
        (OutputLayer(TANH), "output tanh"),
        (Dropout(0.5), "dropout 0.5"),
    ],
)
def test_a_layer_is_written_as_its_shortest_line(layer: Layer, line: str) -> None:
    assert str(layer) == line


@given(rate=st.floats(0, 1, exclude_max=True))
def test_any_rate_of_dropout_survives_being_written(rate: float) -> None:
    assert Dropout.parse(str(Dropout(rate)).split()[1:]) == Dropout(rate)


@pytest.mark.parametrize("word", ["1", "1.0", "-0.1", "", ".", "nan", "inf", "½", "1e400", "0." + "9" * 30, "0,5"])
def test_a_rate_of_dropout_is_from_0_and_below_1(word: str) -> None:
    with pytest.raises(BadWord, match="expected a rate of at least 0 and below 1"):
        Dropout.parse([word])


@pytest.mark.parametrize("word", ["0", "-1", "1.5", "", "x", "1e3", "+1", "٣", "1_0", "1" * 19, "0x10"])
def test_units_are_a_whole_number_from_1(word: str) -> None:
    with pytest.raises(BadWord, match="expected a whole number of 1 or more"):
        Dense.parse([word, "tanh"])


@pytest.mark.parametrize("keyword", LAYERS)
def test_usage_names_every_word_of_a_line(keyword: str) -> None:
    layer = LAYERS[keyword]
    assert layer.usage().split()[0] == keyword
    assert [word.strip("[]").lower() for word in layer.usage().split()[1:]] == [item.name for item in layer.words()]


def test_a_line_with_too_many_or_too_few_words_shows_what_it_should_be() -> None:
    for words in (["3"], ["3", "tanh", "1", "4"]):
        with pytest.raises(BadInput, match=r"expected 'dense UNITS ACTIVATION \[GROUPS\]', got 'dense 3"):
            Dense.parse(words)


def test_what_the_data_decides_is_put_where_the_question_mark_is() -> None:
    assert Dense(None, TANH).unresolved
    assert Dense(None, TANH).resolve(3) == Dense(3, TANH)
    assert Dense(2, TANH).resolve(3) == Dense(2, TANH)
