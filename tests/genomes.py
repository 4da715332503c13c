"""A mountpoint with models and genomes, and what the files of a genome hold."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import program
import pytest
from conftest import ROOT
from numpy.typing import NDArray

XOR = ("models/xor.model", "data/xor.data", "data/xor.label")
IRIS = ("models/iris.model", "data/iris.csv", "--target", "species")
GOLDEN = json.loads((ROOT / "tests/golden/xor-2-10-1.json").read_text(encoding="ascii"))

Array = NDArray[np.float64]


@pytest.fixture(autouse=True)
def mount(tmp_path: Path) -> Path:
    """The mountpoint of a test: a folder of the name that is looked for."""
    (tmp_path / "kerash_mountpoint").mkdir()
    return tmp_path / "kerash_mountpoint"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mountpoints to be copied: `xor` with model and genome, `iris` likewise, both of seed 0."""
    parent = tmp_path_factory.mktemp("made")
    for name, words in (("xor", XOR), ("iris", IRIS)):
        (parent / name).mkdir()
        genome = {"xor": "default", "iris": "flowers"}[name]
        for command in (["store-model", name, *words], ["create-genome", genome, name]):
            program.right(parent, *command, "-q", "--mountpoint", name)
    first, second = np.zeros((4, 16)), np.zeros((16, 3))
    first[:, :3] = np.array([[0.2, 0.2, -0.2, -0.2], [-0.2, -0.2, 0.3, 0.3], [1, 1, 1, 1]]).T
    second[[0, 1, 2], [0, 2, 1]] = 8, 8, 2.8
    for i, layer in enumerate((first, second), 1):
        write_tensor(folder(parent / "iris", "flowers") / f"topology/layer_{i}/weights.dat", layer)
    return parent


@pytest.fixture
def genome(made: Path, mount: Path) -> Path:
    """The folder of the genome `default` of the stored model `xor`."""
    shutil.copytree(made / "xor", mount, dirs_exist_ok=True)
    return folder(mount, "default")


@pytest.fixture
def flowers(made: Path, mount: Path) -> Path:
    """The folder of the genome `flowers` of the stored model `iris`; its weights, set by hand, tell species apart."""
    shutil.copytree(made / "iris", mount, dirs_exist_ok=True)
    return folder(mount, "flowers")


def folder(mount: Path, name: str) -> Path:
    return mount / "model/genomes" / f"gen_{name}"


def write_tensor(path: Path, matrix: Array) -> None:
    height, width = matrix.shape
    values = "".join(f"{value!r}\n" for value in matrix.ravel().tolist())
    path.write_text(f"{width} {height} 1\n{values}", encoding="ascii")


def read_tensor(path: Path) -> Array:
    sizes, *values = path.read_text(encoding="ascii").splitlines()
    width, height, depth = map(int, sizes.split())
    assert depth == 1
    return np.array(values, float).reshape(height, width)


def weights(genome: Path) -> list[Array]:
    return [read_tensor(path) for path in sorted(genome.glob("topology/*/weights.dat"))]


def digest(folder: Path) -> dict[str, str]:
    """What a folder holds, by name: a tree hash."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in sorted(folder.rglob("*"))
    }


# fit: the figures of 2019


def golden(epoch: int) -> list[Array]:
    return [np.array(layer["values"]).reshape(layer["shape"]) for layer in GOLDEN["weights"][str(epoch)]]


def forward(layers: list[Array], x: Array) -> Array:
    for layer in layers:
        x = 1 / (1 + np.exp(-(x @ layer)))
    return x


@pytest.fixture
def inherited(made: Path, mount: Path) -> Path:
    """The original's own genome, as it wrote it: without `settings`, and with the biases that it left out."""
    shutil.copytree(made / "xor/model/xor", mount / "model/my_model")
    shutil.copy(made / "xor/model/xor.model", mount / "model/my_model.model")
    path = folder(mount, "old")
    for i, layer in enumerate([None, *golden(0)]):
        (path / f"topology/layer_{i}").mkdir(parents=True)
        meta = "- input\n" if layer is None else "sigmoid dense\n"
        (path / f"topology/layer_{i}/meta.dat").write_text(meta, encoding="ascii")
        if layer is not None:
            write_tensor(path / f"topology/layer_{i}/weights.dat", layer)
            write_tensor(path / f"topology/layer_{i}/bias_weights.dat", np.full((1, layer.shape[1]), 0.25))
    (path / "meta.dat").write_text("3 1 1\n1\n10\n3\n", encoding="ascii")
    return path
