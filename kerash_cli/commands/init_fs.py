"""`kerash init-fs`: a mountpoint of one's own."""

import click

from kerash_cli.commands import _options


@click.command()
@click.argument("size", required=False, default=512, type=click.IntRange(1, 10**9), metavar="[SIZE_MB]")
@_options.mountpoint
@_options.as_json
@_options.quiet
def command(size: int, mountpoint: str | None, as_json: bool, quiet: bool) -> None:
    """Mount a tmpfs of SIZE_MB megabytes, 512 by default, on ./kerash_mountpoint, where tensors then are.

    Without the right to mount, everything works all the same, in a private folder of a tmpfs that is already there, and
    one line says which command would mount one.

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
    said = f"{place.root}: {'is there already, ' if begun.already else ''}{readable(place.free())} free"
    if begun.command:
        said += f"; this is no mount of its own ({begun.reason}); for one, run: {begun.command}"
    Console(quiet).say(said)
