"""Optimizers against their algorithms as the papers have them, and by hand."""

from math import sqrt
from typing import Any

import numpy as np
import pytest

from kerash_cli.engine import optimizers
from kerash_cli.engine.optimizers import OPTIMIZERS, Optimizer, OptimizerSettings
from kerash_cli.engine.schedules import Schedule
from kerash_cli.engine.tensors import Array

NAMES = list(OPTIMIZERS)
SETTINGS = [
    OptimizerSettings(0.1),
    OptimizerSettings(0.1, weight_decay=0.05),
    OptimizerSettings(0.1, schedule=Schedule.parse("warmup:2+cosine")),
    OptimizerSettings(0.1, clip_norm=0.5),
    OptimizerSettings(0.1, momentum=0.9),
    OptimizerSettings(0.1, momentum=0.9, nesterov=True, weight_decay=0.05),
]


def gradients(steps: int, size: int, dtype: Any = np.float64) -> Array:
    return np.random.default_rng(size).standard_normal((steps, size)).astype(dtype)


def optimizer(name: str, settings: OptimizerSettings, size: int, dtype: Any = np.float64) -> Optimizer:
    return OPTIMIZERS[name](settings, size, np.dtype(dtype), 2, 10)


def stepped(made: Optimizer, params: Array, along: Array) -> Array:
    """Parameters after a step along each gradient."""
    params = params.copy()
    gradient = np.empty_like(params)
    calls = made.plan(params, gradient)
    for each in along:
        gradient[...] = each
        for call in calls:
            call()
    return params


