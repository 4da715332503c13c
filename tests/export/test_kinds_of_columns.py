"""Every kind of column and every layout of a table in every format: kerash_cli/export/features.py and the frames."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import program
import pytest
from export_runs import ALL_DATABASES, LONG_DATABASES, PROGRAMS, Command, export, onnx_outputs, program_rows, ran
from exported import rows_of

from kerash_cli.encoding.inputs import INPUTS
from kerash_cli.model.trained import TrainedModel

ROWS = 200
DAY_0 = np.datetime64("1970-01-01")


def written(folder: Path, name: str, rows: Sequence[Sequence[object]], delimiter: str = ",", end: str = "\n") -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator=end).writerows(rows)
    (folder / name).write_text(stream.getvalue(), encoding="utf-8", newline="")


def table(rng: np.random.Generator) -> tuple[list[list[object]], list[list[object]]]:
    """Rows with all kinds of columns, and the same with days in place of dates; the first row has the names."""
    days = rng.integers(15000, 16500, ROWS)
    hours = rng.integers(0, 24, ROWS)
    towns = [f"hamlet {row}" if row % 3 else f"town {row % 4}" for row in range(ROWS)]
    with_dates: list[list[object]] = [["when", "size", "code", "town", "same", "half", "y"]]
    with_days = [list(with_dates[0])]
    for row in range(ROWS):
        size, code = f"{rng.normal(50, 20):.4f}", int(rng.integers(1, 5))
        half = "-" if row % 7 == 3 else str(int(rng.integers(3)))
        size = "-999" if row % 11 == 5 else size
        rest = [size, code, towns[row], 4, half, f"{np.sin(days[row]) * 100:.3f}"]
        with_dates.append([f"{DAY_0 + days[row]} {hours[row]:02}:00", *rest])
        with_days.append([f"{days[row] + hours[row] / 24:.9f}", *rest])
    return with_dates, with_days


WORDS = (
    *("--categories", "code", "--missing-values", "-999,NA", "--missing", "mean"),
    *("--numbers", "quantile,piecewise:5", "--epochs", "3", "-q"),
)
"""Options of a training for which all kinds of columns occur."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of all kinds of columns, the table that it was trained on, and that with days."""
    folder = tmp_path_factory.mktemp("kinds")
    dates, days = table(np.random.default_rng(5))
    written(folder, "dates.csv", dates)
    written(folder, "days.csv", days)
    (folder / "m.model").write_text("? 1 1\ninput\ndense 5 tanh\ndense ? -\n", encoding="ascii")
    program.right(folder, "train", "m.model", "dates.csv", "-t", "y", *WORDS, "-o", "m.kerash")
    return folder


def kinds(folder: Path) -> set[str]:
    return {each.kind for each in TrainedModel.load(str(folder / "m.kerash")).encoding.columns.inputs}


def expected(folder: Path, name: str) -> np.ndarray:
    done = program.run(folder, "predict", "m.kerash", name)
    assert done.code == 0, done.err
    return np.array(rows_of(done.out), float)


def test_all_kinds_of_columns_occur(trained: Path) -> None:
    assert kinds(trained) == {*INPUTS}, "add a column of this kind to the table"
    assert len(TrainedModel.load(str(trained / "m.kerash")).encoding.scaling.ignored)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_read_all_kinds_of_columns(trained: Path, name: str) -> None:
    got = program_rows(PROGRAMS[name](trained), trained, "days.csv", False)
    assert np.array(got, float) == pytest.approx(expected(trained, "dates.csv"), rel=1e-5, abs=1e-4)


@pytest.mark.parametrize("name", LONG_DATABASES)
def test_queries_read_all_kinds_of_columns(trained: Path, name: str) -> None:
    query = export(trained, ".sql").read_text(encoding="utf-8")
    header, *rows = csv.reader((trained / "days.csv").read_text(encoding="utf-8").splitlines())
    _, found = ALL_DATABASES[name](query, header, [list(row) for row in rows])
    assert np.array([[row[-1]] for row in found]) == pytest.approx(expected(trained, "dates.csv"), rel=1e-5, abs=1e-4)


def onnx_columns(path: Path) -> dict[str, np.ndarray]:
    """The columns of a table with days as the inputs of an ONNX file."""
    header, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
    feed = {}
    for name, *cells in zip(header, *rows, strict=True):
        if name in {"code", "town"}:
            feed[name] = np.array(cells, object)[:, None]
        elif name != "y":
            feed[name] = np.array([np.nan if cell == "-" else float(cell) for cell in cells])[:, None]
    return feed


