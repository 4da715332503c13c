"""A dense layer against the `onnx` package's node cases of Gemm."""

from typing import Any

import numpy as np
from onnx_cases import attributes, counted, load, parametrized
from small import run

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import Dense, InputLayer, Mode
from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Array

WHAT_A_LAYER_LACKS = {"test_gemm_default_matrix_bias": "a bias of its own for each row"}  # the other 10 run
CASES = load(["Gemm"])


def dense(a: Array, b: Array, c: Array | None, given: dict[str, Any]) -> Array:
    """alpha A B + beta C through a dense layer with weights alpha B and bias beta C."""
    x = a.T if given.get("transA") else a
    weights = (b.T if given.get("transB") else b) * np.float32(given.get("alpha", 1))
    units = weights.shape[1]
    network = Network((InputLayer(), Dense(units, Activation("identity"))), (1, 1, x.shape[1]), bias=c is not None)
    params = np.empty(network.size, np.float32)
    named = network.named(params)
    named["layer1.dense.weights"][...] = weights
    if c is not None:
        named["layer1.dense.bias"][...] = np.broadcast_to(np.float32(given.get("beta", 1)) * c, (1, units))[0]
    plan = network.plan(params, len(x), Mode())
    plan.rows[:, :-1] = x
    run(plan.forward)
    return plan.a.T


@parametrized(CASES, WHAT_A_LAYER_LACKS)
def test_a_dense_layer_agrees_with_onnx(case: Any) -> None:
    for inputs, (expected,) in case.data_sets:
        a, b, c = (*inputs, None)[:3]
        np.testing.assert_allclose(dense(a, b, c, attributes(case)), expected, rtol=1e-3, atol=1e-7)


def test_all_cases_of_the_operation_are_there() -> None:
    assert counted(CASES, WHAT_A_LAYER_LACKS) == {"Gemm": (10, 11)}
