"""`kerash fit`: trains a genome batch by batch, as in 2019."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _options
from kerash_cli.commands._help import Command, Option
from kerash_cli.commands._interrupts import concluding
from kerash_cli.errors import Diverged

if TYPE_CHECKING:
    from pathlib import Path

    from kerash_cli.classic.fitting import Fit
    from kerash_cli.store.mountpoint import Mountpoint
    from kerash_cli.training.sources import GradientSource
    from kerash_cli.views.batches import BatchLines


@click.command(
    cls=Command,
    alone=True,
    sections={
        "Options": (
            Option(
                "--model",
                type=_options.STORED_MODEL,
                metavar="NAME",
                help="Stored model with the samples (default: the one that GENOME was made from).",
            ),
            Option("--seed", type=_options.SEED, default=0, help="Seed for the row order (default: {default})."),
            _options.MOUNTPOINT,
            _options.AS_JSON,
            _options.QUIET,
        )
    },
)
@click.argument("epochs", metavar="EPOCHS", type=_options.COUNT)
@click.argument("genome", metavar="GENOME", type=_options.GENOME)
@click.argument("batch_size", metavar="BATCH_SIZE", type=_options.COUNT)
@click.argument("processes", metavar="PROCESSES", type=_options.Whole(1, 4096))
@click.argument("learning_rate", metavar="LEARNING_RATE", type=_options.POSITIVE)
@click.argument("error_margin", metavar="ERROR_MARGIN", type=_options.NOT_NEGATIVE)
def command(genome: str, mountpoint: str | None, as_json: bool, quiet: bool, **words: Any) -> None:
    """Train a genome by plain gradient descent.

    GENOME learns from the samples of its stored model, as in 2019. For each batch, a line (with --json, an object)
    shows the squared error per row, and the share of rows in which every output is within ERROR_MARGIN of its label. At
    most PROCESSES processes share a batch; their number never changes the result.

    Ctrl-C stops after the current batch and keeps the weights so far.

    \b
    kerash fit 25 default 4 1 10 0.1
    """
    from kerash_cli.classic.genomes import Genomes
    from kerash_cli.classic.places import find
    from kerash_cli.store.mountpoint import mountpoints
    from kerash_cli.views.batches import BatchLines
    from kerash_cli.views.messages import Console

    console, lines = Console(quiet), BatchLines(as_json, quiet)
    places = mountpoints(mountpoint)
    shelf = find(Genomes, places, genome)
    with (
        shelf.holding(genome) as folder,
        _begun(folder, places, words) as (fit, samples),
        shelf.draft(genome, replace(fit.result, result=0.0).sizes()) as draft,
        concluding(fit.run, status=lambda: console.result(lines.latest)) as ending,
        _shared(fit, samples, min(words["processes"], fit.most_workers), mountpoint) as source,
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
def _begun(folder: "Path", places: "Sequence[Mountpoint]", words: dict[str, Any]) -> "Iterator[tuple[Fit, Path]]":
    """Yields the Fit of a genome, and the folder of its samples, which is locked until the `with` block ends."""
    from kerash_cli.classic import fitting
    from kerash_cli.classic.genomes import Genome

    genome = Genome.read(folder)
    models, name = fitting.model_of(genome, places, words["model"])
    with models.holding(name, shared=True) as samples:
        yield (
            fitting.Fit(
                genome,
                fitting.fitting_samples(genome, samples, "train"),
                epochs=words["epochs"],
                batch_size=words["batch_size"],
                learning_rate=words["learning_rate"],
                margin=words["error_margin"],
                seed=words["seed"],
            ),
            samples,
        )


@contextmanager
def _shared(fit: "Fit", samples: "Path", workers: int, mountpoint: str | None) -> "Iterator[GradientSource | None]":
    """Yields a source of gradients that shares batches with additional processes; None if this process works alone."""
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


def _run(fit: "Fit", source: "GradientSource | None", lines: "BatchLines") -> Diverged | None:
    """Fits the genome and shows each batch; returns the error if the run diverged after at least one good epoch."""
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
