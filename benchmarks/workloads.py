"""What every contender of a comparison trains: the network, its first weights and the data, in float32."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerash_cli import dataset

DATA = Path(__file__).parents[1] / "data"
MNIST = Path(os.environ.get("KERASH_MNIST") or DATA / "mnist")
"""The folder of MNIST's files, train-images-idx3-ubyte.gz and so on, which are too large to come along."""

Array = NDArray[np.float32]


class Race(NamedTuple):
    """One timed run: whole epochs, the data in memory before and nothing compiled or allocated for it."""

    seconds: float
    loss: float
    """The mean over the last epoch, as training saw it."""


class Target(NamedTuple):
    """How many times as fast as a peer kerash has to be, and what lies beyond that."""

    ratio: float
    beyond: float


@dataclass(frozen=True)
class Workload:
    """Dense layers of these `sizes`; `output` and `loss` go by the names of a model description."""

    title: str
    sizes: tuple[int, ...]
    hidden: str
    output: str
    loss: str
    optimizer: str
    rate: float
    batch_size: int
    epochs: int
    samples: Callable[[], tuple[Array, Array]]
    targets: Mapping[str, Target]
    scaling: float | None = None
    """How many times as fast two workers have to be as one."""

    def initial(self) -> list[tuple[Array, Array]]:
        """Each layer's weights (inputs, units) and bias: Glorot's law and zeros, the same for all contenders."""
        rng = np.random.default_rng(0)
        limits = ((shape, sqrt(6 / sum(shape))) for shape in pairwise(self.sizes))
        return [
            (rng.uniform(-limit, limit, shape).astype(np.float32), np.zeros(shape[1], np.float32))
            for shape, limit in limits
        ]

    def flops(self, rows: int) -> int:
        """Of the products of a whole run: one forward and two backward, save the first layer's input gradient."""
        products = [2 * before * after for before, after in pairwise(self.sizes)]
        return rows * self.epochs * (3 * sum(products) - products[0])


def xor() -> tuple[Array, Array]:
    return np.array([[0, 0], [0, 1], [1, 1], [1, 0]], np.float32), np.array([[0], [1], [0], [1]], np.float32)


def digits() -> tuple[Array, Array]:
    """Pixels from 0 to 1, and the digits one-hot."""
    table = np.loadtxt(DATA / "digits.csv", np.float32, delimiter=",", skiprows=1)
    return table[:, :-1] / 16, np.eye(10, dtype=np.float32)[table[:, -1].astype(np.intp)]


def mnist() -> tuple[Array, Array]:
    """The 60,000 training images, pixels from 0 to 1, and the digits one-hot."""
    images, labels = (
        dataset.read(str(MNIST / f"train-{name}-ubyte.gz")).numbers for name in ("images-idx3", "labels-idx1")
    )
    return images.astype(np.float32) / 255, np.eye(10, dtype=np.float32)[labels[:, 0].astype(np.intp)]


def _mnist(
    title: str, hidden: tuple[int, ...], batch_size: int, targets: Mapping[str, Target], **other: Any
) -> Workload:
    chosen = {"optimizer": "sgd", "rate": 0.1, **other}
    return Workload(
        title=title,
        sizes=(784, *hidden, 10),
        hidden="relu",
        output="softmax",
        loss="categorical-cross-entropy",
        batch_size=batch_size,
        epochs=1,
        samples=mnist,
        targets=targets,
        **chosen,
    )


WORKLOADS = {
    "B1": Workload(
        "2-10-1 sigmoid, mse, sgd; XOR, batch 4, 1,000 epochs",
        sizes=(2, 10, 1),
        hidden="sigmoid",
        output="sigmoid",
        loss="mean-square",
        optimizer="sgd",
        rate=0.5,
        batch_size=4,
        epochs=1000,
        samples=xor,
        targets={"pytorch": Target(15, 20), "scikit-learn": Target(10, 15)},
    ),
    "B2": Workload(
        "64-64-10 relu, softmax, adam; digits, batch 32, 20 epochs",
        sizes=(64, 64, 10),
        hidden="relu",
        output="softmax",
        loss="categorical-cross-entropy",
        optimizer="adam",
        rate=0.001,
        batch_size=32,
        epochs=20,
        samples=digits,
        targets={"pytorch": Target(8, 10), "scikit-learn": Target(4, 5)},
    ),
    "B3": _mnist(
        "784-128-10 relu, softmax, sgd; MNIST, batch 32, 1 epoch",
        (128,),
        32,
        {"pytorch": Target(2, 3), "jax": Target(0, 1)},
    ),
    "B4": _mnist(
        "784-128-10; MNIST, batch 128",
        (128,),
        128,
        {"pytorch": Target(1.6, 2.2), "jax": Target(1.1, 1.5)},
        scaling=1.15,
    ),
    "B5": _mnist(
        "784-512-10; MNIST, batch 128", (512,), 128, {"pytorch": Target(1.2, 1.5), "jax": Target(1, 1.2)}, scaling=1.15
    ),
    "B6": _mnist(
        "784-512-512-10, adam; MNIST, batch 512",
        (512, 512),
        512,
        {"pytorch": Target(1.15, 1.3), "jax": Target(0.95, 1.1)},
        optimizer="adam",
        rate=0.001,
        scaling=1.75,
    ),
}
