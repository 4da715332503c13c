"""Sources of gradients: objects that train a run's parameters on one batch at a time."""

from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np

from kerash_cli.engine.allocation import aligned
from kerash_cli.engine.losses import Loss
from kerash_cli.engine.network import Network
from kerash_cli.training.rank import Rank, rank_shapes
from kerash_cli.training.run import Run
from kerash_cli.training.samples import Samples
from kerash_cli.training.steps import Task


class GradientSource(Protocol):
    """Computes the gradient of a batch and updates the parameters with it."""

    @property
    def hits(self) -> int:
        """In the latest batch, number of rows whose outputs are all within the margin of the targets; 0 without one."""

    def __enter__(self) -> Self:
        """Starts the processes that the source needs; leaving the `with` block ends them."""

    def __exit__(self, *error: object) -> None:
        """Ends the processes of the source."""

    def step(self, start: int, stop: int) -> float:
        """Takes one step with the batch order[start:stop]; returns the sum of the batch's losses before the step."""


class OtherRanks(Protocol):
    """Other processes that train together with this one, which it has not started itself."""

    def __len__(self) -> int:
        """Returns their number."""

    def renew(self) -> None:
        """Prepares them for another run."""

    def source(self, job: Mapping[str, Any], samples: Samples, run: Run) -> GradientSource:
        """Returns a source of gradients that uses them and this process; `job` comes from `pool.described`."""


class InProcess(Rank):
    """A GradientSource in this process alone."""

    def __init__(self, network: Network, loss: Loss, samples: Samples, run: Run, margin: float | None = None) -> None:
        """`network` computes the inputs of the loss: its last activation is left out if the loss includes it."""
        task = Task(network, loss, samples, run.params, run.optimizer, run.mode, margin, run.chunk_rule)
        needed = rank_shapes(network, len(run.order), run.batch_size, 1, run.params.dtype, run.chunk_rule)
        shared = {name: aligned(shape, np.dtype(dtype)) for name, (shape, dtype) in needed.items()}
        super().__init__(task, run.order, run.batch_size, shared)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Does nothing, because there is no process to end."""
