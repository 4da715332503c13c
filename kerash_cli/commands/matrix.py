"""`kerash matrix`: operations on matrices."""

import click

from kerash_cli.commands._help import HELP_NAMES
from kerash_cli.commands._operations import OperationGroup


@click.group(cls=OperationGroup, group="matrix", context_settings=HELP_NAMES)
def command() -> None:
    """Calculate with matrices.

    Operations read text files and print text, for use in pipelines.

    An operand is a file (text as in 2019, rows of numbers such as CSV, or .npy), or `-` for standard input. Without
    operands, an operation on one matrix reads standard input, and an operation on two reads file descriptors 3 and 4.
    kerash matrix OPERATION --help explains an operation.

    \b
    kerash matrix random 3 2 --seed 1 > a.mat
    kerash matrix transpose a.mat | kerash matrix mul a.mat - | kerash matrix print
    kerash matrix add 3< a.mat 4< a.mat > b.mat
    """