def reference(name: str, settings: OptimizerSettings, params: Array, along: Array) -> Array:
    """The same, a number at a time, in the form of the papers."""
    rate, result = settings.learning_rate or 0.0, []
    lengths = [sqrt(sum(float(g) ** 2 for g in each)) for each in along]
    for index, parameter in enumerate(params):
        p, velocity, m, v = float(parameter), 0.0, 0.0, 0.0
        for t, each in enumerate(along, 1):
            lr = rate * settings.schedule((t - 1) / 2, 10)
            g = float(each[index])
            if settings.clip_norm:
                g *= min(1.0, settings.clip_norm / (lengths[t - 1] + 1e-6))
            if name == "adamw":
                p -= lr * settings.weight_decay * p
            else:
                g += settings.weight_decay * p
            if name == "sgd":
                velocity = settings.momentum * velocity + g
                p -= lr * (g + settings.momentum * velocity if settings.nesterov else velocity)
            elif name == "rmsprop":
                v = 0.99 * v + 0.01 * g * g
                p -= lr * g / (sqrt(v) + 1e-8)
            else:
                assert name in ("adam", "adamw"), f"write the steps of {name} here"
                m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
                p -= lr * (m / (1 - 0.9**t)) / (sqrt(v / (1 - 0.999**t)) + 1e-8)
        result.append(p)
    return np.array(result)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_steps_are_those_of_the_algorithm(name: str, settings: OptimizerSettings) -> None:
    params, along = gradients(1, 7)[0], gradients(12, 7)
    made = stepped(optimizer(name, settings, 7), params, along)
    assert np.allclose(made, reference(name, settings, params, along), rtol=1e-11)


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        # From 1, along 2 and then 4.
        ("sgd", OptimizerSettings(0.1), 1 - 0.2 - 0.4),
        ("sgd", OptimizerSettings(0.1, momentum=0.5), 1 - 0.2 - 0.1 * (4 + 0.5 * 2)),
        ("sgd", OptimizerSettings(0.1, momentum=0.5, nesterov=True), 1 - 0.1 * (2 + 0.5 * 2) - 0.1 * (4 + 0.5 * 5)),
        ("sgd", OptimizerSettings(0.1, weight_decay=1), (1 - 0.3) - 0.1 * (4 + 0.7)),
        ("sgd", OptimizerSettings(0.1, clip_norm=1), 1 - 0.1 / (1 + 5e-7) - 0.1 / (1 + 2.5e-7)),
        ("rmsprop", OptimizerSettings(0.1), 1 - 0.2 / sqrt(0.04) - 0.4 / sqrt(0.99 * 0.04 + 0.16)),
        ("adam", OptimizerSettings(0.1), 1 - 0.1 - 0.1 * (0.58 / 0.19) / sqrt(0.019996 / 0.001999)),
        (
            "adamw",
            OptimizerSettings(0.1, weight_decay=1),
            (0.9 - 0.1) * 0.9 - 0.1 * (0.58 / 0.19) / sqrt(0.019996 / 0.001999),
        ),
    ],
)
def test_by_hand(name: str, settings: OptimizerSettings, expected: float) -> None:
    params = stepped(optimizer(name, settings, 1), np.ones(1), np.array([[2.0], [4.0]]))
    assert params[0] == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("settings", [each for each in SETTINGS if not each.clip_norm], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_any_slice_of_the_vectors_gives_the_same_bits(name: str, settings: OptimizerSettings, dtype: Any) -> None:
    size = optimizers.BLOCK + 37
    params, along = gradients(1, size, dtype)[0], gradients(3, size, dtype)
    whole = stepped(optimizer(name, settings, size, dtype), params, along)
    for start, stop in ((0, 1), (5, 18), (optimizers.BLOCK - 3, optimizers.BLOCK + 4), (1000, size)):
        piece = stepped(optimizer(name, settings, stop - start, dtype), params[start:stop], along[:, start:stop])
        assert np.array_equal(piece, whole[start:stop])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_the_width_of_a_block_never_matters(monkeypatch: pytest.MonkeyPatch, name: str, size: int) -> None:
    settings = OptimizerSettings(0.1, weight_decay=0.1, schedule=Schedule.parse("cosine"))
    params, along = gradients(1, size)[0], gradients(4, size)
    whole = stepped(optimizer(name, settings, size), params, along)
    for block in (1, 7, 99, 100, 101):
        monkeypatch.setattr(optimizers, "BLOCK", block)
        assert np.array_equal(stepped(optimizer(name, settings, size), params, along), whole)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_goes_on_from_the_vectors_and_the_number_of_steps(name: str) -> None:
    settings = OptimizerSettings(0.1, momentum=0.9, schedule=Schedule.parse("cosine"))
    params, along = gradients(1, 9)[0], gradients(10, 9)
    first = optimizer(name, settings, 9)
    half = stepped(first, params, along[:5])
    second = optimizer(name, settings, 9)
    second.steps = first.steps
    for key, vector in first.vectors.items():
        second.vectors[key][...] = vector
    assert np.array_equal(stepped(second, half, along[5:]), stepped(optimizer(name, settings, 9), params, along))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_but_vectors_and_steps_is_remembered(name: str) -> None:
    made = optimizer(name, OptimizerSettings(0.1, momentum=0.9), 5)
    assert set(made.vectors) == set(made.remembers)
    assert all(vector.shape == (5,) and not vector.any() for vector in made.vectors.values())


@pytest.mark.parametrize("name", NAMES)
def test_the_default_rate_is_the_optimizers_own(name: str) -> None:
    made = optimizer(name, OptimizerSettings(), 1)
    assert made.rate == OPTIMIZERS[name].default_rate
    assert (made.vectors == {}) == (name == "sgd"), "plain descent remembers nothing"


def test_the_default_rates_are_those_that_the_manual_gives() -> None:
    rates = {name: optimizer(name, OptimizerSettings(), 1).current_rate() for name in NAMES}
    assert rates == {"sgd": 0.1, "rmsprop": 0.005, "adam": 0.005, "adamw": 0.005}


def test_plain_descent_alone_takes_momentum_and_is_cheap() -> None:
    made = {name: optimizer(name, OptimizerSettings(momentum=0.5), 1) for name in NAMES}
    assert [name for name in NAMES if made[name].takes_momentum] == ["sgd"]
    assert [name for name in NAMES if made[name].cheap] == ["sgd"]


@pytest.mark.parametrize("name", NAMES)
def test_clipping_alone_needs_the_whole_gradient(name: str) -> None:
    assert optimizer(name, OptimizerSettings(clip_norm=0.5), 3).needs_all
    assert not optimizer(name, OptimizerSettings(momentum=0.9, weight_decay=0.1), 3).needs_all


@pytest.mark.parametrize("part", [slice(0, 3), slice(3, 7), slice(2, 5), slice(4, 4)])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_a_part_is_updated_as_it_is_with_the_rest_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, name: str, settings: OptimizerSettings, part: slice
) -> None:
    monkeypatch.setattr(optimizers, "BLOCK", 2)
    before, along = gradients(1, 7)[0], gradients(1, 7)
    params, gradient = before.copy(), along[0].copy()
    for call in optimizer(name, settings, 7).plan(params, gradient, part):
        call()
    expected = before.copy()
    expected[part] = stepped(optimizer(name, settings, 7), before, along)[part]
    assert np.array_equal(params, expected)