def test_an_onnx_file_reads_all_kinds_of_columns(trained: Path) -> None:
    got = onnx_outputs(export(trained, ".onnx").read_bytes(), onnx_columns(trained / "days.csv"))["predicted_y"]
    assert got == pytest.approx(expected(trained, "dates.csv"), rel=1e-6, abs=1e-4)


def test_an_onnx_file_has_the_same_classes_of_all_kinds_of_columns(tmp_path: Path) -> None:
    for name, (header, *rows) in zip(("dates.csv", "days.csv"), table(np.random.default_rng(6)), strict=True):
        named = ([*row, "high" if float(str(y)) > 30 else "low"] for *row, y in rows)
        written(tmp_path, name, [header, *named])
    (tmp_path / "m.model").write_text("? 1 1\ninput\ndense 5 tanh\ndense ? softmax\n", encoding="ascii")
    program.right(tmp_path, "train", "m.model", "dates.csv", "-t", "y", *WORDS, "-o", "m.kerash")
    assert kinds(tmp_path) == {*INPUTS}
    got = onnx_outputs(export(tmp_path, ".onnx").read_bytes(), onnx_columns(tmp_path / "days.csv"))
    labels = rows_of(program.run(tmp_path, "predict", "m.kerash", "dates.csv").out)
    shares = rows_of(program.run(tmp_path, "predict", "m.kerash", "dates.csv", "--proba").out)
    assert got["predicted_y"].tolist() == labels
    assert {*got["predicted_y"][:, 0]} == {"high", "low"}
    assert np.abs(got["probabilities"] - np.array(shares, float)).max() < 1e-6


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_date_is_no_number_for_a_program(trained: Path, name: str) -> None:
    code, out, err = ran(PROGRAMS[name](trained)("dates.csv", False), trained)
    assert (code, out) == (2, "")
    assert "dates.csv: line 2: column 'when': expected a number, got '20" in err


