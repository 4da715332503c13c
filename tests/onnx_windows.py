"""Node cases of the `onnx` package whose padding is not that of a layer, and which layer has the same windows."""

ALL = slice(None)
WINDOWS = {
    # A rule (auto_pad, ceil_mode) that comes to the same padding on all sides.
    "test_averagepool_2d_precomputed_same_upper": (1, ALL),
    "test_conv_with_autopad_same": (1, ALL),
    "test_maxpool_2d_ceil_output_size_reduce_by_one": (0, ALL),
    "test_maxpool_2d_precomputed_same_upper": (1, ALL),
    # Padding on two sides only: the case's windows are those of a layer that pads all four, but for those at one edge.
    "test_averagepool_2d_ceil": (2, slice(1, None)),
    "test_averagepool_2d_same_lower": (1, slice(-1)),
    "test_averagepool_2d_same_upper": (1, slice(1, None)),
    "test_maxpool_2d_ceil": (2, slice(1, None)),
    "test_maxpool_2d_same_lower": (1, slice(-1)),
    "test_maxpool_2d_same_upper": (1, slice(1, None)),
}
"""The padding of the layer, and which of its rows and columns of outputs are compared, where `pads` does not say it."""
