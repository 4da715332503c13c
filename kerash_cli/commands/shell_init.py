"""`kerash shell-init`: the functions of 2019 for the calling shell."""

import click

SHELLS = ("zsh", "bash")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print functions for SHELL with the names of 2019, for it to evaluate.

    Scripts that were written for the original run when that line stands in the file that they source.

    \b
    eval "$(kerash shell-init zsh)"
    matrix_random 3 2 > a; matrix_random 3 2 > b
    matrix_add 3< a 4< b | matrix_apply activ_relu | matrix_print
    """
    from kerash_cli.shell.functions import script

    click.echo(script(shell), nl=False)
