"""Parts that programs in several languages have in common: strings, and the steps of the network in their order."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from kerash_cli.engine.tensors import Array
from kerash_cli.export.steps import NetworkStep

_ESCAPES = {"\n": "\\n", "\t": "\\t"}


def quoted(word: str, special: str = '"\\') -> str:
    """Returns a string between double quotes, with a backslash before `special` characters, and bytes in octal."""
    written = "".join(f"\\{each}" if each in special else _plain(each) for each in word)
    return f'"{written}"'


def _plain(character: str) -> str:
    if character.isprintable():
        return character
    return _ESCAPES.get(character) or "".join(f"\\{byte:03o}" for byte in character.encode())


class WrittenStep(NamedTuple):
    """A step in a language: lines of the network, and what they need.

    In the lines, {x} is the array of the signal, and {y} one for the signal after the step.
    """

    lines: list[str]
    constants: Mapping[str, Array] = {}
    """Weights by name."""
    function: str = ""
    """The function of an activation."""
    swaps: bool = True
    """True if the result is in {y}."""


StepWriters: TypeAlias = Mapping[type[NetworkStep], Callable[[Any, str], WrittenStep]]
"""For each kind of step, the function that writes it, given its number."""


class WrittenNetwork(NamedTuple):
    """A network in a language."""

    functions: str
    """The functions of its activations."""
    body: str
    """The lines of the network."""
    constants: list[tuple[str, Array]]
    """Names and values of its weights."""
    outputs: str
    """The array that has the outputs in the end."""


def network(
    steps: Sequence[NetworkStep],
    writers: StepWriters,
    comment: str,
    inputs: str,
    following: Callable[[str, int], str],
    before: Callable[[NetworkStep | None, NetworkStep], list[str]] = lambda last, step: [],
) -> WrittenNetwork:
    """Returns a network, with a `comment` above the steps of each layer.

    `following` names an array for the result of a step, given that of its signal, at first `inputs`, and its number.
    `before` returns lines that a step needs after the last one.
    """
    body, functions, constants, x = list[str](), list[str](), list[tuple[str, Array]](), inputs
    title, last = "", None
    for number, step in enumerate(steps, 1):
        if step.title != title:
            title = step.title
            body.append(f"    {comment.format(title)}\n")
        written, y = writers[type(step)](step, str(number)), following(x, number)
        functions.append(written.function)
        constants += written.constants.items()
        body += [f"    {line.replace('{x}', x).replace('{y}', y)}\n" for line in (*before(last, step), *written.lines)]
        last = step
        x = y if written.swaps else x
    return WrittenNetwork("".join(functions), "".join(body), constants, x)
