"""The registry of operations. An operation is a function whose signature names its operands, words and options.

Positional parameters are the operands, arrays (depth, height, width) of float64; one with a default is optional.
Keyword-only parameters without a default are words, which come before the operands, in order (`mul-scalar 2 a.mat`).
Those with a default are options (`sum --axis x`), unless they are marked `Word`. The type says how a word is read:
float, bool (a flag), or an `Annotated` type with a `Kind`, such as those in `kinds`. `Help` beside the type is the
sentence that explains the word: `factor: Annotated[float, Help("Factor of each number.")]`. The return type is the type
of the result, and the docstring is the help.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
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
"""Maximum count of numbers in a result made without checking the free memory: any machine has the 8 MiB for them."""


@dataclass(frozen=True)
class BareValues:
    """Numbers that are printed one per line, without a line of sizes before them."""

    array: Array


@dataclass(frozen=True)
class Picture:
    """A tensor as text for people, with the colour of each cell if `--heat` was given."""

    layers: list[Rows]
    """For each layer, its rows of cells; all cells are padded to the same width."""
    heat: Array | None
    """A number from 0 (blue) to 1 (red) for each cell."""

    def __str__(self) -> str:
        """Returns a line per row, with an empty line between layers."""
        return "\n\n".join("\n".join(map(" ".join, layer)) for layer in self.layers)


Result: TypeAlias = Array | BareValues | float | int | str | bool | Picture

F = TypeVar("F", bound=Callable[..., Result])

RESULTS = {
    Array: "array",
    float: "number",
    Array | float: "array or number",
    Array | int: "array or number",
    BareValues: "values",
    str: "text",
    bool: "verdict",
    Picture: "text",
}
"""Names of the types of results, by the return type of the function."""


class Kind(NamedTuple):
    """A kind of words, with the function that reads them."""

    expected: str
    """Noun for messages: "a decimal number"."""
    parse: Callable[[str], Any]
    """Returns the value of a word; for an invalid word it returns None, or raises BadInput itself."""
    example: str
    """A valid word, shown as an example in the help."""
    metavar: str = ""
    """Placeholder for the value in the help; if it is empty, the parameter's name is used."""
    many: bool = False
    """True if a parameter takes all remaining words, possibly none."""
    choices: tuple[str, ...] = ()
    """Words to choose from; empty if there are too many."""


class Help(NamedTuple):
    """Sentence in an `Annotated` type that explains a word or an option."""

    sentence: str


class Mark(NamedTuple):
    """Property of a parameter, in its `Annotated` type."""

    name: str


Word = Mark("word")
"""Marks a parameter that is a word although it has a default."""
TensorOnly = Mark("tensor only")
"""Marks a parameter that only tensors need; for matrices its value is 1."""


MOST = 10**18 - 1
"""Largest whole number that a word may be, unless its kind says otherwise."""


def whole(least: int, most: int = MOST) -> Kind:
    """Returns the kind of whole numbers from `least` to `most`."""

    def parse(word: str) -> int | None:
        value = int(word) if re.fullmatch(r"[+-]?[0-9]{1,19}", word, re.ASCII) else None
        return value if value is not None and least <= value <= most else None

    span = f"of {least} or more" if most == MOST else f"from {least} to {most}"
    return Kind(f"a whole number {span}", parse, "2" if least == 1 else str(least))


KINDS = {float: Kind("a decimal number", decimals.number, "0.5")}
"""Kinds of the types that need no `Annotated`."""


class Parameter(NamedTuple):
    """A word or an option of an operation."""

    name: str
    kind: Kind | None
    """Kind of its value; None for a flag."""
    default: Any
    """Its value if it is left out; `inspect.Parameter.empty` if it is required."""
    help: str
    """A sentence about it, without the full stop."""
    is_word: bool
    is_tensor_only: bool

    @property
    def required(self) -> bool:
        """True if it has no default."""
        return self.default is inspect.Parameter.empty

    @property
    def option(self) -> str:
        """Its spelling as an option: `--axis`."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def metavar(self) -> str:
        """Placeholder for its value in the help: `AXIS`, `x|y|z`."""
        return (self.kind and self.kind.metavar) or self.name.upper()

    @property
    def description(self) -> str:
        """Its help sentence and its valid values: `Factor of C: a decimal number.`"""
        return f"{self.help}{f': {self.kind.expected}' if self.kind else ''}."

    def read(self, word: str) -> Any:
        """Returns the value of a word, or raises BadInput."""
        assert self.kind is not None
        value = self.kind.parse(word)
        if value is None:
            where = self.metavar if self.is_word else self.option
            raise BadInput(f"{where}: expected {self.kind.expected}, got {shown(word)}")
        return value


class Bound(NamedTuple):
    """The words after an operation's name, parsed: names of operands, and values of parameters."""

    operands: list[str]
    options: dict[str, Any]
    """Values of the operation's parameters, by name."""


