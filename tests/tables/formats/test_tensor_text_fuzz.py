"""Any bytes give the tensor that the specification means, or one line that names the file."""

import io
import math
import random
import re

import numpy as np
import pytest
from mutating import mutated

from kerash_cli.errors import BadInput, OutOfSpace
from kerash_cli.tables.formats import tensor_text

WORDS = (b"3 2 1\n", b"1 1 1", b"0x1p3", b"+", b"E", b"\x0b", b"\x1c", b"\x85", b"\xc2\xa0", b"$(id)", b"#")

SEEDS = {
    "a tensor": b"2 3 2\n0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n",
    "a matrix": b"3 2 1\n0.25\n-1.5e-3\n.5\n2.\n+7\n-0\n",
    "CRLF": b"2 2 1\r\n1.5\r\n\r\n-2\r\n3e5\r\n4",
    "a mark and blank lines": b"\xef\xbb\xbf\n 2 1 2 \n\n\t1 \n 2\n\n3\n4\n\n",
    "one value": b"1 1 1\n-2.2250738585072014e-308\n",
}

SIZES = re.compile(rb"[1-9][0-9]{0,17}")
DECIMAL = re.compile(rb"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")


def meant(content: bytes) -> tuple[tuple[int, ...], list[float]] | None:
    """Width, height, depth and values by the letter of the specification; None where it allows no such text."""
    stripped = [line.strip(b" \t\r") for line in re.sub(b"\\A\xef\xbb\xbf", b"", content).split(b"\n")]
    lines = [line for line in stripped if line]
    if not lines:
        return None
    sizes, *values = re.split(rb"[ \t]+", lines[0]), *lines[1:]
    if len(sizes) != 3 or not all(map(SIZES.fullmatch, sizes)) or not all(map(DECIMAL.fullmatch, values)):
        return None
    shape = tuple(map(int, sizes))
    numbers = [float(value.decode("ascii")) for value in values]
    return (shape, numbers) if len(numbers) == math.prod(shape) and all(map(math.isfinite, numbers)) else None


def outcome(content: bytes) -> tuple[tuple[int, ...], bytes] | None:
    """Width, height, depth and the bytes of the values; None if the error was one line about the file."""
    try:
        tensor = tensor_text.read(io.BytesIO(content), "t")
    except (BadInput, OutOfSpace) as error:
        message = str(error)
    else:
        assert tensor.dtype == np.float64
        return tensor.shape[::-1], tensor.tobytes()
    assert message.startswith(("t:", "t: ")), message
    assert message.isprintable()
    assert re.search("expected|needs .* of memory", message)
    return None


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("count", [1000, pytest.param(20_000, marks=pytest.mark.long)])
def test_any_bytes_give_the_tensor_that_is_meant_and_written_or_one_line(seed: str, count: int) -> None:
    rng = random.Random(f"{seed} {count}")
    results = 0
    for _ in range(count):
        content = mutated(SEEDS[seed], rng, WORDS)
        expected = meant(content)
        got = outcome(content)
        assert got == (expected and (expected[0], np.array(expected[1]).tobytes())), content
        if got is not None:
            results += 1
            assert outcome(tensor_text.render(tensor_text.read(io.BytesIO(content), "t"))) == got, content
    assert count // 20 < results < count
