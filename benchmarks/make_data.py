"""Writes the files of data/ again, byte for byte: from the copies that scikit-learn carries, and from formulas.

    pip install numpy scikit-learn
    python benchmarks/make_data.py [FOLDER]

FOLDER is data/ of this repository by default. What the files are, and whose, is in data/README.md, the one file
there that is written by hand.
"""

import math
import re
import sys
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from sklearn import datasets
from sklearn.utils import Bunch

Table = list[list[str]]  # the header, then the rows; the target is the last column

DATA = Path(__file__).parents[1] / "data"
REPETITIONS = 5
FOLDS = 5


def main(folder: Path = DATA) -> None:
    classification = {
        "iris": table(datasets.load_iris(), "species", ["setosa", "versicolor", "virginica"]),
        "wine": table(datasets.load_wine(), "cultivar", ["1", "2", "3"]),
        "breast_cancer": table(datasets.load_breast_cancer(), "diagnosis", ["malignant", "benign"]),
        "digits": table(datasets.load_digits(), "digit", list("0123456789")),
    }
    regression = {"diabetes": diabetes()}
    for name, rows in (classification | regression).items():
        write(folder / f"{name}.csv", rows)
        labels = [row[-1] if name in classification else "" for row in rows[1:]]
        write(folder / "splits" / f"{name}.csv", splits(name, labels))

    write(folder / "xor.data", [["0", "0"], ["0", "1"], ["1", "1"], ["1", "0"], ["1", "0"]])
    write(folder / "xor.label", [["0"], ["1"], ["0"], ["1"], ["1"]])
    write(folder / "parity3.csv", parity3())
    write(folder / "spirals.csv", spirals())
    write(folder / "square.csv", square())


def table(source: Bunch, target: str, classes: Sequence[str]) -> Table:
    """`source` with tidy column names, its targets (indices) as the names of `classes`."""
    rows = [[*numbers(x), classes[y]] for x, y in zip(source.data, source.target, strict=True)]
    return [[*map(tidy, source.feature_names), target], *rows]


def diabetes() -> Table:
    """The set in its own units; its serum measures, `s1` to `s6` in scikit-learn, as its authors abbreviate them."""
    source = datasets.load_diabetes(scaled=False)
    rows = [numbers([*x, y]) for x, y in zip(source.data, source.target, strict=True)]
    return [["age", "sex", "bmi", "blood_pressure", "tc", "ldl", "hdl", "tch", "ltg", "glu", "progression"], *rows]


def splits(name: str, labels: Sequence[str]) -> Table:
    """Each row's fold in each repetition: rows sorted by label, then by hash, are dealt to the folds in turn.

    The hash is the SHA-256 of `NAME REPETITION ROW`, counted from 1; unlike a library's shuffle it stays the same.
    """

    def folds(repetition: int) -> list[str]:
        def key(row: int) -> tuple[str, bytes]:
            return labels[row], sha256(f"{name} {repetition} {row + 1}".encode()).digest()

        fold_of = {row: str(turn % FOLDS) for turn, row in enumerate(sorted(range(len(labels)), key=key))}
        return [fold_of[row] for row in range(len(labels))]

    repetitions = range(1, REPETITIONS + 1)
    return [[f"repetition{r}" for r in repetitions], *map(list, zip(*map(folds, repetitions), strict=True))]


def parity3() -> Table:
    bits = [(a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1)]
    return [["a", "b", "c", "parity"], *(numbers([*abc, sum(abc) % 2]) for abc in bits)]


def spirals() -> Table:
    """Wieland's spirals at density 2, to the five decimals in which the benchmark gives them."""
    rows = []
    for i in range(193):
        angle, radius = i * math.pi / 32, 6.5 * (208 - i) / 208
        x, y = round(radius * math.sin(angle), 5), round(radius * math.cos(angle), 5)
        rows += [numbers([x, y, 1]), numbers([-x, -y, 0])]
    return [["x", "y", "spiral"], *rows]


def square() -> Table:
    return [["x", "y"], *(numbers([i / 100, i * i / 10_000]) for i in range(-100, 101))]


def tidy(name: str) -> str:
    """`name` in snake case, without its unit; `pixel_3_5` as `p3_5`."""
    return re.sub(r"\W+", "_", name.removesuffix(" (cm)")).replace("pixel_", "p")


def numbers(values: Iterable[float]) -> list[str]:
    """The shortest decimals that read back as `values`: no exponent, no trailing `.0`, no negative zero."""
    return [np.format_float_positional(value + 0.0, trim="-") for value in values]


def write(path: Path, rows: Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="ascii", newline="\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
