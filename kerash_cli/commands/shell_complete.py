"""`kerash shell-complete`: tells a shell what may come next on a command line."""

from contextlib import suppress

import click

from kerash_cli.completion.shells import SHELLS, answer


@click.command(hidden=True, context_settings={"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]})
@click.argument("shell", type=click.Choice(SHELLS))
@click.argument("question", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(context: click.Context, shell: str, question: tuple[str, ...]) -> None:
    """Answer a shell that completes a line.

    QUESTION is what the output of `kerash completion SHELL` asks.

    \b
    kerash shell-complete zsh -- 1 tra kerash tra
    """
    with suppress(Exception):  # someone is typing: whatever is wrong, the terminal is theirs
        if text := answer(context.find_root().command, shell, question):
            click.echo(text)
