"""Student's t, beside SciPy's."""

import pytest
from scipy import stats

from kerash_cli.model.student import student


@pytest.mark.parametrize("freedom", [1, 1.5, 2, 3, 4, 5, 7, 7.3, 9, 19, 30, 99.5, 999, 9999, 1e4, 1e6, 1e7])
def test_the_quantile_is_that_of_scipy(freedom: float) -> None:
    assert student(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-9)
