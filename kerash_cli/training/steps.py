"""The work on a batch, as one rank does it.

A rank is one of several processes that train a network together, or the only one. It computes some of the parts that
`division` makes of the work: chunks of rows, or slices of the network. What parts need of each other lies in arrays
that all ranks share.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from kerash_cli.engine.layers import Mode
from kerash_cli.engine.losses import Loss
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import Optimizer
from kerash_cli.engine.tensors import Array, Calls, Indices, Shape
from kerash_cli.parallel.ranks import Crossing
from kerash_cli.training.run import CHUNK_RULE
from kerash_cli.training.samples import Samples

Arrays = Mapping[str, Any]
"""The shared arrays of a division, by name."""

Shapes = dict[str, tuple[Shape, Any]]
"""Shape and type of arrays, by name."""


@dataclass(frozen=True)
class Task:
    """A training: the network up to what the loss includes, its parameters (size,), and all that decides a step."""

    network: Network
    loss: Loss
    samples: Samples
    params: Array
    optimizer: Optimizer
    mode: Mode
    margin: float | None
    """For counting hits; see `GradientSource.hits`."""
    rule: int = CHUNK_RULE
    """Version of the rule by which batches are divided."""


class Step(NamedTuple):
    """A rank's work on a batch of n rows. After each phase but the last of a list, all ranks meet."""

    rows: Indices
    """Indexes of the batch's rows, (n,); the caller writes them."""
    gather: Calls
    """Copies the rows' samples. It needs nothing of the other ranks, and may come before they are done with a batch."""
    judge: list[Calls]
    """The phases at whose end the losses are known. They change no parameters if other ranks might have to know."""
    losses: list[Array]
    """Sums of losses, 0-d; added in order, they are the batch's."""
    hits: list[NDArray[Any]]
    """Numbers of hits, 0-d; empty if there is no margin."""
    learn: list[Calls]
    """The phases that change the parameters, which are left out if the loss is not finite."""
    judged: list[Crossing]
    """Values that ranks need of each other after each phase of `judge` but the last."""
    learnt: list[Crossing]
    """Values that they need after each phase of `learn` but the last."""


class Division(Protocol):
    """A rank's share of each batch's work."""

    turns: int
    """A step must not use the same memory as so many steps before it."""
    copies: bool
    """True if it computes with copies of the task's vectors, between `begin` and `end`."""

    def step(self, n: int, turn: int) -> Step:
        """Compiles the work on a batch of n rows; the turns come one after the other."""

    def begin(self) -> None:
        """Copies the task's parameters and the optimizer's state; called before each epoch."""

    def end(self) -> None:
        """Copies them back, as far as this rank owns them; called after each epoch."""

    def whole(self, source: int, target: int) -> list[Array]:
        """Returns what crosses at the end of an epoch, a `Crossing`: the first rank needs the whole state of the run.

        Of parameters and the optimizer's vectors it is what no earlier crossing has brought.
        """

    def recompute(self, rows: Indices) -> float:
        """Returns the sum of losses of these rows, computed by this rank alone with the task's parameters."""


def together(indexes: range) -> slice:
    """Returns the slice of these indexes, which follow each other."""
    return slice(indexes.start, indexes.stop)


def own(rank: int, ranks: int, count: int) -> range:
    """Returns the indexes of the parts that a rank computes; one rank has at most one part more than another."""
    return range(rank * count // ranks, (rank + 1) * count // ranks)
