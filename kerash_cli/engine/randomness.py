"""Generators keyed by (seed, purpose, index…): what is drawn never depends on who draws it, or when."""

from enum import IntEnum

import numpy as np

# Annotations quote np.random throughout: numpy loads it where it is first named, and predicting has no use for it.


class Key(IntEnum):
    """Purpose of a generator. The numbers are part of every saved result: never renumber them."""

    INITIAL = 1
    SPLIT = 2
    SHUFFLE = 3
    MASK = 4
    EVOLVE = 5


def generator(seed: int, purpose: Key, *index: int) -> "np.random.Generator":
    """Returns the generator of this purpose and index, independent of every other one of the same seed."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(purpose, *index))))


def derived(seed: int, purpose: Key, *index: int) -> int:
    """Returns a seed for this purpose and index."""
    return int(generator(seed, purpose, *index).integers(2**63))
