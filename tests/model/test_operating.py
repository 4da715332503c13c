import numpy as np
import pytest
from sklearn import calibration as calibrations
from sklearn import metrics as oracle

from kerash_cli.model import operating

SEEDS = range(40)


def case(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Scores between 0 and 1 with ties, of both kinds of rows, and weights for every other seed, some of them 0."""
    rng = np.random.default_rng(seed)
    positive = rng.permutation([True, False, *(rng.random(int(rng.integers(1, 60))) < rng.random())])
    ties = int(rng.integers(1, 30))
    weights = None if seed % 2 else rng.permutation([1, 2, *rng.integers(0, 3, len(positive) - 2)]) * rng.random()
    if weights is not None:
        weights[[positive.argmax(), positive.argmin()]] = 0.5
    return rng.integers(0, ties + 1, len(positive)) / ties, positive, weights


@pytest.mark.parametrize("seed", SEEDS)
def test_the_roc_is_that_of_scikit_learn(seed: int) -> None:
    scores, positive, weights = case(seed)
    curve = operating.roc(scores, positive, weights)
    assert curve is not None
    known = oracle.roc_curve(positive, scores, drop_intermediate=False, sample_weight=weights)
    for ours, theirs in zip(curve, known, strict=True):
        assert ours.tolist() == pytest.approx(theirs.tolist(), abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_precision_over_recall_is_that_of_scikit_learn(seed: int) -> None:
    scores, positive, weights = case(seed)
    curve = operating.precision_recall(scores, positive, weights)
    assert curve is not None
    precision, recall, thresholds = oracle.precision_recall_curve(positive, scores, sample_weight=weights)
    assert curve.x.tolist() == pytest.approx(recall.tolist(), abs=1e-12)
    assert curve.y.tolist() == pytest.approx(precision.tolist(), abs=1e-12)
    assert curve.thresholds.tolist() == [*thresholds, np.inf]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bins", [1, 5, 10])
def test_the_calibration_is_that_of_scikit_learn(seed: int, bins: int) -> None:
    scores, positive, _ = case(seed)
    found = operating.calibration(scores, positive, bins)
    right, probability = calibrations.calibration_curve(positive, scores, n_bins=bins)
    assert found.right.tolist() == pytest.approx(right.tolist(), abs=1e-12)
    assert found.probability.tolist() == pytest.approx(probability.tolist(), abs=1e-12)
    assert found.counts.sum() == len(scores)


def test_a_weight_counts_as_so_many_rows() -> None:
    scores, positive = np.array([0.2, 0.2, 0.7, 0.9]), np.array([False, True, False, True])
    many = np.repeat(np.arange(4), [1, 2, 3, 1])
    weights = np.array([1.0, 2.0, 3.0, 1.0])
    for function in (operating.roc, operating.precision_recall):
        weighted, repeated = function(scores, positive, weights), function(scores[many], positive[many])
        assert weighted is not None
        assert repeated is not None
        assert np.array(weighted) == pytest.approx(np.array(repeated))
    weighted, repeated = (
        operating.calibration(scores, positive, 5, weights),
        operating.calibration(scores[many], positive[many], 5),
    )
    assert np.array(weighted) == pytest.approx(np.array(repeated))
    assert weighted.counts.tolist() == [3, 3, 1]


@pytest.mark.parametrize("positive", [[True, True], [False, False]])
def test_rows_of_one_kind_have_no_roc(positive: list[bool]) -> None:
    assert operating.roc([0.1, 0.2], positive) is None
    assert operating.roc([0.1, 0.2, 0.3], [*positive, not positive[0]], np.array([1.0, 1.0, 0.0])) is None
    assert (operating.precision_recall([0.1, 0.2], positive) is None) is (not positive[0])


def test_no_rows_have_no_curves() -> None:
    assert operating.roc([], []) is None
    assert operating.precision_recall([], []) is None
    assert len(operating.calibration([], []).counts) == 0
