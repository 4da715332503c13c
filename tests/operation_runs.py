"""Small matrices, and an operation run on them."""

from typing import Any

import numpy as np

from kerash_cli.engine.tensors import Array
from kerash_cli.matrices.operations import OPERATIONS

NUMBERS = np.arange(1.0, 10).reshape(1, 3, 3)


def matrix(*rows: list[float]) -> Array:
    return np.array([rows], float)


def run(name: str, *operands: Array, words: str = "", group: Any = "tensor") -> Any:
    operation = OPERATIONS[name]
    bound = operation.bind(words.split(), group)
    assert not bound.operands
    return operation(*operands, **bound.options)


A, B = matrix([1, -2], [3, 4]), matrix([5, 6], [-7, 8])
