"""Answers to the questions of shell functions.

A question is the name of the function, followed by words. The first word is the kind of question:

    matrix NAME WORD…, tensor NAME WORD…     an operation; with `-o FILE` as first words, its result goes to FILE
    load matrix|tensor [DESCRIPTOR]          a tensor file, or only the first line of one
    activation NAME X PARAMETER…, derivative NAME X PARAMETER…
                                             the value for X; softmax and the like take all words as one vector, and
                                             return the first value
    largest X…                               the largest number
    sink                                     the path of an empty file, to which commands of the shell print
    collect COUNT [W H D]                    the COUNT numbers that they printed
    hold ROOT PID, release                   makes and removes the scratch folder of a shell in that mountpoint
    samples GENOME NAME FOLDER               writes the files from which evolution starts with that genome

Operands are files, or descriptors of the asking process: 0, 3 and 4.
"""

import os
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np

from kerash_cli import decimals
from kerash_cli.engine.activations import ACTIVATIONS, Activation
from kerash_cli.errors import BadInput, KerashError, OutOfSpace, advice, shown, substitute, told
from kerash_cli.matrices.operands import Operands, tensor_or_sizes
from kerash_cli.matrices.operation import Bound, Group, Operation, check_matrices, sizes
from kerash_cli.matrices.operations import OPERATIONS
from kerash_cli.matrices.results import binary, plain
from kerash_cli.registry import Registry
from kerash_cli.store.mountpoint import Mountpoint, mountpoint_at, mountpoints
from kerash_cli.system import files
from kerash_cli.tables.formats import tensor_text

MANY = 1 << 30
"""Upper limit on the number of words, for a kind of question that has no limit of its own."""

NO = 1
"""Exit status of a shell function, as in 2019, for "no" and for an error that a command reports with status 2."""


class Keeper(Protocol):
    """Keeps scratch folders and sinks (files to print to) for the asking process."""

    def sink(self, pid: int) -> str:
        """Makes a file that exists at least until the process `pid` ends; returns the file's path."""

    def hold(self, place: Mountpoint, name: str) -> None:
        """Makes the scratch folder `name`, and keeps it until `release`."""

    def release(self) -> None:
        """Removes the scratch folders that `hold` made."""


class Client(Protocol):
    """The process that asks a question."""

    @property
    def operands(self) -> Operands:
        """Reader of the process's operands."""

    def path(self, word: str) -> str:
        """Returns a path to the file that the process calls `word`."""

    def output(self, word: str) -> str:
        """Returns the path of an output file; raises Elsewhere if only the asking process can write it."""

    def replacing(self, path: str) -> AbstractContextManager[files.OutputFile]:
        """Opens a path that `output` returned, as `files.replacing` does."""

    @property
    def pid(self) -> int:
        """Number of the process."""

    @property
    def keeper(self) -> Keeper:
        """Keeper of the process's files and folders."""


class Answer(NamedTuple):
    """An exit status, and bytes to print."""

    status: int
    content: bytes = b""
    """Bytes for standard output if the status is 0, else for standard error."""


class Elsewhere(Exception):
    """Raised if the command itself must answer a question: to show help, write .npy or read a terminal."""


def answer(question: Sequence[str], client: Client) -> Answer:
    """Answers a question; raises Elsewhere if the command itself has to answer it."""
    name, kind, *words = (*question, "", "")[: max(2, len(question))]
    try:
        function, counts = KINDS[kind]
        if len(words) not in counts:
            raise BadInput(f"expected another number of words for {kind}, got {len(words)}")
        result = function(kind, words, client)
    except KerashError as error:
        status = NO if error.exit_code == BadInput.exit_code else error.exit_code
        says = str(error).removeprefix(f"{words[0]}: " if words else "")
        return Answer(status, _line(name, says, advice(error.repairs, substitute)))
    except MemoryError:
        return Answer(OutOfSpace.exit_code, _line(name, "out of memory; try smaller operands"))
    return result if isinstance(result, Answer) else Answer(0, result)


def _line(name: str, message: str, way: str = "") -> bytes:
    return f"{told(f'{name}: {message}', way)}\n".encode(errors="backslashreplace")


_ELSEWHERE = ("--npy", "--rows", "--out", "--help", "--quiet")


def _operate(kind: str, words: list[str], client: Client) -> Answer | bytes:
    group: Group = "tensor" if kind == "tensor" else "matrix"
    name, *words = words
    output = None
    if words[:1] == ["-o"] and len(words) > 1:
        output, words = client.output(words[1]), words[2:]
    if any(word in ("-o", "-h", "-q") or word.startswith(_ELSEWHERE) for word in words):
        raise Elsewhere
    operation, bound = _bound(group, name, tuple(words))
    operands = client.operands.gather(operation, bound.operands, group)
    if group == "matrix":
        check_matrices(operands, name)
    result = operation(*operands, **bound.options)
    if isinstance(result, bool):
        return Answer(0 if result else NO)
    if output is None:
        return plain(result)
    with client.replacing(output) as file:
        file.commit(plain(result))
    return b""


