"""`kerash remove`: models and genomes out of the mountpoint."""

import click

from kerash_cli.commands import _options
from kerash_cli.errors import BadInput


@click.command()
@click.argument("names", nargs=-1, required=True, type=_options.NAME, metavar="NAME...")
@click.option("--model", "kind", flag_value="model", help="Of a model and a genome of one name, the model.")
@click.option("--genome", "kind", flag_value="genome", help="Of a model and a genome of one name, the genome.")
@_options.mountpoint
def command(names: tuple[str, ...], kind: str | None, mountpoint: str | None) -> None:
    """Remove stored models and genomes from the mountpoint, for good.

    What a live process uses is refused, and so are all the names if there is nothing of one of them.

    \b
    kerash remove default my_model
    kerash remove xor --genome
    """
    from kerash_cli.store import Genomes, Models, Shelf, mountpoints

    shelves: list[Shelf] = []
    for place in mountpoints(mountpoint):
        shelves += [Models(place)] if kind != "genome" else []
        shelves += [Genomes(place)] if kind != "model" else []
    found = []
    for name in dict.fromkeys(names):
        having = [shelf for shelf in shelves if name in shelf.names()]
        if not having:
            raise BadInput(f"expected a stored model or genome, got no {name!r}; try kerash list")
        if len({shelf.kind for shelf in having}) > 1:
            raise BadInput(f"expected --model or --genome, since {name!r} is the name of both, got neither")
        found += [(shelf, name) for shelf in having]
    for shelf, name in found:
        shelf.remove(name)
