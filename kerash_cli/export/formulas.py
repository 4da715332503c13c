"""Activations as formulas in the words of a language; one that is new needs no line here."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.expressions import OPERAND, Recorded, recorded
from kerash_cli.errors import BadInput

REDUCTION = "reduce "


class Language(NamedTuple):
    """Operations as a language writes them: a text with {0} and {1} for the operands, by the names of ufuncs."""

    name: str
    operations: Mapping[str, str]
    number: Callable[[float], str] = repr
    repeating: frozenset[str] = frozenset()
    """Operations whose texts have an operand more than once, so that it must have a name."""


class Lines(NamedTuple):
    """A formula in a language: lines that name values, then the value of the activation."""

    lines: list[tuple[str, str]]
    """Name and value of each intermediate result."""
    value: str


def formula(activation: Activation) -> Recorded:
    """Returns the function of an activation as an operation on z."""
    return recorded(lambda z: activation.definition.f(z, *activation.parameters))


def needed(operation: Recorded) -> list[Recorded]:
    """Returns all operations that a value depends on, each once and after its operands."""
    found: dict[int, Recorded] = {}

    def visit(each: Recorded) -> None:
        if id(each) not in found:
            for operand in each.operands:
                visit(operand)
            found[id(each)] = each

    visit(operation)
    return list(found.values())


def reductions(operation: Recorded) -> list[Recorded]:
    """Returns the sums and extremes over all numbers that a formula needs, in order."""
    return [each for each in needed(operation) if each.name.startswith(REDUCTION)]


def written(operation: Recorded, language: Language, known: Mapping[int, str], name: str = "t") -> Lines:
    """Returns a formula in a language, in which a value that is used twice has a name: `t1`, `t2` and so on.

    `known` has the text for operations that have one already, by their ids; that of the operand must be among them.
    """
    uses: dict[int, int] = {}
    for each in needed(operation):
        for operand in each.operands:
            uses[id(operand)] = uses.get(id(operand), 0) + 1 + (each.name in language.repeating)
    texts, lines = dict(known), list[tuple[str, str]]()
    for each in _unknown(operation, texts):
        text = text_of(each, language, texts)
        if uses.get(id(each), 0) > 1 and each.value is None and each is not operation:
            lines.append((f"{name}{len(lines) + 1}", text))
            text = lines[-1][0]
        texts[id(each)] = text
    return Lines(lines, bare(texts[id(operation)]))


def text_of(operation: Recorded, language: Language, texts: Mapping[int, str]) -> str:
    """Returns an operation in a language, given the texts of its operands; raises BadInput if the language lacks it."""
    if operation.value is not None:
        number = language.number(operation.value)
        return f"({number})" if number.startswith("-") else number
    if operation.name not in language.operations:
        raise BadInput(f"{language.name} has no {operation.name}; try .onnx, .py or .c")
    return language.operations[operation.name].format(*(texts[id(each)] for each in operation.operands))


def bare(text: str) -> str:
    """Returns a text without the brackets around all of it."""
    if not text.startswith("("):
        return text
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if not depth:
            return text[1:-1] if place == len(text) - 1 else text
    return text


def operand(operation: Recorded) -> Recorded | None:
    """Returns the operand z of a formula; None if the formula does not need it."""
    return next((each for each in needed(operation) if each.name == OPERAND), None)


def _unknown(operation: Recorded, texts: Mapping[int, str]) -> list[Recorded]:
    """Returns the operations that a value depends on and that have no text yet, in order."""
    found: dict[int, Recorded] = {}

    def visit(each: Recorded) -> None:
        if id(each) not in found and id(each) not in texts:
            for below in each.operands:
                visit(below)
            found[id(each)] = each

    visit(operation)
    return list(found.values())


INFIX = {
    "add": "({0} + {1})",
    "subtract": "({0} - {1})",
    "multiply": "({0} * {1})",
    "divide": "({0} / {1})",
    "negative": "(-{0})",
}
"""Operations that all languages write alike."""

COMPARISONS = {"greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<=", "equal": "==", "not_equal": "!="}


def compared(form: str = "({0} {sign} {1})", **signs: str) -> dict[str, str]:
    """Returns the comparisons in a language, given the form of one, with other signs where it has them."""
    with_sign = {**COMPARISONS, **signs}
    return {name: form.replace("{sign}", sign) for name, sign in with_sign.items()}


def calls(**names: str) -> dict[str, str]:
    """Returns operations that a language writes as calls, given the names of its functions."""
    return {operation: f"{name}({{0}})" for operation, name in names.items()}


pair: Callable[[str], str] = partial(str.format, "{}({{0}}, {{1}})")
"""Returns the call of a function of two numbers."""
