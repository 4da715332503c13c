"""Runs of training: the state that is needed to continue one."""

from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from kerash_cli.engine.layers import Mode
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import Optimizer, OptimizerSettings
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput

CHUNK_RULE = 2
"""Version of the rule by which the work on a batch is divided, unless a run needs a later one; see `division`."""


class Figure(NamedTuple):
    """A figure shown to people, accuracy or RMSE, with its name, such as `validation_accuracy`."""

    name: str
    value: float


class Epoch(NamedTuple):
    """The result of one pass over the samples. Losses are means over rows; `seconds` counts from the run's start."""

    number: int
    loss: float
    validation_loss: float | None
    learning_rate: float
    improved: bool
    seconds: float
    figure: Figure | None = None
    """Accuracy or RMSE after this epoch, if it was measured."""


@dataclass
class Run:
    """The state of a training: everything that is needed to continue it."""

    params: Array
    optimizer: Optimizer
    mode: Mode
    order: NDArray[np.intp]
    rng: np.random.Generator
    batch_size: int
    epochs: int
    patience: int
    fewest_rows: int = 1
    chunk_rule: int = CHUNK_RULE
    epoch: int = 0
    best_params: Array = field(init=False)
    best_epoch: int = 0
    best_loss: float = inf
    seconds: float = 0.0
    history: list[Epoch] = field(default_factory=list)
    arithmetic: str = ""
    """Fingerprints of the arithmetic of the epochs before it was continued; empty if it was not, or none is known."""
    stop: str = ""
    """Reason to stop, which any thread or signal handler may set: training ends, and the epoch under way is lost."""

    def __post_init__(self) -> None:
        self.best_params = self.params.copy()

    @classmethod
    def begin(
        cls,
        network: Network,
        params: Array,
        optimizer: type[Optimizer],
        settings: OptimizerSettings,
        rows: int,
        seed: int,
        batch_size: int,
        epochs: int,
        patience: int,
    ) -> Self:
        """Returns a new run over `rows` rows that starts from `params`; `seed` decides everything random."""
        steps = len(batches(rows, batch_size, network.fewest_rows))
        return cls(
            params,
            optimizer(settings, params.size, params.dtype, steps, epochs),
            Mode(training=True, seed=seed),
            np.arange(rows),
            generator(seed, Key.SHUFFLE),
            batch_size,
            epochs,
            patience,
            network.fewest_rows,
        )

    @property
    def is_over(self) -> bool:
        """True if all epochs are done, or the last `patience` epochs did not lower the validation loss."""
        return self.epoch >= self.epochs or self.epoch - self.best_epoch >= self.patience

    @property
    def batches(self) -> list[tuple[int, int]]:
        """Returns the batches of an epoch as (start, stop) in `order`."""
        return batches(len(self.order), self.batch_size, self.fewest_rows)


def batches(rows: int, size: int, fewest: int) -> list[tuple[int, int]]:
    """Divides rows into batches (start, stop); see `batch_from`."""
    found = [batch_from(0, rows, size, fewest)]
    while found[-1][1] < rows:
        found.append(batch_from(found[-1][1], rows, size, fewest))
    return found


def batch_from(start: int, rows: int, size: int, fewest: int) -> tuple[int, int]:
    """Returns the batch (start, stop) that begins with the row `start`.

    A last batch of fewer than `fewest` rows joins the one before.
    """
    stop = min(start + size, rows)
    return start, rows if rows - stop < min(fewest, size) else stop


def batch_sizes(rows: int, size: int, fewest: int) -> set[int]:
    """Returns the sizes that batches have."""
    return {stop - start for start, stop in batches(rows, size, fewest)}


def require_rows(network: Network, rows: int, batch_size: int, advice: str) -> None:
    """Raises BadInput, with the given advice, if a batch would be too small for a layer to learn from."""
    smallest = min(batch_sizes(rows, batch_size, network.fewest_rows))
    if smallest < network.least_rows:
        raise BadInput(
            f"expected batches of {network.least_rows} rows or more for this network's {network.most_demanding}, "
            f"got a batch of {smallest}; try {advice}, or more data"
        )
