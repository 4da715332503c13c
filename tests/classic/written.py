"""Genomes as they are written."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kerash_cli.classic.genomes import Genome, Genomes
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput
from kerash_cli.model.description import ModelDescription
from kerash_cli.store.mountpoint import Mountpoint

STANDARD = "4 4 1\ninput\nflatten\ndropout 0.2\ndense 3 prelu:0.1\ndense 2 -\noutput softmax\n"


def described(text: str) -> ModelDescription:
    return ModelDescription.parse(text)


def doubles(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Finite numbers of random bits, some of them subnormal or -0."""
    patterns = rng.integers(0, 2**64, shape, np.uint64)
    patterns[patterns >> 52 & 0x7FF == 0x7FF] &= np.uint64(0xBFFFFFFFFFFFFFFF)
    values = patterns.view(np.float64)
    values.flat[0] = -0.0
    values.flat[-1] = -5e-324
    return values


def made(text: str = STANDARD, bias: bool = False, model: str | None = "m", result: float | None = None) -> Genome:
    """A genome whose parameters are of all sizes."""
    genome = Genome.random(described(text), model, bias, 0)
    rng = np.random.default_rng(1)
    tensors = tuple({name: doubles(each.shape, rng) for name, each in layer.items()} for layer in genome.tensors)
    return replace(genome, tensors=tensors, result=result)


def stored(root: Path, genome: Genome, name: str = "g") -> Path:
    """The folder of a genome that was written in a mountpoint at `root`."""
    shelf = Genomes(Mountpoint(root))
    with shelf.draft(name, genome.sizes()) as draft:
        genome.write(draft)
        draft.commit()
    return shelf.path(name)


def refused(folder: Path) -> str:
    """The one line with which a genome is refused, from the folder's name on."""
    with pytest.raises(BadInput) as caught:
        Genome.read(folder)
    message = str(caught.value)
    assert message.isprintable()
    assert message.startswith(f"{folder}/")
    return message.removeprefix(f"{folder}/")


def laid_out(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """A folder with these files."""
    folder = root / "gen_old"
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


FILES = [
    "meta.dat",
    "settings",
    "result",
    *(f"topology/layer_{i}/meta.dat" for i in range(6)),
    *(f"topology/layer_{i}/{name}.dat" for i in (3, 4) for name in ("weights", "bias_weights")),
]
