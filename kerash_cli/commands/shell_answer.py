"""`kerash shell-answer`: answers the functions of shell-init, at once or from a coprocess."""

import sys

import click

from kerash_cli.errors import BadInput


@click.command(hidden=True, context_settings={"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]})
@click.option(
    "--serve",
    type=click.IntRange(min=1),
    metavar="PID",
    help="Start a coprocess for the shell with this process number.",
)
@click.argument("question", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(context: click.Context, serve: int | None, question: tuple[str, ...]) -> None:
    """Answer a function of shell-init.

    QUESTION is the name of the function, then the command that does its work.

    \b
    kerash shell-answer matrix_mean matrix mean < a.mat
    """
    if serve is not None:
        from kerash_cli.shell.coprocess import start

        try:
            click.echo(start(serve))
        except OSError:  # no file descriptors or pipes are left: the shell does without a coprocess
            raise click.exceptions.Exit(1) from None
        return
    from kerash_cli.shell.answers import Elsewhere, answer
    from kerash_cli.shell.asker import Itself

    try:
        status, content = answer(question, Itself())
    except Elsewhere:
        raise BadInput(f"no function of shell-init asks that; try kerash {' '.join(question[1:3])} --help") from None
    sys.stdout.flush()
    (sys.stderr if status else sys.stdout).buffer.write(content)
    raise click.exceptions.Exit(status)
