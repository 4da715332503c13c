"""A matrix in rows of numbers is no tensor text: what is said of it works when it is pasted."""

import io
from pathlib import Path

import advice
import numpy as np
import pytest
import shells
from conftest import Kerash
from numpy.typing import NDArray
from shells import SHELLS

MATRIX = np.array([[1.5, -2e-7, 3], [4, 5e20, 6]])
SMALL = np.array([[1.0, 2, 3], [4, 5, 6]])


def saved(matrix: NDArray[np.float64], **options: str) -> str:
    text = io.StringIO()
    np.savetxt(text, matrix, **options)
    return text.getvalue()


def numbers(out: str) -> NDArray[np.float64]:
    """The matrix in tensor text, read by hand."""
    sizes, *values = out.split("\n")[:-1]
    width, height, depth = map(int, sizes.split())
    assert depth == 1
    return np.array(values, float).reshape(height, width)


FILES = {
    "numpy.savetxt": (saved(MATRIX), MATRIX),
    "commas": (saved(MATRIX, delimiter=","), MATRIX),
    "commas and blanks": (saved(MATRIX, delimiter=", "), MATRIX),
    "semicolons": (saved(MATRIX, delimiter=";"), MATRIX),
    "tabs": (saved(MATRIX, delimiter="\t"), MATRIX),
    "a comment above": (saved(MATRIX, header="made by hand"), MATRIX),
    "a comment above and below": (saved(SMALL, header="a, b, c", footer="the end", delimiter=",", fmt="%d"), SMALL),
    "Octave": ("# Created by Octave\n# name: A\n# type: matrix\n# rows: 2\n# columns: 3\n 1 2 3\n 4 5 6\n\n\n", SMALL),
    "blanks around": ("   1   2 3  \n\n 4   5 6  \n", SMALL),
    "three whole numbers a line": ("1 2 3\n4 5 6\n", SMALL),
    "three whole numbers a line, CRLF": ("1 2 3\r\n4 5 6\r\n", SMALL),
    "commas, CRLF, a blank line": ("1,2,3\r\n\r\n4,5,6\r\n", SMALL),
    "a byte order mark": ("\ufeff1,2,3\n4,5,6\n", SMALL),
    "no last line end": ("1,2,3\n4,5,6", SMALL),
    "names above": ("a,b,c\n1,2,3\n4,5,6\n", SMALL),
    "names between blanks": ("left middle right\n1 2 3\n4 5 6\n", SMALL),
    "a column": ("0.5\n2\n3\n", np.array([[0.5], [2], [3]])),
    "a row": ("0.5 2 3 4\n", np.array([[0.5, 2, 3, 4]])),
    "a row of three": ("0.5,2,3\n", np.array([[0.5, 2, 3]])),
    "long rows": (saved(np.arange(1200.0).reshape(2, 600) / 7), np.arange(1200.0).reshape(2, 600) / 7),
    "long rows of commas": (saved(np.eye(300), delimiter=","), np.eye(300)),
    "sizes and rows": ("3 2 1\n1 2 3\n4 5 6\n", SMALL),
    "sizes and rows of commas": ("3 2 1\n1,2,3\n4,5,6\n", SMALL),
    "sizes and longer rows": ("4 2 1\n\n1 2 3 4\n5 6 7 8\n", np.arange(1.0, 9).reshape(2, 4)),
}


@pytest.mark.parametrize("name", FILES)
def test_the_command_to_paste_gives_the_transpose_of_numpy(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str], name: str
) -> None:
    text, matrix = FILES[name]
    (tmp_path / "m x.txt").write_bytes(text.encode())
    done = kerash("matrix", "transpose", "m x.txt")
    assert (done.code, done.out) == (2, "")
    again = advice.run(advice.command(done.error), tmp_path, environment)
    assert (again.code, again.err) == (0, "")
    assert np.array_equal(numbers(again.out), matrix.T)


