"""`kerash activation`: calculates an activation of numbers."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _options
from kerash_cli.commands._chosen import Suggested
from kerash_cli.commands._help import HELP_NAMES, Command, Option
from kerash_cli.errors import BadInput, at

if TYPE_CHECKING:
    from kerash_cli.engine.activations import Activation

_LONGEST_LINE = 16_000_000


OPTIONS = (
    Option("--derivative", is_flag=True, help="Print the derivative instead of the value."),
    Option("--list", "listed", is_flag=True, help="List all activations, with their graphs from -5 to 5."),
    _options.AS_JSON,
    _options.QUIET,
)


@click.command(
    cls=Command, sections={"Options": OPTIONS}, context_settings={"ignore_unknown_options": True, **HELP_NAMES}
)
@click.argument("name", required=False, type=Suggested(words="activations"))
@click.argument("x", nargs=-1)
@click.pass_context
def command(
    context: click.Context,
    name: str | None,
    x: tuple[str, ...],
    derivative: bool,
    listed: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Calculate an activation of numbers.

    The numbers are the words X, or come from standard input. NAME may have parameters, as in a description. Softmax and
    similar functions take all numbers together, as one vector.

    \b
    kerash activation sigmoid -1.5 0 2
    kerash activation prelu:0.1 --derivative -3
    seq -5 5 | kerash activation tanh
    kerash activation softmax 1 2 3
    kerash activation --list
    """
    words = () if name is None else (name, *x)
    for word in words:
        if word.startswith("--"):  # click passes unknown options on, since -1.5 is a number
            raise click.NoSuchOption(word, ctx=context)
    if listed and words:
        raise BadInput(f"--list takes no further words, got {words[0]!r}; try kerash activation --list")
    if listed:
        click.echo(_json_list() if as_json else _table())
    elif name is None:
        raise BadInput("the name of an activation is missing; try kerash activation --list")
    else:
        click.echo(_evaluated(name, x, derivative, as_json, quiet))


def _evaluated(name: str, words: tuple[str, ...], derivative: bool, as_json: bool, quiet: bool) -> str:
    import numpy as np

    from kerash_cli.decimals import shortest
    from kerash_cli.engine.activations import Activation

    activation = Activation.parse(name)
    f: Callable[[Any], Any] = activation.derivative if derivative else activation
    x = list(_standard_input(quiet) if words in ((), ("-",)) else _arguments(words))
    if not x:
        raise BadInput(f"{at('<stdin>')}expected numbers, got none; try kerash activation {activation} 1.5")
    with np.errstate(over="ignore"):  # an overflow is reported below, in words
        y = f(np.array(x, np.float64)).tolist()
    for argument, value in zip(x, y, strict=True):
        if abs(value) == float("inf"):
            raise BadInput(
                f"expected a result that fits in 64 bits, got {activation} of {argument}; try a smaller number"
            )
    if as_json:
        return json.dumps({"activation": str(activation), "derivative": derivative, "x": x, "y": y})
    return "\n".join(map(shortest, y))


def _arguments(words: tuple[str, ...]) -> Iterator[float]:
    for position, word in enumerate(words, 2):  # NAME is the first
        yield _number(f"argument {position}: ", word)


def _standard_input(quiet: bool) -> Iterator[float]:
    from kerash_cli.views.messages import Console

    Console(quiet).await_input()
    read_line = partial(sys.stdin.buffer.readline, _LONGEST_LINE + 1)
    for row, line in enumerate(iter(read_line, b""), 1):
        if len(line) > _LONGEST_LINE:
            raise BadInput(
                f"{at('<stdin>', row)}expected lines of at most 16 MB, got a longer one; try one number per line"
            )
        for word in re.finditer(r"\S+", line.decode("utf-8", "replace")):
            yield _number(at("<stdin>", row, word.start() + 1), word.group())


def _number(where: str, word: str) -> float:
    from kerash_cli import decimals

    value = decimals.number(word)
    if value is None:
        raise BadInput(f"{where}expected a decimal number, got {word[:40]!r}; try one like -1.5 or 7e-3")
    return value


def _json_list() -> str:
    from kerash_cli.engine.activations import ACTIVATIONS

    return json.dumps(
        {
            name: {"formula": row.formula, "parameters": row.parameters, "aliases": row.aliases}
            for name, row in ACTIVATIONS.items()
        }
    )


def _table() -> str:
    from kerash_cli.decimals import shortest
    from kerash_cli.engine.activations import ACTIVATIONS, Activation
    from kerash_cli.views import screen

    rows = [("name", "f on [-5, 5]", "f'", "formula", "parameters", "aliases")]
    for name, row in ACTIVATIONS.items():
        parameters = ", ".join(f"{key} {shortest(value)}" for key, value in row.parameters.items())
        rows.append((name, *_shapes(Activation(name)), row.formula, parameters, ", ".join(row.aliases)))
    return screen.table(sys.stdout, rows, str.ljust)


def _shapes(activation: "Activation") -> tuple[str, str]:
    """Draws graphs of f and f' from -5 to 5; returns empty texts for softmax and similar functions."""
    import numpy as np

    from kerash_cli.views.curves import sparkline

    if activation.definition.mixes:
        return "", ""
    x = np.linspace(-5, 5, 21)
    f, derivative = (sparkline(y.tolist(), sys.stdout) for y in (activation(x), activation.derivative(x)))
    return f, derivative
