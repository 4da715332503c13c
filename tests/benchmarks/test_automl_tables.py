"""The tables of the comparison: their folds, and the files that contenders are given."""

import csv
import json
import pickle
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from benchmarks.automl import tables
from benchmarks.automl.__main__ import SHORT_METHODS, SHORT_TABLES
from benchmarks.automl.contenders import METHODS
from benchmarks.automl.reading import FORMATS, keel
from benchmarks.real.files import FILES


@pytest.fixture
def table() -> tables.Table:
    """Six rows, with words, gaps and a class that is a number."""
    columns: dict[str, Any] = {
        "size": [1.0, 2.5, np.nan, 4.0, 5.0, 6.0],
        "doors": ["2", "5more", "2", "4", None, "4"],
        "note": ["a, b", "c", "c", "c", "c", "c"],
        "class": [10.0, 9.0, 10.0, 9.0, 10.0, 9.0],
    }
    frame = pd.DataFrame({name: pd.Series(values, dtype=_kind(values)) for name, values in columns.items()})
    return tables.Table("toy", frame, True, np.array([0, 0, 1, 1, 2, 2]))


def _kind(values: list[Any]) -> str:
    return "float64" if all(isinstance(value, float) for value in values) else "object"


def test_there_are_24_tables_half_of_them_with_a_number_as_target() -> None:
    assert len(set(tables.NAMES)) == 24
    assert len(tables.CLASSES) == 12
    assert not {table.path for table in tables.TABLES} & {file.path for file in FILES}
    assert {table.format for table in tables.TABLES} <= set(FORMATS)


def test_the_packages_of_all_tables_are_pinned() -> None:
    lines = (ROOT / "benchmarks/automl/packages.txt").read_text(encoding="ascii").splitlines()
    assert {table.package for table in tables.TABLES} == {line.partition("==")[0] for line in lines}


def test_the_short_form_is_part_of_the_whole() -> None:
    assert len(SHORT_TABLES) == 8
    assert set(SHORT_TABLES) < set(tables.NAMES)
    assert set(SHORT_METHODS) < set(METHODS)


def test_folds_follow_the_rule() -> None:
    rows = list(range(1, 41))
    labels = ["b" if row % 4 else "a" for row in rows]
    found = tables.folds("toy", rows, labels)
    digests = {row: sha256(f"toy 1 {row}".encode()).hexdigest() for row in rows}
    first = sorted((row for row in rows if labels[row - 1] == "a"), key=digests.__getitem__)
    second = sorted((row for row in rows if labels[row - 1] == "b"), key=digests.__getitem__)
    assert [found[row - 1] for row in [*first, *second]] == [place % 3 for place in range(40)]
    assert Counter(found) == {0: 14, 1: 13, 2: 13}


def test_of_a_large_table_the_rows_with_the_lowest_digests_are_taken() -> None:
    lowest = sorted(range(1, 101), key=lambda row: sha256(f"toy {row}".encode()).hexdigest())[:10]
    assert tables.chosen("toy", 100, most=10) == sorted(lowest)
    assert tables.chosen("toy", 100, most=100) == list(range(1, 101))


def test_kerash_gets_text_with_gaps_and_words_as_they_are(table: tables.Table, tmp_path: Path) -> None:
    y = table.write(tmp_path, 1)
    assert table.classes == ["9", "10"]
    assert y.tolist() == [1, 0]
    with (tmp_path / "train.csv").open(newline="") as file:
        train = list(csv.reader(file))
    assert train[:2] == [["size", "doors", "note", "class"], ["1", "2", "a, b", "10"]]
    assert [row[1] for row in train[1:]] == ["2", "5more", "", "4"]
    assert (tmp_path / "test.csv").read_text() == "size,doors,note\n,2,c\n4,4,c\n"


def test_others_get_the_same_rows_as_frames(table: tables.Table, tmp_path: Path) -> None:
    table.write(tmp_path, 2)
    known = pickle.loads((tmp_path / "known.pickle").read_bytes())
    assert known["y"].tolist() == [1, 0, 1, 0]
    assert known["x"]["size"].tolist()[:2] == [1.0, 2.5]
    assert known["x_test"]["doors"].tolist() == [None, "4"]
    assert [str(kind) for kind in known["x"].dtypes] == ["float64", "object", "object"]


def test_a_task_says_where_gaps_are_and_which_words_are_numbers(table: tables.Table, tmp_path: Path) -> None:
    tables.tell(tmp_path, **table.task())
    told = json.loads((tmp_path / "task.json").read_text())
    assert told == {"target": "class", "classes": 2, "gaps": True, "mixed": ["doors"]}


def test_a_file_of_keel_is_read_below_its_head(tmp_path: Path) -> None:
    path = tmp_path / "toy.dat"
    path.write_text("@relation toy\n@attribute A1 {u, v}\n@attribute Size real[0,9]\n@data\nu, 1.5\n<null>, 2\n")
    found = keel(path)
    assert list(found.columns) == ["A1", "Size"]
    assert found["Size"].tolist() == [1.5, 2.0]
    assert found["A1"].isna().tolist() == [False, True]
