"""`kerash create-genome`: makes a network with random weights, as text files."""

import click

from kerash_cli.commands import _options
from kerash_cli.commands._chosen import FileName
from kerash_cli.commands._help import Command, Option

OPTIONS = (
    Option("--bias", is_flag=True, help="Give each unit a bias (default: none, as in 2019)."),
    Option("--seed", type=_options.SEED, default=0, help="Random seed for the weights (default: {default})."),
    _options.MOUNTPOINT,
    Option("--force", is_flag=True, help="Replace GENOME if it exists."),
    _options.QUIET,
)


@click.command(cls=Command, alone=True, sections={"Options": OPTIONS})
@click.argument("genome", type=_options.GENOME_NAME)
@click.argument("model", type=FileName(endings=("model",), stored=("model",)))
def command(genome: str, model: str, bias: bool, seed: int, mountpoint: str | None, force: bool, quiet: bool) -> None:
    """Create a network with random weights.

    MODEL is the name of a stored model, or a file with a description. The network is saved under the name GENOME, as a
    folder of text files in the mountpoint, which any tool of the shell can read and edit. Its weights are uniform in
    [0, 1).

    \b
    kerash create-genome default my_model
    kerash create-genome other models/xor.model --seed 7
    """
    from kerash_cli.classic import creating
    from kerash_cli.store.mountpoint import mountpoints
    from kerash_cli.views.messages import Console

    console = Console(quiet)
    places = mountpoints(mountpoint)
    place, stored, description = creating.source(places, model)
    made = creating.create(description, stored, bias, seed)
    shelf = creating.plant(made, genome, places, place, force, console.say)
    console.say(f"{shelf.path(genome)}: {made.network.size} weights")
