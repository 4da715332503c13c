"""`kerash create-genome`: a network with random weights, as text files."""

import click

from kerash_cli.commands import _options


@click.command()
@click.argument("genome", type=_options.GENOME_NAME)
@click.argument("model", type=_options.FILE)
@click.option("--bias", is_flag=True, help="Weighted sums with a bias, which 2019 left out.")
@click.option("--seed", type=_options.SEED, default=0, show_default=True, help="Of the weights.")
@_options.mountpoint
@click.option("--force", is_flag=True, help="Replace a genome of that name.")
@_options.quiet
def command(genome: str, model: str, bias: bool, seed: int, mountpoint: str | None, force: bool, quiet: bool) -> None:
    """Create GENOME, a network as MODEL describes it, a stored model or a file, with weights uniform in [0, 1).

    It is a folder of text files that every tool of the shell can read and edit.

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
