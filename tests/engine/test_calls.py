"""Calls as people read them, and errors that say where they arose."""

from functools import partial

import numpy as np
import pytest

from kerash_cli.engine.calls import described, labelled, run_calls
from kerash_cli.engine.layers import Mode
from kerash_cli.engine.network import Network
from kerash_cli.engine.plans import Plan
from kerash_cli.model.description import ModelDescription


def planned(text: str, rows: int = 16) -> Plan:
    description = ModelDescription.parse(text)
    network = Network(description.layers, description.known_shape)
    params = network.initial(0, np.dtype("f4"))
    return network.plan(params, rows, Mode(training=True), np.empty_like(params))


def test_a_plan_is_a_line_a_call_with_its_layer_and_sizes() -> None:
    assert planned("4 1 1\ninput\ndense 32 relu\ndropout 0.5\ndense 1 -\n").describe().splitlines() == [
        "forward",
        "  layer1 dense 32 relu  ndarray.dot(32x5, 5x16, 32x16)",
        "  layer1 dense 32 relu  maximum(32x16, 32x16, 32x16)",
        "  layer2 dropout 0.5    draw()",
        "  layer2 dropout 0.5    multiply(32x16, 32x16, 32x16)",
        "  layer3 dense 1 -      ndarray.dot(1x33, 33x16, 1x16)",
        "",
        "backward",
        "  layer3 dense 1 -      ndarray.dot(33x16, 16x1, 33x1)",
        "  layer3 dense 1 -      ndarray.dot(32x1, 1x16, 32x16)",
        "  layer2 dropout 0.5    multiply(32x16, 32x16, 32x16)",
        "  layer1 dense 32 relu  greater(32x16, number, 32x16)",
        "  layer1 dense 32 relu  ndarray.__setitem__(32x16, ..., 32x16)",
        "  layer1 dense 32 relu  multiply(32x16, 32x16, 32x16)",
        "  layer1 dense 32 relu  ndarray.dot(5x16, 16x32, 5x32)",
    ]


def test_every_call_of_a_plan_knows_its_layer() -> None:
    lines = ["6 6 2", "input", "batch_normalization", "convolution softmax 3 1 1 3 3", "max_pooling tanh 1 0 2 2"]
    lines += ["average_pooling - 1 1 2 2", "dropout 0.5", "flatten", "dense 4 relu", "output tanh"]
    plan = planned("\n".join(lines))
    owners = [described(call)[0] for call in [*plan.forward, *plan.backward]]
    assert sorted(set(owners)) == [
        f"layer{i} {line}" for i, line in enumerate(lines[1:]) if line not in ("input", "flatten")
    ]


def test_an_error_names_the_call_and_its_layer() -> None:
    calls = labelled([partial(np.add, np.ones((2, 3)), np.ones((2, 4)))], "layer1 dense 3 relu")
    with pytest.raises(ValueError, match="broadcast") as raised:
        run_calls([partial(np.sin, 0.0), *calls])
    assert raised.value.__notes__ == ["in the call layer1 dense 3 relu add(2x3, 2x4)"]


def test_reductions_and_functions_have_names_too() -> None:
    x, out = np.ones((2, 3)), np.empty(3)
    assert described(partial(np.maximum.reduce, x, 0, None, out))[1] == "maximum.reduce(2x3, 0, None, 3)"
    assert described(partial(np.add, x, x, out=x))[1] == "add(2x3, 2x3, 2x3)"
    assert described(planned)[1] == "planned()"


def test_the_copies_between_an_image_and_the_outputs_belong_to_the_last_layer() -> None:
    plan = planned("6 6 2\ninput\nconvolution - 2 1 0 1 1\nconvolution - 3 1 0 3 3\nmax_pooling - 2 0 2 2\nflatten\n")
    last = "layer3 max_pooling - 2 0 2 2"
    assert described(plan.forward[-1]) == (last, "copyto(3x2x2x16, 3x2x2x16)")
    assert described(plan.backward[0]) == (last, "copyto(3x2x2x16, 3x2x2x16)")
    assert described(plan.backward[-1])[0] == "layer1 convolution - 2 1 0 1 1"
