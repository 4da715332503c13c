"""What each kind of layer says of itself: its place, what it can, its operations, its memory, the words it refuses."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import (
    IDENTITY,
    LAYERS,
    AveragePooling,
    BatchNormalization,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling,
    InputLayer,
    Layer,
    MaxPooling,
    Mode,
    OutputLayer,
    Scale,
    convolution,
)
from kerash_cli.engine.layers.base import BadWord, Transparent, count, count_or_unknown, count_or_zero, head, word
from kerash_cli.engine.layers.grouping import Groups
from kerash_cli.engine.network import Network
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.engine.tensors import Shape
from kerash_cli.errors import BadInput

TANH, RELU = Activation("tanh"), Activation("relu")
SHAPE = (3, 6, 7)


LINES = [
    *("input", "flatten", "dropout 0.5", "output", "dense 4 tanh", "batch_normalization", "convolution - 2 1 0 1 1"),
    *("max_pooling - 1 0 1 1", "average_pooling - 1 0 1 1", "global_average_pooling", "dense 4 tanh 2", "scale"),
]

PLACES = {"input": "first", "output": "last", "dropout": "before", "scale": "before"}


def test_there_is_a_line_for_each_kind() -> None:
    assert {line.split()[0] for line in LINES} == set(LAYERS)


@pytest.mark.parametrize("line", LINES)
def test_a_kind_says_what_it_can(line: str) -> None:
    keyword, *words = line.split()
    layer = LAYERS[keyword].parse(words)
    learns = keyword in ("dense", "convolution", "batch_normalization", "scale")
    assert layer.learns == learns == bool(Network([layer], SHAPE).learnt)
    assert layer.alone == (keyword == "convolution") == (Network([layer], SHAPE).tile == 1)
    assert layer.stacks == (keyword in ("input", "dense", "dropout", "flatten", "output", "scale"))
    assert layer.fewest_rows == (8 if keyword == "batch_normalization" else 1)
    assert layer.place == PLACES.get(keyword, "anywhere")


def test_a_mode_is_not_training_and_begins_at_0() -> None:
    draws = generator(0, Key.MASK, 0, 0, 3).random(4)
    assert np.array_equal(Mode().random(3).random(4), draws)
    assert not Mode().training


@pytest.mark.parametrize(
    ("layer", "shape", "flops"),
    [
        (InputLayer(), SHAPE, 0),
        (Flatten(), SHAPE, 0),
        (Dropout(0.5), SHAPE, 3 * 6 * 7),
        (OutputLayer(RELU), SHAPE, 3 * 6 * 7),
        (Dense(4, TANH), SHAPE, 2 * (3 * 6 * 7) * 4),
        (Dense(4, TANH, Groups.parse("2")), SHAPE, 2 * 2 * (3 * 3 * 7) * 2),
        (Dense(4, TANH, Groups.parse("3x1-5+6-7:1,126:1")), (1, 1, 133), 2 * (3 * 7 * 1 + 126 * 1)),
        (Scale(), SHAPE, 3 * 6 * 7),
        (BatchNormalization(), SHAPE, 2 * 3 * 6 * 7),
        (GlobalAveragePooling(), SHAPE, 3 * 6 * 7),
        # 3 windows down, 2 across
        (Convolution(TANH, 5, 2, 0, 4, 2), SHAPE, 2 * (5 * 3 * 2) * (3 * 4 * 2)),
        (MaxPooling(IDENTITY, 2, 0, 4, 2), SHAPE, (3 * 3 * 2) * (4 * 2)),
        (AveragePooling(IDENTITY, 2, 0, 4, 2), SHAPE, (3 * 3 * 2) * (4 * 2)),
    ],
)
def test_operations_are_counted_by_hand(layer: Layer, shape: Shape, flops: int) -> None:
    assert layer.flops(shape) == flops


@pytest.mark.parametrize(
    ("layer", "shape", "rows"),
    [
        (BatchNormalization(), (1, 1, 4), 2),
        (BatchNormalization(), (4, 1, 1), 2),
        (BatchNormalization(), (1, 2, 4), 1),
        (BatchNormalization(), (4, 2, 1), 1),
        (Dense(3, TANH), (1, 1, 4), 1),
        (MaxPooling(IDENTITY, 1, 0, 1, 1), (1, 2, 4), 1),
    ],
)
def test_a_batch_that_has_one_number_for_each_mean_teaches_nothing(layer: Layer, shape: Shape, rows: int) -> None:
    assert layer.least_rows(shape) == rows


@pytest.mark.parametrize(
    ("layers", "last"),
    [
        ([InputLayer()], 0),
        ([InputLayer(), Flatten(), OutputLayer()], 0),
        ([InputLayer(), Dense(2, TANH)], 1),
        ([InputLayer(), Dense(2, TANH), Dropout(0.5), Flatten(), OutputLayer()], 1),
        ([InputLayer(), Dense(2, TANH), OutputLayer(TANH)], 2),
    ],
)
def test_a_network_ends_in_the_last_layer_that_computes_something(layers: list[Layer], last: int) -> None:
    assert head(layers) == last


@pytest.mark.parametrize(
    ("layer", "training", "transparent"),
    [
        (InputLayer(), True, True),
        (Flatten(), False, True),
        (OutputLayer(), True, True),
        (OutputLayer(RELU), True, False),
        (Dropout(0.5), True, False),
        (Dropout(0.5), False, True),
        (Dropout(0.0), True, True),
        (Dense(2, IDENTITY), True, False),
        (BatchNormalization(), False, False),
    ],
)
def test_a_layer_that_changes_nothing_says_so(layer: Layer, training: bool, transparent: bool) -> None:
    assert layer.transparent(training) is transparent


RATES = [0.1, 0.25, 0.3, 1 / 3, 0.5, 0.9, 0.999999, 1 - 2**-53, 1e-7, 1e-8, 1e-17, 2**-24, 2**-25, 2**-53]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", RATES)
def test_dropout_keeps_what_draws_less_than_the_share_that_is_kept(rate: float, dtype: Any) -> None:
    for features, n in [(1, 1), (7, 3), (64, 160), (701, 203)]:
        mode = Mode(training=True, seed=3, step=9)
        plan = Network([Dropout(rate)], (1, 1, features)).plan(np.empty(0, dtype), n, mode)
        plan.rows[:, :-1] = 1
        for call in plan.forward:
            call()
        kept = dtype(1 - rate)
        drawn = mode.random(0).random((features, n), dtype)
        assert np.array_equal(plan.a, np.where(drawn < kept, 1 / kept, dtype(0)))


class Drawn(Mode):
    """Draws the words of a list instead of random ones."""

    def __init__(self, words: list[int]) -> None:
        super().__init__(training=True)
        self.words = words

    def random(self, layer: int) -> Any:
        words = np.array(self.words, np.uint64)

        class Bits:
            def random_raw(self, size: int) -> NDArray[np.uint64]:
                return words[:size]

        class Random:
            bit_generator = Bits()

        return Random()


@pytest.mark.parametrize(
    ("dtype", "words"),
    [
        (np.float64, [0, 2**62, 2**63 - 1, 2**63]),  # 0, 1/4, just below 1/2, 1/2
        (np.float32, [0 | 2**30 << 32, 2**31 - 1 | 2**31 << 32]),  # the lower half is the first number
    ],
)
def test_half_of_the_words_are_below_one_half(dtype: Any, words: list[int]) -> None:
    plan = Network([Dropout(0.5)], (1, 1, 4)).plan(np.empty(0, dtype), 1, Drawn(words))
    plan.rows[:, :-1] = [3, 4, 5, 6]
    for call in plan.forward:
        call()
    assert plan.a[:, 0].tolist() == [6, 8, 10, 0]


@pytest.mark.parametrize(
    "layer",
    [
        *(OutputLayer(RELU), Dropout(0.5), MaxPooling(TANH, 1, 0, 2, 2), AveragePooling(TANH, 1, 1, 2, 2)),
        *(GlobalAveragePooling(TANH), InputLayer(), Flatten()),
    ],
    ids=str,
)
def test_a_gradient_that_nobody_asks_for_takes_no_call(layer: Layer) -> None:
    plan = Network([layer], (1, 6, 7)).plan(np.empty(0), 2, Mode(training=True), np.empty(0))
    assert plan.backward == []
    assert plan.dx is None
    assert plan.da.shape == plan.a.shape


# Memory


def test_batch_normalization_keeps_its_sum_only_for_an_activation_that_needs_it() -> None:
    kept = {"normalized": (6, 3, 7, 5), "inverse": (3,)}
    assert BatchNormalization(RELU).cache_shapes(SHAPE, 5) == kept
    assert BatchNormalization(TANH).cache_shapes(SHAPE, 5) == {"z": (6, 3, 7, 5), **kept}


# A kernel of 3x2 in strides of 2 has 3 x 3 windows; a row of 5 images has 135 numbers, and in patches 15 ones.
MEMORY: list[tuple[int, str, Shape]] = [
    (10**6, "patches", (6, 10, 3, 5)),
    (5 * 150, "patches", (5, 10, 3, 5)),
    (5 * 150 - 1, "patches", (4, 10, 3, 5)),
    (1, "patches", (2, 10, 3, 5)),
    (10**6, "d_shares", (3, 3, 3, 3, 5)),
    (3 * 135 - 1, "d_shares", (2, 3, 3, 3, 5)),
    (2 * 135, "d_shares", (2, 3, 3, 3, 5)),
    (1, "d_shares", (1, 3, 3, 3, 5)),
]


@pytest.mark.parametrize(("most", "name", "shape"), MEMORY)
def test_a_convolution_takes_memory_for_no_more_numbers_than_are_allowed(
    monkeypatch: pytest.MonkeyPatch, most: int, name: str, shape: Shape
) -> None:
    monkeypatch.setattr(convolution, "MOST", most)
    layer = Convolution(TANH, 4, 2, 0, 3, 2)
    shapes: Mapping[str, Shape] = {**layer.cache_shapes(SHAPE, 5), **layer.scratch_shapes(SHAPE, 5)}
    assert shapes[name] == shape


# Words


@pytest.mark.parametrize(
    ("keyword", "words", "position", "usage"),
    [
        ("dense", ["x", "tanh"], 1, "dense UNITS ACTIVATION [GROUPS]"),
        ("dense", ["3", "tank"], 2, "dense UNITS ACTIVATION [GROUPS]"),
        ("input", ["tanh"], 1, "input [ACTIVATION]"),
        ("max_pooling", ["-", "1", "0", "2", "0"], 5, "max_pooling ACTIVATION STRIDE PAD KERNEL_WIDTH KERNEL_HEIGHT"),
        ("max_pooling", ["-", "1", "-1", "2", "2"], 3, "max_pooling ACTIVATION STRIDE PAD KERNEL_WIDTH KERNEL_HEIGHT"),
    ],
)
def test_a_word_that_is_wrong_is_pointed_at_with_the_usage(
    keyword: str, words: list[str], position: int, usage: str
) -> None:
    with pytest.raises(BadWord, match=rf" \(usage: {re.escape(usage)}\)$") as error:
        LAYERS[keyword].parse(words)
    assert error.value.position == position
    assert str(error.value).startswith(error.value.reason)
    assert "usage" not in error.value.reason


def test_a_bad_word_without_a_usage_is_its_reason_alone() -> None:
    assert str(BadWord("unknown layer 'dens'", 0)) == "unknown layer 'dens'"


@pytest.mark.parametrize(
    ("parse", "text", "number"),
    [
        *((parse, "1", 1) for parse in (count, count_or_zero, count_or_unknown)),
        *((parse, "0012", 12) for parse in (count, count_or_zero, count_or_unknown)),
        (count, "0" * 5000 + "3", 3),
        (count, "9" * 18, 10**18 - 1),
        (count_or_zero, "0", 0),
        (count_or_zero, "000", 0),
        (count_or_unknown, "?", None),
    ],
)
def test_whole_numbers_are_read(parse: Callable[[str], int | None], text: str, number: int | None) -> None:
    assert parse(text) == number


@pytest.mark.parametrize(
    ("parse", "text"), [(count, "0"), (count, "?"), (count_or_zero, ""), (count_or_zero, "-0"), (count_or_unknown, "0")]
)
def test_what_is_no_such_number_is_refused(parse: Callable[[str], int | None], text: str) -> None:
    with pytest.raises(BadInput, match=f"expected a whole number of 1 or more, got {re.escape(repr(text))}"):
        parse(text)


@dataclass(frozen=True)
class Pair(Transparent):
    """A kind of layer with two words that may be left out."""

    keyword = "pair"

    first: int = word(count, default=2)
    second: int | None = word(count_or_unknown, default=3)


@pytest.mark.parametrize(
    ("words", "layer", "line"),
    [
        ([], Pair(2, 3), "pair"),
        (["5"], Pair(5, 3), "pair 5"),
        (["5", "3"], Pair(5, 3), "pair 5"),
        (["2", "4"], Pair(2, 4), "pair 2 4"),
        (["3", "2"], Pair(3, 2), "pair 3 2"),
        (["2", "?"], Pair(2, None), "pair 2 ?"),
    ],
)
def test_words_at_the_end_that_are_the_defaults_are_left_out(words: list[str], layer: Pair, line: str) -> None:
    assert Pair.parse(words) == layer
    assert str(layer) == line


def test_words_that_may_be_left_out_are_in_brackets() -> None:
    assert Pair.usage() == "pair [FIRST] [SECOND]"
    with pytest.raises(BadInput, match=re.escape("expected 'pair [FIRST] [SECOND]', got 'pair 1 2 3'")):
        Pair.parse(["1", "2", "3"])
    assert Pair(2, None).unresolved
    assert not Pair(2, 3).unresolved
    assert Pair(2, None).resolve(7) == Pair(2, 7)
