"""Types of words that several operations take."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeAlias

import numpy as np

from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput
from kerash_cli.matrices.operation import KINDS, Help, Kind, TensorOnly, whole
from kerash_cli.registry import Registry

AXES = "zyx"
"""Names of the axes of an array (depth, height, width)."""


def _axis(word: str) -> str | None:
    return word if len(word) == 1 and word in AXES else None


def _order(word: str) -> str | None:
    return word if sorted(word) == sorted(AXES) else None


def _axes(word: str) -> str | None:
    return word if 0 < len(word) == len(set(word)) and set(word) <= set(AXES) else None


Size: TypeAlias = Annotated[int, whole(1)]
Width: TypeAlias = Annotated[Size, Help("Width of the result.")]
Height: TypeAlias = Annotated[Size, Help("Height of the result.")]
Depth: TypeAlias = Annotated[Size, TensorOnly, Help("Depth of the result.")]
Count: TypeAlias = Annotated[int, whole(1)]
Index: TypeAlias = Annotated[int, whole(0)]
Seed: TypeAlias = Annotated[
    int | None, whole(0, 2**63 - 1), Help("Seed of the random numbers (default: different each time).")
]
Digits: TypeAlias = Annotated[int, whole(-300, 300)]
Precision: TypeAlias = Annotated[int, whole(1, 17)]
Numbers: TypeAlias = Annotated[list[float], Kind("decimal numbers", KINDS[float].parse, "1 0.5 -2", many=True)]
_AXIS = Kind("one of x (along a row), y (down a column) and z", _axis, "x", "x|y|z", choices=("x", "y", "z"))
Axis: TypeAlias = Annotated[str, _AXIS]
OneAxis: TypeAlias = Annotated[str | None, _AXIS]
Order: TypeAlias = Annotated[str, Kind("x, y and z in any order", _order, "zxy")]
Axes: TypeAlias = Annotated[
    str | None,
    Kind("some of x (along rows), y (down columns) and z", _axes, "xy", "x|y|z|xy|...", choices=("x", "y", "z")),
    Help("Axes along which to reduce (default: all numbers)."),
]


@dataclass(frozen=True)
class Function:
    """An activation, or its derivative."""

    word: str
    derivative: bool

    @classmethod
    def parse(cls, word: str) -> "Function":
        """Reads `relu`, `prelu:0.1`, `activ_relu` or `activ_d_relu`; raises BadInput if the activation is unknown."""
        from kerash_cli.engine.activations import Activation

        derivative = word.startswith("activ_d_")
        name = word.removeprefix("activ_d_" if derivative else "activ_")
        Activation.parse(name)
        return cls(name, derivative)

    def __call__(self, a: Array) -> Array:
        """Applies the function to each number; softmax and similar activations treat all numbers as one vector."""
        from kerash_cli.engine.activations import Activation

        activation = Activation.parse(self.word)
        return (activation.derivative if self.derivative else activation)(a.ravel()).reshape(a.shape)


def _activation(word: str) -> str:
    from kerash_cli.engine.activations import Activation

    return str(Activation.parse(word))


FOLDS: Registry[Callable[[Array], float]] = Registry("function of numbers")
"""Functions that reduce several numbers to one."""
FOLDS.add("max", lambda a: float(a.max()), ("g_max",))
FOLDS.add("min", lambda a: float(a.min()), ("g_min",))
FOLDS.add("sum", lambda a: float(a.sum()), ("add",))
FOLDS.add("product", lambda a: float(np.multiply.reduce(a, None)), ("mul",))
FOLDS.add("mean", lambda a: float(a.mean()))

PAIRINGS: Registry[Callable[[Array, Array], float]] = Registry("function of two matrices")
"""Functions that compute one number from two matrices of the same sizes."""

PAIRINGS.add("conv", lambda a, b: float((a * b).sum()), ("matrix_conv", "matrix-conv", "dot"))
PAIRINGS.add("max-difference", lambda a, b: float(np.abs(a - b).max()))


def _fold(word: str) -> str:
    *command, name = word.split() or [""]
    if command not in ([], ["tensor_reduce"], ["reduce"]):
        raise BadInput(f"expected {' or '.join(FOLDS)}, got {word!r}")
    return FOLDS.canonical(name)


Fold: TypeAlias = Annotated[str, Kind(f"one of {', '.join(FOLDS)}", _fold, "max", choices=tuple(FOLDS))]
Pairing: TypeAlias = Annotated[
    str, Kind(f"one of {', '.join(PAIRINGS)}", PAIRINGS.canonical, "conv", choices=tuple(PAIRINGS))
]
Map: TypeAlias = Annotated[Function, Kind("an activation", Function.parse, "relu")]
Activated: TypeAlias = Annotated[str, Kind("an activation", _activation, "relu")]
