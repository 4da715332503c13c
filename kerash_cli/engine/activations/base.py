"""Activations: the words for them in a model description, and their definitions in the registry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

import numpy as np

from kerash_cli import decimals
from kerash_cli.decimals import shortest
from kerash_cli.engine.activations.arithmetic import HUGE
from kerash_cli.engine.allocation import Allocator
from kerash_cli.engine.calls import run_calls
from kerash_cli.engine.expressions import plan
from kerash_cli.engine.tensors import Array, Calls
from kerash_cli.errors import BadInput
from kerash_cli.registry import Registry


class Domain(NamedTuple):
    """A test of whether parameters are allowed, and the condition as text, with {0} for the first parameter's name."""

    accepts: Callable[..., bool]
    words: str


POSITIVE = Domain(lambda x, *_: x > 0, "{0} > 0")
NOT_NEGATIVE = Domain(lambda x: x >= 0, "{0} >= 0")


@dataclass(frozen=True)
class Definition:
    """An activation in the registry: its functions, its parameters, and the properties that layers and losses need."""

    f: Callable[..., Any]
    """The function, called as f(z, *parameters)."""

    d_f: Callable[..., Any]
    """Derivative of f: d_f(z, *parameters), or d_f(a, *parameters) if `in_place`; if f `mixes`, d_f(a, da) is dL/dz."""

    formula: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    """Default values of the parameters by name, in the order in which a model description gives them."""

    domain: Domain | None = None
    wide: Callable[..., bool] = lambda *parameters: False
    """True if f with these parameters is computed in float64 and rounded once, since float32 is too imprecise."""

    wide_derivative: Callable[..., bool] = lambda *parameters: False
    in_place: bool = False
    """True if f' can be computed from a = f(z) alone, so that a may overwrite z."""

    mixes: bool = False
    """True if each output depends on all inputs along axis 0, as with softmax."""

    kinks: Callable[..., tuple[float, ...]] = lambda *parameters: ()
    """Values of z where f or its derivative jumps, given the parameters."""

    aliases: tuple[str, ...] = ()
    initializer: str = "glorot"
    """Name of the initializer that suits a layer with this activation."""

    output: str = "any"
    """Kind of the outputs, checked by losses: "distribution", "log distribution", "probability" (of each) or "any"."""


ACTIVATIONS: Registry[Definition] = Registry("activation")


