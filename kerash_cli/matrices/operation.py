"""What an operation is: a function whose signature says its operands, its words and its options.

Positional parameters are the operands, arrays (depth, height, width) of float64; one with a default may be left out.
Keyword-only parameters say the rest. Without a default they are words, which come before the operands, in order
(`mul-scalar 2 a.mat`); with one they are options (`sum --axis x`), unless `Word` marks them as words too. The type says
how a word is read: float, bool (a flag), or an `Annotated` one with a `Kind`, such as those of `kinds`. The return type
says what comes out, and the docstring is the help.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from inspect import Parameter as Declared
from inspect import cleandoc, signature
from math import prod
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar, get_args

import numpy as np

from kerash_cli import decimals
from kerash_cli.engine.tensors import Array, Shape
from kerash_cli.errors import BadInput, Mismatched, shown
from kerash_cli.registry import Registry
from kerash_cli.system import memory

Rows: TypeAlias = list[list[str]]
Group: TypeAlias = Literal["matrix", "tensor"]

SMALL = 1 << 20
"""Numbers that any machine has memory for."""


@dataclass(frozen=True)
class Values:
    """Numbers that are printed one a line, without the sizes before them."""

    array: Array


@dataclass(frozen=True)
class Picture:
    """A tensor for people: the cells of each layer as text, and how hot each is, from 0 to 1, where that was asked."""

    layers: list[Rows]
    """Cells of one width."""
    heat: Array | None

    def __str__(self) -> str:
        """A row a line, and an empty line between layers."""
        return "\n\n".join("\n".join(map(" ".join, layer)) for layer in self.layers)


Result: TypeAlias = Array | Values | float | int | str | bool | Picture

F = TypeVar("F", bound=Callable[..., Result])

RESULTS = {
    Array: "array",
    float: "number",
    Array | float: "array or number",
    Array | int: "array or number",
    Values: "values",
    str: "text",
    bool: "verdict",
    Picture: "text",
}
"""What the table calls a result, by the return type."""


class Kind(NamedTuple):
    """How a word is read: `parse` gives None for what is not `expected`, or raises BadInput itself."""

    expected: str
    parse: Callable[[str], Any]
    example: str
    metavar: str = ""
    """What stands for it in the help, instead of its name."""
    many: bool = False
    """Whether it takes all words that are left, none at least."""


class Mark(NamedTuple):
    """What an `Annotated` type may say besides its Kind."""

    name: str


Word = Mark("word")
"""Marks a parameter with a default that is a word all the same."""
Depth = Mark("depth")
"""Marks a parameter that a matrix operation has not: it is 1."""


MOST = 10**18 - 1
"""Of whole numbers, unless more is said."""


def whole(least: int, most: int = MOST) -> Kind:
    """A whole number within bounds."""

    def parse(word: str) -> int | None:
        value = int(word) if re.fullmatch(r"[+-]?[0-9]{1,19}", word, re.ASCII) else None
        return value if value is not None and least <= value <= most else None

    return Kind(
        f"a whole number from {least}{'' if most == MOST else f' to {most}'}", parse, "2" if least == 1 else str(least)
    )


KINDS = {float: Kind("a decimal number", decimals.number, "0.5")}
"""Of the types that say it all."""


class Parameter(NamedTuple):
    """A word or an option; a required one has no default, and a flag has no kind."""

    name: str
    kind: Kind | None
    default: Any
    is_word: bool
    is_depth: bool

    @property
    def required(self) -> bool:
        """Whether it can't be left out."""
        return self.default is Declared.empty

    @property
    def option(self) -> str:
        """As it is typed: `--axis`."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def metavar(self) -> str:
        """What stands for its value in the help."""
        return (self.kind and self.kind.metavar) or self.name.upper()

    @property
    def expected(self) -> str:
        """What its value is; of a flag nothing."""
        return self.kind.expected if self.kind else ""

    def read(self, word: str) -> Any:
        """The value of a word; BadInput says what was expected."""
        assert self.kind is not None
        value = self.kind.parse(word)
        if value is None:
            where = self.metavar if self.is_word else self.option
            raise BadInput(f"{where}: expected {self.kind.expected}, got {shown(word)}")
        return value


class Bound(NamedTuple):
    """What the words after an operation's name mean: which operands, and the values of the other parameters."""

    operands: list[str]
    options: dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """A row of the table."""

    name: str
    function: Callable[..., Result]
    groups: tuple[Group, ...] = ("matrix", "tensor")
    """The commands that have it."""

    def __call__(self, *operands: Array, **options: Any) -> Result:
        """The result, all of whose numbers are finite; else BadInput. Mismatched where sizes do not fit."""
        with np.errstate(all="ignore"):  # what overflows is told in words
            result = self.function(*operands, **options)
        numbers = result.array if isinstance(result, Values) else result
        if isinstance(numbers, np.ndarray | float) and not np.isfinite(numbers).all():
            kind = "what is no number" if np.isnan(numbers).any() else "larger ones"
            raise BadInput(f"{self.name}: expected results that fit in 64 bits, got {kind}; try other operands")
        return result

    @cached_property
    def help(self) -> str:
        """What it does: a sentence, then perhaps more."""
        return cleandoc(self.function.__doc__ or "")

    def example(self, group: Group) -> str:
        """A line of words and operands that can be meant."""
        words = [each.kind.example for each in self.words(group) if each.kind]
        ending = "mat" if group == "matrix" else "ten"
        return " ".join([self.name, *words, *(f"{name}.{ending}" for name in self.operands)])

    @property
    def sentence(self) -> str:
        """The first sentence of its help."""
        return self.help.partition("\n\n")[0].replace("\n", " ")

    @cached_property
    def result(self) -> str:
        """What comes out, one of `RESULTS`."""
        return RESULTS[signature(self.function).return_annotation]

    @cached_property
    def operands(self) -> tuple[str, ...]:
        """The names of those that it must have."""
        return tuple(each.name for each in self._positional if each.default is Declared.empty)

    @cached_property
    def optional(self) -> tuple[str, ...]:
        """The names of operands that may be left out."""
        return tuple(each.name for each in self._positional if each.default is not Declared.empty)

    @cached_property
    def takes_more(self) -> bool:
        """Whether there may be any number of operands after the named ones."""
        return any(each.kind is Declared.VAR_POSITIONAL for each in self._declared)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its words and its options, in order."""
        return tuple(_parameter(each) for each in self._declared if each.kind is Declared.KEYWORD_ONLY)

    def words(self, group: Group) -> list[Parameter]:
        """The words that come before the operands."""
        return [each for each in self.parameters if each.is_word and not (each.is_depth and group == "matrix")]

    def options(self) -> list[Parameter]:
        """What is typed as `--name`."""
        return [each for each in self.parameters if not each.is_word]

    def usage(self, group: Group) -> str:
        """`mul-scalar FACTOR [A]`; what may be left out stands in brackets."""
        words = [f"{each.metavar}..." if each.kind and each.kind.many else each.metavar for each in self.words(group)]
        for i, each in enumerate(self.words(group)):
            words[i] = words[i] if each.required else f"[{words[i]}]"
        operands = [*map(str.upper, self.operands), *(f"[{name.upper()}]" for name in self.optional)]
        more = "..." if self.takes_more else ""
        return " ".join([self.name, *words, *([f"[{' '.join(operands)}{more}]"] if operands else [])])

    def bind(self, words: Sequence[str], group: Group, given: int = 0) -> Bound:
        """What the words after the name mean, where `given` operands come from elsewhere; BadInput says what is wrong.

        Operands may be missing: they may come from descriptors.
        """
        plain, typed = self._parted(words)
        options = {each.name: each.default for each in self.parameters if not each.required} | typed
        options |= {each.name: 1 for each in self.parameters if each.is_depth}
        expected = self.words(group)
        for each in expected:
            if each.kind and each.kind.many:
                options[each.name], plain = [each.read(word) for word in plain], []
            elif plain and (each.required or not self._positional):
                options[each.name] = each.read(plain.pop(0))
            elif each.required:
                raise BadInput(f"{self.name}: expected {each.metavar}, got nothing; the line is {self.usage(group)!r}")
        most = max(0, len(self.operands) + len(self.optional) - given)
        if len(plain) > most and not self.takes_more:
            count = f"{most} operand{'s' * (most != 1)}" if most else f"no {'further ' * bool(given)}operands"
            raise BadInput(
                f"{self.name}: expected {count}, got {shown(plain[most])} too; the line is {self.usage(group)!r}"
            )
        return Bound(plain, options)

    def check_count(self, count: int, group: Group) -> None:
        """BadInput if so many operands are too few."""
        if count < len(self.operands):
            missing = self.operands[count].upper()
            raise BadInput(
                f"{self.name}: expected the operand {missing}, got nothing; the line is {self.usage(group)!r}"
            )

    def _parted(self, words: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
        """Words that are no options, and the values of the options."""
        plain: list[str] = []
        typed: dict[str, Any] = {}
        known = {each.option: each for each in self.options()}
        rest = iter(words)
        for word in rest:
            if word == "--":
                plain += rest
            elif not word.startswith("--"):  # -1.5 is a number
                plain.append(word)
            else:
                name, equals, value = word.partition("=")
                each = known.get(name)
                if each is None:
                    raise BadInput(f"{self.name}: unknown option {shown(name)}; {_suggestion(name, known)}")
                if each.kind is None:
                    if equals:
                        raise BadInput(f"{name}: expected no value, got {shown(value)}")
                    typed[each.name] = True
                    continue
                text = value if equals else next(rest, None)
                if text is None:
                    raise BadInput(f"{name}: expected {each.kind.expected}, got nothing")
                typed[each.name] = each.read(text)
        return plain, typed

    @cached_property
    def _declared(self) -> list[Declared]:
        return list(signature(self.function).parameters.values())

    @cached_property
    def _positional(self) -> list[Declared]:
        return [each for each in self._declared if each.kind is Declared.POSITIONAL_OR_KEYWORD]


OPERATIONS: Registry[Operation] = Registry("operation")


def operation(name: str, *aliases: str, groups: tuple[Group, ...] = ("matrix", "tensor")) -> Callable[[F], F]:
    """Registers a function."""

    def register(function: F) -> F:
        OPERATIONS.add(name, Operation(name, function, groups), aliases)
        return function

    return register


def sizes(shape: Shape) -> str:
    """`3x2`, width and height, of a matrix; `3x2x4` where it has depth."""
    return "x".join(map(str, reversed(shape if shape[0] > 1 else shape[1:])))


def same_sizes(*operands: Array) -> None:
    """Mismatched unless all have the same sizes."""
    first = operands[0]
    for other in operands[1:]:
        if other.shape != first.shape:
            raise Mismatched(f"expected operands of the same sizes, got {sizes(first.shape)} and {sizes(other.shape)}")


def check_matrices(operands: Sequence[Array], name: str) -> None:
    """BadInput if an operand of that operation has more than one layer."""
    for each in operands:
        if len(each) > 1:
            raise BadInput(f"{name}: expected a matrix, got a tensor of {sizes(each.shape)}; try kerash tensor {name}")


def require(shape: Shape) -> None:
    """OutOfSpace if there is no memory for a result of this shape."""
    if prod(shape) > SMALL:
        memory.require(8 * prod(shape), f"{sizes(shape)}: ", "try smaller sizes")


def _parameter(declared: Declared) -> Parameter:
    kind, marks = KINDS.get(declared.annotation), []
    for each in getattr(declared.annotation, "__metadata__", ()):
        if isinstance(each, Kind):
            kind = each
        else:
            marks.append(each)
    if kind is None and marks:
        kind = KINDS[get_args(declared.annotation)[0]]
    is_word = declared.default is Declared.empty or Word in marks
    return Parameter(declared.name, kind, declared.default, is_word, Depth in marks)


def _suggestion(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    words = list(known)
    close = get_close_matches(name, words, n=1)
    return f"did you mean {close[0]!r}?" if close else f"try {' or '.join(words)}" if words else "it has none"
