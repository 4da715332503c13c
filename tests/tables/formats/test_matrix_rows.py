"""A matrix in rows of numbers is read as NumPy reads it, or refused in one line that names the place."""

import io
from pathlib import Path

import advice
import numpy as np
import pytest
import shells
from conftest import Kerash
from numpy.typing import NDArray
from program import Done
from shells import SHELLS

from kerash_cli.errors import BadInput, OutOfSpace
from kerash_cli.matrices.operands import Operands
from kerash_cli.system import memory

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


def refused(path: Path, content: str) -> str:
    path.write_bytes(content.encode())
    with pytest.raises(BadInput) as caught:
        Operands().read(str(path))
    return str(caught.value).removeprefix(f"{path}:")


OCTAVE = "# Created by Octave 8.4\n# name: A\n# type: matrix\n# rows: 2\n# columns: 3\n"
FILES = {
    "numpy.savetxt": (saved(MATRIX), MATRIX),
    "commas": (saved(MATRIX, delimiter=","), MATRIX),
    "commas and blanks": (saved(MATRIX, delimiter=", "), MATRIX),
    "semicolons": (saved(MATRIX, delimiter=";"), MATRIX),
    "tabs": (saved(MATRIX, delimiter="\t"), MATRIX),
    "tabs and blanks": ("1\t 2 \t3\n 4\t5\t6 \n", SMALL),
    "tabs after blanks": ("1 2 3\n4\t5\t6\n", SMALL),
    "aligned": (saved(SMALL, fmt="%12.4f"), SMALL),
    "a comment above": (saved(MATRIX, header="made by hand"), MATRIX),
    "a comment above and below": (saved(SMALL, header="a, b, c", footer="the end", delimiter=",", fmt="%d"), SMALL),
    "comments between": ("% a\n1 2 3\n  # b\n4 5 6\n%", SMALL),
    "Octave": (OCTAVE + " 1 2 3\n 4 5 6\n\n\n", SMALL),
    "a row of Octave": ("# name: A\n# type: matrix\n# rows: 1\n# columns: 3\n 1 2 3\n", SMALL[:1]),
    "a scalar of Octave": ("# name: x\n# type: scalar\n2.5\n", np.array([[2.5]])),
    "blanks around": ("   1   2 3  \n\n 4   5 6  \n", SMALL),
    "three whole numbers a line": ("1 2 3\n4 5 6\n", SMALL),
    "three whole numbers a line, CRLF": ("1 2 3\r\n4 5 6\r\n", SMALL),
    "as many as the first row would say, in other rows": ("1 2 3\n4 5 6\n7 8 9\n", np.arange(1.0, 10).reshape(3, 3)),
    "a permutation": ("0 1 0\n1 0 0\n0 0 1\n", np.eye(3)[[1, 0, 2]]),
    "commas, CRLF, a blank line": ("1,2,3\r\n\r\n4,5,6\r\n", SMALL),
    "a byte order mark": ("\ufeff1,2,3\n4,5,6\n", SMALL),
    "no last line end": ("1,2,3\n4,5,6", SMALL),
    "signs, points and exponents": ("+1,2.,3e0\n.4e1,5,6.0\n", SMALL),
    "names above": ("a,b,c\n1,2,3\n4,5,6\n", SMALL),
    "names in quotes": ('"a, or so","b","c 3"\n1,2,3\n4,5,6\n', SMALL),
    "names of letters beyond ASCII, below a comment": ("# x\n\nà;β;в\n1;2;3\n4;5;6\n", SMALL),
    "names between blanks": ("left middle right\n1 2 3\n4 5 6\n", SMALL),
    "a name above a column": ("height\n1\n4\n", SMALL[:, :1]),
    "a column": ("0.5\n2\n3\n", np.array([[0.5], [2], [3]])),
    "a number": ("7\n", np.array([[7.0]])),
    "a row": ("0.5 2 3 4\n", np.array([[0.5, 2, 3, 4]])),
    "a row of two": ("1 2\n", np.array([[1.0, 2]])),
    "a row of three": ("1,2,3\n", SMALL[:1]),
    "a row of three with points": ("1.0 2.0 3.0\n", SMALL[:1]),
    "long rows": (saved(np.arange(1200.0).reshape(2, 600) / 7), np.arange(1200.0).reshape(2, 600) / 7),
    "long rows of commas": (saved(np.eye(300), delimiter=","), np.eye(300)),
    "a row of 2 MB": (saved(np.arange(300_000.0).reshape(1, -1), fmt="%d", delimiter=","), np.arange(300_000.0)[None]),
    "more than a piece": (saved(np.arange(300_000.0).reshape(-1, 3), fmt="%d"), np.arange(300_000.0).reshape(-1, 3)),
}