@dataclass(frozen=True)
class Activation:
    """A word of a model description, such as `prelu:0.1`: a name or an alias, and its parameters.

    Missing parameters take their defaults. Raises BadInput if the parameters are outside the domain, or too many.
    """

    name: str
    parameters: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        name = ACTIVATIONS.canonical(self.name)
        defaults = tuple(ACTIVATIONS[name].parameters.values())
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "parameters", (*self.parameters, *defaults[len(self.parameters) :]))
        self._check()

    @classmethod
    def parse(cls, word: str) -> "Activation":
        """Returns the activation of a word such as `prelu:0.1`; `-` is the identity."""
        name, colon, numbers = word.partition(":")
        return cls(name, tuple(_parameter(name, text) for text in numbers.split(",")) if colon else ())

    def __str__(self) -> str:
        """Returns the shortest word that `parse` reads as this activation."""
        given = list(self.parameters)
        for default in reversed(list(self.definition.parameters.values())):
            if given[-1] != default:
                break
            given.pop()
        name = "-" if self.name == "identity" else self.name
        return f"{name}:{','.join(map(shortest, given))}" if given else name

    @property
    def definition(self) -> Definition:
        """Definition of the activation in the registry."""
        return ACTIVATIONS[self.name]

    @property
    def in_place(self) -> bool:
        """True if `forward` may overwrite z, because `backward` does not read it."""
        return self.definition.in_place

    @property
    def initializer(self) -> str:
        """Name of the initializer that suits a layer with this activation."""
        return self.definition.initializer

    @property
    def output(self) -> str:
        """Kind of the activation's outputs, checked by losses; see `Definition`."""
        return self.definition.output

    def __call__(self, z: Array) -> Array:
        """Returns f(z), a new array of the same type; activations that mix, as softmax does, do so along axis 0."""
        a = np.empty(z.shape, z.dtype)
        run_calls(self.forward(z, a))
        return a

    def reach(self) -> tuple[float, float]:
        """Returns the smallest and largest value of f, found by trying many z; infinite if there is no limit.

        Both are infinite if f `mixes`.
        """
        if self.definition.mixes:
            return -np.inf, np.inf
        powers = np.geomspace(1e-4, 1e6, 4001)
        z = np.concatenate([-powers[::-1], np.zeros(1), powers])
        with np.errstate(all="ignore"):
            values = self(z[:, np.newaxis])[:, 0]
        low, high = float(values.min()), float(values.max())
        ends = values[[0, -1]], values[[1200, -1201]]  # at a million, and at about a thousand
        grows = np.abs(ends[0] - ends[1]) > 0.01 * np.abs(ends[0])
        return (
            -np.inf if (grows & (ends[0] == low)).any() else low,
            np.inf if (grows & (ends[0] == high)).any() else high,
        )

    def derivative(self, z: Array) -> Array:
        """Returns f'(z), a new array of the same type; raises BadInput if the activation `mixes`, as softmax does."""
        if self.definition.mixes:
            raise BadInput(f"expected an activation that works on each number alone, got {self}; try sigmoid")
        dz = np.ones(z.shape, z.dtype)
        run_calls(self.backward(z, self(z) if self.in_place else z, dz, dz))
        return dz

    def forward(self, z: Array, out: Array, memory: Allocator | None = None) -> Calls:
        """Returns the calls that write f(z), of shape (features, n), to `out`; `out` may be z if `in_place`."""
        definition = self.definition
        return plan(
            lambda z: definition.f(z, *self.parameters), [z], out, wide=definition.wide(*self.parameters), memory=memory
        )

    def backward(self, z: Array, a: Array, da: Array, out: Array, memory: Allocator | None = None) -> Calls:
        """Returns the calls that write dL/dz to `out`, which may be da = dL/da. With `in_place`, no call reads z."""
        definition, d_f = self.definition, self.definition.d_f
        operands = [a if definition.in_place else z, da]
        if definition.mixes:
            return plan(d_f, operands, out, memory=memory)
        wide = definition.wide_derivative(*self.parameters)
        return plan(lambda x, da: da * d_f(x, *self.parameters), operands, out, wide=wide, memory=memory)

    def _check(self) -> None:
        names, domain = list(self.definition.parameters), self.definition.domain
        if len(self.parameters) > len(names):
            takes = f"{len(names) or 'no'} parameter{'s'[len(names) == 1 :]}" + f" ({', '.join(names)})" * bool(names)
            raise BadInput(f"{self.name} takes {takes}, got {len(self.parameters)}; try {_example(self.name)}")
        if not all(x == 0 or 1 / HUGE <= abs(x) <= HUGE for x in self.parameters):
            self._refuse("parameters that are 0 or between 1e-18 and 1e18 in magnitude")
        if domain and not domain.accepts(*self.parameters):
            self._refuse(domain.words.format(*names))

    def _refuse(self, expected: str) -> NoReturn:
        got = ", ".join(
            f"{name} {shortest(x)}" for name, x in zip(self.definition.parameters, self.parameters, strict=True)
        )
        raise BadInput(f"{self.name}: expected {expected}, got {got}; try {_example(self.name)}")


def _parameter(name: str, text: str) -> float:
    value = decimals.number(text)
    if value is None:
        raise BadInput(f"{name}: expected decimal numbers, got {text!r}; try {_example(name)}")
    return value


def _example(name: str) -> str:
    values = ACTIVATIONS[name].parameters.values()
    return f"{name}:{','.join(map(shortest, values))}" if values else name


def register(rows: Mapping[str, Definition]) -> None:
    """Adds the definitions to the registry, under their names and aliases."""
    for name, definition in rows.items():
        ACTIVATIONS.add(name, definition, definition.aliases)
