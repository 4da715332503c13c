"""Plain NumPy expressions, compiled once into plans: lists of calls whose operands, temporaries and outputs are bound.

An expression is run once on stand-ins that record it. It may use operators, ufuncs, their reduction along axis 0, and
scalars. Temporaries are allocated once and reused as soon as their last reader has run; `out` serves as one while
nothing that is still to be read lies in it.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from kerash_cli.engine.tensors import Array, Call, Calls, Shape

Memory: TypeAlias = NDArray[Any]
"""An array of floats, or of the truth values of a comparison."""

COMPARISONS = {np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal}
EXTREMA = {np.maximum, np.minimum}


def plan(expression: Callable[..., Any], operands: Sequence[Array], out: Array, wide: bool = False) -> Calls:
    """The calls that write expression(*operands) into `out`, which may be one of the operands.

    Scalars take the type of `out`, and so do comparisons where they meet arithmetic. With `wide` everything is float64:
    an operand is converted once, the result rounded once.
    """
    trace = Trace(np.dtype(np.float64) if wide else out.dtype, [])
    inputs = [Traced(trace, operand.shape, operand.dtype) for operand in operands]
    result = expression(*inputs).astype(out.dtype)
    homes: dict[Traced, Memory] = dict(zip(inputs, operands, strict=True))
    if result in homes:
        same = homes[result].__array_interface__ == out.__array_interface__
        return [] if same else [_copy(out, homes[result])]
    assert trace.steps[-1].result is result, "a step whose result nobody reads"
    _settle(trace.steps, homes, out)
    return [step.bind(*(homes[value] for value in (step.result, *step.operands))) for step in trace.steps]


class Traced(NDArrayOperatorsMixin):
    """A stand-in for an array of this shape and type that records what is done to it; a constant has a value too."""

    __hash__ = object.__hash__  # the mixin's == is a ufunc

    def __init__(self, trace: "Trace", shape: Shape, dtype: np.dtype[Any], value: float | None = None) -> None:
        self.trace, self.shape, self.dtype, self.value = trace, shape, dtype, value
        self._versions: dict[np.dtype[Any], Traced] = {dtype: self}

    def astype(self, dtype: np.dtype[Any]) -> "Traced":
        """The same values in another type, converted once."""
        if dtype not in self._versions:
            self._versions[dtype] = self.trace.record(_copy, (self,), self.shape, dtype)
        return self._versions[dtype]

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any) -> "Traced":
        work = self.trace.dtype
        if method == "reduce":
            return self.trace.record(partial(_reduction, ufunc), (self.astype(work),), self.shape[1:], work)
        shape = np.broadcast_shapes(*(x.shape for x in inputs if isinstance(x, Traced)))
        constant_shape = shape if ufunc in EXTREMA else ()  # max(x, 0) takes three times as long as with zeros like x
        operands = tuple(
            x.astype(work) if isinstance(x, Traced) else Traced(self.trace, constant_shape, work, x) for x in inputs
        )
        values = [operand.value for operand in operands]
        if ufunc in (np.multiply, np.divide) and values[1] == 1:
            return operands[0]
        if ufunc is np.multiply and values[0] == 1:
            return operands[1]
        if ufunc is np.copysign and values[1] == -1:
            return self.trace.record(_minus_abs, operands[:1], shape, work)
        bind = partial(_extremum if ufunc in EXTREMA else _elementwise, ufunc)
        return self.trace.record(bind, operands, shape, np.dtype(np.bool_) if ufunc in COMPARISONS else work)


class Step(NamedTuple):
    """One recorded operation; bind(result, *operands), given the arrays, is its call."""

    bind: Callable[..., Call]
    operands: tuple[Traced, ...]
    result: Traced


class Trace(NamedTuple):
    """The type that an expression computes in, and its steps so far."""

    dtype: np.dtype[Any]
    steps: list[Step]

    def record(self, bind: Callable[..., Call], operands: tuple[Traced, ...], shape: Shape, dtype: Any) -> Traced:
        """The stand-in for the result of one more step."""
        result = Traced(self, shape, dtype)
        self.steps.append(Step(bind, operands, result))
        return result


def _settle(steps: list[Step], homes: dict[Traced, Memory], out: Array) -> None:
    """Adds to `homes`, which has the operands, an array for each constant and each result; the last one's is `out`."""
    last_use = {operand: index for index, step in enumerate(steps) for operand in step.operands}
    lying_in_out = {x for x, array in homes.items() if x in last_use and np.may_share_memory(array, out)}
    own: set[Traced] = set()
    free: defaultdict[tuple[Shape, np.dtype[Any]], list[Memory]] = defaultdict(list)
    if not lying_in_out:
        free[out.shape, out.dtype].append(out)
    for index, step in enumerate(steps):
        for operand in dict.fromkeys(step.operands):
            if operand.value is not None:
                homes[operand] = np.full(operand.shape, operand.value, operand.dtype)
            elif last_use[operand] == index and operand in own:
                free[operand.shape, operand.dtype].append(homes[operand])
            elif last_use[operand] == index and lying_in_out:
                lying_in_out.discard(operand)
                if not lying_in_out:
                    free[out.shape, out.dtype].append(out)
        shape, dtype = step.result.shape, step.result.dtype
        own.add(step.result)
        if step is steps[-1]:
            homes[step.result] = out
        else:
            homes[step.result] = free[shape, dtype].pop() if free[shape, dtype] else np.empty(shape, dtype)


def _elementwise(ufunc: np.ufunc, out: Memory, *operands: Memory) -> Call:
    return partial(ufunc, *operands, out)


def _extremum(ufunc: np.ufunc, out: Memory, *operands: Memory) -> Call:
    return partial(ufunc, *operands, out=out)  # a third positional argument is deprecated, which takes as long again


def _reduction(ufunc: np.ufunc, out: Memory, operand: Memory) -> Call:
    return partial(ufunc.reduce, operand, 0, None, out)


def _minus_abs(out: Memory, operand: Memory) -> Call:
    """copysign(x, -1) by setting the sign bit, in a sixth of the time."""
    integer = np.dtype(f"i{out.itemsize}")
    return partial(np.bitwise_or, operand.view(integer), np.array(np.iinfo(integer).min, integer), out.view(integer))


def _copy(out: Memory, operand: Memory) -> Call:
    return partial(out.__setitem__, ..., operand)  # np.copyto takes twice as long to call
