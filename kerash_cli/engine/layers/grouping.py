"""Groups of a dense layer: each group of units sees some of the inputs, and has weights for these alone.

    5                       5 groups: group k sees the k-th fifth of the inputs, and has the k-th fifth of the units
    5x18:64                 the same in full: 5 groups of 64 units, which see 18 inputs each, one group after the other
    1-9:64,2x1-3+7-9:32     64 units that see inputs 1 to 9, and 2 groups of 32 units that see 1 to 3 and 7 to 9

Parts are separated by commas. Units are in the order of the parts, and of the groups in each part. A number of inputs
follows those of the part before; where there is such a number, each input must be seen.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Self

import numpy as np

from kerash_cli.engine.layers.base import Own, count
from kerash_cli.engine.tensors import Array, Calls, Indices, Shape
from kerash_cli.errors import BadInput, shown

Span = tuple[int, int]
"""Consecutive inputs: the index of the first one, and of the first one after them."""

_WHOLE_NUMBER = re.compile("[0-9]+", re.ASCII)
_PART = re.compile(r"(?:(?P<count>[0-9]+)x)?(?P<inputs>[0-9+-]+):(?P<units>[0-9]+)", re.ASCII)
_RANGE = re.compile(r"([0-9]+)-([0-9]+)", re.ASCII)


@dataclass(frozen=True)
class GroupPart:
    """`count` groups of `units` units; each sees `inputs` inputs of its own, or all of them see the same `spans`."""

    count: int
    inputs: int
    units: int
    spans: tuple[Span, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a part such as `64:8`, `5x64:8` or `1-9+19-27:8`; raises BadInput if it is invalid."""
        match = _PART.fullmatch(text)
        if match is None:
            raise BadInput(f"expected a number of groups, or parts such as 5x64:64,1-9+19-27:64, got {shown(text)}")
        groups, units = count(match["count"] or "1"), count(match["units"])
        if not {"-", "+"} & {*match["inputs"]}:
            return cls(groups, count(match["inputs"]), units)
        spans = _spans(match["inputs"])
        return cls(groups, sum(stop - start for start, stop in spans), units, spans)

    def __str__(self) -> str:
        times = f"{self.count}x" if self.count > 1 else ""
        ranges = "+".join(f"{start + 1}-{stop}" for start, stop in self.spans)
        return f"{times}{ranges or self.inputs}:{self.units}"


