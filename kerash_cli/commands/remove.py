"""`kerash remove`: deletes stored models and genomes."""

import click

from kerash_cli.commands import _options
from kerash_cli.commands._help import Command, Option
from kerash_cli.errors import BadInput

OPTIONS = (
    Option("--model", "kind", flag_value="model", help="Remove stored models only."),
    Option("--genome", "kind", flag_value="genome", help="Remove genomes only."),
    Option("--force", is_flag=True, help="Remove a stored model even if genomes still use it."),
    _options.MOUNTPOINT,
)


@click.command(cls=Command, alone=True, sections={"Options": OPTIONS})
@click.argument("names", nargs=-1, required=True, type=_options.STORED_NAME, metavar="NAME...")
def command(names: tuple[str, ...], kind: str | None, mountpoint: str | None, force: bool) -> None:
    """Delete stored models and genomes.

    Nothing is deleted if one of the names does not exist or is in use by a running process. A genome needs its stored
    model for the meaning of columns and classes; so remove a stored model together with its genomes, or use --force.

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
            raise BadInput(f"{name!r} is the name of a stored model and of a genome; try --model or --genome")
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
    """Returns the error for a model that genomes still use; `together`: if one command can remove it with them."""
    some = f"{'genome' if len(genomes) == 1 else 'genomes'} {', '.join(genomes)}"
    if together:
        return BadInput(f"model {name} is still used by {some}: remove both, or use --force").mended("", "", *genomes)
    return BadInput(f"model {name} is still used by {some}: remove the genome first, with --genome, or use --force")
