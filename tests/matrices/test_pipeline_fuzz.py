"""Whatever a pipeline says, and whatever is in a .npy, it gives a result or one line."""

import io
import random
from pathlib import Path

import numpy as np
import pytest

from kerash_cli.engine.tensors import Array
from kerash_cli.errors import KerashError
from kerash_cli.matrices.operands import Operands
from kerash_cli.matrices.operations import OPERATIONS
from kerash_cli.matrices.pipeline import Pipeline
from kerash_cli.matrices.results import plain

SAID = """
    tensor matrix | | | a.mat b.mat t.ten nothing 0 1 2 3 -1 1e308 nan 0.5 --axis --axis=x --seed=1 --pad --stride --
    relu softmax activ_d_softmax prelu:9,9 max conv 999999999999999999 99999
"""
WORDS = [*OPERATIONS, *SAID.split(), "'", '"', "\\", "\0", "\x1b[2J", "é", ""]


@pytest.fixture(autouse=True)
def operands(in_tmp_path: None) -> None:
    contents = {"a": "2 2 1\n1\n-2\n3\n4\n", "b": "2 2 1\n5\n6\n-7\n1e300\n", "t": "2 1 2\n1\n2\n3\n4\n"}
    for name, content in contents.items():
        for ending in ("mat", "ten"):
            Path(f"{name}.{ending}").write_text(content)


def survives(line: str) -> bool:
    """Whether the pipeline gives a result; else the one line that says why not is looked at."""
    try:
        result = Pipeline.parse(line).run(WithoutInput())
    except KerashError as error:
        message = str(error)
    else:
        return isinstance(result, bool) or bool(plain(result))
    assert message
    assert len(message) < 1000
    return False


class WithoutInput(Operands):
    """Nothing comes from standard input or from descriptors."""

    def read(self, place: str | int) -> Array:
        if place == "-" or isinstance(place, int):
            raise KerashError("no input")
        return super().read(place)


def mutated(rng: random.Random) -> str:
    """Steps that can be meant, of which every tenth word is another one."""
    steps = []
    for number in range(rng.randint(1, 4)):
        operation = OPERATIONS[rng.choice(list(OPERATIONS))]
        group = rng.choice(operation.groups)
        words = [f"{group} {word}" if word == operation.name else word for word in operation.example(group).split()]
        words = words[: len(words) - (number > 0 and len(operation.operands) > 0)]
        steps.append(" ".join(rng.choice(WORDS) if rng.random() < 0.1 else word for word in words))
    return " | ".join(steps)


@pytest.mark.parametrize("count", [500, pytest.param(20_000, marks=pytest.mark.long)])
def test_lines_give_a_result_or_one_line(count: int) -> None:
    rng = random.Random(count)
    assert sum(survives(mutated(rng)) for _ in range(count)) > count / 5


@pytest.mark.parametrize("count", [500, pytest.param(20_000, marks=pytest.mark.long)])
def test_damaged_npy_are_tensors_or_one_line(count: int) -> None:
    rng = random.Random(count)
    file = io.BytesIO()
    np.save(file, np.arange(12.0).reshape(3, 2, 2))
    survivors = 0
    for _ in range(count):
        content = bytearray(file.getvalue())
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(content))
            content[place : place + rng.randint(0, 2)] = rng.choice(
                [b"", b"9", b"\0", b"(", b"-1", b"9" * 18, rng.randbytes(2)]
            )
        Path("x.npy").write_bytes(content)
        survivors += survives("load x.npy | sum")
    assert 0 < survivors < count
