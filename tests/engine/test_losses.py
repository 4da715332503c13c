"""Losses against their definitions in plain arithmetic, one output at a time."""

from math import log
from typing import Any

import numpy as np
import pytest

from kerash_cli.engine import losses
from kerash_cli.engine.activations import ACTIVATIONS, Activation
from kerash_cli.engine.losses import LOSSES, Loss
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput


def judged(loss: Loss, a: Array, y: Array, weight: Array | None = None, scale: float = 1.0) -> tuple[float, Array]:
    """The loss's sum and its gradient; a and y (outputs, n)."""
    total, da = np.empty((), a.dtype), np.empty_like(a)
    before = a.copy()
    for call in loss.calls(a, y, weight, total, da, scale):
        call()
    assert np.array_equal(a, before, equal_nan=True)
    return total.item(), da


def huber(d: float) -> float:
    return d * d / 2 if abs(d) <= 1 else abs(d) - 0.5


DEFINITIONS: dict[str, Any] = {
    "mean-square": lambda a, y: sum((p - q) ** 2 for p, q in zip(a, y, strict=True)) / len(a),
    "half-square": lambda a, y: sum((p - q) ** 2 for p, q in zip(a, y, strict=True)) / 2,
    "mean-absolute": lambda a, y: sum(abs(p - q) for p, q in zip(a, y, strict=True)) / len(a),
    "huber": lambda a, y: sum(huber(p - q) for p, q in zip(a, y, strict=True)) / len(a),
    "binary-cross-entropy": lambda a, y: (
        -sum(q * log(p) + (1 - q) * log(1 - p) for p, q in zip(a, y, strict=True)) / len(a)
    ),
    "categorical-cross-entropy": lambda a, y: -sum(q * log(p) for p, q in zip(a, y, strict=True)),
}
"""The loss of one sample."""


def samples(name: str, rng: np.random.Generator, n: int = 5) -> tuple[Array, Array]:
    """Outputs and targets (outputs, n) that the loss is defined for."""
    if "entropy" in name:
        return rng.dirichlet(np.ones(4), n).T, rng.dirichlet(np.ones(4), n).T
    return 2 * rng.standard_normal((4, n)), rng.standard_normal((4, n))


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_the_sum_over_samples_of_its_definition_times_their_weights(name: str) -> None:
    rng = np.random.default_rng(1)
    a, y = samples(name, rng)
    weight = rng.uniform(0, 3, 5)
    alone = list(map(DEFINITIONS[name], a.T.tolist(), y.T.tolist()))
    plain, da = judged(LOSSES[name](), a, y)
    value, weighted = judged(LOSSES[name](), a, y, weight)
    assert (plain, value) == pytest.approx((sum(alone), float(np.dot(alone, weight))), rel=1e-12)
    assert np.allclose(weighted, da * weight, rtol=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_scale_multiplies_the_gradient_and_not_the_value(name: str) -> None:
    a, y = samples(name, np.random.default_rng(2))
    value, da = judged(LOSSES[name](), a, y)
    scaled, smaller = judged(LOSSES[name](), a, y, scale=0.25)
    assert scaled == value
    assert np.allclose(smaller, da / 4, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "a", "y", "value", "gradient"),
    [
        ("mean-square", [3.0, 1.0], [1.0, 1.0], 2.0, [2.0, 0.0]),
        ("half-square", [3.0, 1.0], [1.0, 1.0], 2.0, [2.0, 0.0]),
        ("mean-absolute", [3.0, 0.5], [1.0, 1.0], 1.25, [0.5, -0.5]),
        ("mean-absolute", [1.0, 0.5], [1.0, 1.0], 0.25, [0.0, -0.5]),
        ("huber", [3.0, 0.5], [1.0, 1.0], (1.5 + 0.125) / 2, [0.5, -0.25]),
        ("binary-cross-entropy", [0.25, 0.5], [1.0, 0.0], (log(4) + log(2)) / 2, [-2.0, 1.0]),
        ("categorical-cross-entropy", [0.25, 0.75], [1.0, 0.0], log(4), [-4.0, 0.0]),
    ],
)
def test_by_hand(name: str, a: list[float], y: list[float], value: float, gradient: list[float]) -> None:
    total, da = judged(LOSSES[name](), np.array(a)[:, None], np.array(y)[:, None])
    assert total == pytest.approx(value, rel=1e-14)
    assert da[:, 0] == pytest.approx(gradient, rel=1e-14)


def test_a_loss_has_a_definition_whatever_its_name() -> None:
    assert {LOSSES.canonical(name) for name in ("mse", "mae", "bce", "cce", "cross-entropy")} <= set(DEFINITIONS)
    assert set(DEFINITIONS) == set(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
def test_the_terms_are_the_loss_of_each_output_before_it_is_shared_out(name: str) -> None:
    a, y = samples(name, np.random.default_rng(6))
    terms, slopes = np.empty_like(a), np.empty_like(a)
    for call in LOSSES[name]().terms(a, y, terms, slopes):
        call()
    value, da = judged(LOSSES[name](), a, y)
    share = 1 if name in ("half-square", "categorical-cross-entropy") else 4  # else the mean of four outputs
    assert terms.sum() / share == pytest.approx(value, rel=1e-12)
    assert np.allclose(slopes * (2 if name == "mean-square" else 1) / share, da, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "kinks"), [("mean-square", ()), ("half-square", ()), ("mean-absolute", (0,)), ("huber", (-1, 1))]
)
def test_the_kinks_of_a_distance_are_where_its_slope_jumps_or_begins_to_grow_otherwise(
    name: str, kinks: tuple[float, ...]
) -> None:
    places, step = np.arange(-2, 2.5, 0.5), 0.25
    before, here, after = (
        judged(LOSSES[name](), (places + by)[np.newaxis], np.zeros((1, 9)))[1][0] for by in (-step, 0, step)
    )
    jumps, bends = abs(after - before) > 4.2 * step, abs((after - here) - (here - before)) > 0.1
    assert places[jumps | bends].tolist() == list(kinks)
    assert LOSSES[name].kinks == kinks


