"""Exporting a genome as a saved model."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kerash_cli.classic.fitting import fitting_samples
from kerash_cli.classic.genomes import Genome, Genomes
from kerash_cli.classic.models import Models, StoredModel
from kerash_cli.classic.places import find
from kerash_cli.classic.storing import PARTS
from kerash_cli.encoding import learning
from kerash_cli.model.trained import GENOME, TrainedModel
from kerash_cli.store.mountpoint import Mountpoint


def trained(
    places: Sequence[Mountpoint], name: str, scored: bool = False, tell: Callable[[str], object] = lambda line: None
) -> TrainedModel:
    """Returns a genome as a trained model, with the encoding of its stored model if that still exists.

    With `scored`, the trained model gets metrics on the stored validation samples, or on the training samples if
    there are no validation samples. Calls `tell` with a line if the genome's stored model is gone.
    """
    with find(Genomes, places, name).reading(name) as folder:
        genome = Genome.read(folder)
    if not genome.model:
        return _trained(genome, None, None)
    shelf = find(Models, places, genome.model)
    if genome.model not in shelf.names():
        tell(f"{name}: its model {genome.model} is not stored any more, so inputs and outputs are plain numbers")
        return _trained(genome, None, None)
    with shelf.holding(genome.model, shared=True) as folder:
        model = StoredModel.read(folder)
        return _trained(genome, model, folder if scored else None)


def _trained(genome: Genome, model: StoredModel | None, folder: Path | None) -> TrainedModel:
    """Returns a trained model, with the encoding of `model` if that fits; scored on the samples in `folder`, if any."""

    network = genome.network
    wanted = (network.features, network.outputs, genome.description.activation.output)
    training: dict[str, Any] = {
        "settings": {},
        "sha256": {},
        "epochs": 0,
        "best_epoch": 0,
        "stopped": GENOME,
        "scored_on": "training",
        "metrics": None,
    }
    encoding = model.encoding if model else None
    if model is None or encoding is None or (encoding.features, encoding.outputs, encoding.targets.output) != wanted:
        plain = learning.plain(*wanted)
        return TrainedModel(genome.description, network, genome.params, plain, training)
    training["sha256"] = dict(model.sha256)
    known = TrainedModel(genome.description, network, genome.params, encoding, training)
    if folder is not None:
        parts = {part: fitting_samples(genome, folder, part) for part in PARTS}
        part = "val" if len(parts["val"].x) else "train"
        known.require_memory(model.name, len(parts[part].x))
        training["scored_on"] = "validation" if part == "val" else "training"
        training["metrics"] = known.scores(known.outputs(parts[part].x[:, :-1]), parts[part].y)
    return known