def test_an_error_about_rows_says_how_wide_they_are(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("1,2,3\n4,5,6\n", encoding="ascii")
    assert "m.csv:1: " in kerash("matrix", "transpose", "m.csv").error
    assert "rows of 3 numbers" in kerash("matrix", "transpose", "m.csv").error


def test_rows_that_may_be_below_sizes_or_below_a_row_have_both_commands(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "m.txt").write_text("1 3 1\n4 5 6\n", encoding="ascii")
    error = kerash("matrix", "transpose", "m.txt").error
    as_sizes = advice.command(error)
    assert np.array_equal(numbers(advice.run(as_sizes, tmp_path, environment).out), [[4, 5, 6]])
    as_row = error.partition("use ")[2].partition(" instead")[0]
    out = advice.run(f"{as_row} <m.txt | kerash matrix transpose", tmp_path, environment).out
    assert np.array_equal(numbers(out), [[1, 4], [3, 5], [1, 6]])


@pytest.mark.parametrize("text", ["1,2\n3,4\n5\n6,7,8\n", "1,2\n3,4\n,5\n6,\n", "1,2\n3,4\nx,5\n", "1,2\n3,4\n5;6\n"])
def test_rows_that_are_not_alike_are_refused_after_the_command_too(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str], text: str
) -> None:
    (tmp_path / "m.csv").write_text(text, encoding="ascii")
    again = advice.run(advice.command(kerash("matrix", "transpose", "m.csv").error), tmp_path, environment)
    assert (again.code, again.out) == (2, "")


@pytest.mark.parametrize(
    "text",
    ["2 2\n1\n2\n3\n4\n", "2 0 1\n", "2 1 1\n1\n2 3\n", "2 1 1\n1,5\n2,5\n", "1,5 2,5\n3,5 4,5\n", "x\ny\n", "a,b\n"],
)
def test_what_is_no_matrix_in_rows_gets_no_such_advice(kerash: Kerash, tmp_path: Path, text: str) -> None:
    (tmp_path / "m.txt").write_text(text, encoding="ascii")
    done = kerash("matrix", "transpose", "m.txt")
    assert done.code == 2
    assert "awk" not in done.error


def test_both_operands_may_be_rows(kerash: Kerash, tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "a.txt").write_text(saved(SMALL), encoding="ascii")
    (tmp_path / "b.csv").write_text(saved(SMALL.T, delimiter=","), encoding="ascii")
    line = advice.command(kerash("matrix", "mul", "a.txt", "b.csv").error)
    line = advice.command(advice.run(line, tmp_path, environment).err)
    # The first file is standard input by now.
    first = advice.command(kerash("matrix", "transpose", "a.txt").error).partition(" | kerash")[0]
    done = advice.run(f"{first} | {line}", tmp_path, environment)
    assert np.array_equal(numbers(done.out), SMALL @ SMALL.T)


def test_a_file_within_a_pipeline_is_replaced_there(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "a.txt").write_text(saved(SMALL), encoding="ascii")
    line = advice.command(kerash("blas", "load a.txt | mul-scalar 2 | transpose").error)
    assert np.array_equal(numbers(advice.run(line, tmp_path, environment).out), 2 * SMALL.T)


def test_rows_from_a_descriptor_are_answered_with_what_to_put_there(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "FILE").write_text(saved(SMALL), encoding="ascii")
    done = advice.run("kerash matrix add 3< FILE 4< FILE", tmp_path, environment)
    assert done.code == 2
    third = advice.command(done.err)
    line = f"kerash matrix add {third} 4{third[1:]}"
    assert np.array_equal(numbers(advice.run(line, tmp_path, environment).out), 2 * SMALL)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_function_of_the_shell_answers_with_what_to_read_instead(shell: str, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(saved(SMALL, delimiter=","), encoding="ascii")
    done = shells.run(shell, "matrix_transpose m.csv", tmp_path)
    assert done.code == 1
    instead = advice.command(done.err).removesuffix(" instead of m.csv")
    assert np.array_equal(numbers(shells.run(shell, f"matrix_transpose {instead}", tmp_path).out), SMALL.T)
    (tmp_path / "FILE").write_text(saved(SMALL), encoding="ascii")
    instead = advice.command(shells.run(shell, "matrix_transpose < FILE", tmp_path).err)
    assert np.array_equal(numbers(shells.run(shell, f"matrix_transpose {instead}", tmp_path).out), SMALL.T)
