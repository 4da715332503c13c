"""Random generators keyed by (seed, purpose, index…): the numbers never depend on which process draws them or when."""

from enum import IntEnum

import numpy as np

# Annotations put np.random in quotes: numpy loads it at its first use, and predicting does not need it.


class Key(IntEnum):
    """Purpose of a generator. Every saved result depends on the values below: never change them."""

    INITIAL = 1
    SPLIT = 2
    SHUFFLE = 3
    MASK = 4
    EVOLVE = 5
    INSPECT = 6
    IMPORTANCE = 9
    COMPARE = 12


def generator(seed: int, purpose: Key, *index: int) -> "np.random.Generator":
    """Returns the generator for this purpose and index, independent of all others with the same seed."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(purpose, *index))))


def derived(seed: int, purpose: Key, *index: int) -> int:
    """Returns a new seed, derived from `seed` for this purpose and index."""
    return int(generator(seed, purpose, *index).integers(2**63))