@pytest.mark.parametrize("name", FILES)
def test_rows_are_read_as_the_matrix_that_was_saved(name: str, tmp_path: Path) -> None:
    text, matrix = FILES[name]
    (tmp_path / "m x.txt").write_bytes(text.encode())
    tensor = Operands().read(str(tmp_path / "m x.txt"))
    assert tensor.dtype == np.float64
    assert np.array_equal(tensor, matrix[np.newaxis])


@pytest.mark.parametrize("name", ["numpy.savetxt", "a comment above and below", "names above", "a column"])
def test_rows_are_an_operand_in_files_pipes_and_pipelines(name: str, tmp_path: Path, kerash: Kerash) -> None:
    text, matrix = FILES[name]
    (tmp_path / "m.txt").write_text(text, encoding="ascii")
    for done in (
        kerash("matrix", "transpose", "m.txt"),
        kerash("tensor", "transpose", input=text),
        kerash("blas", "load m.txt | transpose"),
    ):
        assert (done.code, done.err) == (0, "")
        assert np.array_equal(numbers(done.out), matrix.T)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,2\n3,4\n5\n6,7\n", "3: expected 2 numbers, as in line 1, got 1"),
        ("# x\n\n1 2\n\n3 4 5\n", "5: expected 2 numbers, as in line 3, got 3"),
        ("a,b\n1,2\n3,4,5\n", "3: expected 2 numbers, as in line 2, got 3"),
        ("0.5\n1\n2 3\n", "3: expected 1 number, as in line 1, got 2"),
        ("1,2\n3,4\n,5\n", "3:1: expected a decimal number, got nothing"),
        ("1,2,\n3,4,\n", "1:3: expected a decimal number, got nothing"),
        ("1\t\t3\n4\t5\t\n", "1:2: expected a decimal number, got nothing"),
        ("1,2\n3,x\n", "2:2: expected a decimal number, got 'x'"),
        ("1,2\n3;4,5\n", "2:1: expected a decimal number, got '3;4'"),
        ("1,2,nan\n4,5,6\n", "1:3: expected a decimal number, got 'nan'"),
        ("1 2 3\n4 NaN 6\n", "2:2: expected a decimal number, got 'NaN'"),
        ("1 2 3\n4 5 -inf\n", "2:3: expected a decimal number, got '-inf'"),
        ("nan,nan\n4,5\n", "1:1: expected numbers or names, got 'nan'"),
        ("a,NA\n4,5\n", "1:2: expected numbers or names, got 'NA'"),
        ("a,l5\n1,2\n", "1:2: expected numbers or names, got 'l5'"),
        ("O.5\n2\n3\n", "1:1: expected numbers or names, got 'O.5'"),
        ("a,\n1,2\n", "1:2: expected numbers or names, got ''"),
        ("a,2\n3,4\n", "1:1: expected a decimal number, got 'a'"),
        ("1,2\n3,1e999\n", "2:2: expected a decimal number, got '1e999'"),
        ("1,5;2,5\n3,5;4,5\n", "1:1: expected a decimal number, got '1,5'; decimals have a point, no comma"),
        ("1,5 2,5\n3,5 4,5\n", "1:2: expected a decimal number, got '5 2'; decimals have a point, no comma"),
        ("1 2\n3 4,5\n", "2:2: expected a decimal number, got '4,5'; decimals have a point, no comma"),
        ("1,2\n3,4 # four\n", "2:2: expected a decimal number, got '4 # four'"),
        ("1,2\r3,4\n", "1:2: expected a decimal number, got '2\\r3'"),
        ("1\u00a02\n3\u00a04\n", "1: expected 'WIDTH HEIGHT DEPTH'"),
        ("2 2\n1\n2\n3\n4\n", "1: expected 'WIDTH HEIGHT DEPTH', three whole numbers of 1 or more, got '2 2'"),
        ("4 2 1\n1 2 3 4\n5 6 7 8\n", "2: expected one number in a line, or three as above, got 4"),
        ("1 2 3\n4,5,6\n", "2: expected one number in a line, or three as above, got 3"),
        ("2 1 1\n1\n2 3\n", "3:1: expected one decimal number, got '2 3'"),
        ("a,b\nc,d\n", "1: expected 'WIDTH HEIGHT DEPTH'"),
        (OCTAVE + " 1 2 3\n", " expected 2 rows, as a comment says, got 1; try another copy of it"),
        (OCTAVE + "1 2\n3 4\n", " expected 3 columns, as a comment says, got 2; try another copy of it"),
        (OCTAVE + "1 2 3\n4 5 6\n\n\n# name: B\n# type: matrix\n", "10: expected one matrix, got a second one;"),
        ("# name: A\n# type: diagonal matrix\n1\n2\n", "2: expected an Octave matrix, got the type 'diagonal matrix'"),
        ("# name: A\n# type: range\n# base, limit, increment\n0 4 1\n", "2: expected an Octave matrix, got the type"),
    ],
)
def test_what_is_not_in_equal_rows_of_numbers_is_refused_naming_its_place(
    text: str, expected: str, tmp_path: Path
) -> None:
    assert refused(tmp_path / "m", text).startswith(expected)


