"""Tensor text: a matrix of 1,000 x 1,000 each way, in this process, beside NumPy's own text functions."""

import io
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np

from kerash_cli.tables.formats import tensor_text

SIZE = 1000


def each_way(runs: int) -> dict[str, float]:
    """Median seconds of each, in turns, after a warm-up."""
    matrix = np.random.default_rng(0).random((SIZE, SIZE))
    column, rendered = matrix.reshape(-1, 1), tensor_text.render(matrix)
    assert np.array_equal(tensor_text.read(io.BytesIO(rendered), "matrix")[0], matrix)
    tried: dict[str, Callable[[], object]] = {
        "read": lambda: tensor_text.read(io.BytesIO(rendered), "matrix"),
        "np.loadtxt": lambda: np.loadtxt(io.BytesIO(rendered), skiprows=1),
        "render": lambda: tensor_text.render(matrix),
        "np.savetxt": lambda: np.savetxt(io.BytesIO(), column, fmt="%.17g"),
    }
    times: dict[str, list[float]] = {name: [] for name in tried}
    for _ in range(1 + runs):
        for name, work in tried.items():
            start = perf_counter()
            work()
            times[name].append(perf_counter() - start)
    return {name: median(each[1:]) for name, each in times.items()}
