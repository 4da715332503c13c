"""Activations against every node case of the `onnx` package for an operation that kerash has."""

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx.backend.test.case import node as onnx_node

from kerash_cli.commands.activation import command
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.tensors import Array

Attributes = dict[str, Any]


def gelu(a: Attributes) -> str:
    return "gelutanh" if a.get("approximate") == b"tanh" else "gelu"


def shrink(a: Attributes) -> str:
    bias, lambd = a.get("bias", 0.0), a.get("lambd", 0.5)
    assert bias in (0, lambd)
    return f"softshrink:{lambd}" if bias else f"hardshrink:{lambd}"


WORDS: dict[str, Callable[[Attributes], str]] = {
    "Asinh": lambda a: "asinh",
    "Atan": lambda a: "atan",
    "Celu": lambda a: f"celu:{a.get('alpha', 1.0)}",
    "Clip": lambda a: f"hardtanh:{a['min']},{a['max']}",
    "Cos": lambda a: "cos",
    "Elu": lambda a: f"elu:{a.get('alpha', 1.0)}",
    "Gelu": gelu,
    "HardSigmoid": lambda a: f"hardsigmoid:{a.get('alpha', 0.2)},{a.get('beta', 0.5)}",
    "HardSwish": lambda a: "hardswish",
    "Identity": lambda a: "identity",
    "LeakyRelu": lambda a: f"leakyrelu:{a.get('alpha', 0.01)}",
    "LogSoftmax": lambda a: "logsoftmax",
    "Mish": lambda a: "mish",
    "PRelu": lambda a: "prelu",
    "Relu": lambda a: "relu",
    "Selu": lambda a: f"selu:{a.get('alpha', 1.67326319217681884765625)},{a.get('gamma', 1.05070102214813232421875)}",
    "Shrink": shrink,
    "Sigmoid": lambda a: "sigmoid",
    "Sin": lambda a: "sin",
    "Softmax": lambda a: "softmax",
    "Softplus": lambda a: "softplus",
    "Softsign": lambda a: "softsign",
    "Swish": lambda a: f"swish:{a.get('alpha', 1.0)}",
    "Tanh": lambda a: "tanh",
    "ThresholdedRelu": lambda a: f"thresholdedrelu:{a.get('alpha', 1.0)}",
}
WHAT_KERASH_LACKS = {
    "test_celu_float16": "float16",
    "test_celu_bfloat16": "bfloat16",
    "test_clip_min_greater_than_max": "bounds in the wrong order",
    "test_clip_default_min": "one bound",
    "test_clip_default_max": "one bound",
    "test_clip_default_inbounds": "no bounds",
    "test_clip_default_int8_min": "integers",
    "test_clip_default_int8_max": "integers",
    "test_clip_default_int8_inbounds": "integers",
    "test_identity_sequence": "sequences",
    "test_identity_opt": "optional values",
}


def load() -> list[Any]:
    # Only the modules of these operations: to run all of them, as load_model_tests does, takes twenty times as long.
    for operation in WORDS:
        import_module(f"{onnx_node.__name__}.{operation.lower()}")
    cases = {case.name: case for case in onnx_node._NodeTestCases}
    # The same case written out in simpler operations has the same numbers under a longer name.
    nodes = {name: cases[name.partition("_expanded")[0]].model.graph.node[0] for name in cases}
    return [(case, nodes[name]) for name, case in cases.items() if nodes[name].op_type in WORDS]


CASES = load()
EXECUTED = [(case, node) for case, node in CASES if case.name.partition("_expanded")[0] not in WHAT_KERASH_LACKS]


def attributes(node: Any) -> Attributes:
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}


def through_the_engine(word: str, x: Array) -> Array:
    return Activation.parse(word)(x)


def through_the_command(word: str, x: Array) -> Array:
    """Each number, or each vector along axis 0, as text on standard input."""
    together = Activation.parse(word).definition.mixes
    y = np.empty_like(x)
    columns = [(Ellipsis, *i) for i in np.ndindex(x.shape[1:])] if together else [Ellipsis]
    for column in columns:
        text = " ".join(map(repr, np.ravel(x[column]).tolist()))
        result = CliRunner().invoke(command, [word], input=text, catch_exceptions=False)
        y[column] = np.reshape([float(line) for line in result.output.split()], np.shape(x[column]))
    return y


@pytest.mark.parametrize("apply", [through_the_engine, through_the_command])
@pytest.mark.parametrize(("case", "node"), EXECUTED, ids=[case.name for case, _ in EXECUTED])
def test_onnx_agrees(case: Any, node: Any, apply: Callable[[str, Array], Array]) -> None:
    given = attributes(node)
    for (x, *others), (expected,) in case.data_sets:
        if node.op_type == "PRelu":  # a slope for each element
            slopes = np.broadcast_to(others[0], x.shape)
            y = np.array([apply(f"prelu:{slope}", z[None]) for z, slope in zip(x.flat, slopes.flat, strict=True)])
            y = y.reshape(x.shape)
        elif node.op_type in ("Softmax", "LogSoftmax"):
            axis = given.get("axis", -1)
            columns = np.ascontiguousarray(np.moveaxis(x, axis, 0))
            y = np.moveaxis(apply(WORDS[node.op_type](given), columns), 0, axis)
        else:
            if node.op_type == "Clip":
                given.update(zip(("min", "max"), others, strict=True))
            y = apply(WORDS[node.op_type](given), x)
        assert y.dtype == expected.dtype
        assert np.allclose(y, expected, rtol=1e-3, atol=1e-7)


def test_enough_cases_are_executed() -> None:
    operations = [case for case, _ in EXECUTED if "_expanded" not in case.name]
    print(f"{len(operations)} cases, {len(EXECUTED)} with those written out in simpler operations")
    assert len(operations) >= 55


def test_what_is_left_out_is_there_to_be_left_out() -> None:
    assert set(WHAT_KERASH_LACKS) <= {case.name for case, _ in CASES}


def test_the_list_of_aliases_covers_onnx_names() -> None:
    listed = json.loads(CliRunner().invoke(command, ["--list", "--json"]).output)
    names = {*listed, *(alias for row in listed.values() for alias in row["aliases"])}
    different = {"Clip", "LogSoftmax", "PRelu", "Shrink", "Identity"}
    assert {operation.lower() for operation in set(WORDS) - different} <= names
