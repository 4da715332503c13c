"""Node cases of the `onnx` package, and which layer has the windows of those whose padding is not that of a layer."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

import onnx
import pytest
from onnx.backend.test.case import node as onnx_node

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


def load(operations: Iterable[str]) -> list[Any]:
    """The cases of these operations alone: those of all, as load_model_tests makes them, take twenty times as long."""
    for operation in operations:
        import_module(f"{onnx_node.__name__}.{operation.lower().replace('batchn', 'batch_n')}")
    return [case for case in onnx_node._NodeTestCases if operation_of(case) in operations]


def operation_of(case: Any) -> str:
    name: str = case.model.graph.node[0].op_type
    return name


def attributes(case: Any) -> dict[str, Any]:
    return {each.name: onnx.helper.get_attribute_value(each) for each in case.model.graph.node[0].attribute}


def parametrized(cases: list[Any], lacking: Mapping[str, str]) -> pytest.MarkDecorator:
    """A test for each case; those that need what kerash lacks are skipped."""
    skips = {name: [pytest.mark.skip(reason=f"kerash lacks {reason}")] for name, reason in lacking.items()}
    params = [pytest.param(case, id=case.name, marks=skips.get(case.name, [])) for case in cases]
    return pytest.mark.parametrize("case", params)


def counted(cases: list[Any], lacking: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """Counts for each operation: cases that run, and all cases. Checks that those left out exist."""
    assert lacking.keys() <= {case.name for case in cases}
    names: dict[str, list[str]] = {}
    for case in cases:
        names.setdefault(operation_of(case), []).append(case.name)
    return {operation: (len({*own} - lacking.keys()), len(own)) for operation, own in names.items()}


def one(values: list[int]) -> int:
    """The number that all of these are."""
    (value,) = set(values)
    return value
