"""`kerash remove`: models and genomes out of the mountpoint."""

import click

from kerash_cli.commands import _options
from kerash_cli.errors import BadInput


@click.command()
@click.argument("names", nargs=-1, required=True, type=_options.NAME, metavar="NAME...")
@click.option("--model", "kind", flag_value="model", help="Of a model and a genome of one name, the model.")
@click.option("--genome", "kind", flag_value="genome", help="Of a model and a genome of one name, the genome.")
@_options.mountpoint
@click.option("--force", is_flag=True, help="Remove models whose genomes stay, too.")
def command(names: tuple[str, ...], kind: str | None, mountpoint: str | None, force: bool) -> None:
    """Remove stored models and genomes from the mountpoint, for good.

    What a live process uses is refused, and so are all the names if there is nothing of one of them. A genome needs its
    model to know what columns and classes mean: a model goes with its genomes, or with --force alone.

    \b
    kerash remove default my_model
    kerash remove xor --genome
    """
    from kerash_cli.classic import storing
    from kerash_cli.classic.genomes import Genomes
    from kerash_cli.classic.models import Models
    from kerash_cli.classic.shelf import Shelf
    from kerash_cli.store.mountpoint import mountpoints

    shelves: list[Shelf] = []
    places = mountpoints(mountpoint)
    for place in places:
        shelves += [Models(place)] if kind != "genome" else []
        shelves += [Genomes(place)] if kind != "model" else []
    found = []
    for name in dict.fromkeys(names):
        having = [shelf for shelf in shelves if name in shelf.names()]
        if not having:
            raise BadInput(f"no stored model or genome called {name!r}; try kerash list")
        if len({shelf.kind for shelf in having}) > 1:
            raise BadInput(f"expected --model or --genome, since {name!r} is the name of both, got neither")
        found += [(shelf, name) for shelf in having]
    models = {name for shelf in shelves if isinstance(shelf, Models) for name in shelf.names()}
    going = {name for shelf, name in found if isinstance(shelf, Genomes)}
    for shelf, name in found:
        staying = [each for each in storing.genomes_of(places, name) if each not in going]
        if isinstance(shelf, Models) and staying and not force:
            raise _used(name, staying, kind is None and not models.intersection(staying))
        shelf.refuse_held(name)
    for shelf, name in found:
        shelf.remove(name)


def _used(name: str, genomes: list[str], together: bool) -> BadInput:
    """The error about a model whose genomes would stay; `together` if one command can remove them all."""
    some = f"{'genome' if len(genomes) == 1 else 'genomes'} {', '.join(genomes)}"
    if together:
        return BadInput(f"model {name} is still used by {some}: remove both, or use --force").mended("", "", *genomes)
    return BadInput(f"model {name} is still used by {some}: remove that first, with --genome, or use --force")
