"""Networks, and batches of them whose work is divided among several processes."""

ROWS, FEATURES, CLASSES = 1100, 200, 5
MODELS = {
    "mlp": (
        f"{FEATURES} 1 1\ninput\ndropout 0.2\ndense 400 relu\ndense 300 tanh\ndropout 0.1\ndense {CLASSES} softmax\n"
    ),
    "cnn": (
        "10 10 2\ninput\nconvolution - 16 1 1 3 3\nbatch_normalization relu\nmax_pooling - 2 0 2 2\ndropout 0.1\n"
        f"convolution relu 40 1 0 3 3\naverage_pooling - 1 1 2 2\nbatch_normalization\ndense {CLASSES} softmax\n"
    ),
    "normalized": (
        f"{FEATURES} 1 1\ninput\ndense 300 -\nbatch_normalization relu\ndropout 0.1\ndense 300 -\n"
        f"batch_normalization tanh\ndense {CLASSES} softmax\n"
    ),
    "two layers": f"{FEATURES} 1 1\ninput\ndense 300 relu\ndropout 0.1\ndense {CLASSES} softmax\n",
    "three layers": f"{FEATURES} 1 1\ninput\ndense 300 relu\ndropout 0.1\ndense 200 tanh\ndense {CLASSES} softmax\n",
    "four layers": (
        f"{FEATURES} 1 1\ninput\ndense 300 -\nbatch_normalization relu\ndropout 0.1\ndense 200 tanh\n"
        f"dense 100 relu\ndense {CLASSES} softmax\n"
    ),
}
BATCHES = {
    "mlp": {1: 1, 5: 1, 32: 1, 33: 1, 128: 1, 160: 2, 700: 4},
    "normalized": {32: 1, 33: 1, 128: 1, 160: 2, 700: 4},
    "cnn": {1: 1, 5: 1, 32: 1, 33: 1, 128: 2, 700: 8},
    "two layers": {1: 1, 5: 1, 32: 1, 33: 1, 64: 2, 128: 2, 512: 2},
    "three layers": {1: 1, 5: 1, 32: 2, 33: 2, 128: 2, 512: 2},
    "four layers": {32: 2, 33: 2, 128: 2, 512: 2},
}
"""And into how many chunks of rows, or slices of the network, they are divided."""
ROOM = 10**9


def silent(line: str) -> None:
    pass