@lru_cache(256)
def _bound(group: Group, name: str, words: tuple[str, ...]) -> tuple[Operation, Bound]:
    """Returns an operation with its words parsed; cached, because scripts repeat the same words."""
    operation = OPERATIONS[name]
    return operation, operation.bind(words, group)


def _load(kind: str, words: list[str], client: Client) -> bytes:
    group, number = words if len(words) > 1 else (*words, "0")
    with client.operands.source(_whole(number)) as source:
        shape, values = tensor_or_sizes(source)
    if group == "matrix" and shape[0] > 1:
        raise BadInput(f"expected a matrix, got a tensor of {sizes(shape)}; try tensor_load")
    header = " ".join(map(str, reversed(shape)))
    return tensor_text.render(values.reshape(shape)) if values.size else f"{header}\n".encode()


def _activate(kind: str, words: list[str], client: Client) -> bytes:
    name, *words = words
    if not words:
        raise BadInput("expected a number, got nothing")
    definition = ACTIVATIONS[name]
    x = [_number(word) for word in (words if definition.mixes else words[: 1 + len(definition.parameters)])]
    activation, numbers = (
        (Activation(name), np.array(x)) if definition.mixes else (Activation(name, tuple(x[1:])), np.array(x[:1]))
    )
    with np.errstate(over="ignore"):  # the check below reports an overflow as an error
        y = (activation.derivative if kind == "derivative" else activation)(numbers)
    if not np.isfinite(y[0]):
        raise BadInput(f"expected a result that fits in 64 bits, got {activation} of {x[0]}; try a smaller number")
    return f"{float(y[0])}\n".encode()


def _largest(kind: str, words: list[str], client: Client) -> bytes:
    return f"{max(map(_number, words))}\n".encode()


def _sink(kind: str, words: list[str], client: Client) -> bytes:
    return f"{client.keeper.sink(client.pid)}\n".encode()


def _whole(word: str) -> int:
    if not re.fullmatch("[0-9]{1,18}", word, re.ASCII):
        raise BadInput(f"expected a whole number, got {shown(word)}")
    return int(word)


def _number(word: str) -> float:
    value = decimals.number(word)
    if value is None:
        raise BadInput(f"expected a decimal number, got {shown(word)}")
    return value


def _collect(kind: str, words: list[str], client: Client) -> bytes:
    count, *size = map(_whole, words)
    with client.operands.source(0) as source:
        lines = b"".join(source).decode("utf-8", "replace").split()
    values = [_number(line) for line in lines]
    if len(values) != count:
        raise BadInput(f"expected {count} numbers, one for each value, got {len(values)}")
    if size:
        return tensor_text.render(np.array(values).reshape(size[::-1]))
    return "".join(f"{value}\n" for value in values).encode()


def _hold(kind: str, words: list[str], client: Client) -> bytes:
    root, name = words
    with files.explained(root, 0):
        place = mountpoint_at(client.path(root))
        client.keeper.hold(place, name)
        place.folder("mat", name, "tmp")
    return b""


def _release(kind: str, words: list[str], client: Client) -> bytes:
    client.keeper.release()
    return b""


def _samples(kind: str, words: list[str], client: Client) -> bytes:
    from kerash_cli.classic import fitting

    genome, name, folder = words
    description, rows, labels = fitting.material(mountpoints(None), genome, name)
    contents = {"start.model": f"{description}\n".encode(), "data.npy": binary(rows), "label.npy": binary(labels)}
    for file_name, content in contents.items():
        with files.replacing(os.path.join(folder, file_name)) as file:
            file.commit(content)
    return b""


KINDS: Registry[tuple[Callable[[str, list[str], Client], Answer | bytes], range]] = Registry("kind of question")
"""For each kind of question, the function that answers it, and the numbers of words that the function accepts."""

for _kind, _function, _counts in (
    ("matrix", _operate, range(1, MANY)),
    ("tensor", _operate, range(1, MANY)),
    ("load", _load, range(1, 3)),
    ("activation", _activate, range(1, MANY)),
    ("derivative", _activate, range(1, MANY)),
    ("largest", _largest, range(1, MANY)),
    ("sink", _sink, range(1)),
    ("collect", _collect, range(1, 5, 3)),
    ("hold", _hold, range(2, 3)),
    ("release", _release, range(1)),
    ("samples", _samples, range(3, 4)),
):
    KINDS.add(_kind, (_function, _counts))
