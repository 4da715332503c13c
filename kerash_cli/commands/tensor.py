"""`kerash tensor`: operations on tensors of three dimensions."""

import click

from kerash_cli.commands._help import HELP_NAMES
from kerash_cli.commands._operations import OperationGroup


@click.group(cls=OperationGroup, group="tensor", context_settings=HELP_NAMES)
def command() -> None:
    """Calculate with tensors.

    A tensor has three dimensions; an operation on matrices works on each of its layers.

    An operand is a file (text as in 2019, rows of numbers such as CSV, or .npy), or `-` for standard input. Without
    operands, an operation on one tensor reads standard input, and an operation on two reads file descriptors 3 and 4.
    kerash tensor OPERATION --help explains an operation.

    \b
    kerash tensor random 4 4 3 --seed 1 > a.ten
    kerash tensor slice 0 0 1 2 2 1 0 a.ten | kerash tensor print
    kerash tensor max-pooling 2 2 --stride 2 a.ten
    """
