"""The data sets of the comparison, and their division into what is known and what is asked.

Five come from data/, with the splits committed there. MNIST's 10,000 rows are those of the 60,000 training images
with the lowest SHA-256 of the ASCII text `mnist ROW`, where rows count from 1; they keep their order, and their folds
follow the rule in data/README.md, with the name `mnist` and the rows' numbers among the 60,000.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.contenders import ROOT
from benchmarks.workloads import MNIST
from kerash_cli.tables import reading

BUNDLED = ("iris", "wine", "breast_cancer", "digits", "diabetes")
NAMES = (*BUNDLED, "mnist")
REPEATS, FOLDS = 5, 5
MNIST_ROWS = 10_000


@dataclass(frozen=True)
class Table:
    """A data set: each row's text as it is in the file, and its fold in each repetition."""

    name: str
    columns: list[str]
    rows: list[list[str]]
    folds: NDArray[np.int_]

    @property
    def classes(self) -> list[str]:
        """In kerash's order: numbers by value, others by code point; none where the target is a quantity."""
        if self.name == "diabetes":
            return []
        found = {row[-1] for row in self.rows}
        return sorted(found, key=float) if all(map(str.isdigit, found)) else sorted(found)

    @cached_property
    def numbers(self) -> tuple[NDArray[np.float32], NDArray[Any]]:
        """The inputs, and the targets: a class by its place in `classes`."""
        places = {label: place for place, label in enumerate(self.classes)}
        targets = [places[row[-1]] if places else float(row[-1]) for row in self.rows]
        return np.array([row[:-1] for row in self.rows], np.float32), np.array(targets)

    def write(self, folder: Path, repeat: int, fold: int) -> NDArray[Any]:
        """Puts one split into `folder`, for all contenders alike, and returns the targets that they are not told.

        train.csv and test.csv, the latter without targets, are for kerash, known.npz with the same numbers as arrays
        for the others: `x`, `y` and `x_test`.
        """
        asked = self.folds[:, repeat] == fold
        known = [row for row, held in zip(self.rows, asked, strict=True) if not held]
        held = [row[:-1] for row, held in zip(self.rows, asked, strict=True) if held]
        for name, lines in (("train", [self.columns, *known]), ("test", [self.columns[:-1], *held])):
            text = "".join(",".join(line) + "\n" for line in lines)
            (folder / f"{name}.csv").write_text(text, encoding="ascii")
        x, y = self.numbers
        np.savez(folder / "known.npz", x=x[~asked], y=y[~asked], x_test=x[asked])
        return y[asked]

    def task(self) -> dict[str, Any]:
        """What a contender is told about the columns."""
        return {"target": self.columns[-1], "inputs": len(self.columns) - 1, "classes": len(self.classes)}


def read(name: str) -> Table:
    """A set by its name."""
    if name == "mnist":
        return _mnist()
    columns, *rows = _lines(f"{name}.csv")
    return Table(name, columns, rows, np.array(_lines(f"splits/{name}.csv")[1:], int))


def tell(folder: Path, **task: Any) -> None:
    """Puts what a contender must know beside the rows into `folder`."""
    (folder / "task.json").write_text(json.dumps(task), encoding="ascii")


def _lines(file: str) -> list[list[str]]:
    text = (ROOT / "data" / file).read_text(encoding="ascii")
    return [line.split(",") for line in text.splitlines()]


def _mnist() -> Table:
    images, labels = (
        reading.read(str(MNIST / f"train-{name}-ubyte.gz")).numbers.astype(int)
        for name in ("images-idx3", "labels-idx1")
    )
    images = images.reshape(len(images), -1)
    numbers = sorted(sorted(range(1, len(images) + 1), key=lambda row: _digest(f"mnist {row}"))[:MNIST_ROWS])
    chosen = np.array(numbers) - 1
    columns = [*(f"p{row}_{column}" for row in range(28) for column in range(28)), "digit"]
    rows = [[*map(str, image), str(label)] for image, label in zip(images[chosen], labels[chosen, 0], strict=True)]
    return Table("mnist", columns, rows, _folds("mnist", numbers, [row[-1] for row in rows]))


def _folds(name: str, numbers: Sequence[int], labels: Sequence[str]) -> NDArray[np.int_]:
    """Each row's fold in each repetition, by the rule in data/README.md."""
    folds = np.empty((len(numbers), REPEATS), int)
    for repeat in range(REPEATS):
        digests = [_digest(f"{name} {repeat + 1} {number}") for number in numbers]
        order = sorted(range(len(numbers)), key=lambda row: (labels[row], digests[row]))
        folds[order, repeat] = np.arange(len(numbers)) % FOLDS
    return folds


def _digest(text: str) -> str:
    return sha256(text.encode("ascii")).hexdigest()
