"""`kerash fit`: a genome's weights, a batch at a time, as in 2019."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

import click

from kerash_cli.commands import _options
from kerash_cli.commands._interrupts import concluding
from kerash_cli.errors import Diverged

if TYPE_CHECKING:
    from pathlib import Path

    from kerash_cli.classic.fitting import Batch, Fit
    from kerash_cli.training.sources import GradientSource

LATEST = 0.1
"""Seconds that a line may wait before it is written."""


@click.command()
@click.argument("epochs", type=_options.COUNT)
@click.argument("genome", type=_options.NAME)
@click.argument("batch_size", type=_options.COUNT)
@click.argument("processes", type=click.IntRange(1, 4096))
@click.argument("learning_rate", type=_options.POSITIVE)
@click.argument("error_margin", type=_options.NOT_NEGATIVE)
@click.option("--model", type=_options.MODEL_NAME, metavar="NAME", help="The stored model whose samples to fit to.")
@click.option("--seed", type=_options.SEED, default=0, show_default=True, help="Of the order of the rows.")
@_options.mountpoint
@_options.as_json
@_options.quiet
def command(
    epochs: int,
    genome: str,
    batch_size: int,
    processes: int,
    learning_rate: float,
    error_margin: float,
    model: str | None,
    seed: int,
    mountpoint: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Fit GENOME to the samples of its stored model, by gradient descent as in 2019.

    Each batch gives a line: the squared error of a row, and in how many rows every output was within ERROR_MARGIN of
    its label; with --json an object. PROCESSES share a batch, as far as it is worth cutting, and never change a result.
    Ctrl-C ends it after the batch under way, and keeps what there is.

    \b
    kerash fit 25 default 4 1 10 0.1
    """
    from dataclasses import replace

    from kerash_cli.classic import fitting
    from kerash_cli.classic.genomes import Genome, Genomes
    from kerash_cli.classic.places import find
    from kerash_cli.store.mountpoint import mountpoints
    from kerash_cli.views.messages import Console

    console = Console(quiet)
    places = mountpoints(mountpoint)
    shelf = find(Genomes, places, genome)
    with shelf.holding(genome) as folder:
        begun = Genome.read(folder)
        models, name = fitting.model_of(begun, places, model)
        with (
            models.holding(name, shared=True) as samples,
            shelf.draft(genome, replace(begun, result=0.0).sizes()) as draft,
        ):
            fit = fitting.Fit(
                begun,
                fitting.fitting_samples(begun, samples, "train"),
                epochs=epochs,
                batch_size=batch_size,
                learning_rate=learning_rate,
                margin=error_margin,
                seed=seed,
            )
            lines = _BatchLines(as_json, quiet)
            with (
                concluding(fit.run, status=lambda: console.result(lines.latest)) as ending,
                _shared(fit, samples, min(processes, fit.most_workers), mountpoint) as source,
            ):
                diverged = _run(fit, source, lines)
                fit.result.write(draft)
                draft.commit()
    if diverged:
        raise Diverged(f"{diverged}; {genome} has the weights after epoch {fit.run.best_epoch - 1}")
    if ending.signal:
        console.say(f"interrupted in epoch {fit.run.epoch - 1}; {genome} keeps the weights that it has now")
    ending.leave()


@contextmanager
def _shared(fit: "Fit", samples: "Path", workers: int, mountpoint: str | None) -> "Iterator[GradientSource | None]":
    """What makes the steps in so many processes; None if that is this one alone."""
    if workers == 1:
        yield None
        return
    from kerash_cli.parallel.processes import Processes
    from kerash_cli.store.stage import stage
    from kerash_cli.training import pool
    from kerash_cli.views.messages import Console

    with (
        Processes(workers - 1, pool.__name__) as processes,
        stage(fit.staged_bytes(workers), mountpoint, Console().say) as folder,
        fit.shared(processes, folder, samples) as source,
    ):
        yield source


class _BatchLines:
    """A line of each batch on standard output, or if `quiet` the last one alone."""

    def __init__(self, as_json: bool, quiet: bool) -> None:
        self._as_json, self._quiet = as_json, quiet
        self._written = monotonic()
        self._batch: Batch | None = None

    @property
    def latest(self) -> str:
        """The line of the latest batch."""
        return str(self._batch or "no batch is done yet")

    def batch(self, batch: "Batch") -> None:
        """Writes its line, which may wait LATEST seconds."""
        self._batch = batch
        if not self._quiet:
            self._put(batch)
            if (now := monotonic()) - self._written > LATEST:
                sys.stdout.flush()
                self._written = now

    def close(self) -> None:
        """Writes what is left."""
        if self._quiet and self._batch:
            self._put(self._batch)
        sys.stdout.flush()

    def _put(self, batch: "Batch") -> None:
        import json

        print(json.dumps(batch._asdict()) if self._as_json else batch)


def _run(fit: "Fit", source: "GradientSource | None", lines: _BatchLines) -> Diverged | None:
    """Fits until the end or until the run is stopped; the error, if it diverged with something worth keeping."""
    try:
        for batch in fit.batches(source):
            lines.batch(batch)
    except Diverged as error:
        if fit.run.best_epoch:
            return error
        raise
    finally:
        lines.close()
    return None
