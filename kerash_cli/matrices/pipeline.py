"""A pipeline of operations in one line, each working on the result before it: `load a.mat | transpose | mul b.mat`.

`|` separates steps, and words are quoted as in a shell. A step is an operation, its words and its operands. Each step
after the first gets the result so far as its first operand, which is not written. A number becomes a matrix of 1x1 for
the next step. Operations accept matrices and tensors; `tensor` before a name selects the words of `kerash tensor`,
where sizes have a depth: `tensor random 3 3 2`.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, KerashError, shown
from kerash_cli.matrices.operation import BareValues, Bound, Group, Operation, Result, sizes
from kerash_cli.matrices.operations import OPERATIONS

_STEP = re.compile(r"""(?:[^|'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")*""", re.DOTALL)


class OperandSource(Protocol):
    """Reads operands from wherever they are."""

    def gather(self, operation: Operation, words: Sequence[str], group: Group) -> list[Array]:
        """Returns the operands that the words name; without words, those on standard input or descriptors 3 and 4."""

    def read(self, word: str) -> Array:
        """Returns the operand that a word names."""


@dataclass(frozen=True)
class PipelineStep:
    """Step of a pipeline: an operation with its words parsed."""

    number: int
    text: str
    group: Group
    operation: Operation
    bound: Bound

    def __str__(self) -> str:
        return f"step {self.number}, {shown(self.text)}"


@dataclass(frozen=True)
class Pipeline:
    """A line of operations, parsed and checked."""

    steps: tuple[PipelineStep, ...]

    @classmethod
    def parse(cls, line: str) -> "Pipeline":
        """Reads a line; raises BadInput with the number and text of an invalid step."""
        return cls(tuple(_parse(number, text) for number, text in enumerate(_split(line), 1)))

    @property
    def last(self) -> Operation:
        """Last operation, whose result is the pipeline's."""
        return self.steps[-1].operation

    def run(self, operands: OperandSource, tell: Callable[[str], object] | None = None) -> Result:
        """Returns the result of the last step. Calls `tell` with a line for each step. An error names its step."""
        first, *rest = self.steps
        result = _first(first, operands)
        for step in (first, *rest):
            if step is not first:
                result = _next(step, result, operands)
            if tell:
                tell(f"{step}: {_outline(result)}")
        return result


def _split(line: str) -> list[str]:
    """Returns the text of each step."""
    texts, start = [], 0
    while True:
        match = _STEP.match(line, start)
        assert match is not None, "the pattern also matches the empty string"
        texts.append(match.group())
        if match.end() == len(line):
            return texts
        if line[match.end()] != "|":
            rest = shown(line[match.end() :])
            raise BadInput(f"expected closed quotes, and a character after each backslash, got {rest}")
        start = match.end() + 1


def _parse(number: int, text: str) -> PipelineStep:
    with _named(f"step {number}, {shown(text.strip())}"):
        name, *words = shlex.split(text) or [""]
        group: Group = "matrix"
        if name in ("matrix", "tensor"):
            group = "tensor" if name == "tensor" else "matrix"
            name, *words = words or [""]
        if not name:
            raise BadInput("expected an operation, got nothing; try kerash blas 'load a.mat | transpose'")
        operation = OPERATIONS[name]
        if group not in operation.groups:  # such as slice, which always has a depth
            group = operation.groups[0]
        if number > 1 and not operation.operands:
            raise BadInput(
                "expected an operation that uses the result so far, got one without operands; move it to the start"
            )
        bound = operation.bind(words, group, given=int(number > 1))
        return PipelineStep(number, text.strip(), group, operation, bound)


def _first(step: PipelineStep, operands: OperandSource) -> Result:
    with _named(str(step)):
        return step.operation(*operands.gather(step.operation, step.bound.operands, step.group), **step.bound.options)


def _next(step: PipelineStep, result: Result, operands: OperandSource) -> Result:
    with _named(str(step)):
        step.operation.check_count(1 + len(step.bound.operands), step.group)
        further = [operands.read(word) for word in step.bound.operands]
        return step.operation(_array(result), *further, **step.bound.options)


def _array(result: Result) -> Array:
    """Returns a result as the operand of the next step."""
    if isinstance(result, np.ndarray):
        return result
    if isinstance(result, BareValues):
        return result.array
    if isinstance(result, float | int) and not isinstance(result, bool):
        return np.full((1, 1, 1), float(result))
    raise BadInput("expected numbers from the step before, got text; try that step at the end")


def _outline(result: Result) -> str:
    """Returns the line that --explain shows for a result."""
    if isinstance(result, np.ndarray):
        return sizes(result.shape)
    if isinstance(result, BareValues):
        return f"values, {sizes(result.array.shape)}"
    if isinstance(result, bool):
        return "yes" if result else "no"
    return "a number" if isinstance(result, float | int) else "text"


@contextmanager
def _named(where: str) -> Iterator[None]:
    """Puts `where`, the step, before the message of an error."""

    try:
        yield
    except KerashError as error:
        named = type(error)(f"{where}: {error}")
        named.repairs = error.repairs
        raise named from None