def test_the_current_rate_is_that_of_the_next_step() -> None:
    made = optimizer("sgd", OptimizerSettings(1.0, schedule=Schedule.parse("step:1,.5")), 1)
    rates = []
    params, gradient = np.zeros(1), np.zeros(1)
    calls = made.plan(params, gradient)
    for _ in range(4):
        rate, before = made.current_rate(), params.copy()
        gradient[...] = 1
        for call in calls:
            call()
        assert before[0] - params[0] == rate
        rates.append(rate)
    assert rates == [1, 1, 0.5, 0.5]  # two steps an epoch


# Clipping


@pytest.mark.parametrize("size", [1, 100, optimizers.TILE, optimizers.TILE + 1, 3 * optimizers.TILE + 5])
def test_a_longer_gradient_is_clipped_to_the_norm(size: int) -> None:
    along = 3 * gradients(1, size)
    step = -stepped(optimizer("sgd", OptimizerSettings(1.0, clip_norm=0.5), size), np.zeros(size), along)
    assert np.linalg.norm(step) == pytest.approx(0.5, rel=3e-6)
    assert np.allclose(step / np.linalg.norm(step), along[0] / np.linalg.norm(along[0]), rtol=1e-9)


def test_a_shorter_gradient_is_left_as_it_is() -> None:
    along, made = np.array([[0.3, -0.4]]), optimizer("sgd", OptimizerSettings(1.0, clip_norm=0.6), 2)
    assert np.array_equal(stepped(made, np.zeros(2), along), -along[0])


def test_each_step_is_clipped_by_its_own_length() -> None:
    along = np.array([[30.0, 40.0], [0.3, 0.4], [3.0, 4.0]])
    made = stepped(optimizer("sgd", OptimizerSettings(1.0, clip_norm=1.0), 2), np.zeros(2), along)
    assert made == pytest.approx([-(0.6 + 0.3 + 0.6), -(0.8 + 0.4 + 0.8)], rel=1e-6)


def test_the_norm_is_summed_over_tiles_in_order() -> None:
    size = 3 * optimizers.TILE + 5
    along = gradients(1, size, np.float32)
    tiles = np.split(along[0], [optimizers.TILE, 2 * optimizers.TILE, 3 * optimizers.TILE])
    factor = np.float32(1 / (sqrt(sum(float(tile @ tile) for tile in tiles)) + 1e-6))
    made = optimizer("sgd", OptimizerSettings(1.0, clip_norm=1.0), size, np.float32)
    assert np.array_equal(stepped(made, np.zeros(size, np.float32), along), -(along[0] * factor))


def test_squares_are_added_up_65536_at_a_time() -> None:
    """Of two numbers whose squares together exceed float32, one ends the first 65,536, the other begins the next."""
    along = np.zeros((1, 65_537), np.float32)
    along[0, -2:] = 1.5e19
    made = optimizer("sgd", OptimizerSettings(1.0, clip_norm=1.0), 65_537, np.float32)
    assert stepped(made, np.zeros(65_537, np.float32), along)[-2:] == pytest.approx(-sqrt(0.5), rel=1e-6)


def test_a_gradient_that_is_not_finite_is_seen_behind_clipping() -> None:
    made = optimizer("sgd", OptimizerSettings(1.0, clip_norm=1.0), 2)
    with np.errstate(invalid="ignore"):
        assert np.isnan(stepped(made, np.zeros(2), np.array([[np.nan, 1.0]]))).any()
