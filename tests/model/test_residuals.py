import numpy as np
import pytest

from kerash_cli.model.residuals import MOST_BINS, residuals


def test_values_are_counted_between_round_borders() -> None:
    found = residuals(np.array([1.0, 1.0, 1.0, 1.0]), np.array([1.2, 1.9, 0.4, 3.0]))  # 0.2, 0.9, -0.6, 2
    assert found.edges == [-1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5]
    assert found.counts == [0, 1, 0, 1, 1, 0, 0, 1, 0]


@pytest.mark.parametrize("seed", range(30))
def test_bins_are_those_that_numpy_counts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(1, 200))
    predicted, expected = rng.standard_cauchy(size=(2, rows)) * 10.0 ** rng.integers(-8, 8)
    weights = rng.random(rows) if seed % 2 else None
    edges, counts = residuals(predicted, expected, weights)
    known, _ = np.histogram(expected - predicted, [-np.inf, *edges, np.inf], weights=weights)
    assert counts == pytest.approx(known.tolist())
    assert 2 <= len(edges) <= MOST_BINS + 2
    steps = np.diff(edges)
    assert steps == pytest.approx(steps[0])
    assert f"{steps[0]:.0e}"[0] in "125"
    assert edges[0] <= 0 <= edges[-1] or abs(np.median(expected - predicted)) > steps[0]


@pytest.mark.parametrize("value", [0.0, 3.0, -1e-300, 1e300])
def test_residuals_that_are_all_the_same_are_in_one_bin(value: float) -> None:
    edges, counts = residuals(np.zeros(5), np.full(5, value))
    assert sorted(counts)[-1] == 5
    assert np.isfinite(edges).all()


def test_one_row_far_off_does_not_flatten_the_others() -> None:
    expected = np.append(np.linspace(-1, 1, 299), 1e9)
    edges, counts = residuals(np.zeros(300), expected)
    assert counts[-1] == 1 + (expected[:-1] >= edges[-1]).sum()
    assert max(counts) < 60


def test_distances_beyond_float64_are_counted() -> None:
    most = np.finfo(np.float64).max
    _, counts = residuals(np.array([most, -most, 0.0]), np.array([-most, most, 0.0]))
    assert sum(counts) == 3
