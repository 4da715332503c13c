"""The memory of a plan: arrays that it owns, temporaries that its expressions share, and constants."""

import mmap
from collections import defaultdict
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kerash_cli.engine.tensors import Shape

Memory: TypeAlias = NDArray[Any]
"""An array of floats, or of the truth values of a comparison."""

LINE = 64
"""Number of bytes in a cache line. AVX-512 handles whole lines, and takes twice as long if data begin amid one."""


def aligned(shape: Shape, dtype: np.dtype[Any]) -> Memory:
    """Returns a new array whose values are undefined, at the beginning of a cache line."""
    size = prod(shape) * dtype.itemsize
    memory = np.empty(_taken(size), np.uint8)
    start = -memory.ctypes.data % LINE if size else 0
    return memory[start : start + size].view(dtype).reshape(shape)


def _taken(size: int) -> int:
    """Returns the number of bytes that `aligned` takes for `size` bytes."""
    return size + LINE if size else 0


class Allocator:
    """Allocates arrays; a temporary that was given back is lent again, and equal constants share one array."""

    def __init__(self) -> None:
        self._idle: defaultdict[tuple[Shape, np.dtype[Any]], list[Memory]] = defaultdict(list)
        self._constants: dict[tuple[Shape, np.dtype[Any], str], Memory] = {}

    def empty(self, shape: Shape, dtype: np.dtype[Any]) -> Memory:
        """Returns a new array whose values are undefined."""
        return aligned(shape, dtype)

    def full(self, shape: Shape, value: float, dtype: np.dtype[Any]) -> Memory:
        """Returns a new array that holds `value` everywhere."""
        array = self.empty(shape, dtype)
        self.fill(array, value)
        return array

    def fill(self, array: Memory, value: float) -> None:
        """Sets all numbers of an array or a view to `value`."""
        array[...] = value

    def kept(self, array: Memory) -> Memory:
        """Returns `array` unchanged: an array that was made elsewhere and that a plan keeps."""
        return array

    def constant(self, shape: Shape, value: float, dtype: np.dtype[Any]) -> Memory:
        """Returns a shared array that holds `value` everywhere; nobody may write to it."""
        key = shape, dtype, float(value).hex()  # 0.0 and -0.0 are two values
        if key not in self._constants:
            self._constants[key] = self.full(shape, value, dtype)
        return self._constants[key]

    def borrow(self, shape: Shape, dtype: np.dtype[Any]) -> Memory:
        """Returns a temporary: one that was given back, or a new array."""
        idle = self._idle[shape, dtype]
        return idle.pop() if idle else self.empty(shape, dtype)

    def give_back(self, temporary: Memory) -> None:
        """Takes back a temporary that will not be read again."""
        self._idle[temporary.shape, temporary.dtype].append(temporary)


class NoSpace(MemoryError):
    """An array is larger than the address space of the process allows."""


class Counter(Allocator):
    """Counts in `bytes` how much memory it is asked for, without allocating it.

    Its arrays have addresses but no memory: views of them overlap as usual, but nobody can write to them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def empty(self, shape: Shape, dtype: np.dtype[Any]) -> Memory:
        """Returns an array without memory, and counts its bytes; raises NoSpace if it exceeds the address space."""
        size = prod(shape) * dtype.itemsize
        self.bytes += _taken(size)
        try:
            return np.ndarray(shape, dtype, mmap.mmap(-1, max(1, size), mmap.MAP_PRIVATE, mmap.PROT_READ))
        except (OSError, OverflowError, ValueError) as error:
            raise NoSpace(f"{size} bytes") from error

    def forget(self, array: Memory) -> None:
        """Does not count an array of `empty` after all."""
        self.bytes -= _taken(array.nbytes)

    def kept(self, array: Memory) -> Memory:
        """Returns `array` unchanged, and counts its bytes."""
        self.bytes += array.nbytes
        return array

    def fill(self, array: Memory, value: float) -> None:
        """Does nothing, because the array has no memory."""
