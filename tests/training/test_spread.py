"""The spread of metrics over folds: against SciPy, a table of Student's t, and sums done by hand."""

import numpy as np
import pytest
from scipy import stats

from kerash_cli.training.fold_groups import Fold
from kerash_cli.training.spread import spreads


def fold(number: int, rows: int = 30, known: int = 120, **figures: object) -> Fold:
    return Fold(number, rows, known, 10, 5, {"rows": rows, "baseline": {"accuracy": 0.5}, **figures})


def test_the_interval_is_that_of_scipy_with_the_variance_of_nadeau_and_bengio() -> None:
    values = [0.8, 0.85, 0.7667, 0.8333, 0.9]
    (spread,) = spreads([fold(i, accuracy=value) for i, value in enumerate(values, 1)]).values()
    assert (spread.mean, spread.deviation) == pytest.approx((np.mean(values), stats.tstd(values)))
    error = stats.tstd(values) * (1 / 5 + 30 / 120) ** 0.5
    assert spread.interval == pytest.approx(stats.t.interval(0.95, 4, np.mean(values), error))
    assert (spread.naive, spread.folds) == (0.5, 5)


def test_two_folds_by_hand() -> None:
    """The deviation of 1 and 3 is sqrt(2), its square times (1/2 + 10/20) is 2, and t of one degree is 12.7062."""
    found = spreads([fold(1, 10, 20, rmse=101.0), fold(2, 10, 20, rmse=103.0)])["rmse"]
    assert found.mean == 102
    assert found.deviation == pytest.approx(2**0.5)
    assert found.interval == pytest.approx((102 - 12.7062 * 2**0.5, 102 + 12.7062 * 2**0.5), abs=1e-4)
    assert found.naive is None


@pytest.mark.parametrize(
    ("name", "one", "other", "interval"),
    [
        ("accuracy", 0.95, 1.0, (0.975 - 12.7062 * 0.05 / 2**0.5, 1)),
        ("log_loss", 0.1, 0.3, (0, 0.2 + 12.7062 * 0.2 / 2**0.5)),
        ("r2", 0.0, 1.0, (0.5 - 12.7062 / 2**0.5, 1)),
        ("brier", 0.0, 1.5, (0, 2)),
        ("auc", 0.0, 1.0, (0, 1)),
    ],
)
def test_an_interval_ends_where_the_metric_does(
    name: str, one: float, other: float, interval: tuple[float, float]
) -> None:
    """As above, half of the whole interval is 12.7062 deviations, which are the difference less a factor of sqrt(2)."""
    found = spreads([fold(1, 10, 20, **{name: one}), fold(2, 10, 20, **{name: other})])[name]
    assert found.interval == pytest.approx(interval, abs=1e-4)


def test_a_metric_that_some_folds_do_not_have_is_of_the_others() -> None:
    folds = [fold(1, auc=None, accuracy=1.0), fold(2, auc=0.8, accuracy=0.5), fold(3, auc=None, accuracy=0.75)]
    found = spreads([each._replace(figures={**each.figures, "classes": {}, "interval": (0, 1)}) for each in folds])
    assert list(found) == ["auc", "accuracy"]
    assert (found["auc"].folds, found["auc"].mean, found["auc"].deviation, found["auc"].interval) == (1, 0.8, 0, None)
    assert spreads([fold(1, auc=None)]) == {}
