"""Inputs that are pixels are scaled by channels."""

import numpy as np
import pytest
from small_tables import table

from kerash_cli.encoding.learning import learn
from kerash_cli.tables.table import Table


@pytest.fixture
def images() -> Table:
    """Six samples of two channels of 2x3 pixels, and a label."""
    rng = np.random.default_rng(0)
    return table(np.hstack([rng.normal([3.0] * 6 + [-1.0] * 6, [2.0] * 6 + [0.5] * 6, (6, 12)), [[0], [1]] * 3]))


def test_the_pixels_of_a_channel_are_scaled_together(images: Table) -> None:
    encoding = learn(images, target="13").fitted(images, channels=2)
    channels = images.numbers[:, :12].reshape(6, 2, 6)
    expected = (channels - channels.mean(axis=(0, 2), keepdims=True)) / channels.std(axis=(0, 2), keepdims=True)
    assert np.allclose(encoding.encode_inputs(images, np.float64), expected.reshape(6, 12), rtol=1e-12)
