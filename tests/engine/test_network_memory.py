"""What a network says of its memory and of one layer alone, beside what NumPy takes and a sum by hand."""

import tracemalloc

import numpy as np
import pytest

from kerash_cli.engine.layers import IDENTITY, AveragePooling, Dense, MaxPooling, Mode
from kerash_cli.engine.network import Network, through
from kerash_cli.model.description import ModelDescription

MODELS = {
    "dense": "300 1 1\ninput\ndense 500 tanh\ndense 20 softmax\n",
    "images": "16 16 3\ninput\nconvolution tanh 8 1 1 3 3\nmax_pooling - 2 0 2 2\ndense 10 softmax\n",
}


@pytest.mark.parametrize("rows", [50, 400])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("model", MODELS)
def test_a_plan_takes_about_the_memory_that_is_asked_for(model: str, dtype: str, rows: int) -> None:
    description = ModelDescription.parse(MODELS[model])
    network = Network(description.layers, description.known_shape)
    params = network.initial(0, np.dtype(dtype))
    gradient = np.empty_like(params)
    network.plan(params, 1, Mode(), gradient)  # what is imported and kept for good
    tracemalloc.start()
    try:
        plan = network.plan(params, rows, Mode(), gradient)
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(plan.rows) == rows
    told = network.plan_bytes(rows, np.dtype(dtype).itemsize)
    assert 0.8 * taken <= told <= 1.5 * taken


def test_one_layer_alone_is_what_it_is_in_a_network() -> None:
    x = np.arange(1.0, 7.0).reshape(1, 2, 3)
    weights, bias = np.arange(12.0).reshape(6, 2), np.array([100.0, -100.0])
    found = through(Dense(2, IDENTITY), x, {"weights": weights, "bias": bias})
    assert found.ravel().tolist() == (x.ravel() @ weights + bias).tolist()
    without = through(Dense(2, IDENTITY), x, {"weights": weights})
    assert without.ravel().tolist() == (x.ravel() @ weights).tolist()
    assert through(MaxPooling(IDENTITY, 1, 0, 2, 2), x, {}).tolist() == [[[5, 6]]]
    assert through(AveragePooling(IDENTITY, 1, 0, 2, 2), x, {}).tolist() == [[[3, 4]]]
