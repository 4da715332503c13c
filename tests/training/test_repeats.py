"""Rows that are in two parts of the data."""

from collections.abc import Sequence

import numpy as np
import pytest

from kerash_cli.training.repeats import repeated
from kerash_cli.training.samples import Samples


def samples(*rows: Sequence[float]) -> Samples:
    """Rows whose last number is the target."""
    values = np.array(rows, np.float32)
    ones = np.ones((len(rows), 1), np.float32)
    return Samples(np.hstack([values[:, :-1], ones]), values[:, -1:])


def test_a_row_is_repeated_if_inputs_and_targets_are() -> None:
    ours = samples((1, 2, 3), (4, 5, 6), (0, 0, 7))
    assert repeated(ours, samples((4, 5, 6), (1, 2, 4), (2, 1, 3), (4, 5, 6), (-0.0, 0, 7))) == 3
    assert repeated(ours, samples((1, 2, 6))) == 0


def test_equal_hashes_alone_are_no_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kerash_cli.training.repeats.hashes", lambda x, y: np.zeros(len(x), np.uint32))
    ours = samples((1, 2, 3), (4, 5, 6))
    assert repeated(ours, samples((1, 2, 9), (4, 5, 6), (1, 9, 3), (9, 2, 3))) == 1
