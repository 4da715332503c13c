"""`kerash shell-answer`: what the functions of shell-init ask, and the coprocess that they ask."""

import sys

import click

from kerash_cli.errors import BadInput


@click.command(hidden=True, context_settings={"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]})
@click.option("--serve", type=click.IntRange(min=1), metavar="PID", help="Start the coprocess of this process.")
@click.argument("question", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(context: click.Context, serve: int | None, question: tuple[str, ...]) -> None:
    """Answer a QUESTION of a function of shell-init: its name, then what is to be done.

    \b
    kerash shell-answer matrix_mean matrix mean < a.mat
    """
    if serve is not None:
        from kerash_cli.shell.coprocess import start

        try:
            click.echo(start(serve))
        except OSError:  # no descriptors or pipes left: the shell does without
            raise click.exceptions.Exit(1) from None
        return
    from kerash_cli.shell.answers import Elsewhere, answer
    from kerash_cli.shell.asker import Itself

    try:
        status, content = answer(question, Itself())
    except Elsewhere:
        raise BadInput(f"expected what a function asks; try kerash {' '.join(question[1:3])} --help") from None
    sys.stdout.flush()
    (sys.stderr if status else sys.stdout).buffer.write(content)
    raise click.exceptions.Exit(status)
