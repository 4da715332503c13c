"""What a saved model gives, computed in float64 from the numbers in its file alone, without the program's own code."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

Floats = NDArray[np.float64]

ACTIVATIONS = {
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "-": lambda z: z,
    "identity": lambda z: z,
    "softmax": lambda z: (
        np.exp(z - z.max(axis=1, keepdims=True)) / np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True)
    ),
}
MISSING = {"", "na", "n/a", "nan", "null", "?"}


class Saved(NamedTuple):
    """The record of a .kerash file, and its tensors by name."""

    record: dict[str, Any]
    tensors: dict[str, Floats]

    @classmethod
    def read(cls, path: Path) -> "Saved":
        """The file as any reader of safetensors sees it."""
        with safe_open(path, framework="numpy") as file:
            record = json.loads(file.metadata()["kerash"])["record"]
            return cls(record, {name: file.get_tensor(name).astype(np.float64) for name in file.keys()})  # noqa: SIM118

    @property
    def encoding(self) -> dict[str, Any]:
        """What is known of the columns."""
        known: dict[str, Any] = self.record["encoding"]
        return known

    @property
    def columns(self) -> list[tuple[int, list[str] | None]]:
        """The inputs: the position of each column, and its categories, if it is text."""
        inputs: list[tuple[int, list[str] | None]] = []
        for first, categories, *run in self.encoding["inputs"]:
            inputs += [(first + k, categories) for k in range(run[0] if run else 1)]
        return inputs

    def learnt(self, name: str) -> Floats:
        """Numbers of the record, in which [number, count] stands for the same one again and again."""
        runs = [each if isinstance(each, list) else [each, 1] for each in self.encoding[name]]
        return np.array([number for number, count in runs for _ in range(count)], np.float64)

    def inputs(self, rows: Sequence[Sequence[str]]) -> Floats:
        """(rows, features) of the cells of the whole table that was trained on."""
        features = []
        for position, categories in self.columns:
            cells = [row[position].strip(" \t") for row in rows]
            if categories is None:
                features.append([np.nan if cell.lower() in MISSING else float(cell) for cell in cells])
            else:
                features += [[float(cell == category) for cell in cells] for category in categories]
        x = np.array(features, np.float64).T
        scaled: Floats = (np.where(np.isnan(x), self.learnt("fill"), x) - self.learnt("mean")) / self.learnt("scale")
        return scaled

    def outputs(self, x: Floats) -> Floats:
        """(rows, outputs) of the last layer: a = S(a W + b), layer by layer."""
        a = x
        for index, line in enumerate(self.record["model"].splitlines()[1:]):
            keyword, *words = line.split()
            if keyword == "dense":
                a = a @ self.tensors[f"layer{index}.dense.weights"] + self.tensors[f"layer{index}.dense.bias"]
                a = ACTIVATIONS[words[1]](a)
        return a

    def values(self, outputs: Floats) -> Floats:
        """(rows,) of a single target, in its own unit."""
        target: Floats = outputs[:, 0] * self.target_scale + self.learnt("target_mean")[0]
        return target

    @property
    def target_scale(self) -> float:
        """The unit in which the network sees a single target."""
        return float(self.learnt("target_scale")[0])

    def shares(self, outputs: Floats) -> Floats:
        """(rows, classes) how likely each class is."""
        return np.hstack([1 - outputs, outputs]) if self.encoding["kind"] == "binary" else outputs
