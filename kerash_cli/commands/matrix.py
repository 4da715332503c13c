"""`kerash matrix`: operations on matrices."""

import click

from kerash_cli.commands._operations import HELP, OperationGroup


@click.group(cls=OperationGroup, group="matrix", context_settings=HELP)
def command() -> None:
    """Operations on matrices: text files in, text out, for pipelines.

    An operand is a file, text as in 2019 or .npy, or - for standard input. Left out, one operand comes from standard
    input, two from descriptors 3 and 4. kerash matrix OPERATION --help says more of each.

    \b
    kerash matrix random 3 2 --seed 1 > a.mat
    kerash matrix transpose a.mat | kerash matrix mul a.mat - | kerash matrix print
    kerash matrix add 3< a.mat 4< a.mat > b.mat
    """
