"""Tests and intervals of differences, beside SciPy's and statsmodels'."""

import numpy as np
import pytest
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar as known_mcnemar

from kerash_cli.model.significance import by_resampling, discordant, mcnemar, tango


@pytest.mark.parametrize("seed", range(40))
def test_mcnemar_is_that_of_statsmodels(seed: int) -> None:
    first, second = (int(each) for each in np.random.default_rng(seed).integers(0, 10 ** (1 + seed % 4), 2))
    exact, middle = mcnemar(first, second)
    assert exact == pytest.approx(known_mcnemar([[5, first], [second, 5]], exact=True).pvalue, rel=1e-9, abs=1e-300)
    fewer, rows = min(first, second), first + second
    known = 2 * stats.binom.cdf(fewer, rows, 0.5) - stats.binom.pmf(fewer, rows, 0.5)
    assert middle == pytest.approx(min(1, known), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (3, 3), (0, 1), (5000, 5000), (0, 100_000), (49_000, 51_000)])
def test_mcnemar_of_extremes(first: int, second: int) -> None:
    exact, _ = mcnemar(first, second)
    known = stats.binomtest(first, first + second).pvalue if first + second else 1.0
    assert exact == pytest.approx(known, rel=1e-8, abs=1e-300)


def test_mcnemar_gives_the_published_values() -> None:
    # Fagerland et al. 2013, table 1: airway hyper-responsiveness before and after stem cell transplantation
    assert mcnemar(1, 7) == pytest.approx((0.0703, 0.0391), abs=5e-5)


def likelihood(cells: tuple[float, float, float], counts: tuple[int, int, int]) -> float:
    """The logarithm of the chance of the counts of each model's own right rows, and of all others."""
    return float(sum(count * np.log(cell) for count, cell in zip(counts, cells, strict=True) if count))


@pytest.mark.parametrize("seed", range(30))
def test_the_ends_of_tangos_interval_are_just_not_refuted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(2, 300))
    first, second = (int(each) for each in rng.multinomial(rows, [0.2, 0.1, 0.7])[:2])
    for end, sign in zip(tango(first, second, rows), (1, -1), strict=True):
        if abs(end) > 1 - 1e-9:
            continue
        # the likeliest share of rows in which only the first is right, if the difference is `end`
        low, high = max(0, -end), (1 - end) / 2
        found = optimize.minimize_scalar(
            lambda share, end=end: (
                -likelihood((share, share + end, 1 - 2 * share - end), (first, second, rows - first - second))
            ),
            bounds=(low + 1e-13, high - 1e-13),
            method="bounded",
            options={"xatol": 1e-13},
        )
        share = found.x
        variance = rows * (2 * share + end - end**2)
        assert sign * (second - first - rows * end) / np.sqrt(variance) == pytest.approx(
            stats.norm.ppf(0.975), abs=1e-4
        )


def test_tango_gives_the_published_intervals() -> None:
    # Fagerland, Lydersen & Laake 2014, Statistics in Medicine 33:2850: the same patients as above, 21 of them
    assert tango(7, 1, 21) == pytest.approx((-0.517, -0.026), abs=5e-4)
    # by hand: where all of 50 rows agree, the ends are the square of 1.96 by itself and 50
    assert tango(0, 0, 50) == pytest.approx((-0.0713, 0.0713), abs=5e-5)


@pytest.mark.parametrize(("first", "second", "rows"), [(0, 3, 3), (3, 0, 3), (0, 1, 1), (0, 0, 1)])
def test_tango_of_few_rows_lies_within_1(first: int, second: int, rows: int) -> None:
    low, high = tango(first, second, rows)
    assert -1 <= low <= (second - first) / rows <= high <= 1


def test_tango_of_two_models_the_other_way_round_is_the_opposite() -> None:
    low, high = tango(12, 5, 80)
    assert tango(5, 12, 80) == pytest.approx((-high, -low))


@pytest.mark.parametrize("rows", [8, 12, 30, 200])
@pytest.mark.parametrize("seed", range(3))
def test_the_interval_of_a_mean_is_nearly_that_of_student(rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(0.3, 1, rows)
    drawn = values[rng.integers(0, rows, (20_000, rows))].mean(axis=1)
    told = by_resampling(drawn, float(values.mean()), rows)
    assert told is not None
    known = stats.ttest_1samp(values, 0)
    low, high = known.confidence_interval(0.95)
    assert told[0] == pytest.approx((low, high), abs=0.08 * (high - low))
    assert told[1] == pytest.approx(known.pvalue, abs=0.05)


def test_the_percentiles_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, 2000), rng.normal(0.1, 1, 2000)

    def difference(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
        return np.sqrt(np.square(b).mean(axis=axis)) - np.sqrt(np.square(a).mean(axis=axis))

    known = stats.bootstrap((first, second), difference, paired=True, method="percentile", n_resamples=2000, rng=1)
    told = by_resampling(known.bootstrap_distribution, float(difference(first, second, 0)), 2000)
    assert told is not None
    assert told[0] == pytest.approx(tuple(known.confidence_interval), abs=2e-4)


@pytest.mark.parametrize("rows", [8, 20])
def test_few_rows_widen_the_percentiles_as_students_does(rows: int) -> None:
    factor = stats.t.ppf(0.975, rows - 1) / stats.norm.ppf(0.975) * np.sqrt(rows / (rows - 1))
    told = by_resampling(np.array([2.0, 4.0] * 50), 3.0, rows)
    assert told is not None
    assert told[0] == pytest.approx((3 - factor, 3 + factor), abs=1e-3)


def test_resamples_on_the_other_side_of_zero_are_counted_with_those_on_it() -> None:
    for sign in (1, -1):
        told = by_resampling(np.repeat([-1.0, 0.0, 1.0], [3, 1, 95]) * sign, 0.9 * sign, 1e12)
        assert told is not None
        assert told[1] == pytest.approx(2 * (4 + 1) / (99 + 1))


def test_few_rows_and_undefined_resamples_tell_nothing() -> None:
    assert by_resampling(np.ones(100), 1.0, 7) is None
    assert by_resampling(np.array([np.nan] * 50 + [1.0] * 50), 1.0, 20) is None
    assert by_resampling(np.array([np.nan, *[1.0] * 99]), 1.0, 20) == ((1.0, 1.0), pytest.approx(0.02))


def test_rows_are_counted_by_which_model_is_right() -> None:
    first = np.array([True, True, True, False, False, True])
    second = np.array([True, False, True, True, False, False])
    assert discordant(first, second) == (2, 2, 1, 1)
