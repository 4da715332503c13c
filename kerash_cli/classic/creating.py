"""Creating a genome (a network with random weights) from a stored model or a description."""

from collections.abc import Callable, Sequence
from pathlib import Path

from kerash_cli.classic.genomes import Genome, Genomes
from kerash_cli.classic.models import BESIDE, Models, StoredModel
from kerash_cli.classic.places import instead
from kerash_cli.engine.network import Network
from kerash_cli.errors import BadInput, at, shown
from kerash_cli.model.description import ModelDescription
from kerash_cli.store.mountpoint import Mountpoint, roomy
from kerash_cli.system import memory
from kerash_cli.system.files import is_name

DRAWING_BYTES = 100
"""Approximate memory, in bytes per parameter, for writing or reading a genome as text."""


def source(places: Sequence[Mountpoint], word: str) -> tuple[Mountpoint | None, str | None, ModelDescription]:
    """Returns the place, name and description of the stored model `word`; for a file, (None, None, its description).

    Raises BadInput if `word` is neither a stored model nor a file, or if the file has a `?`, which only data could fill
    in.
    """
    path = Path(word)
    for place in places:
        shelf = Models(place)
        name = path.name.removesuffix(BESIDE) if "/" in word else word
        if name not in shelf.names() or ("/" in word and shelf.caption(name).resolve() != path.resolve()):
            continue
        with shelf.reading(name) as folder:
            return place, name, StoredModel.read(folder).description
    if not word or (is_name(word) and not path.exists()):
        raise BadInput(f"no stored model or file called {shown(word)}; try kerash list")
    description = ModelDescription.read(word)
    if description.features is None or description.outputs is None:
        raise BadInput(f"{at(word)}expected numbers in a model without data, got '?'; try kerash store-model first")
    return None, None, description


def create(description: ModelDescription, model: str | None, bias: bool, seed: int) -> Genome:
    """Returns a new genome; raises OutOfSpace if it does not fit in memory."""
    size = Network(description.layers, description.known_shape).size
    memory.require(DRAWING_BYTES * size, at(description.source), "try fewer units")
    return Genome.random(description, model, bias, seed)


def plant(
    genome: Genome,
    name: str,
    places: Sequence[Mountpoint],
    beside: Mountpoint | None,
    force: bool,
    tell: Callable[[str], object],
) -> Genomes:
    """Writes a genome where there is room, preferably beside its model; returns the shelf with the genome."""

    shelf = Genomes(roomy(sorted(places, key=lambda each: each != beside), genome.bytes, tell))
    with instead(Genomes, places, shelf, name, force), shelf.draft(name, genome.sizes(), force) as draft:
        genome.write(draft)
        draft.commit()
    return shelf
