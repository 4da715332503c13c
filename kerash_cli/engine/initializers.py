"""Initializers (also called laws): the random distributions that initial weights are drawn from."""

from collections.abc import Callable
from math import sqrt
from typing import TypeAlias

import numpy as np

from kerash_cli.engine.tensors import Array, Shape
from kerash_cli.registry import Registry

Law: TypeAlias = "Callable[[np.random.Generator, Shape, int, int], Array]"
"""law(rng, shape, fan_in, fan_out) draws float64 weights; fan_in: inputs per output, fan_out: outputs per input."""

INITIALIZERS: Registry[Law] = Registry("initial law")


@INITIALIZERS.register("glorot")
def glorot(rng: "np.random.Generator", shape: Shape, fan_in: int, fan_out: int) -> Array:
    """Draws from a uniform distribution with variance 2 / (fan_in + fan_out): Glorot & Bengio 2010."""
    limit = sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, shape)


@INITIALIZERS.register("he")
def he(rng: "np.random.Generator", shape: Shape, fan_in: int, fan_out: int) -> Array:
    """Draws from a normal distribution with variance 2 / fan_in: He et al. 2015."""
    return rng.standard_normal(shape) * sqrt(2 / fan_in)


@INITIALIZERS.register("lecun")
def lecun(rng: "np.random.Generator", shape: Shape, fan_in: int, fan_out: int) -> Array:
    """Draws from a normal distribution with variance 1 / fan_in: LeCun et al. 1998; Klambauer et al. 2017 for selu."""
    return rng.standard_normal(shape) * sqrt(1 / fan_in)


@INITIALIZERS.register("uniform")
def uniform(rng: "np.random.Generator", shape: Shape, fan_in: int, fan_out: int) -> Array:
    """Draws uniformly from [0, 1), as kerash did in 2019."""
    return rng.random(shape)


@INITIALIZERS.register("zeros")
def zeros(rng: "np.random.Generator", shape: Shape, fan_in: int, fan_out: int) -> Array:
    """Returns zeros."""
    return np.zeros(shape)