def test_a_wrong_number_after_a_piece_has_its_own_line(tmp_path: Path) -> None:
    lines = [f"{number},{number}.5" for number in range(100_000)]
    lines[90_000] = "1,2,3"
    assert refused(tmp_path / "m", "\n".join(lines)) == "90001: expected 2 numbers, as in line 1, got 3"
    lines[90_000] = "1,x"
    assert refused(tmp_path / "m", "\n\n".join(lines)) == "180001:2: expected a decimal number, got 'x'"


def settled(error: str, meaning: str, folder: Path, environment: dict[str, str]) -> Done:
    """What becomes of the command that an error shows for this meaning."""
    return advice.run(error.partition(f"; {meaning}, try ")[2].partition("; if it is")[0], folder, environment)


@pytest.mark.parametrize(
    "text", ["3 2 1\n1 2 3\n4 5 6\n", "3 1 2\n1\t2 3\r\n4 5 6\r\n", "\ufeff\n 3 2 1 \n1 2 3\n\n4 5 6"]
)
def test_sizes_that_may_be_a_row_are_refused_with_a_command_for_both(
    text: str, kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "m.txt").write_bytes(text.encode())
    error = kerash("matrix", "transpose", "m.txt").error
    assert "which may be either" in error
    below = settled(error, "if it is the sizes of the rows below", tmp_path, environment).out
    assert np.array_equal(numbers(below), SMALL.T)
    first = np.array(text.replace("\ufeff", "").split()[:3], float)
    expected = np.vstack([first, SMALL]).T
    assert np.array_equal(numbers(settled(error, "if it is a row", tmp_path, environment).out), expected)


