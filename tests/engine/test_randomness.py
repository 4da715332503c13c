"""Generators keyed by what they are for."""

from itertools import product

import numpy as np
import pytest

from kerash_cli.engine.randomness import Key, derived, generator


def drawn(seed: int, purpose: Key, *index: int) -> list[int]:
    return generator(seed, purpose, *index).integers(0, 2**63, 4).tolist()


def test_the_same_key_draws_the_same() -> None:
    assert drawn(5, Key.MASK, 1, 2, 3) == drawn(5, Key.MASK, 1, 2, 3)


def test_every_other_key_draws_something_else() -> None:
    seeds = [0, 1, 2**32, 2**40]
    keys = [(), (0,), (0, 0), (1, 0), (0, 1), (2**31,)]
    draws = [tuple(drawn(seed, purpose, *index)) for seed, purpose, index in product(seeds, Key, keys)]
    assert len(set(draws)) == len(draws)


def test_the_stream_is_that_of_pcg64_over_a_seed_sequence() -> None:
    expected = np.random.default_rng(np.random.SeedSequence(7, spawn_key=(int(Key.SHUFFLE), 9)))
    assert drawn(7, Key.SHUFFLE, 9) == expected.integers(0, 2**63, 4).tolist()


def test_a_seed_derived_is_a_draw_of_63_bits_for_its_purpose() -> None:
    expected = np.random.default_rng(np.random.SeedSequence(7, spawn_key=(int(Key.EVOLVE), 1, 2)))
    assert derived(7, Key.EVOLVE, 1, 2) == int(expected.integers(2**63))


@pytest.mark.parametrize(
    ("purpose", "number"), [("INITIAL", 1), ("SPLIT", 2), ("SHUFFLE", 3), ("MASK", 4), ("EVOLVE", 5)]
)
def test_the_numbers_of_purposes_never_change(purpose: str, number: int) -> None:
    assert Key[purpose] == number
    expected = np.random.default_rng(np.random.SeedSequence(7, spawn_key=(number, 3))).integers(0, 2**63, 4)
    assert drawn(7, Key[purpose], 3) == expected.tolist()
