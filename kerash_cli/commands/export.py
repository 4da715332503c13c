"""`kerash export`: a genome as a saved model."""

import click

from kerash_cli.commands import _options


@click.command()
@click.argument("genome", type=_options.NAME)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=_options.OUTPUT,
    help="The saved model; GENOME.kerash in this folder by default.",
)
@_options.mountpoint
@click.option("--force", is_flag=True, help="Overwrite FILE even if it is no saved model.")
@_options.as_json
@_options.quiet
def command(genome: str, output: str | None, mountpoint: str | None, force: bool, as_json: bool, quiet: bool) -> None:
    """Save GENOME as one file, which predicts, is evaluated and goes on training without the mountpoint.

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
    path, replaces = _options.saved_model(output or f"{genome}.kerash", force)
    trained = exporting.trained(mountpoints(mountpoint), genome, scored=True, tell=console.say)
    _options.claim(path)
    with files.replacing(path) as saved:
        trained.save(saved)
    console.say(f"{path}: {trained.summary()}", *([f"replaced the earlier {path}"] if replaces else []))
    if as_json:
        click.echo(json.dumps({"model": path, **trained.training}))