@dataclass(frozen=True)
class Groups:
    """The groups of a layer: so many equal ones, or `parts`."""

    count: int = 1
    parts: tuple[GroupPart, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a number of groups, or parts; raises BadInput if they are invalid."""
        return (
            cls(count(text)) if _WHOLE_NUMBER.fullmatch(text) else cls(0, tuple(map(GroupPart.parse, text.split(","))))
        )

    def __str__(self) -> str:
        return ",".join(map(str, self.parts)) or str(self.count)

    def check_units(self, units: int) -> None:
        """Raises BadInput unless a layer of so many units can have these groups."""
        if self.parts and (got := sum(part.count * part.units for part in self.parts)) != units:
            raise BadInput(f"expected groups of {units} units in all, got {got}")
        if not self.parts and units % self.count:
            raise BadInput(f"expected a number of groups that divides the {units} units, got {self.count}")

    def placed(self, inputs: int, units: int) -> "list[PlacedPart]":
        """Returns the parts of a layer with so many inputs and units; raises BadInput if they do not fit it."""
        self.check_units(units)
        parts = self.parts
        if not parts:
            if inputs % self.count:
                raise BadInput(f"expected as many inputs for each of the {self.count} groups, got {inputs} in all")
            parts = (GroupPart(self.count, inputs // self.count, units // self.count),)
        placed = list(_placed(parts))
        seen = [span for each in placed for span in each.spans]
        last = max(stop for _, stop in seen)
        if last > inputs:
            raise BadInput(f"expected {last} inputs or more for the groups, got {inputs}")
        if not all(part.spans for part in parts) and (gap := _gap(seen, inputs)) is not None:
            raise BadInput(f"expected groups that see all {inputs} inputs, got none that sees input {gap + 1}")
        return placed


WHOLE = Groups()
"""One group: each unit sees all inputs."""


class PlacedPart(NamedTuple):
    """A part within a layer."""

    name: str
    """Name of its weights (groups, inputs, units)."""
    groups: int
    inputs: int
    units: int
    first: int
    """Index of its first unit."""
    spans: tuple[Span, ...]
    """The inputs that its groups see: each of them all if they are `shared`, else one group after the other."""
    shared: bool

    @property
    def shape(self) -> Shape:
        """Shape of its weights."""
        return self.groups, self.inputs, self.units

    @property
    def rows(self) -> int:
        """Number of inputs that its groups see together."""
        return self.inputs if self.shared else self.groups * self.inputs

    @property
    def gathered(self) -> int:
        """Number of inputs that have to be copied, because they are not consecutive."""
        return self.rows if len(self.spans) > 1 else 0

    def inputs_apart(self, rows: Array, stack: int) -> Array:
        """Returns a view (stack, groups, inputs, n) of its inputs (rows, stack * n); one group for all if `shared`."""
        groups = 1 if self.shared else self.groups
        return rows.reshape(groups, self.inputs, stack, -1).transpose(2, 0, 1, 3)

    def units_apart(self, z: Array, stack: int) -> Array:
        """Returns a view (stack, groups, units, n) of its units in z (all units, stack * n)."""
        own = z[self.first : self.first + self.groups * self.units]
        return own.reshape(self.groups, self.units, stack, -1).transpose(2, 0, 1, 3)


def param_shapes(parts: list[PlacedPart], units: int) -> dict[str, Shape]:
    """Returns the shapes of the layer's parameters by name."""
    return {**{part.name: part.shape for part in parts}, "bias": (units,)}


def sums(parts: list[PlacedPart], x: Array, z: Array, own: Own) -> Calls:
    """Returns the calls that write the weighted sums of x (inputs, n) to z (units, n)."""
    stack = _stack(own)
    calls: Calls = []
    for part, seen, copies in _seen(parts, x, own):
        weights = _stacked(own.params[part.name])
        calls += [*copies, partial(np.matmul, weights.swapaxes(2, 3), seen, part.units_apart(z, stack))]
    if "bias" in own.params:
        z = z.reshape(len(z), stack, -1)
        calls.append(partial(np.add, z, own.params["bias"].reshape(stack, -1, 1).swapaxes(0, 1), z))
    return calls


def gradients(parts: list[PlacedPart], x: Array, dz: Array, dx: Array | None, own: Own) -> Calls:
    """Returns the calls that write the parameters' gradients, and the inputs' gradient to `dx` unless it is None."""
    stack = _stack(own)
    calls: Calls = []
    for part, seen, _ in _seen(parts, x, own):
        calls.append(
            partial(np.matmul, seen, part.units_apart(dz, stack).swapaxes(2, 3), _stacked(own.grads[part.name]))
        )
    if "bias" in own.grads:
        apart = dz.reshape(len(dz), stack, -1).swapaxes(0, 1)
        ones = own.memory.constant(apart.shape[2:], 1, dz.dtype)
        calls.append(partial(np.matmul, apart, ones, own.grads["bias"].reshape(stack, -1)))
    return calls if dx is None else calls + _input_gradient(parts, dz, dx, own)


def forget(tensors: Mapping[str, Array], groups: Groups, features: Indices) -> None:
    """Sets the weights of these inputs to 0 in each group that sees them."""
    for part in _placed(groups.parts or (GroupPart(*tensors["weights"].shape),)):
        weights, start = tensors[part.name], 0
        for first, stop in part.spans:
            places = features[(first <= features) & (features < stop)] - first + start
            if part.shared:
                weights[:, places] = 0
            else:
                weights[places // part.inputs, places % part.inputs] = 0
            start += stop - first


def _spans(text: str) -> tuple[Span, ...]:
    """Reads ranges such as `1-9+19-27`; raises BadInput unless they are in ascending order."""
    spans: list[Span] = []
    for word in text.split("+"):
        match = _RANGE.fullmatch(word)
        if match is None:
            raise BadInput(f"expected ranges such as 1-9+19-27, got {shown(text)}")
        first, last = map(count, match.groups())
        if first > last or (spans and first <= spans[-1][1]):
            raise BadInput(f"expected ranges in ascending order, got {shown(text)}")
        if spans and spans[-1][1] == first - 1:
            first = spans.pop()[0] + 1
        spans.append((first - 1, last))
    return tuple(spans)


def _placed(parts: tuple[GroupPart, ...]) -> Iterator[PlacedPart]:
    unit = after = 0
    for number, part in enumerate(parts, 1):
        spans = part.spans or ((after, after + part.count * part.inputs),)
        name = f"weights{number}" if len(parts) > 1 else "weights"
        yield PlacedPart(name, part.count, part.inputs, part.units, unit, spans, bool(part.spans))
        unit, after = unit + part.count * part.units, spans[-1][1]


def _gap(spans: list[Span], inputs: int) -> int | None:
    """Returns the index of the first input that is in no span; None if there is none."""
    reached = 0
    for start, stop in sorted(spans):
        if start > reached:
            break
        reached = max(reached, stop)
    return reached if reached < inputs else None


def _stack(own: Own) -> int:
    """Returns the number of networks in the stack; 1 if there is no stack."""
    return len(own.params.flat) if own.params.flat.ndim == 2 else 1


def _stacked(weights: Array) -> Array:
    """Returns a view (stack, groups, inputs, units) of the weights of a part."""
    return weights.reshape(-1, *weights.shape[-3:])


def _seen(parts: list[PlacedPart], x: Array, own: Own) -> Iterator[tuple[PlacedPart, Array, Calls]]:
    """Yields each part with its inputs apart, and the calls that copy them there if they are not consecutive."""
    stack, start = _stack(own), 0
    for part in parts:
        copies: Calls = []
        if part.gathered:
            rows = own.cache["seen"][start : start + part.gathered]
            copies = [partial(np.copyto, rows[inside], x[outside]) for inside, outside in _slices(part.spans)]
            start += part.gathered
        else:
            rows = x[slice(*part.spans[0])]
        yield part, part.inputs_apart(rows, stack), copies


def _slices(spans: tuple[Span, ...]) -> Iterator[tuple[slice, slice]]:
    """Yields the place of each span among the inputs that a part sees, and among those of the layer."""
    start = 0
    for first, stop in spans:
        yield slice(start, start + stop - first), slice(first, stop)
        start += stop - first


def _input_gradient(parts: list[PlacedPart], dz: Array, dx: Array, own: Own) -> Calls:
    """Returns the calls that write the inputs' gradient to dx: a sum, because several groups may see an input."""
    stack = _stack(own)
    if not any(part.shared for part in parts):  # each input is seen once
        return [
            partial(
                np.matmul, _stacked(own.params[part.name]), part.units_apart(dz, stack),
                part.inputs_apart(dx[slice(*part.spans[0])], stack),
            )
            for part in parts
        ]  # fmt: skip
    calls: Calls = [partial(dx.fill, 0)]
    for part in parts:
        weights, slopes = _stacked(own.params[part.name]), part.units_apart(dz, stack)
        shares = own.memory.borrow((*weights.shape[:3], slopes.shape[3]), dz.dtype)
        calls += [partial(np.matmul, weights, slopes, shares), *_added(part, shares, dx, own)]
        own.memory.give_back(shares)
    return calls


def _added(part: PlacedPart, shares: Array, dx: Array, own: Own) -> Calls:
    """Returns the calls that add what each group of a part gives its inputs, (stack, groups, inputs, n), to dx."""
    if not part.shared:
        place = part.inputs_apart(dx[slice(*part.spans[0])], len(shares))
        return [partial(np.add, place, shares, place)]
    total = own.memory.borrow((len(shares), *shares.shape[2:]), dx.dtype)
    calls: Calls = [partial(np.add.reduce, shares, 1, None, total)]
    for inside, outside in _slices(part.spans):
        place = dx[outside].reshape(-1, len(shares), shares.shape[3]).swapaxes(0, 1)
        calls.append(partial(np.add, place, total[:, inside], place))
    own.memory.give_back(total)
    return calls
