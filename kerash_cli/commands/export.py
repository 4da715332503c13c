"""`kerash export`: saves a genome as a .kerash file."""

import click

from kerash_cli.commands import _files, _options
from kerash_cli.commands._help import Command, Option

OPTIONS = (
    Option(
        "-o", "--output", metavar="FILE", type=_options.OUTPUT, help="Saved model to write (default: GENOME.kerash)."
    ),
    Option("--force", is_flag=True, help="Replace FILE even if it is not a saved model."),
    _options.MOUNTPOINT,
    _options.AS_JSON,
    _options.QUIET,
)


@click.command(cls=Command, alone=True, sections={"Options": OPTIONS})
@click.argument("genome", type=_options.NAME)
def command(genome: str, output: str | None, mountpoint: str | None, force: bool, as_json: bool, quiet: bool) -> None:
    """Save a genome as a .kerash file.

    The saved model can be used by predict, evaluate and train --start, without the mountpoint.

    \b
    kerash export default -o default.kerash
    kerash train models/xor.model data/xor.data data/xor.label --start default.kerash
    """
    import json

    from kerash_cli.classic import exporting
    from kerash_cli.store.mountpoint import mountpoints
    from kerash_cli.system import files
    from kerash_cli.views.messages import Console

    console = Console(quiet)
    path, replaces = _files.saved_model(output or f"{genome}.kerash", force)
    trained = exporting.trained(mountpoints(mountpoint), genome, scored=True, tell=console.say)
    _files.claim(path)
    with files.replacing(path) as saved:
        trained.save(saved)
    console.say(f"{path}: {trained.summary()}", *([f"replaced the earlier {path}"] if replaces else []))
    if as_json:
        click.echo(json.dumps({"model": path, **trained.training}))
