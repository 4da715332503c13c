"""`kerash blas`: runs a pipeline of operations in one process."""

import click

from kerash_cli.commands import _operations
from kerash_cli.commands._help import Command, Option

EXPLAIN = Option("--explain", is_flag=True, help="Print the size of each step's result, on standard error.")


@click.command(cls=Command, sections={"Options": (EXPLAIN, *_operations.WRITING)})
@click.argument("pipeline")
def command(pipeline: str, explain: bool, npy: bool, rows: bool, output: str | None, quiet: bool) -> None:
    """Run a pipeline of operations in one process.

    PIPELINE is one word: operations of kerash matrix, separated by `|`. Each step works on the result of the step
    before; its other operands are files. With `tensor` in front, a step is an operation of kerash tensor. Words are
    quoted as in a shell.

    \b
    kerash blas 'random 3 2 --seed 1 | transpose | print'
    kerash blas 'load - | apply relu | mean' < a.mat
    kerash blas 'tensor random 4 4 3 | tensor slice 0 0 1 2 2 1 0 | sum --axis x' --explain
    """
    from kerash_cli.matrices.pipeline import Pipeline
    from kerash_cli.views.messages import Console

    parsed = Pipeline.parse(pipeline)
    write = _operations.writer(npy, rows, parsed.last)
    tell = Console(quiet).say if explain else None
    _operations.finish(parsed.run(_operations.gathering(quiet), tell), write, output)
