"""The division of a batch's work into parts: which parts there are, by a rule of the model and the batch alone.

A network of dense layers is cut into slices, which hold some units of each hidden layer and take whole batches. Of any
other network, and of one that is small, batches are cut into chunks of rows. The number of workers does not matter, so
that it never changes a result.
"""

from kerash_cli.engine.network import Network
from kerash_cli.engine.slices import hidden
from kerash_cli.training.run import CHUNK_RULE, batch_sizes

MOST = {CHUNK_RULE: 16, 3: 256}
"""Largest number of chunks, by the version of the rule.

The rule is `chunks`, `slices` and all else that decides the last digits of a result: a change takes a new version.
Saved models record it, and a checkpoint is resumed with its own.
"""


def chunks(batch: int, flops: int, parameters: int, rule: int = CHUNK_RULE) -> int:
    """Returns the number of chunks that a batch of `batch` rows is cut into.

    `flops` counts the operations of one sample's forward pass.
    """
    work = 3 * flops * batch
    intensity = work / (4 * max(1, parameters))
    most = MOST[rule]
    while most > 1 and (batch < 32 * most or work < 25e6 * most or intensity < (100 if most == 2 else 256 * most)):
        most //= 2
    return most


def slices(network: Network, batch: int) -> int:
    """Returns the number of slices that a network is cut into for batches of `batch` rows; 1 if it stays whole.

    Slices pay where a chunk of rows would be small. The output layer is computed in each slice, and the last activation
    by each worker: they must not be wide.
    """
    units = hidden(network)
    suits = units and min(units) >= 64 and network.outputs <= 64
    return 2 if suits and batch <= 128 and 3 * network.flops * batch >= 1.5e7 else 1


def slices_of_run(network: Network, rows: int, batch_size: int) -> int:
    """Returns the number of slices for all batches of a run; the largest batch decides."""
    return slices(network, max(batch_sizes(rows, batch_size, network.fewest_rows)))


def most_parts(network: Network, rows: int, batch_size: int, rule: int = CHUNK_RULE) -> int:
    """Returns the largest number of parts in a batch of a run: no more workers can share it."""
    if (count := slices_of_run(network, rows, batch_size)) > 1:
        return count
    sizes = batch_sizes(rows, batch_size, network.fewest_rows)
    return max(chunks(size, network.flops, network.size, rule) for size in sizes)


def rule_of_run(network: Network, rows: int, batch_size: int) -> int:
    """Returns the version of the rule for a new run: the earliest one that makes as many parts as the latest."""
    parts = {rule: most_parts(network, rows, batch_size, rule) for rule in sorted(MOST)}
    return next(rule for rule in parts if parts[rule] == parts[max(MOST)])
