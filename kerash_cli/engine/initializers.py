"""Initial laws: what the weights are before the first step."""

from collections.abc import Callable
from math import sqrt
from typing import TypeAlias

import numpy as np

from kerash_cli.engine.tensors import Array, Shape
from kerash_cli.registry import Registry

Law: TypeAlias = "Callable[[np.random.Generator, Shape], Array]"
"""(rng, (fan_in, fan_out)) -> float64 weights."""

INITIALIZERS: Registry[Law] = Registry("initial law")


@INITIALIZERS.register("glorot")
def glorot(rng: "np.random.Generator", shape: Shape) -> Array:
    """Uniform with variance 2 / (fan_in + fan_out): Glorot & Bengio 2010."""
    limit = sqrt(6 / sum(shape))
    return rng.uniform(-limit, limit, shape)


@INITIALIZERS.register("he")
def he(rng: "np.random.Generator", shape: Shape) -> Array:
    """Normal with variance 2 / fan_in: He et al. 2015."""
    return rng.standard_normal(shape) * sqrt(2 / shape[0])


@INITIALIZERS.register("lecun")
def lecun(rng: "np.random.Generator", shape: Shape) -> Array:
    """Normal with variance 1 / fan_in: LeCun et al. 1998, and Klambauer et al. 2017 for selu."""
    return rng.standard_normal(shape) * sqrt(1 / shape[0])


@INITIALIZERS.register("uniform")
def uniform(rng: "np.random.Generator", shape: Shape) -> Array:
    """Uniform in [0, 1), as in 2019."""
    return rng.random(shape)


@INITIALIZERS.register("zeros")
def zeros(rng: "np.random.Generator", shape: Shape) -> Array:
    """All 0."""
    return np.zeros(shape)
