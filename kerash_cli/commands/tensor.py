"""`kerash tensor`: operations on tensors of three dimensions."""

import click

from kerash_cli.commands._operations import HELP, OperationGroup


@click.group(cls=OperationGroup, group="tensor", context_settings=HELP)
def command() -> None:
    """Operations on tensors of three dimensions; those of matrices work on each layer.

    An operand is a file, text as in 2019 or .npy, or - for standard input. Left out, one operand comes from standard
    input, two from descriptors 3 and 4. kerash tensor OPERATION --help says more of each.

    \b
    kerash tensor random 4 4 3 --seed 1 > a.ten
    kerash tensor slice 0 0 1 2 2 1 0 a.ten | kerash tensor print
    kerash tensor max-pooling 2 2 --stride 2 a.ten
    """