# Layouts of tables


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a column of numbers and one of words, with gaps."""
    folder = tmp_path_factory.mktemp("small")
    rows = [["x", "word", "y"], *([x, word, x if word == "a" else 2 * x] for x in range(11) for word in ("a", "b,c"))]
    written(folder, "t.csv", rows)
    (folder / "m.model").write_text("? 1 1\ninput\ndense 3 tanh\ndense ? -\n", encoding="ascii")
    program.right(
        folder, "train", "m.model", "t.csv", "-t", "y", "--epochs", "3", "--missing", "mean", "-q", "-o", "m.kerash"
    )
    return folder


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[pytest.mark.long] if name == "gawk" else []) for name in PROGRAMS],
)
def ready(request: pytest.FixtureRequest, small: Path) -> Command:
    command: Command = PROGRAMS[request.param](small)
    return command


TABLES = {
    "another order, and columns that nobody knows": 'note,word,x\nold,a,4\n"q""q","b,c",7\n',
    "CRLF": 'x,word\r\n4,a\r\n7,"b,c"\r\n',
    "a byte order mark": "\ufeffx,word\n4,a\n",
    "no last line end": "x,word\n4,a\n7,a",
    "blank lines": "x,word\n\n4,a\n\n\n7,a\n\n",
    "comments above the header": "# a table\n# of two columns\nx,word\n4,a\n",
    "blanks around cells": "x, word\n 4 ,a \n\t7,  a\n",
    "quoted numbers": '"x","word"\n"4","a"\n" 7 ",""\n',
    "quotes within cells": 'word,x\na"b,4\n"a""b",7\n',
    "lines within cells": 'note,word,x\n"one\ntwo\n\nthree",a,4\n"\n",a,7\n',
    "gaps": "x,word\n,a\nNaN,NA\n?, null \n",
    "unknown words": "x,word\n4,zebra\n4,A\n4,größer ☃\n",
    "odd numbers": "x,word\n+4.,a\n.5e1,a\n1E-3,a\n-0,a\n00012,a\n1e-400,a\n1e30,a\n",
}
REFUSED = {
    "no number": ("x,word\n4,a\n0x4,a\n", 1, "line 3: column 'x': expected a number, got '0x4'"),
    "an infinite number": ("x,word\n1e400,a\n", 0, "line 2: column 'x': expected a number, got '1e400'"),
    "a number that is too large": (
        "x,word\n4,a\n1e60,a\n",
        1,
        "line 3: expected smaller numbers, got some that overflow",
    ),
    "too few cells": ("x,word\n4,a\n4\n", 1, "line 3: expected 2 cells, got 1"),
    "too many cells": ("x,word\n4,a,\n", 0, "line 2: expected 2 cells, got 3"),
    "a column that is missing": ("x,words\n4,a\n", 0, "no column 'word' in the header"),
    "another separator": ("x;word\n4;a\n", 0, "no column 'x' in the header (the separator is ',')"),
    "a name in capital letters": ("X,word\n4,a\n", 0, "no column 'x' in the header"),
    "lines before a bad one": ('x,word\n4,"a\nb"\nfour,a\n', 1, "line 4: column 'x': expected a number, got 'four'"),
}


@pytest.mark.parametrize("name", TABLES)
def test_programs_read_tables_of_many_layouts(small: Path, ready: Command, name: str) -> None:
    (small / "new.csv").write_text(TABLES[name], encoding="utf-8", newline="")
    got = program_rows(ready, small, "new.csv", False)
    wanted = expected(small, "new.csv")
    assert np.array(got, float) == pytest.approx(wanted, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("name", REFUSED)
def test_programs_refuse_what_they_can_not_read(small: Path, ready: Command, name: str) -> None:
    text, before, says = REFUSED[name]
    (small / "bad.csv").write_text(text, encoding="utf-8", newline="")
    code, out, err = ran(ready("bad.csv", False), small)
    assert (code, len(out.splitlines())) == (2, before)
    assert f"bad.csv: {says}" in err
    assert len(err.splitlines()) == 1


def test_programs_without_probabilities_say_so(small: Path, ready: Command) -> None:
    code, out, err = ran(ready("t.csv", True), small)
    assert (code, out) == (2, "")
    assert "predicts numbers, and has no probabilities" in err


def test_programs_say_that_there_is_no_such_table(small: Path, ready: Command) -> None:
    code, out, err = ran(ready("none.csv", False), small)
    assert (code, out) == (2, "")
    assert "none.csv" in err


@pytest.mark.parametrize("delimiter", ["\t", " ", *(pytest.param(each, marks=[pytest.mark.long]) for each in ";|")])
def test_programs_read_tables_without_a_header_and_with_other_separators(tmp_path: Path, delimiter: str) -> None:
    rng = np.random.default_rng(3)
    rows = [[f"{rng.normal():.5f}", int(rng.integers(2)), f"{rng.normal():.5f}"] for _ in range(30)]
    written(tmp_path, "t.csv", rows, delimiter)
    written(tmp_path, "x.csv", [[row[0], row[2]] for row in rows], delimiter)
    (tmp_path / "m.model").write_text("? 1 1\ninput\ndense 3 tanh\ndense ? softmax\n", encoding="ascii")
    program.right(
        tmp_path, "train", "m.model", "t.csv", "-t", "2", "--no-header", "--epochs", "2", "-q", "-o", "m.kerash"
    )
    for ready in PROGRAMS.values():
        command = ready(tmp_path)
        wanted = expected(tmp_path, "t.csv").ravel().tolist()
        for name in ("t.csv", "x.csv"):
            assert [float(cell) for (cell,) in program_rows(command, tmp_path, name, False)] == wanted
    content = export(tmp_path, ".onnx").read_bytes()
    got = onnx_outputs(content, {"x": np.array([[row[0], row[2]] for row in rows], float)})["predicted_target"]
    assert got.astype(float).ravel().tolist() == wanted


def test_a_blank_line_is_a_missing_value_in_a_table_of_one_column(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{x},{x}\n" for x in range(20)), encoding="ascii")
    (tmp_path / "m.model").write_text("? 1 1\ninput\ndense ? -\n", encoding="ascii")
    program.right(
        tmp_path, "train", "m.model", "t.csv", "-t", "y", "--missing", "mean", "--epochs", "2", "-q", "-o", "m.kerash"
    )
    (tmp_path / "x.csv").write_text("x\n1\n\n\n3\n\n", encoding="ascii")
    wanted = expected(tmp_path, "x.csv")
    assert len(wanted) == 4
    for ready in PROGRAMS.values():
        got = program_rows(ready(tmp_path), tmp_path, "x.csv", False)
        assert np.array(got, float) == pytest.approx(wanted, rel=1e-5)
