"""Compiles NumPy expressions into plans: lists of calls whose operands, temporaries and outputs are bound.

An expression is run once on stand-ins that record it. It may use operators, ufuncs, their reduction along axis 0,
`column_sums` and scalars; each array must be passed as an operand. It returns one value or a tuple of values.
The same operation on the same operands becomes one call, even in different values of the tuple.

Temporaries are borrowed from an allocator and given back to it when they are read for the last time, so that all
plans of one allocator share them. An output also serves as a temporary until it is written, unless it overlaps an
operand that is read later.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from kerash_cli.engine.allocation import Allocator, Memory
from kerash_cli.engine.tensors import Array, Call, Calls, Shape, Values

COMPARISONS = {np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal}
EXTREMA = {np.maximum, np.minimum}


def plan(
    expression: Callable[..., Any],
    operands: Sequence[Array],
    *outs: Array,
    wide: bool = False,
    memory: Allocator | None = None,
) -> Calls:
    """Returns the calls that write the values of expression(*operands) to `outs`, which may include operands.

    Scalars take the type of the outputs, and so does the result of a comparison if arithmetic uses it. With `wide`,
    all arithmetic is in float64: each operand is converted once, and each result rounded once. Temporaries and
    constants come from `memory`.
    """
    trace = Trace(np.dtype(np.float64) if wide else outs[0].dtype)
    values = expression(*map(trace.operand, operands))
    results = values if isinstance(values, tuple) else (values,)
    homes: dict[Traced, Memory] = {}
    for value, out in zip(results, outs, strict=True):
        result = value.astype(out.dtype)
        if result not in trace.arrays or trace.arrays[result].__array_interface__ != out.__array_interface__:
            homes[trace.ending(result, homes)] = out
    steps = _needed(trace.steps, set(homes))
    placed = _Placement(steps, trace.arrays, homes, memory or Allocator()).run()
    return [step.bind(*(placed[value] for value in (step.result, *step.operands))) for step in steps]


def column_sums(x: Values) -> Values:
    """The sum of x along axis 0 as a product with ones: faster than np.add.reduce, with slightly different rounding."""
    return x.trace.record(_product_with_ones, (x, x.trace.constant(x.shape[:1], 1)), x.shape[1:], x.dtype)


class Recorded(NamedTuple):
    """A recorded operation: a ufunc's name, `reduce ` and a ufunc's name, or `minus absolute`; operands have none of
    their own, and constants have a value."""

    name: str
    operands: "tuple[Recorded, ...]" = ()
    value: float | None = None


OPERAND = "operand"
"""Name of the operation that stands for the operand itself."""


def recorded(expression: Callable[[Any], Any]) -> Recorded:
    """Returns the operation whose result is the value of an expression of one operand; values that are used twice are
    the same object."""
    trace = Trace(np.dtype(np.float64))
    operand = trace.operand(np.zeros((2, 1)))
    value = expression(operand)
    known = {operand: Recorded(OPERAND)}

    def known_as(each: Traced) -> Recorded:
        return known[each] if each.value is None else Recorded("constant", (), each.value)

    for step in trace.steps:
        bind, given = step.bind.func, step.bind.args  # type: ignore[attr-defined]
        operands = tuple(map(known_as, step.operands))
        if bind is _copy:
            known[step.result] = operands[0]
        elif bind is _minus_abs:
            known[step.result] = Recorded("minus absolute", operands[:1])
        else:
            prefix = "reduce " if bind is _reduction else ""
            known[step.result] = Recorded(prefix + given[0].__name__, operands)
    return known_as(value)


class Traced(NDArrayOperatorsMixin):
    """Stands in for an array and records the operations on it; `value` is set only for a constant."""

    __hash__ = object.__hash__  # the mixin's == is a ufunc

    def __init__(self, trace: "Trace", shape: Shape, dtype: np.dtype[Any], value: float | None = None) -> None:
        self.trace, self.shape, self.dtype, self.value = trace, shape, dtype, value

    def astype(self, dtype: np.dtype[Any]) -> "Traced":
        """Returns the stand-in for the same values in another type; the conversion is recorded only once."""
        return self if dtype == self.dtype else self.trace.record(_copy, (self,), self.shape, dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any) -> "Traced":
        trace, work = self.trace, self.trace.dtype
        if method == "reduce":
            return trace.record(_reduction, (self.astype(work),), self.shape[1:], work, ufunc)
        if any(isinstance(x, np.ndarray) for x in inputs):
            raise TypeError("an array in an expression would be read only when the plan is made; pass it as an operand")
        shape = np.broadcast_shapes(*(x.shape for x in inputs if isinstance(x, Traced)))
        constant_shape = shape if ufunc in EXTREMA else ()  # max(x, 0) takes three times as long as with zeros like x
        operands = tuple(x.astype(work) if isinstance(x, Traced) else trace.constant(constant_shape, x) for x in inputs)
        values = [operand.value for operand in operands]
        if ufunc in (np.multiply, np.divide) and values[1] == 1:
            return operands[0]
        if ufunc is np.multiply and values[0] == 1:
            return operands[1]
        if ufunc is np.copysign and values[1] == -1:
            integer = np.dtype(f"i{work.itemsize}")
            sign = trace.constant((), int(np.iinfo(integer).min), integer)
            return trace.record(_minus_abs, (operands[0], sign), shape, work)
        bind = _extremum if ufunc in EXTREMA else _elementwise
        return trace.record(bind, operands, shape, np.dtype(np.bool_) if ufunc in COMPARISONS else work, ufunc)


class TracedStep(NamedTuple):
    """One recorded operation; bind(result, *operands) returns its call for the given arrays."""

    bind: Callable[..., Call]
    operands: tuple[Traced, ...]
    result: Traced


class Trace:
    """The steps recorded so far for an expression, the float type of the arithmetic, and the operands' arrays."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self.steps: list[TracedStep] = []
        self.arrays: dict[Traced, Memory] = {}
        self._known: dict[Any, Traced] = {}

    def operand(self, array: Memory) -> Traced:
        """Returns the stand-in for an operand."""
        key = id(array)
        if key not in self._known:
            self._known[key] = Traced(self, array.shape, array.dtype)
            self.arrays[self._known[key]] = array
        return self._known[key]

    def constant(self, shape: Shape, value: float, dtype: np.dtype[Any] | None = None) -> Traced:
        """Returns the stand-in for an array that holds `value` everywhere."""
        key = shape, float(value).hex(), dtype
        return self._known.setdefault(key, Traced(self, shape, dtype or self.dtype, value))

    def record(
        self, bind: Callable[..., Call], operands: tuple[Traced, ...], shape: Shape, dtype: Any, *given: np.ufunc
    ) -> Traced:
        """Returns the stand-in for the result of a step; the same step is recorded only once.

        bind(*given, result, *operands), with arrays in place of the stand-ins, returns the call of the step.
        """
        key = bind, given, tuple(map(id, operands)), dtype
        if key not in self._known:
            self._known[key] = Traced(self, shape, dtype)
            self.steps.append(TracedStep(partial(bind, *given), operands, self._known[key]))
        return self._known[key]

    def ending(self, result: Traced, taken: dict[Traced, Memory]) -> Traced:
        """Returns the result itself, or a recorded copy if the result is an operand or already serves as an output."""
        if result not in self.arrays and result not in taken:
            return result
        copy = Traced(self, result.shape, result.dtype)
        self.steps.append(TracedStep(_copy, (result,), copy))
        return copy


