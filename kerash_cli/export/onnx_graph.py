"""The nodes of an ONNX graph, added one by one."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import onnx
from numpy.typing import ArrayLike, DTypeLike
from onnx import TensorProto, helper, numpy_helper

from kerash_cli.engine.expressions import Recorded
from kerash_cli.errors import BadInput
from kerash_cli.export import formulas
from kerash_cli.export.formulas import REDUCTION

OPSET, ML_OPSET, IR_VERSION = 17, 3, 8
"""Versions of the operators and of the file."""

Value: TypeAlias = str
"""A tensor in the graph, by its name."""

TYPES = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int64": TensorProto.INT64,
    "object": TensorProto.STRING,
}
"""Types of tensors, by NumPy's names."""

_NODES = {
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "negative": "Neg", "maximum": "Max",
    "minimum": "Min", "exp": "Exp", "tanh": "Tanh", "log": "Log", "sqrt": "Sqrt", "sin": "Sin", "cos": "Cos",
    "cosh": "Cosh", "sinh": "Sinh", "tan": "Tan", "arctan": "Atan", "arcsinh": "Asinh", "absolute": "Abs",
    "sign": "Sign", "power": "Pow",
}  # fmt: skip
"""Nodes for ufuncs."""

_COMPARISONS = {"greater": "Greater", "greater_equal": "GreaterOrEqual", "less": "Less", "less_equal": "LessOrEqual",
                "equal": "Equal"}  # fmt: skip

_SINGLE_ALONE = {"Cos", "Cosh", "Sinh", "Tan", "Atan", "Asinh"}
"""Nodes that ONNX Runtime has for float32 alone."""


class Graph:
    """A graph under construction; names that are given are never used for anything else."""

    def __init__(self, names: Iterable[str]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[tuple[Any, ...], onnx.TensorProto] = {}
        self._taken = set(names)

    def add(self, operator: str, *inputs: Value, name: str = "", domain: str = "", **attributes: Any) -> Value:
        """Adds a node with one output and returns that, which is called `name` if given."""
        output = name or self.name(operator.lower())
        node = helper.make_node(operator, inputs, [output], name=f"{output} node", domain=domain, **attributes)
        self.nodes.append(node)
        return output

    def name(self, wanted: str) -> str:
        """Returns a name that nothing has yet."""
        number, name = 1, wanted
        while name in self._taken:
            number, name = number + 1, f"{wanted}_{number + 1}"
        self._taken.add(name)
        return name

    def constant(self, value: ArrayLike, dtype: DTypeLike = np.float32, name: str = "constant") -> Value:
        """Returns a constant; an equal one is used again."""
        array = np.array(value, dtype)
        content = array.tobytes() if array.dtype != object else tuple(array.ravel().tolist())
        key = (array.dtype.str, array.shape, content)
        if key not in self.constants:
            self.constants[key] = numpy_helper.from_array(array, self.name(name))
        return str(self.constants[key].name)

    def cast(self, value: Value, dtype: DTypeLike) -> Value:
        """Returns a tensor in another type."""
        return self.add("Cast", value, to=TYPES[np.dtype(dtype).name])

    def reshaped(self, value: Value, shape: Sequence[int]) -> Value:
        """Returns a tensor with the same rows, each of this shape."""
        return self.add("Reshape", value, self.constant((0, *shape), np.int64))

    def chosen(self, condition: Value, yes: Value, no: Value, name: str = "") -> Value:
        """Returns `yes` where the condition holds, else `no`."""
        return self.add("Where", condition, yes, no, name=name)

    def columns(self, value: Value, places: Sequence[int], width: int) -> Value:
        """Returns these columns of a tensor (rows, width)."""
        if list(places) == list(range(width)):
            return value
        return self.add("Gather", value, self.constant(places, np.int64), axis=1)

    def joined(self, values: Sequence[Value]) -> Value:
        """Returns tensors (rows, columns) side by side."""
        return values[0] if len(values) == 1 else self.add("Concat", *values, axis=1)

    def any(self, values: Sequence[Value]) -> Value:
        """Returns whether a number in the row is not 0, (rows, 1), of tensors (rows, columns) of truth values."""
        numbers = self.joined([self.cast(value, np.float32) for value in values])
        return self.add("Greater", self.add("ReduceMax", numbers, axes=[1], keepdims=1), self.constant(0))

    def formula(self, operation: Recorded, z: Value, dtype: DTypeLike) -> Value:
        """Returns the value of a formula of z, a tensor of this type; sums are along the axis of channels."""
        operand = formulas.operand(operation)
        known = {id(operand): z} if operand else {}
        for each in formulas.needed(operation):
            if id(each) not in known:
                known[id(each)] = self._operation(each, [known[id(below)] for below in each.operands], dtype)
        return known[id(operation)]

    def _operation(self, operation: Recorded, operands: list[Value], dtype: DTypeLike) -> Value:
        name, of_type = operation.name, partial(self.constant, dtype=dtype)
        special: dict[str, Callable[..., Value]] = {
            "constant": lambda: of_type(operation.value or 0),
            "square": lambda x: self.add("Mul", x, x),
            "minus absolute": lambda x: self.add("Neg", self.add("Abs", x)),
            "log1p": lambda x: self.add("Log", self.add("Add", of_type(1), x)),
            "expm1": lambda x: self.add("Sub", self.add("Exp", x), of_type(1)),
            "hypot": lambda x, y: self.add("Sqrt", self.add("Add", self.add("Mul", x, x), self.add("Mul", y, y))),
            "reduce maximum": lambda x: self.add("ReduceMax", x, axes=[1], keepdims=1),
            "reduce minimum": lambda x: self.add("ReduceMin", x, axes=[1], keepdims=1),
            "reduce add": lambda x: self.add("ReduceSum", x, self.constant([1], np.int64), keepdims=1),
        }
        if name in special:
            return special[name](*operands)
        if name in _COMPARISONS:
            return self.cast(self.add(_COMPARISONS[name], *operands), dtype)
        if name not in _NODES:
            raise BadInput(f"ONNX has no {name.removeprefix(REDUCTION)}; try .py")
        node = _NODES[name]
        if node in _SINGLE_ALONE and np.dtype(dtype) == np.float64:
            return self.cast(self.add(node, *(self.cast(each, np.float32) for each in operands)), dtype)
        return self.add(node, *operands)
