"""`kerash end-fs`: undoes what init-fs did."""

import click

from kerash_cli.commands import _options
from kerash_cli.commands._help import Command


@click.command(cls=Command, alone=True, sections={"Options": (_options.MOUNTPOINT, _options.QUIET)})
def command(mountpoint: str | None, quiet: bool) -> None:
    """Delete the mountpoint and everything in it.

    First save what you need with export. A mountpoint that init-fs did not make, or that a running process uses, is not
    deleted.

    \b
    kerash export default -o default.kerash; kerash end-fs
    """
    from kerash_cli.classic import mounting
    from kerash_cli.views.messages import Console

    Console(quiet).say(f"{mounting.end(mountpoint).root}: deleted, with all that was in it")
