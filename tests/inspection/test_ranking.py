import numpy as np
import pytest

from kerash_cli.inspection.ranking import correlation, ranks


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    assert ranks(np.array([10.0, 30, 20, 30])).tolist() == [1, 3.5, 2, 3.5]


def test_a_correlation_by_hand() -> None:
    """Deviations -1 0 1 and -1 -1 2 have the products 1 0 2, and squares that add up to 2 and to 6."""
    one, other = np.array([1.0, 2, 3]), np.array([4.0, 4, 7])
    assert correlation(one, other) == pytest.approx(3 / np.sqrt(12))
    assert correlation(one, -other) == pytest.approx(-3 / np.sqrt(12))
    assert correlation(one, np.ones(3)) == 0
