"""Inputs that are pixels are scaled by channels."""

import numpy as np
from small_tables import images

from kerash_cli.encoding.learning import learn


def test_the_pixels_of_a_channel_are_scaled_together() -> None:
    data = images()
    encoding = learn(data, target="13").fitted(data, channels=2)
    channels = data.numbers[:, :12].reshape(6, 2, 6)
    expected = (channels - channels.mean(axis=(0, 2), keepdims=True)) / channels.std(axis=(0, 2), keepdims=True)
    assert np.allclose(encoding.encode_inputs(data, np.float64), expected.reshape(6, 12), rtol=1e-12)
