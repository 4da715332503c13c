"""`kerash blas`: a pipeline of operations in one process."""

import click

from kerash_cli.commands import _operations, _options
from kerash_cli.commands._operations import HELP


@click.command(context_settings=HELP)
@click.argument("pipeline")
@click.option("--explain", is_flag=True, help="What each step came to, on standard error.")
@_operations.writing
@_options.quiet
def command(pipeline: str, explain: bool, npy: bool, output: str | None, quiet: bool) -> None:
    """Run a PIPELINE of operations, each on the result of the one before, in one process.

    Steps are the operations of kerash matrix, with | between them; further operands are files. `tensor` before a step
    makes it one of kerash tensor. Words are quoted as in a shell.

    \b
    kerash blas 'random 3 2 --seed 1 | transpose | print'
    kerash blas 'load - | apply relu | mean' < a.mat
    kerash blas 'tensor random 4 4 3 | tensor slice 0 0 1 2 2 1 0 | sum --axis x' --explain
    """
    from kerash_cli.matrices.pipeline import Pipeline
    from kerash_cli.views.messages import Console

    parsed = Pipeline.parse(pipeline)
    _operations.check_npy(npy, parsed.last)
    tell = Console(quiet).say if explain else None
    _operations.finish(parsed.run(_operations.gathering(quiet), tell), npy, output)