@pytest.mark.parametrize(("text", "code"), [("1 2 3\n", 2), (" 2\t0 1", 2), ("9 9 9\r\n\n", 2), ("999999999 " * 3, 3)])
def test_three_whole_numbers_alone_are_sizes_without_values(
    text: str, code: int, kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "m.txt").write_bytes(text.encode())
    done = kerash("matrix", "transpose", "m.txt")
    assert done.code == code
    out = settled(done.error, "if it is a row", tmp_path, environment).out
    assert np.array_equal(numbers(out), np.array([text.split()], float).T)


@pytest.mark.parametrize("text", ["4 2 1\n1 2 3 4\n5 6 7 8\n", "3 2 1\n1,2,3\n4,5,6\n", "a,NaN\n1,2\n3,4\n"])
def test_rows_below_another_line_are_read_after_the_command(
    text: str, kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "m.txt").write_text(text, encoding="ascii")
    command = kerash("matrix", "transpose", "m.txt").error.rpartition(" try ")[2]
    again = advice.run(command, tmp_path, environment)
    below = io.StringIO(text.partition("\n")[2].replace(",", " "))
    assert np.array_equal(numbers(again.out), np.loadtxt(below).T)


def test_sizes_of_operands_in_rows_that_do_not_fit_are_both_named(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2,3\n4,5,6\n", encoding="ascii")
    done = kerash("matrix", "mul", "a.csv", "a.csv")
    assert done.code == 1
    assert done.error.endswith("got 3x2 and 3x2")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_functions_of_a_shell_read_rows(shell: str, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(saved(SMALL, delimiter=","), encoding="ascii")
    script = "matrix_transpose m.csv\nmatrix_mean < m.csv\nmatrix_load w h values < m.csv; echo $w $h ${#values[@]}\n"
    script += "matrix_transpose m.csv --rows\nprintf '1 2\\n3 4\\n' | matrix_add - <(echo 5 6; echo 7 8)\n"
    out = shells.fine(shells.run(shell, script, tmp_path))
    transposed, added = "2 3 1\n1.0\n4.0\n2.0\n5.0\n3.0\n6.0\n", "2 2 1\n6.0\n8.0\n10.0\n12.0\n"
    assert out == f"{transposed}3.5\n3 2 6\n1.0,4.0\n2.0,5.0\n3.0,6.0\n{added}"


@pytest.mark.parametrize("matrix", [SMALL, SMALL[:1], SMALL[:, :1], np.array([[0.1, -0.0], [1e300, 5e-324]])])
def test_rows_that_are_written_are_read_as_the_same_numbers(
    matrix: NDArray[np.float64], kerash: Kerash, tmp_path: Path
) -> None:
    np.save(tmp_path / "m.npy", matrix)
    out = kerash("matrix", "load", "m.npy", "--rows").out
    assert np.loadtxt(io.StringIO(out), delimiter=",", ndmin=2).tobytes() == matrix.tobytes()
    (tmp_path / "m.csv").write_text(out, encoding="ascii")
    assert Operands().read(str(tmp_path / "m.csv")).tobytes() == matrix.tobytes()


def test_only_a_matrix_is_written_as_rows(kerash: Kerash, tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.zeros((2, 1, 3)))
    assert "expected a matrix, got a tensor of 3x1x2" in kerash("tensor", "load", "t.npy", "--rows").error
    assert "two formats" in kerash("tensor", "load", "t.npy", "--rows", "--npy").error
    assert kerash("matrix", "print", "t.npy", "--rows").error.startswith("--rows: the result of print is not a matrix")
    assert kerash("tensor", "mean", "t.npy", "--rows").out == "0.0\n"


def test_memory_is_asked_for_before_a_large_matrix_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m").write_text("1,2,3\n" * 300_000, encoding="ascii")
    monkeypatch.setattr(memory, "available", lambda: 5_000_000)
    with pytest.raises(OutOfSpace, match=r"m: needs .* MB of memory"):
        Operands().read(str(tmp_path / "m"))
    monkeypatch.setattr(memory, "available", lambda: 9_000_000)
    assert Operands().read(str(tmp_path / "m")).shape == (1, 300_000, 3)
