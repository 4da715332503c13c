"""Genomes and samples for fits."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerash_cli.classic.genomes import Genome
from kerash_cli.model.description import ModelDescription

Matrix = NDArray[np.float64]


def genome_of(text: str, *tensors: dict[str, Any], bias: bool = False) -> Genome:
    """A genome with these weights for its dense layers, from the first; random ones where there are none."""
    genome = Genome.random(ModelDescription.parse(text), None, bias, 3)
    given = iter(tensors)
    layers = [{**own, **next(given, {})} if own else own for own in genome.tensors]
    return replace(
        genome, tensors=tuple({name: np.array(each, np.float64) for name, each in layer.items()} for layer in layers)
    )


# What is told of a batch, by hand: outputs are inputs, and three of four are as they should be.

BY_HAND = genome_of("2 1 1\ninput\ndense 2 -\n", {"weights": np.eye(2)})
