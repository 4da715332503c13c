"""Sources of gradients: objects that train a run's parameters on one batch at a time."""

from functools import partial
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from kerash_cli.engine.calls import run_calls
from kerash_cli.engine.losses import Loss
from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Array, Calls
from kerash_cli.training.chunks import Chunks, Compiled, Slot, chunks
from kerash_cli.training.run import Run
from kerash_cli.training.samples import Samples


class GradientSource(Protocol):
    """Computes the gradient of a batch and updates the parameters with it."""

    hits: int
    """In the latest batch, number of rows whose outputs are all within the margin of the targets; 0 without margin."""

    def __enter__(self) -> Self:
        """Starts the processes that the source needs; leaving the `with` block ends them."""

    def __exit__(self, *error: object) -> None:
        """Ends the processes of the source."""

    def step(self, start: int, stop: int) -> float:
        """Takes one step with the batch order[start:stop]; returns the sum of the batch's losses before the step."""


class InProcess:
    """A GradientSource in this process alone, which computes one chunk at a time."""

    hits = 0
    """Number of rows within the margin; see `GradientSource.hits`."""

    def __init__(self, network: Network, loss: Loss, samples: Samples, run: Run, margin: float | None = None) -> None:
        """`network` computes the inputs of the loss: its last activation is left out if the loss includes it."""
        self._network, self._samples, self._run = network, samples, run
        self._gradient, self._addend = np.empty_like(run.params), np.empty_like(run.params)
        self._update = network.update(run.optimizer, run.params, self._gradient)
        # The first chunk's gradient becomes the total; the others are added to it.
        slots = [Slot(run.params, self._gradient), Slot(run.params, self._addend)]
        self._chunks = Chunks(network, loss, run.mode, slots, samples.weight is not None, margin)
        self._steps = Compiled[tuple[int, int], tuple[Calls, list[Array], list[NDArray[np.intp]]]](self._compile)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Does nothing, because there is no process to end."""

    def step(self, start: int, stop: int) -> float:
        calls, losses, hits = self._steps[start, stop]
        run_calls(calls)
        if hits:
            self.hits = sum(each.item() for each in hits)
        total = 0.0
        for loss in losses:
            total += loss.item()
        return total

    def _compile(self, start: int, stop: int) -> tuple[Calls, list[Array], list[NDArray[np.intp]]]:
        """Returns the calls of a step with order[start:stop], and the arrays of each chunk's loss and hits."""
        batch, mode = stop - start, self._run.mode
        parts = np.array_split(self._run.order[start:stop], chunks(batch, self._network.flops, self._network.size))
        losses: list[Array] = []
        hits: list[NDArray[np.intp]] = []
        calls: Calls = []
        for index, rows in enumerate(parts):
            chunk = self._chunks[len(rows), batch, min(index, 1)]
            if len(parts) > 1:
                calls.append(partial(setattr, mode, "chunk", index))
            calls += [*chunk.gather(self._samples, rows), *chunk.compute]
            # The first chunk's memory is its own; the others take turns with theirs.
            losses.append(np.empty_like(chunk.loss) if index else chunk.loss)
            hits += [np.empty_like(each) if index else each for each in chunk.hits]
            if index:
                calls.append(partial(np.copyto, losses[-1], chunk.loss))
                calls += [partial(np.copyto, hits[-1], each) for each in chunk.hits]
                calls.append(partial(np.add, self._gradient, self._addend, self._gradient))
        if len(parts) > 1:
            calls.append(partial(setattr, mode, "chunk", 0))  # where a batch that is not cut expects it
        return calls + self._update, losses, hits
