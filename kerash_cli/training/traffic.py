"""The traffic of ranks that share no memory: what a step sends, and when it pays to train on several machines.

All of it follows from the model and the size of a batch. The times are estimates: a core does `cores.RATE` operations
per second, and a link carries bits and takes a while for each message.
"""

from typing import NamedTuple

from kerash_cli.engine.network import Network
from kerash_cli.engine.slices import hidden
from kerash_cli.system import cores
from kerash_cli.training.division import MOST, chunks, slices
from kerash_cli.training.rows import part_of
from kerash_cli.training.steps import own


class Link(NamedTuple):
    """A network between machines."""

    name: str
    bits: float
    """Bits per second, in each direction."""
    latency: float
    """Seconds until a message of no size is there."""


LINKS = (Link("1 Gbit/s", 1e9, 1e-4), Link("10 Gbit/s", 1e10, 3e-5))
"""Common links, with latencies of about what TCP has over Ethernet."""


class Traffic(NamedTuple):
    """A step of several ranks, each on a machine of its own."""

    ranks: int
    """Number of ranks that have work."""
    parts: int
    """Number of parts that the work on a batch is divided into."""
    by: str
    """Kind of the parts: "chunks" of rows, or "slices" of the network."""
    sent: int
    """Bytes that a rank sends, the busiest one."""
    meetings: int
    """Number of times that ranks wait for each other."""
    seconds: float
    """Seconds of arithmetic of the busiest rank."""
    alone: float
    """Seconds of arithmetic of one rank that does everything."""

    def step(self, link: Link) -> float:
        """Returns the seconds that a step takes."""
        return self.seconds + self.sending(link)

    def sending(self, link: Link) -> float:
        """Returns the seconds in which ranks wait for messages."""
        return 8 * self.sent / link.bits + self.meetings * link.latency

    def speedup(self, link: Link) -> float:
        """Returns how many times as fast as one rank they are."""
        return self.alone / self.step(link)


def of_step(network: Network, batch: int, ranks: int, itemsize: int) -> Traffic:
    """Returns the traffic of a step by batches of so many rows, with numbers of `itemsize` bytes.

    The optimizer is one whose update is divided between ranks, as adam's is, and gradients are not clipped.
    """
    alone = 3.0 * network.flops * batch / cores.RATE
    if (count := slices(network, batch)) > 1:
        ranks = min(ranks, count)
        numbers, meetings = _by_slices(network, batch, ranks, count)
        by = "slices"
    else:
        count = chunks(batch, network.flops, network.size, max(MOST))
        ranks = min(ranks, count)
        numbers, meetings = _by_chunks(network.size, ranks, count), 2
        by = "chunks"
    if ranks == 1:
        numbers, meetings = 0, 0
    busiest = max(len(own(rank, ranks, count)) for rank in range(ranks))
    return Traffic(ranks, count, by, numbers * itemsize, meetings, alone * busiest / count, alone)


def batch_size_for(network: Network, ranks: int) -> int | None:
    """Returns the smallest power of two that gives work to so many ranks; None if none up to 2**20 does."""
    sizes = (1 << power for power in range(21))
    return next((size for size in sizes if of_step(network, size, ranks, 1).ranks == ranks), None)


def _by_chunks(size: int, ranks: int, count: int) -> int:
    """Returns how many numbers a rank sends, for `count` chunks: losses, gradients, and the parameters it updates."""
    parts = [part_of(rank, ranks, size) for rank in range(ranks)]
    widths = [part.stop - part.start for part in parts]
    most = 0
    for rank in range(ranks):
        computed, others = len(own(rank, ranks, count)), size - widths[rank]
        most = max(most, computed * (others + ranks - 1) + widths[rank] * (ranks - 1))
    return most


def _by_slices(network: Network, batch: int, ranks: int, count: int) -> tuple[int, int]:
    """Returns how many numbers a rank sends, and how often ranks meet.

    Forward, a rank sends its units of a hidden layer, or its slices' shares of the outputs; backward, its shares of the
    gradients of the others' units.
    """
    *inner, _ = widths = hidden(network)
    most = 0
    for rank in range(ranks):
        mine = own(rank, ranks, count)
        numbers = network.outputs * len(mine) * (ranks - 1)
        for width in inner:
            units = width * mine.stop // count - width * mine.start // count
            numbers += units * (ranks - 1) + len(mine) * (width - units)
        most = max(most, batch * numbers)
    return most, 2 * len(widths) - 1
