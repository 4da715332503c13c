"""`kerash completion`: prints what makes a shell complete the words of kerash."""

import click

from kerash_cli.commands._help import Command
from kerash_cli.completion.shells import SHELLS, script


@click.command(cls=Command, sections={"Options": ()})
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the completion for a shell.

    SHELL is bash, zsh or fish. With the first of these lines, Tab completes commands, options and their words, columns
    of the table on the line, stored models, genomes and files in this shell. Write the line into ~/.bashrc, ~/.zshrc or
    ~/.config/fish/config.fish for each new shell; or write the output, once, where the shell looks for completions.
    Bash 3.2, as on a Mac, lists the words without a sentence about each.

    \b
    eval "$(kerash completion bash)"
    eval "$(kerash completion zsh)"
    kerash completion fish | source
    kerash completion bash > ~/.local/share/bash-completion/completions/kerash
    kerash completion zsh > ~/.zfunc/_kerash  # a folder of $fpath
    kerash completion fish > ~/.config/fish/completions/kerash.fish
    """
    click.echo(script(shell), nl=False)
