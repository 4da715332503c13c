"""Activations against every node case of the `onnx` package for an operation that kerash has."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from onnx.backend.test.case import node as onnx_node
from onnx_cases import attributes, load, operation_of

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


PLAIN = {case.name: case for case in load(WORDS)}
# The same case written out in simpler operations has the same numbers under a longer name.
CASES = [(case, PLAIN[name]) for case in onnx_node._NodeTestCases if (name := case.name.split("_expanded")[0]) in PLAIN]
EXECUTED = [(case, plain) for case, plain in CASES if plain.name not in WHAT_KERASH_LACKS]


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
@pytest.mark.parametrize(("case", "plain"), EXECUTED, ids=[case.name for case, _ in EXECUTED])
def test_onnx_agrees(case: Any, plain: Any, apply: Callable[[str, Array], Array]) -> None:
    operation, given = operation_of(plain), attributes(plain)
    for (x, *others), (expected,) in case.data_sets:
        if operation == "PRelu":  # a slope for each element
            slopes = np.broadcast_to(others[0], x.shape)
            y = np.array([apply(f"prelu:{slope}", z[None]) for z, slope in zip(x.flat, slopes.flat, strict=True)])
            y = y.reshape(x.shape)
        elif operation in ("Softmax", "LogSoftmax"):
            axis = given.get("axis", -1)
            columns = np.ascontiguousarray(np.moveaxis(x, axis, 0))
            y = np.moveaxis(apply(WORDS[operation](given), columns), 0, axis)
        else:
            if operation == "Clip":
                given.update(zip(("min", "max"), others, strict=True))
            y = apply(WORDS[operation](given), x)
        assert y.dtype == expected.dtype
        assert np.allclose(y, expected, rtol=1e-3, atol=1e-7)


def test_enough_cases_are_executed() -> None:
    assert len(PLAIN.keys() - WHAT_KERASH_LACKS.keys()) >= 55


def test_what_is_left_out_is_there_to_be_left_out() -> None:
    assert WHAT_KERASH_LACKS.keys() <= PLAIN.keys()


def test_the_list_of_aliases_covers_onnx_names() -> None:
    listed = json.loads(CliRunner().invoke(command, ["--list", "--json"]).output)
    names = {*listed, *(alias for row in listed.values() for alias in row["aliases"])}
    different = {"Clip", "LogSoftmax", "PRelu", "Shrink", "Identity"}
    assert {operation.lower() for operation in set(WORDS) - different} <= names
