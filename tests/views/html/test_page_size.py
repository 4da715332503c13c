"""A report stays below 1 MB, however many classes and columns there are, and says what it leaves out."""

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import Kerash
from pages import found, parsed, texts

from kerash_cli.inspection.facts import WordFacts
from kerash_cli.inspection.summaries import ColumnSummary
from kerash_cli.views.html.elements import joined
from kerash_cli.views.html.sections import _data

MOST = 1_000_000
"""Size of a report in bytes that it stays below."""


def test_a_long_table_of_columns_is_cut_and_a_line_says_so() -> None:
    kinds = "number", "word"  # no run of columns is alike, so that each has a line
    columns = [
        ColumnSummary(f"c{place}", kinds[place % 2], "input", WordFacts(9, 0, 2, ()), 2, "") for place in range(2000)
    ]
    encoding = SimpleNamespace(describe_columns=lambda: "2000 inputs")
    some: Any = SimpleNamespace(
        columns=columns, shapes=[[1, 2]] * 2000, data="d.csv", file="d.csv",
        trained=SimpleNamespace(encoding=encoding), importances=SimpleNamespace(all_rows=9),
    )  # fmt: skip
    page = parsed(f"<!DOCTYPE html><title>t</title>{joined([each for each in _data(some) if each is not None])}")
    assert len(found(page, "tr")) == 1 + 200
    assert texts(found(page, "p")[-1]) == "Not shown: 1800 lines; kerash check d.csv prints all of them."


def made(folder: Path, which: str) -> str:
    """Writes a table; returns the target."""
    rng = np.random.default_rng(0)
    if which == "classes":
        rows = [
            [*map(str, row), f"class number {rng.integers(250)}"] for row in rng.random((5000, 4)).round(4).tolist()
        ]
        names = [*"abcd", "y"]
    else:
        some = rng.random((40, 2000)).round(3).tolist()
        rows = [
            [*(str(cell) if at % 2 else ("red", "blue")[cell > 0.5] for at, cell in enumerate(row)), str(number % 2)]
            for number, row in enumerate(some)
        ]
        names = [*(f"a rather long name of a column, number {place}" for place in range(2000)), "y"]
    with (folder / "wide.csv").open("w", encoding="ascii", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    return "y"


@pytest.mark.long
@pytest.mark.parametrize("which", ["classes", "columns"])
def test_a_report_of_much_is_below_a_megabyte(kerash: Kerash, tmp_path: Path, which: str) -> None:
    target = made(tmp_path, which)
    kerash("train", "wide.csv", "--target", target, "--epochs", "2", "-q")
    assert kerash("report", "wide.kerash", "wide.csv").code == 0
    assert len((tmp_path / "wide.html").read_bytes()) < MOST
