"""`kerash init-fs`: mounts a RAM disk for tensors."""

import click

from kerash_cli.commands import _options
from kerash_cli.commands._help import Command


@click.command(cls=Command, alone=True, sections={"Options": (_options.MOUNTPOINT, _options.AS_JSON, _options.QUIET)})
@click.argument("size", required=False, default=512, type=_options.COUNT, metavar="[SIZE_MB]")
def command(size: int, mountpoint: str | None, as_json: bool, quiet: bool) -> None:
    """Mount a RAM disk for tensors and genomes.

    The RAM disk is a tmpfs of SIZE_MB megabytes (default: 512) on ./kerash_mountpoint. If you are not allowed to mount,
    kerash uses a private folder in an existing tmpfs instead, and prints the command that would mount the RAM disk.

    \b
    kerash init-fs
    kerash init-fs 2048
    """
    import json

    from kerash_cli.classic import mounting
    from kerash_cli.system.memory import readable
    from kerash_cli.views.messages import Console

    begun = mounting.begin(mountpoint, size)
    place = begun.place
    if as_json:
        click.echo(json.dumps({"mountpoint": str(place.root), "mounted": begun.command is None, "free": place.free()}))
    said = f"{place.root}: {'already there, ' if begun.already else ''}{readable(place.free())} free"
    if begun.command:
        said += f"; nothing was mounted ({begun.reason}); to mount one, run: {begun.command}"
    Console(quiet).say(said)