# From logits


def test_binary_cross_entropy_from_logits_is_that_of_the_sigmoid() -> None:
    rng = np.random.default_rng(3)
    z, y = 3 * rng.standard_normal((2, 6)), rng.uniform(0, 1, (2, 6))
    a = 1 / (1 + np.exp(-z))
    value, dz = judged(losses.LogisticCrossEntropy(), z, y)
    expected, da = judged(losses.BinaryCrossEntropy(), a, y)
    assert value == pytest.approx(expected, rel=1e-12)
    assert np.allclose(dz, da * a * (1 - a), rtol=1e-10)


def test_cross_entropy_from_logits_is_that_of_the_softmax() -> None:
    rng = np.random.default_rng(4)
    z, y = 3 * rng.standard_normal((3, 6)), rng.dirichlet(np.ones(3), 6).T
    a = np.exp(z) / np.exp(z).sum(axis=0)
    value, dz = judged(losses.SoftmaxCrossEntropy(), z, y)
    assert value == pytest.approx(judged(losses.CategoricalCrossEntropy(), a, y)[0], rel=1e-12)
    assert np.allclose(dz, a - y, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_any_size_overflow_nothing(dtype: Any) -> None:
    z = np.array([[1000.0, -1000.0, 1000.0], [-1000.0, 1000.0, 1000.0]], dtype)
    y = np.array([[0.0, 0.0, 0.5], [1.0, 1.0, 0.5]], dtype)
    value, dz = judged(losses.SoftmaxCrossEntropy(), z, y)
    assert value == pytest.approx(2000 + log(2), rel=1e-6)
    assert np.allclose(dz, [[1, 0, 0], [-1, 0, 0]])
    value, dz = judged(losses.LogisticCrossEntropy(), z, y)
    assert value == pytest.approx(1000 * (1 + 0 + 0.5 + 1 + 0 + 0.5) / 2, rel=1e-6)
    assert np.allclose(dz, np.array([[1, 0, 0.5], [-1, 0, 0.5]]) / 2)


@pytest.mark.parametrize("name", ["binary-cross-entropy", "categorical-cross-entropy"])
def test_a_probability_of_0_is_a_large_loss_and_not_an_infinite_one(name: str) -> None:
    value, da = judged(LOSSES[name](), np.array([[0.0], [1.0]]), np.array([[1.0], [0.0]]))
    assert 20 < value < 60
    assert np.isfinite(da).all()


@pytest.mark.parametrize("loss", [*LOSSES.values(), losses.LogisticCrossEntropy, losses.SoftmaxCrossEntropy])
def test_nan_is_seen(loss: type[Loss]) -> None:
    a = np.array([[0.5, np.nan], [0.5, 0.5]])
    with np.errstate(invalid="ignore"):
        value, _ = judged(loss(), a, np.full((2, 2), 0.5))
    assert np.isnan(value)


def test_float32_is_as_good_as_its_digits() -> None:
    rng = np.random.default_rng(5)
    for name in LOSSES:
        a, y = (values.astype(np.float32) for values in samples(name, rng, 50))
        exact = judged(LOSSES[name](), a.astype(float), y.astype(float))
        value, da = judged(LOSSES[name](), a, y)
        assert value == pytest.approx(exact[0], rel=1e-5)
        assert np.allclose(da, exact[1], rtol=1e-3)


# After which activation


@pytest.mark.parametrize("name", ["mean-square", "half-square", "mean-absolute", "huber"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_distance_follows_any_activation(name: str, activation: str) -> None:
    loss, fused = losses.after(name, Activation(activation))
    assert type(loss) is LOSSES[name]
    assert not fused


PROBABILITIES = {"sigmoid", "hardsigmoid", "softmax", "softmin"}
DISTRIBUTIONS = {"softmax", "softmin", "logsoftmax"}


@pytest.mark.parametrize(
    ("name", "follows"), [("binary-cross-entropy", PROBABILITIES), ("categorical-cross-entropy", DISTRIBUTIONS)]
)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_cross_entropy_follows_probabilities_alone(name: str, follows: set[str], activation: str) -> None:
    if activation in follows:
        losses.after(name, Activation(activation))
    else:
        with pytest.raises(BadInput, match=f"expected an activation whose outputs suit the loss {name}, got") as caught:
            losses.after(name, Activation(activation))
        assert f"got {str(Activation(activation))!r}; try " in str(caught.value)


@pytest.mark.parametrize(
    ("name", "activation", "variant"),
    [
        ("bce", "sigmoid", losses.LogisticCrossEntropy),
        ("cce", "softmax", losses.SoftmaxCrossEntropy),
        ("cross-entropy", "logsoftmax", losses.SoftmaxCrossEntropy),
    ],
)
def test_cross_entropy_takes_over_the_activation_that_it_undoes(
    name: str, activation: str, variant: type[Loss]
) -> None:
    loss, fused = losses.after(name, Activation(activation))
    assert type(loss) is variant
    assert fused
