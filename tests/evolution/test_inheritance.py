"""A child computes what its parent computed, exactly where that is possible."""

import numpy as np
import pytest
from test_mutations import EMPTY, IMAGE, RICH, walk

from kerash_cli.engine.network import Network
from kerash_cli.engine.predictor import Predictor
from kerash_cli.engine.tensors import Array
from kerash_cli.evolution.inheritance import inherit
from kerash_cli.model.description import ModelDescription

ROWS = 300


def drawn(network: Network) -> Array:
    return network.initial(7, np.dtype(np.float64))


def outputs(description: ModelDescription, params: Array, x: Array) -> Array:
    network = Network(description.layers, description.known_shape)
    return Predictor(network, params)(x)


def inherited(parent: str, child: str, x: Array) -> tuple[Array, Array, float]:
    """What both compute, given random weights of the parent, and the error that was told."""
    descriptions = [ModelDescription.parse(text) for text in (parent, child)]
    first = Network(descriptions[0].layers, descriptions[0].known_shape)
    params = first.initial(3, np.dtype(np.float64)) * 0.7
    params += np.random.default_rng(5).standard_normal(params.size) / 20  # biases too
    given, error = inherit(descriptions, params, drawn, x)
    return outputs(descriptions[0], params, x), outputs(descriptions[1], given, x), error


def rows(features: int) -> Array:
    return np.random.default_rng(11).standard_normal((ROWS, features))


HEAD = "dense 3 softmax\n"
CONVOLUTION, POOLING = "convolution relu 4 1 1 3 3\n", "max_pooling - 2 0 2 2\n"
EXACT = {
    "settings": ("dense 9 tanh\n", "dense 9 tanh\n"),
    "widen": ("dense 9 tanh\n", "dense 14 tanh\n"),
    "widen the second": ("dense 9 tanh\ndense 5 gelu\n", "dense 9 tanh\ndense 6 gelu\n"),
    "relu after what is never negative": ("dense 9 sigmoid\n", "dense 9 sigmoid\ndense 9 relu\n"),
    "relu behind a dropout": ("dense 9 sigmoid\ndropout 0.1\n", "dense 9 sigmoid\ndropout 0.1\ndense 9 relu\n"),
    "relu in pairs": ("", "dense 12 relu\n"),
    "softplus in pairs": ("", "dense 15 softplus\n"),
    "bentidentity in pairs": ("dense 4 tanh\n", "dense 4 tanh\ndense 8 bentidentity\n"),
}
EXACT_IMAGES = {
    "more filters": (CONVOLUTION, "convolution relu 7 1 1 3 3\n"),
    "more filters before a pooling": (f"{CONVOLUTION}{POOLING}", f"convolution relu 6 1 1 3 3\n{POOLING}"),
    "more filters before a convolution": (CONVOLUTION * 2, f"convolution relu 5 1 1 3 3\n{CONVOLUTION}"),
    "larger kernel": (CONVOLUTION, "convolution relu 4 1 2 5 5\n"),
    "convolution after what is never negative": (CONVOLUTION, f"{CONVOLUTION}convolution relu 4 1 1 3 3\n"),
    "convolution behind a pooling": (f"{CONVOLUTION}{POOLING}", f"{CONVOLUTION}{POOLING}{CONVOLUTION}"),
    "convolution of the input": ("", CONVOLUTION),
    "convolution before a convolution": (CONVOLUTION, f"convolution bentidentity 5 1 1 3 3\n{CONVOLUTION}"),
}


@pytest.mark.parametrize("change", [*EXACT, *EXACT_IMAGES])
def test_changes_that_can_be_exact_are(change: str) -> None:
    shape, features = ("6 1 1", 6) if change in EXACT else ("6 5 2", 60)
    before, after = (f"{shape}\ninput\n{lines}{HEAD}" for lines in {**EXACT, **EXACT_IMAGES}[change])
    old, new, error = inherited(before, after, rows(features))
    np.testing.assert_allclose(new, old, rtol=1e-9, atol=1e-12)
    assert error < 1e-9


NEAR = {
    "narrow": ("dense 20 tanh\n", "dense 15 tanh\n", 0.15),
    "remove": ("dense 9 bentidentity\ndense 8 tanh\n", "dense 9 bentidentity\n", 0.3),
    "change activation": ("dense 9 tanh\n", "dense 9 arctan\n", 0.05),
    "a line of sigmoids": ("dense 6 tanh\n", "dense 6 tanh\ndense 9 sigmoid\n", 0.05),
    "a line of an even function": ("", "dense 9 gaussian\n", 0.2),
}


@pytest.mark.parametrize("change", NEAR)
def test_other_changes_are_fitted_and_their_error_is_told(change: str) -> None:
    before, after, most = NEAR[change]
    lines = [f"6 1 1\ninput\n{each}dense 1 -\n" for each in (before, after)]
    x = rows(6)
    old, new, error = inherited(*lines, x)
    assert error < most
    assert error == pytest.approx(np.sqrt(np.mean((new - old) ** 2) / np.mean(old**2)), rel=1e-6)


SEVERAL = {
    "two wider layers": ("dense 9 tanh\ndense 6 gelu\n", "dense 12 tanh\ndense 9 gelu\n"),
    "two other activations": ("dense 9 tanh\ndense 6 gelu\n", "dense 9 arctan\ndense 6 silu\n"),
    "one wider, one more, another activation": ("dense 9 tanh\n", "dense 12 tanh\ndense 9 relu\ndropout 0.1\n"),
    "one narrower, one less": ("dense 9 tanh\ndense 6 gelu\ndense 8 tanh\n", "dense 7 tanh\ndense 8 tanh\n"),
    "all other layers": ("dense 9 tanh\ndropout 0.5\n", "dropout 0.2\ndense 12 sigmoid\ndense 12 tanh\n"),
}


@pytest.mark.parametrize("change", SEVERAL)
def test_a_change_of_several_layers_is_fitted_and_better_than_a_draw(change: str) -> None:
    before, after = (f"6 1 1\ninput\n{lines}{HEAD}" for lines in SEVERAL[change])
    x = rows(6)
    old, new, error = inherited(before, after, x)
    child = ModelDescription.parse(after)
    fresh = outputs(child, drawn(Network(child.layers, child.known_shape)), x)
    assert 0 < error < 1
    assert ((new - old) ** 2).mean() < 0.5 * ((fresh - old) ** 2).mean()


def test_a_change_of_a_kernel_and_of_the_layer_behind_keeps_what_overlaps() -> None:
    image = np.random.default_rng(11).standard_normal((ROWS, 36))
    before, after = (
        f"6 6 1\ninput\n{lines}flatten\ndense 5 tanh\n{HEAD}"
        for lines in (CONVOLUTION, f"convolution relu 6 2 1 5 5\n{POOLING}")
    )
    assert inherited(before, after, image)[2] < 1


@pytest.mark.parametrize("text", [EMPTY, IMAGE, RICH])
def test_any_chain_of_mutations_can_be_inherited(text: str) -> None:
    steps = walk(text, 60, seed=4)
    x = rows(96 if text != EMPTY else 6)[:40]
    for first in range(0, 60, 3):
        chain = [steps[first][1].description, *(child.description for _, _, child in steps[first : first + 3])]
        network = Network(chain[0].layers, chain[0].known_shape)
        params, error = inherit(
            chain, network.initial(1, np.dtype("f4")), lambda net: net.initial(2, np.dtype("f4")), x.astype("f4")
        )
        assert params.dtype == np.float32
        assert np.isfinite(params).all()
        assert error >= 0
        assert params.size == Network(chain[-1].layers, chain[-1].known_shape).size
