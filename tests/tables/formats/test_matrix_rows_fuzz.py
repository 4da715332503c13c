"""Any bytes give the matrix that the specification of rows means, or one line that names the file."""

import random
import re
from pathlib import Path

import numpy as np
import pytest
from mutating import mutated
from numpy.typing import NDArray

from kerash_cli.errors import BadInput, OutOfSpace
from kerash_cli.matrices.operands import Operands

WORDS = (
    b"1,2",
    b"3 4",
    b"; ",
    b"\t",
    b"# c\n",
    b"%",
    b"a",
    b'"',
    b"x,y\n",
    b"1e3",
    b"-.5",
    b"3 2 1\n",
    b"\x0b",
    b"\xc2\xa0",
)
SEEDS = {
    "commas": b"1,2.5,-3\n4e2,.5,6\n7,8,9\n",
    "names and blanks": b"\xef\xbb\xbf# made\nleft right\n 1  2.25\n\n 3\t 4\n",
    "semicolons, CRLF": b"a;b\r\n1;2\r\n3;4",
    "tabs": b"0\t1\t0\n1\t0\t0\n0\t0\t1\n",
    "a column": b"0.5\n2\n3\n",
}
TENSOR = re.compile(b"(\xef\xbb\xbf)?\\s*([0-9]+[ \t]+){2}[0-9]+[ \t\r]*\n\\s*[^\\s;,]+[ \t\r]*(\n|$)")
DECIMAL = re.compile(r"[ \t]*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?[ \t]*")


def meant(content: bytes) -> NDArray[np.float64] | None:
    """The rows by the letter of the specification, without sizes; None if a line that is no name is no equal row."""
    text = re.sub(b"\\A\xef\xbb\xbf", b"", content).decode("utf-8", "replace")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    rows = [line for line in lines if line.strip(" \t\r") and line.lstrip(" \t")[:1] not in ("#", "%")]
    if rows and not DECIMAL.fullmatch(re.split("[;,\t ]", rows[0].strip(" \t\"'"))[0]):
        rows = rows[1:]  # names, or an error
    if not rows:
        return None
    separator = next((each for each in ";,\t" if each in rows[0]), None)
    if separator == "\t" and re.search("\t *[^ \t]+ +[^ \t]|^ *[^ \t]+ +[^ \t]", rows[0]):
        separator = None
    cells = [row.split(separator) if separator else re.split("[ \t]+", row.strip(" \t")) for row in rows]
    if len(set(map(len, cells))) > 1 or not all(DECIMAL.fullmatch(cell) for row in cells for cell in row):
        return None
    matrix = np.array(cells, float)
    return matrix if np.isfinite(matrix).all() else None


def outcome(path: Path) -> NDArray[np.float64] | None:
    """The matrix in a file; None if the error was one line about the file."""
    try:
        return Operands().read(str(path))[0]
    except (BadInput, OutOfSpace) as error:
        message = str(error)
    assert message.startswith((f"{path}:", f"{path}: "))
    assert message.isprintable()
    return None


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=pytest.mark.long)])
def test_any_bytes_give_the_rows_that_are_meant_or_one_line(seed: str, count: int, tmp_path: Path) -> None:
    rng = random.Random(f"{seed} {count}")
    path, results = tmp_path / "m", 0
    for _ in range(count):
        content = mutated(SEEDS[seed], rng, WORDS)
        path.write_bytes(content)
        matrix = outcome(path)
        if matrix is None or TENSOR.match(content):  # test_tensor_text_fuzz is about tensors
            continue
        results += 1
        expected = meant(content)
        assert expected is not None, content
        assert np.array_equal(matrix, expected), content
    assert count // 20 < results < count