def _needed(steps: list[TracedStep], results: set[Traced]) -> list[TracedStep]:
    """Returns the steps that the results depend on."""
    read, needed = set(results), list[TracedStep]()
    for step in reversed(steps):
        if step.result in read:
            read.update(step.operands)
            needed.append(step)
    return needed[::-1]


class _Placement:
    """Finds an array for each value that the steps read or write."""

    def __init__(
        self,
        steps: list[TracedStep],
        arrays: dict[Traced, Memory],
        outs: dict[Traced, Memory],
        memory: Allocator,
    ) -> None:
        """`arrays` holds the operands and constants, `outs` the arrays for the results."""
        self._steps, self._outs, self._memory = steps, outs, memory
        self._homes = dict(arrays)
        self._borrowed: set[Traced] = set()
        self._last_use = {x: index for index, step in enumerate(steps) for x in step.operands}
        self._written = {step.result: index for index, step in enumerate(steps)}
        # Values that occupy an output for now: operands that overlap it, later a temporary.
        self._tenants = {
            result: {x for x, each in arrays.items() if x in self._last_use and np.may_share_memory(each, out)}
            for result, out in outs.items()
        }

    def run(self) -> dict[Traced, Memory]:
        """Returns the array of each value, including operands and constants."""
        for index, step in enumerate(self._steps):
            for operand in dict.fromkeys(step.operands):
                if operand.value is not None:
                    self._homes[operand] = self._memory.constant(operand.shape, operand.value, operand.dtype)
                elif self._last_use[operand] == index:
                    self._leave(operand)
            self._homes[step.result] = self._home(step.result)
        return self._homes

    def _leave(self, value: Traced) -> None:
        for tenants in self._tenants.values():
            tenants.discard(value)
        if value in self._borrowed:
            self._memory.give_back(self._homes[value])

    def _home(self, value: Traced) -> Memory:
        if value in self._outs:
            assert not self._tenants[value], "an output would overwrite what is still to be read"
            return self._outs[value]
        for result, out in self._outs.items():
            lasts = self._last_use[value] <= self._written[result]
            if lasts and not self._tenants[result] and (out.shape, out.dtype) == (value.shape, value.dtype):
                self._tenants[result].add(value)
                return out
        self._borrowed.add(value)
        return self._memory.borrow(value.shape, value.dtype)


def _elementwise(ufunc: np.ufunc, out: Memory, *operands: Memory) -> Call:
    return partial(ufunc, *operands, out)


def _extremum(ufunc: np.ufunc, out: Memory, *operands: Memory) -> Call:
    return partial(ufunc, *operands, out=out)  # `out` as a positional argument is deprecated and slower


def _reduction(ufunc: np.ufunc, out: Memory, operand: Memory) -> Call:
    return partial(ufunc.reduce, operand, 0, None, out)


def _product_with_ones(out: Memory, operand: Memory, ones: Memory) -> Call:
    return partial(ones.dot, operand, out)


def _minus_abs(out: Memory, operand: Memory, sign: Memory) -> Call:
    """Returns the call for -|x|: it sets the sign bit, which takes a sixth of the time of copysign."""
    return partial(np.bitwise_or, operand.view(sign.dtype), sign, out.view(sign.dtype))


def _copy(out: Memory, operand: Memory) -> Call:
    return partial(out.__setitem__, ..., operand)  # np.copyto takes twice as long to call
