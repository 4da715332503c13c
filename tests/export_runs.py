"""Runs exported models: each function gives the predictions for the rows of a table, as cells."""

import csv
import io
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import onnx
import onnxruntime
import postgresql
import program
import pytest
from exported import rows_of

SECONDS = 60

Command = Callable[[str, bool], list[str]]
"""The words that run a program on a table, with probabilities or not."""


def export(folder: Path, ending: str, *words: str) -> Path:
    """Exports `m.kerash` to a file with this ending."""
    program.right(folder, "export", "m.kerash", "-o", f"m{ending}", "-q", *words)
    return folder / f"m{ending}"


def ran(words: Sequence[str | Path], folder: Path) -> tuple[int, str, str]:
    """The exit code of a program and what it printed."""
    done = subprocess.run(words, cwd=folder, capture_output=True, timeout=SECONDS, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def python(folder: Path) -> Command:
    """The Python program."""
    export(folder, ".py")
    return lambda table, proba: [sys.executable, "-W", "error", "m.py", *["--proba"] * proba, table]


def compiled(folder: Path) -> Command:
    """The C program, which no compiler may complain about."""
    export(folder, ".c")
    flags = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O1", "-fsanitize=address,undefined")
    code, _, err = ran(["cc", *flags, "-o", "m", "m.c", "-lm"], folder)
    assert code == 0, err
    return lambda table, proba: ["./m", *["--proba"] * proba, table]


def interpreted(interpreter: str, folder: Path) -> Command:
    """The AWK program in an interpreter."""
    export(folder, ".awk")
    return lambda table, proba: [interpreter, *["-v", "proba=1"] * proba, "-f", "m.awk", table]


PROGRAMS: dict[str, Callable[[Path], Command]] = {
    "python": python,
    "c": compiled,
    "gawk": partial(interpreted, "gawk"),
    "mawk": partial(interpreted, "mawk"),
}
"""For each way to run a program, the function that makes it ready in a folder and returns its command."""


def program_rows(command: Command, folder: Path, table: str, proba: bool) -> list[list[str]]:
    """What a program predicts for a table, which has to end well."""
    code, out, err = ran(command(table, proba), folder)
    assert (code, err) == (0, ""), err
    return rows_of(out)


def onnx_outputs(content: bytes, feed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The outputs of an ONNX file, checked in full before."""
    onnx.checker.check_model(onnx.load_from_string(content), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options)
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, session.run(names, feed), strict=True))


def onnx_feed(content: bytes, path: Path, gaps: Sequence[str]) -> dict[str, np.ndarray]:
    """The columns of a table as the inputs of an ONNX file; cells in `gaps`, in lower case, are missing numbers."""
    session = onnxruntime.InferenceSession(content)
    with open(path, encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    feed = {}
    for each in session.get_inputs():
        place = header.index(each.name)
        cells = [row[place].strip(" \t") for row in rows]
        if each.type == "tensor(string)":
            feed[each.name] = np.array(cells, object)[:, None]
        else:
            feed[each.name] = np.array([np.nan if cell.lower() in gaps else float(cell) for cell in cells])[:, None]
    return feed


def table_of(header: list[str], rows: list[list[str]]) -> str:
    """A table as CSV."""
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    return stream.getvalue()


def sqlite_rows(query: str, header: list[str], rows: list[list[object]], types: str = "TEXT") -> tuple[list[str], list]:
    """The names and the rows that a query gives in SQLite for the table `data`."""
    with closing(sqlite3.connect(":memory:")) as database:
        _fill(database, header, rows, types)
        cursor = database.execute(query)
        return [each[0] for each in cursor.description], cursor.fetchall()


def duckdb_rows(
    query: str, header: list[str], rows: list[list[object]], types: str = "VARCHAR"
) -> tuple[list[str], list]:
    """The same in DuckDB."""
    with duckdb.connect(config={"threads": 1}) as database:
        _fill(database, header, rows, types)
        cursor = database.execute(query)
        return [each[0] for each in cursor.description or ()], cursor.fetchall()


def postgresql_rows(
    query: str, header: list[str], rows: list[list[object]], types: str = "TEXT"
) -> tuple[list[str], list]:
    """The same in PostgreSQL."""
    with closing(postgresql.connected()) as database:
        cursor = database.cursor()
        _fill(cursor, header, rows, types, "%s")
        cursor.execute(query)
        return [each[0] for each in cursor.description], cursor.fetchall()


DATABASES = {"sqlite": sqlite_rows, "duckdb": duckdb_rows}
ALL_DATABASES = {**DATABASES, "postgresql": postgresql_rows}
LONG_DATABASES = [
    *DATABASES,
    pytest.param(
        "postgresql",
        marks=[pytest.mark.long, pytest.mark.skipif(not postgresql.INSTALLED, reason="PostgreSQL is not installed")],
    ),
]
"""Names of all databases, of which PostgreSQL is asked only if it is installed."""


def _fill(database: Any, header: list[str], rows: list[list[object]], types: str, place: str = "?") -> None:
    names = ['"' + name.replace('"', '""') + '"' for name in header]
    database.execute(f"CREATE TABLE data ({', '.join(f'{name} {types}' for name in names)})")
    database.executemany(f"INSERT INTO data VALUES ({', '.join(place for _ in header)})", rows)
