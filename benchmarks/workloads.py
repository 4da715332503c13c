"""What every contender of a comparison trains: the network, its first weights and the data, in float32."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerash_cli.engine.initializers import glorot
from kerash_cli.engine.network import Network
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.model.description import ModelDescription
from kerash_cli.tables import reading

DATA = Path(__file__).parents[1] / "data"
MNIST = Path(os.environ.get("KERASH_MNIST") or DATA / "mnist")
"""The folder of MNIST's files, train-images-idx3-ubyte.gz and so on, which are too large to come along."""

Array = NDArray[np.float32]


class Race(NamedTuple):
    """One timed run: whole epochs, the data in memory before and nothing compiled or allocated for it."""

    seconds: float
    loss: float
    """The mean over the last epoch, as training saw it."""
    ends: tuple[float, float] = (0.0, 0.0)
    """Seconds of the first epoch and of the last, where a side tells them."""


class Target(NamedTuple):
    """How many times as fast as a peer kerash has to be, and what lies beyond that."""

    ratio: float
    beyond: float


@dataclass(frozen=True)
class Workload:
    """`model` is the text of a model description; `loss` and `optimizer` go by their names at the command line."""

    title: str
    model: str
    loss: str
    optimizer: str
    rate: float
    batch_size: int
    epochs: int
    samples: Callable[[], tuple[Array, Array]]
    targets: Mapping[str, Target]
    scaling: float | None = None
    """How many times as fast two workers have to be as one."""
    momentum: float = 0.0
    slowing: float | None = None
    """Largest ratio of the last epoch's time to the first one's."""

    @cached_property
    def description(self) -> ModelDescription:
        return ModelDescription.parse(self.model)

    @cached_property
    def network(self) -> Network:
        return Network(self.description.layers, self.description.known_shape)

    @property
    def classes(self) -> bool:
        """Whether the targets are classes, one-hot, whose logits the loss judges."""
        return self.loss == "categorical-cross-entropy"

    @property
    def images(self) -> bool:
        """Whether a sample is an image (depth, height, width) to the network, rather than a row of features."""
        return any(layer.layout == "image" for layer in self.network.layers)

    @property
    def needs_mnist(self) -> bool:
        return self.samples in (mnist, mnist_start)

    def initial(self) -> list[tuple[Array, Array]]:
        """The weights and bias of each layer that learns: Glorot's law and zeros, the same for all contenders.

        Weights are (inputs, units), or (filters, depth, kernel height, kernel width).
        """
        network, draw = self.network, partial(glorot, np.random.default_rng(0))
        layers = network.tensors(np.zeros(network.size, np.float32))
        for layer, shape, tensors in zip(network.layers, network.shapes, layers, strict=False):
            layer.initialize(shape, tensors, draw)
        return [(tensors["weights"], tensors["bias"]) for tensors in layers if tensors]

    def flops(self, rows: int) -> int:
        """Of the products of a whole run: one forward and two backward, save the first layer's input gradient."""
        layers = zip(self.network.layers, self.network.shapes, strict=False)
        products = [layer.flops(shape) for layer, shape in layers if layer.learns]
        return rows * self.epochs * (3 * sum(products) - products[0])


def shuffler() -> np.random.Generator:
    """What shuffles the rows in place before each epoch, so that both sides of a comparison take them in one order."""
    return generator(0, Key.SHUFFLE)


def xor() -> tuple[Array, Array]:
    return np.array([[0, 0], [0, 1], [1, 1], [1, 0]], np.float32), np.array([[0], [1], [0], [1]], np.float32)


def digits() -> tuple[Array, Array]:
    """Pixels from 0 to 1, and the digits one-hot."""
    table = np.loadtxt(DATA / "digits.csv", np.float32, delimiter=",", skiprows=1)
    return table[:, :-1] / 16, np.eye(10, dtype=np.float32)[table[:, -1].astype(np.intp)]


def mnist(rows: int = 60_000) -> tuple[Array, Array]:
    """The first of the 60,000 training images, pixels from 0 to 1, and the digits one-hot."""
    images, labels = (
        reading.read(str(MNIST / f"train-{name}-ubyte.gz")).numbers[:rows] for name in ("images-idx3", "labels-idx1")
    )
    return images.astype(np.float32) / 255, np.eye(10, dtype=np.float32)[labels[:, 0].astype(np.intp)]


def mnist_start() -> tuple[Array, Array]:
    """The first 6,400 of MNIST's training images."""
    return mnist(6400)


def noise() -> tuple[Array, Array]:
    """640 images of 64x64x3 with pixels from 0 to 1, and one of 30 classes for each, one-hot: nothing to be learnt."""
    rng = np.random.default_rng(0)
    return rng.random((640, 64 * 64 * 3), np.float32), np.eye(30, dtype=np.float32)[rng.integers(30, size=640)]


def _dense(sizes: tuple[int, ...], hidden: str, output: str) -> str:
    """The description of a network of dense layers: the activation of the hidden ones, and of the last."""
    features, *units, outputs = sizes
    layers = (f"dense {each} {hidden}" for each in units)
    return _lines(f"{features} 1 1", "input", *layers, f"dense {outputs} {output}")