@dataclass(frozen=True)
class Operation:
    """A registered function on matrices or tensors, with what its signature says."""

    name: str
    function: Callable[..., Result]
    groups: tuple[Group, ...] = ("matrix", "tensor")
    """Commands of which it is a subcommand."""

    def __call__(self, *operands: Array, **options: Any) -> Result:
        """Returns the result. Raises BadInput if one of its numbers is not finite, Mismatched if sizes do not fit."""
        with np.errstate(all="ignore"):  # the check below reports an overflow as an error
            result = self.function(*operands, **options)
        numbers = result.array if isinstance(result, BareValues) else result
        if isinstance(numbers, np.ndarray | float) and not np.isfinite(numbers).all():
            kind = "NaN" if np.isnan(numbers).any() else "larger ones"
            raise BadInput(f"{self.name}: expected results that fit in 64 bits, got {kind}; try other operands")
        return result

    @cached_property
    def help(self) -> str:
        """Help text: a sentence, perhaps followed by paragraphs."""
        return inspect.cleandoc(self.function.__doc__ or "")

    def example(self, group: Group) -> str:
        """Returns an example of its use: its name, words and operands."""
        words = [each.kind.example for each in self.words(group) if each.kind]
        ending = "mat" if group == "matrix" else "ten"
        return " ".join([self.name, *words, *(f"{name}.{ending}" for name in self.operands)])

    @property
    def sentence(self) -> str:
        """First paragraph of its help, a sentence."""
        return self.help.partition("\n\n")[0].replace("\n", " ")

    @cached_property
    def result(self) -> str:
        """Type of the result, one of the values of `RESULTS`."""
        return RESULTS[inspect.signature(self.function).return_annotation]

    @cached_property
    def operands(self) -> tuple[str, ...]:
        """Names of the required operands."""
        return tuple(each.name for each in self._positional if each.default is inspect.Parameter.empty)

    @cached_property
    def optional(self) -> tuple[str, ...]:
        """Names of the optional operands."""
        return tuple(each.name for each in self._positional if each.default is not inspect.Parameter.empty)

    @cached_property
    def takes_more(self) -> bool:
        """True if any number of operands may follow the named ones."""
        return any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in self._declared)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its words and its options, in order."""
        return tuple(_parameter(each) for each in self._declared if each.kind is inspect.Parameter.KEYWORD_ONLY)

    def words(self, group: Group) -> list[Parameter]:
        """Returns the words, which come before the operands."""
        return [each for each in self.parameters if each.is_word and not (each.is_tensor_only and group == "matrix")]

    def options(self) -> list[Parameter]:
        """Returns the options, which are typed as `--name`."""
        return [each for each in self.parameters if not each.is_word]

    def usage(self, group: Group) -> str:
        """Returns a line such as `mul-scalar FACTOR [A]`, with optional parts in brackets."""
        words = [f"{each.metavar}..." if each.kind and each.kind.many else each.metavar for each in self.words(group)]
        for i, each in enumerate(self.words(group)):
            words[i] = words[i] if each.required else f"[{words[i]}]"
        operands = [*map(str.upper, self.operands), *(f"[{name.upper()}]" for name in self.optional)]
        more = "..." if self.takes_more else ""
        return " ".join([self.name, *words, *([f"[{' '.join(operands)}{more}]"] if operands else [])])

    def bind(self, words: Sequence[str], group: Group, given: int = 0) -> Bound:
        """Reads the words after the name; raises BadInput if one is invalid or missing.

        `given` is how many operands are known already. The others may also be missing: they may come from descriptors.
        """
        plain, typed = self._split_options(words)
        options = {each.name: each.default for each in self.parameters if not each.required} | typed
        options |= {each.name: 1 for each in self.parameters if each.is_tensor_only}
        expected = self.words(group)
        for each in expected:
            if each.kind and each.kind.many:
                options[each.name], plain = [each.read(word) for word in plain], []
            elif plain and (each.required or not self._positional):
                options[each.name] = each.read(plain.pop(0))
            elif each.required:
                raise BadInput(f"{self.name}: expected {each.metavar}, got nothing; usage: {self.usage(group)}")
        most = max(0, len(self.operands) + len(self.optional) - given)
        if len(plain) > most and not self.takes_more:
            count = f"{most} operand{'s' * (most != 1)}" if most else f"no {'further ' * bool(given)}operands"
            raise BadInput(f"{self.name}: expected {count}, got {shown(plain[most])} too; usage: {self.usage(group)}")
        return Bound(plain, options)

    def check_count(self, count: int, group: Group) -> None:
        """Raises BadInput if the operation needs more than `count` operands."""
        if count < len(self.operands):
            missing = self.operands[count].upper()
            raise BadInput(f"{self.name}: expected the operand {missing}, got nothing; usage: {self.usage(group)}")

    def _split_options(self, words: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
        """Returns the words that are not options, and the values of the options by name."""
        plain: list[str] = []
        typed: dict[str, Any] = {}
        known = {each.option: each for each in self.options()}
        rest = iter(words)
        for word in rest:
            if word == "--":
                plain += rest
            elif not word.startswith("--"):  # a single dash begins a number, such as -1.5
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
    def _declared(self) -> list[inspect.Parameter]:
        return list(inspect.signature(self.function).parameters.values())

    @cached_property
    def _positional(self) -> list[inspect.Parameter]:
        return [each for each in self._declared if each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]


OPERATIONS: Registry[Operation] = Registry("operation")


def operation(name: str, *aliases: str, groups: tuple[Group, ...] = ("matrix", "tensor")) -> Callable[[F], F]:
    """Registers a function as an operation with this name."""

    def register(function: F) -> F:
        OPERATIONS.add(name, Operation(name, function, groups), aliases)
        return function

    return register


def sizes(shape: Shape) -> str:
    """Returns `3x2`, width by height, for a matrix, and `3x2x4` if there are layers."""
    return "x".join(map(str, reversed(shape if shape[0] > 1 else shape[1:])))


def same_sizes(*operands: Array) -> None:
    """Raises Mismatched unless all operands have the same sizes."""
    first = operands[0]
    for other in operands[1:]:
        if other.shape != first.shape:
            raise Mismatched(f"expected operands of the same sizes, got {sizes(first.shape)} and {sizes(other.shape)}")


def check_matrices(operands: Sequence[Array], name: str) -> None:
    """Raises BadInput if an operand of the operation `name` has more than one layer."""
    for each in operands:
        if len(each) > 1:
            raise BadInput(f"{name}: expected a matrix, got a tensor of {sizes(each.shape)}; try kerash tensor {name}")


def check_square(a: Array) -> None:
    """Raises Mismatched unless a matrix is square."""
    if a.shape[1] != a.shape[2]:
        raise Mismatched(f"expected a square matrix, got {sizes(a.shape)}")


def require(shape: Shape) -> None:
    """Raises OutOfSpace if there is no memory for a result of this shape."""
    if prod(shape) > SMALL:
        memory.require(8 * prod(shape), f"{sizes(shape)}: ", "try smaller sizes")


def _parameter(declared: inspect.Parameter) -> Parameter:
    plain, *notes = get_args(declared.annotation) or (declared.annotation,)
    kind = next((each for each in notes if isinstance(each, Kind)), KINDS.get(plain))
    sentence = next((each.sentence for each in reversed(notes) if isinstance(each, Help)), "")

    is_word = declared.default is inspect.Parameter.empty or Word in notes
    return Parameter(
        declared.name, kind, declared.default, sentence.removesuffix("."), is_word, is_tensor_only=TensorOnly in notes
    )


def _suggestion(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    words = list(known)
    close = get_close_matches(name, words, n=1)
    return f"did you mean {close[0]!r}?" if close else f"try {' or '.join(words)}" if words else "it has none"
