"""Tables for searches, and what a search leaves."""

import re
from pathlib import Path

import numpy as np

SMALL = ("--max-width", "8", "--max-layers", "2")
"""Options with which a search for a table does not take long."""
XOR = ("2", "1", "xor_ev", "data/xor.data", "data/xor.label")


def table(folder: Path, rows: int = 90, kind: str = "classes") -> Path:
    """A small table with something to learn in it."""
    rng = np.random.default_rng(4)
    x = rng.standard_normal((rows, 3))
    label = {
        "classes": np.array(["low", "high", "odd"])[(x[:, 0] > 0).astype(int) + (x[:, 1] * x[:, 2] > 0.5)],
        "number": 1000 + 50 * x[:, 0] * x[:, 1],
        "targets": 3 * x[:, 0],
        "words": np.where(x[:, 0] > 0, "yes", "no"),
    }[kind]
    lines = [f"{','.join(f'{value:.6f}' for value in row)},{each}" for row, each in zip(x, label, strict=True)]
    if kind == "words":
        lines = [
            f"{'pqr'[int(abs(row[1]) * 2) % 3]}{line[line.index(',') :]}" for row, line in zip(x, lines, strict=True)
        ]
    path = folder / f"{kind}.csv"
    path.write_text("a,b,c,label\n" + "\n".join(lines) + "\n", encoding="ascii")
    return path


def untimed(path: Path) -> str:
    """A history without what differs from run to run."""
    return re.sub(r'"seconds": [-+.e0-9]+', "", path.read_text(encoding="ascii"))


def bytes_of(folder: Path, name: str) -> dict[str, str | bytes]:
    """All that a search leaves, times aside."""
    found: dict[str, str | bytes] = {"history": untimed(folder / f"{name}.evolve/history.jsonl")}
    left = [folder / f"{name}.evolve" / each for each in ("winner.json", "best.model")]
    for path in (folder / f"{name}.kerash", *left):
        found[path.name] = path.read_bytes()
    weights = sorted((folder / f"{name}.evolve/weights").iterdir())
    return {**found, "weights": " ".join(path.name for path in weights)}


def few_digits(folder: Path, rows: int) -> Path:
    """The first of the digits."""
    lines = (folder / "data/digits.csv").read_text(encoding="ascii").splitlines(keepends=True)
    path = folder / "few.csv"
    path.write_text("".join(lines[: rows + 1]), encoding="ascii")
    return path
