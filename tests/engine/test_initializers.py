"""Initial laws: the moments that their papers ask for."""

import numpy as np
import pytest

from kerash_cli.engine.activations import ACTIVATIONS
from kerash_cli.engine.initializers import INITIALIZERS

IN, OUT = 300, 500
LAWS = {
    "glorot": (0, 2 / (IN + OUT)),
    "he": (0, 2 / IN),
    "lecun": (0, 1 / IN),
    "uniform": (1 / 2, 1 / 12),
    "zeros": (0, 0),
}
"""Mean and variance."""


@pytest.mark.parametrize("name", INITIALIZERS)
def test_weights_have_the_mean_and_the_variance_of_their_law(name: str) -> None:
    weights = INITIALIZERS[name](np.random.default_rng(0), (IN, OUT), IN, OUT)
    mean, variance = LAWS[name]
    assert weights.shape == (IN, OUT)
    assert weights.dtype == np.float64
    assert abs(weights.mean() - mean) <= 5 * np.sqrt(variance / weights.size)
    assert abs(weights.var() - variance) <= 0.02 * variance


def test_uniform_laws_stay_within_their_bounds() -> None:
    rng = np.random.default_rng(1)
    assert np.abs(INITIALIZERS["glorot"](rng, (IN, OUT), IN, OUT)).max() <= np.sqrt(6 / (IN + OUT))
    uniform = INITIALIZERS["uniform"](rng, (IN, OUT), IN, OUT)
    assert uniform.min() >= 0
    assert uniform.max() < 1


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_names_a_law(name: str) -> None:
    assert ACTIVATIONS[name].initializer in INITIALIZERS
