"""`kerash shell-init`: prints the functions of 2019 for a shell."""

import click

from kerash_cli.commands._help import Command

SHELLS = ("zsh", "bash")


@click.command(cls=Command, sections={"Options": ()})
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the functions of 2019 for a shell.

    SHELL is zsh or bash. To run a script of 2019, replace the line that sources its functions by the first line below.

    \b
    eval "$(kerash shell-init zsh)"
    matrix_random 3 2 > a; matrix_random 3 2 > b
    matrix_add 3< a 4< b | matrix_apply activ_relu | matrix_print
    """
    from kerash_cli.shell.functions import script

    click.echo(script(shell), nl=False)
