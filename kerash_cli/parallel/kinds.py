"""The kinds of executors, by name."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kerash_cli.parallel.executors import CallFiles, Crew, Serial, Workers
from kerash_cli.registry import Registry

if TYPE_CHECKING:
    from kerash_cli.parallel.connecting import Connection


class ExecutorOrder(NamedTuple):
    """Arguments for an executor; each kind uses what it needs."""

    workers: int
    """Number of worker processes on this machine."""
    tell: Callable[[str], object]
    """Function that is called with a message if workers fail."""
    asked: Callable[[], object]
    """Function that workers call when `ask` is called."""
    cluster: "Connection | None"
    """The cluster that makes the calls."""
    folder: Path
    """Folder whose files the calls read."""
    paths: CallFiles
    """The paths in the argument of each call."""


EXECUTORS: Registry[Callable[[ExecutorOrder], Crew]] = Registry("executor")


@EXECUTORS.register("serial")
def _serial(order: ExecutorOrder) -> Crew:
    """Makes the calls in this process."""
    return Serial()


@EXECUTORS.register("processes")
def _processes(order: ExecutorOrder) -> Crew:
    """Makes the calls in worker processes on this machine."""
    return Workers(order.workers, order.tell, order.asked)


@EXECUTORS.register("dask")
def _dask(order: ExecutorOrder) -> Crew:
    """Makes the calls in the workers of a Dask cluster."""
    from kerash_cli.parallel.cluster import Cluster  # imported late: few runs need it

    assert order.cluster is not None, "it is connected"
    return Cluster(order.cluster, order.folder, order.paths)
