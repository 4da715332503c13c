"""`kerash end-fs`: what init-fs did is undone."""

import click

from kerash_cli.commands import _options


@click.command()
@_options.mountpoint
@_options.quiet
def command(mountpoint: str | None, quiet: bool) -> None:
    """Unmount what init-fs mounted, with all the models and genomes in it.

    What another program mounted, or a live process uses, stays as it is.

    \b
    kerash export default -o default.kerash; kerash end-fs
    """
    from kerash_cli.classic import mounting
    from kerash_cli.views.messages import Console

    Console(quiet).say(f"{mounting.end(mountpoint).root}: gone, with all that was in it")
