"""Windows of images by nested loops, for expectations."""

import numpy as np

from kerash_cli.engine.layers.window import Windowed
from kerash_cli.engine.tensors import Array


def windows(images: Array, layer: Windowed, padding: float) -> Array:
    """(n, depth, down, across, kernel height * kernel width) of images (n, depth, height, width)."""
    margin = [(0, 0), (0, 0), (layer.pad, layer.pad), (layer.pad, layer.pad)]
    padded = np.pad(images, margin, constant_values=padding)
    n, depth, height, width = padded.shape
    tall, wide, stride = layer.kernel_height, layer.kernel_width, layer.stride
    rows = [
        [
            padded[:, :, y : y + tall, x : x + wide].reshape(n, depth, tall * wide)
            for x in range(0, width - wide + 1, stride)
        ]
        for y in range(0, height - tall + 1, stride)
    ]
    return np.stack([np.stack(row, axis=2) for row in rows], axis=2)
