"""Memory of a plan: arrays that it owns, temporaries that its expressions share, and constants."""

from collections import defaultdict
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kerash_cli.engine.tensors import Shape

Memory: TypeAlias = NDArray[Any]
"""An array of floats, or of the truth values of a comparison."""


class Allocator:
    """Allocates arrays. Temporaries that are given back are lent again; equal constants are one array."""

    def __init__(self) -> None:
        self._idle: defaultdict[tuple[Shape, np.dtype[Any]], list[Memory]] = defaultdict(list)
        self._constants: dict[tuple[Shape, np.dtype[Any], str], Memory] = {}

    def empty(self, shape: Shape, dtype: np.dtype[Any]) -> Memory:
        """A new array whose values are undefined."""
        return np.empty(shape, dtype)

    def full(self, shape: Shape, value: float, dtype: np.dtype[Any]) -> Memory:
        """A new array that holds `value` everywhere."""
        array = self.empty(shape, dtype)
        array.fill(value)
        return array

    def constant(self, shape: Shape, value: float, dtype: np.dtype[Any]) -> Memory:
        """An array that holds `value` everywhere and that nobody writes to."""
        key = shape, dtype, float(value).hex()  # 0.0 and -0.0 are two values
        if key not in self._constants:
            self._constants[key] = self.full(shape, value, dtype)
        return self._constants[key]

    def borrow(self, shape: Shape, dtype: np.dtype[Any]) -> Memory:
        """A temporary: one that was given back, or a new array."""
        idle = self._idle[shape, dtype]
        return idle.pop() if idle else self.empty(shape, dtype)

    def give_back(self, temporary: Memory) -> None:
        """Takes back a temporary whose last reader is known."""
        self._idle[temporary.shape, temporary.dtype].append(temporary)
