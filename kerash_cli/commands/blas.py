"""`kerash blas`: runs a pipeline of operations in one process."""

from typing import TYPE_CHECKING

import click

from kerash_cli.commands import _operations
from kerash_cli.commands._help import Command, Option

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

EXPLAIN = Option("--explain", is_flag=True, help="Print the size of each step's result, on standard error.")


class PipelineWords(click.ParamType):  # type: ignore[type-arg]
    """Operations with `|` between them, in one word."""

    name = "text"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns the pipeline so far with each of the operations that may come next."""
        from kerash_cli.completion import offers

        before, bar, step = incomplete.rpartition("|")
        group, _, name = step.lstrip().rpartition(" ")
        if group not in ("", "tensor"):
            return []
        return offers.words(group or "matrix", f"{before}{bar}{step.removesuffix(name)}" if name else incomplete)


@click.command(cls=Command, sections={"Options": (EXPLAIN, *_operations.WRITING)})
@click.argument("pipeline", type=PipelineWords())
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
