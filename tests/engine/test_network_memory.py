"""What a network says of its memory and of one layer alone, beside what NumPy takes and a sum by hand."""

import tracemalloc

import numpy as np
import pytest
from measuring import traced

from kerash_cli.engine.layers import IDENTITY, AveragePooling, Dense, MaxPooling, Mode
from kerash_cli.engine.network import Network
from kerash_cli.engine.predictor import through
from kerash_cli.model.description import ModelDescription

MODELS = {
    "dense": "300 1 1\ninput\ndense 500 tanh\ndropout 0.5\ndense 20 softmax\n",
    "images": "16 16 3\ninput\nconvolution tanh 8 1 1 3 3\nmax_pooling - 2 0 2 2\ndense 10 softmax\n",
    "wide": "9 1 1\ninput\ndense 30 gelu\nbatch_normalization mish\ndense 4 -\noutput softplus:2\n",
    "mixing": "7 6 2\ninput\nconvolution softmax 5 2 1 3 3\naverage_pooling tanh 1 1 2 2\nglobal_average_pooling -\n",
    "groups": "9 1 1\ninput\nscale\ndense 30 silu 2x1-3+7-9:10,5-5:10\nscale\ndense 30 gelu 3\ndense 4 -\n",
    "scaled": "9 1 1\ninput\nscale\ndropout 0\ndense 30 silu\ndense 4 -\n",
    "even": "6 6 2\ninput\naverage_pooling relu 2 0 2 2\nbatch_normalization -\naverage_pooling - 1 0 2 2\ndense 2 -\n",
}


def network(model: str) -> Network:
    description = ModelDescription.parse(MODELS[model])
    return Network(description.layers, description.known_shape)


@pytest.mark.parametrize("rows", [1, 50, 400])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_a_plan_takes_the_memory_that_is_told(model: str, training: bool, dtype: str, rows: int) -> None:
    made = network(model)
    params = made.initial(0, np.dtype(dtype))
    gradient = np.empty_like(params) if training else None
    with traced():
        plan = made.plan(params, rows, Mode(training), gradient)
        numpy_alone = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)
        arrays = tracemalloc.take_snapshot().filter_traces([numpy_alone]).traces
    assert len(plan.rows) == rows
    taken = sum(array.size for array in arrays if array.size > 1)  # an empty array takes a byte
    assert made.plan_bytes(rows, np.dtype(dtype).itemsize, training) == taken


def test_to_tell_the_memory_takes_none() -> None:
    made, rows = network("images"), 10**6
    made.plan_bytes(rows, 4)  # imports
    with traced() as most:
        assert made.plan_bytes(rows, 4) > 10**10
        assert most() < 10**6


def test_where_no_machine_has_so_much_memory_more_than_any_has_is_told() -> None:
    assert network("images").plan_bytes(10**17, 8) > 2**56
    assert network("images").plan_bytes(10**30, 8) > 2**56
    assert Network([Dense(2**30, IDENTITY)], (1, 1, 2**30)).plan_bytes(1, 8) > 2**56


def test_one_layer_alone_is_what_it_is_in_a_network() -> None:
    x = np.arange(1.0, 7.0).reshape(1, 2, 3)
    weights, bias = np.arange(12.0).reshape(6, 2), np.array([100.0, -100.0])
    found = through(Dense(2, IDENTITY), x, {"weights": weights, "bias": bias})
    assert found.ravel().tolist() == (x.ravel() @ weights + bias).tolist()
    without = through(Dense(2, IDENTITY), x, {"weights": weights})
    assert without.ravel().tolist() == (x.ravel() @ weights).tolist()
    assert through(MaxPooling(IDENTITY, 1, 0, 2, 2), x, {}).tolist() == [[[5, 6]]]
    assert through(AveragePooling(IDENTITY, 1, 0, 2, 2), x, {}).tolist() == [[[3, 4]]]
