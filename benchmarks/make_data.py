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
from random import Random

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
    write(folder / "pumps.csv", pumps())


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


def pumps() -> Table:
    """Readings of 80 pumps in 12 weeks, and whether each pump failed soon after; and what spoils tables in practice."""
    draw = Random(1).random

    def normal() -> float:
        return sum(draw() for _ in range(12)) - 6

    types = {11: -1.2, 12: 1.5, 21: -0.6, 22: 1.2, 31: -1.0, 32: 0.4}  # what each type adds to the risk
    all_pumps = [
        ([*types][int(draw() * 6)], round(1 + 19 * draw()), 0.8 * normal(), 5 + 0.6 * normal()) for _ in range(80)
    ]
    rows = []
    for week in range(1, 13):
        for pump, (kind, age, own, usual) in enumerate(all_pumps, 1):
            pressure, vibration, temperature = (
                usual + 0.5 * normal(),
                2.5 * math.exp(0.35 * normal()),
                58 + 6 * normal(),
            )
            risk = types[kind] + own + 0.2 * (temperature - 58) + 1.1 * ((pressure - 5) ** 2 - 0.6)
            risk += (vibration - 2.6) * 1.3 * (0.6 if age < 8 else 1.4)
            failed = draw() < 1 / (1 + math.exp(-3 * (risk - 0.9)))
            hours = round(0.5 + 6 * draw(), 1) if failed else 0
            seen = f"{temperature:.1f}" if draw() > 0.05 else "-999"
            words = [pump, week, kind, age, f"{pressure:.2f}", f"{vibration:.2f}", seen, f"{hours:g}"]
            rows.append([*map(str, words), "yes" if failed else "no"])
    header = ["pump", "week", "type", "age", "pressure", "vibration", "temperature", "repair_hours", "failed"]
    return [header, *rows]


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
