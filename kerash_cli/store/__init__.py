"""Where tensors meet: the mountpoint, the stages of runs in it, and the models and genomes that are kept there."""

from kerash_cli.store.genomes import Genome, Genomes
from kerash_cli.store.models import Models, StoredModel
from kerash_cli.store.mountpoint import Mountpoint, mountpoints, roomy
from kerash_cli.store.shelf import Shelf
from kerash_cli.store.stage import Stage, stage, staged_bytes

__all__ = [
    "Genome",
    "Genomes",
    "Models",
    "Mountpoint",
    "Shelf",
    "Stage",
    "StoredModel",
    "mountpoints",
    "roomy",
    "stage",
    "staged_bytes",
]