def _convolutional(shape: str, filters: tuple[int, ...], stride: int, classes: int) -> str:
    """The description of a network for images: for each number of filters a convolution 3x3 and max pooling 2x2.

    `shape` is WIDTH HEIGHT DEPTH, `stride` that of the pooling.
    """
    pooling = f"max_pooling - {stride} 0 2 2"
    pairs = (line for each in filters for line in (f"convolution relu {each} 1 0 3 3", pooling))
    return _lines(shape, "input", *pairs, "flatten -", f"dense {classes} softmax")


def _lines(*lines: str) -> str:
    return "\n".join(lines)


def _mnist(
    title: str, hidden: tuple[int, ...], batch_size: int, targets: Mapping[str, Target], **other: Any
) -> Workload:
    chosen = {"optimizer": "sgd", "rate": 0.1, "epochs": 1, **other}
    return Workload(
        title=title,
        model=_dense((784, *hidden, 10), "relu", "softmax"),
        loss="categorical-cross-entropy",
        batch_size=batch_size,
        samples=mnist,
        targets=targets,
        **chosen,
    )


def _pooled_mnist(title: str, filters: tuple[int, int], pytorch: Target, jax: Target) -> Workload:
    return Workload(
        title=title,
        model=_convolutional("28 28 1", filters, 2, 10),
        loss="categorical-cross-entropy",
        optimizer="sgd",
        rate=0.1,
        batch_size=64,
        epochs=1,
        samples=mnist_start,
        targets={"pytorch": pytorch, "jax": jax},
        scaling=1.75,
    )


WORKLOADS = {
    "B1": Workload(
        "2-10-1 sigmoid, mse, sgd; XOR, batch 4, 1,000 epochs",
        _dense((2, 10, 1), "sigmoid", "sigmoid"),
        loss="mean-square",
        optimizer="sgd",
        rate=0.5,
        batch_size=4,
        epochs=1000,
        samples=xor,
        targets={"pytorch": Target(15, 20), "scikit-learn": Target(11, 15), "jax": Target(1, 10)},
    ),
    "B2": Workload(
        "64-64-10 relu, softmax, adam; digits, batch 32, 20 epochs",
        _dense((64, 64, 10), "relu", "softmax"),
        loss="categorical-cross-entropy",
        optimizer="adam",
        rate=0.001,
        batch_size=32,
        epochs=20,
        samples=digits,
        targets={"pytorch": Target(12, 16), "scikit-learn": Target(7, 9), "jax": Target(1, 2)},
    ),
    "B3": _mnist(
        "784-128-10 relu, softmax, sgd; MNIST, batch 32, 1 epoch",
        (128,),
        32,
        {"pytorch": Target(3.3, 3.7), "jax": Target(1.4, 1.7)},
        scaling=1.6,
    ),
    "B4": _mnist(
        "784-128-10; MNIST, batch 128",
        (128,),
        128,
        {"pytorch": Target(2, 2.3), "jax": Target(1.3, 1.5)},
        scaling=1.6,
    ),
    "B5": _mnist(
        "784-512-10; MNIST, batch 128",
        (512,),
        128,
        {"pytorch": Target(1.4, 1.5), "jax": Target(1.25, 1.4)},
        scaling=1.6,
    ),
    "B6": _mnist(
        "784-512-512-10, adam; MNIST, batch 512",
        (512, 512),
        512,
        {"pytorch": Target(1.15, 1.25), "jax": Target(1.03, 1.1)},
        optimizer="adam",
        rate=0.001,
        scaling=1.75,
    ),
    "B7": _pooled_mnist(
        "conv 8 3x3, pool 2, conv 16 3x3, pool 2, dense 10; relu, softmax, sgd; MNIST's first 6,400, batch 64, 1 epoch",
        (8, 16),
        Target(3, 3.6),
        Target(6, 8),
    ),
    "B8": _pooled_mnist("B7 with 32 and 64 filters", (32, 64), Target(1.3, 1.5), Target(5, 6)),
    "B9": Workload(
        "the CNN of 2019 for 64x64x3 and 30 classes, sgd; 640 random images, batch 16, 1 epoch",
        _convolutional("64 64 3", (2, 2), 1, 30),
        loss="categorical-cross-entropy",
        optimizer="sgd",
        rate=0.001,
        batch_size=16,
        epochs=1,
        samples=noise,
        targets={"pytorch": Target(2.2, 2.5), "jax": Target(1.8, 2.2)},
    ),
    "B11": _mnist(
        "B3 with adam, 4 epochs; many inputs are hardly ever lit",
        (128,),
        32,
        {"pytorch": Target(2.5, 5)},
        optimizer="adam",
        rate=0.001,
        epochs=4,
        slowing=1.03,
    ),
    "B12": _mnist(
        "B11 with sgd and a momentum of 0.9",
        (128,),
        32,
        {"pytorch": Target(3, 5)},
        rate=0.01,
        momentum=0.9,
        epochs=4,
        slowing=1.03,
    ),
}
