import numpy as np
import pytest
from sklearn import metrics as oracle

from kerash_cli.encoding.targets import TARGETS, Multilabel, OneClass, Targets
from kerash_cli.model import metrics


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_accuracy_counts_rows_that_are_right_in_every_output() -> None:
    assert metrics.accuracy([1, 2, 3, 4], [1, 2, 0, 4]) == 0.75
    assert metrics.accuracy([[1, 0], [1, 1]], [[1, 0], [1, 0]]) == 0.5


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605)],
)
def test_wilson_gives_the_published_intervals(correct: int, total: int, low: float, high: float) -> None:
    # The last two: Newcombe 1998, Statistics in Medicine 17:857, table I, method 3.
    assert metrics.wilson(correct, total) == pytest.approx((low, high), abs=5e-5)


def test_distances_are_those_of_scikit_learn(rng: np.random.Generator) -> None:
    expected, predicted = rng.normal(size=(2, 50, 3))
    assert metrics.mean_absolute_error(predicted, expected) == pytest.approx(
        oracle.mean_absolute_error(expected, predicted)
    )
    assert metrics.root_mean_square_error(predicted, expected) == pytest.approx(
        oracle.mean_squared_error(expected, predicted) ** 0.5
    )
    assert metrics.r2(predicted, expected) == pytest.approx(oracle.r2_score(expected, predicted))


@pytest.mark.parametrize("predicted", [[1.0, 2.0, 1.0], [2.0, 2.0, 2.0]])
def test_r2_of_a_constant_is_that_of_scikit_learn(predicted: list[float]) -> None:
    assert metrics.r2(predicted, [2.0, 2.0, 2.0]) == oracle.r2_score([2.0, 2.0, 2.0], predicted)


def test_log_loss_is_that_of_scikit_learn(rng: np.random.Generator) -> None:
    probabilities = rng.dirichlet([1, 1, 1], size=40)
    classes = rng.integers(0, 3, size=40)
    assert metrics.log_loss(probabilities, classes) == pytest.approx(
        oracle.log_loss(classes, probabilities, labels=[0, 1, 2])
    )


def test_a_certain_mistake_has_a_finite_loss() -> None:
    assert 700 < metrics.log_loss([[1.0, 0.0]], [1]) < 710


def test_confusion_and_scores_are_those_of_scikit_learn(rng: np.random.Generator) -> None:
    expected, predicted = rng.integers(0, 4, size=(2, 60))
    matrix = metrics.confusion(predicted, expected, 4)
    assert matrix.tolist() == oracle.confusion_matrix(expected, predicted).tolist()
    counts = metrics.class_counts(predicted, expected, 4)
    of_class = (metrics.precision(counts), metrics.recall(counts), metrics.class_f1(counts), counts.support)
    assert np.array(of_class) == pytest.approx(np.array(oracle.precision_recall_fscore_support(expected, predicted)))


def test_a_class_that_nobody_has_or_predicts_scores_zero() -> None:
    counts = metrics.class_counts([0], [0], 2)
    for function in (metrics.precision, metrics.recall, metrics.class_f1):
        assert function(counts).tolist() == [1, 0]


@pytest.mark.parametrize("scale", [1e-200, 1e200, 8e307])
def test_distances_of_any_magnitude_are_exact_enough(scale: float, rng: np.random.Generator) -> None:
    expected, predicted = rng.uniform(-1, 1, size=(2, 50, 2))
    wide, narrow = (expected * scale, predicted * scale), (expected, predicted)
    for distance in (metrics.mean_absolute_error, metrics.root_mean_square_error):
        assert distance(*wide) == pytest.approx(distance(*narrow) * scale, rel=1e-12)
    assert metrics.r2(*wide) == pytest.approx(metrics.r2(*narrow), rel=1e-12)


def test_the_largest_numbers_have_distances_that_are_numbers() -> None:
    most = np.finfo(np.float64).max
    far = ([[most], [most], [-most]], [[-most], [-most], [most]])
    assert metrics.mean_absolute_error(*far) == metrics.root_mean_square_error(*far) == most
    # By hand: deviations from the mean -1/3 are -2/3, -2/3, 4/3 (24/9 squared), errors 2 (12 squared).
    assert metrics.r2(*far) == pytest.approx(1 - 12 * 9 / 24)
    assert metrics.r2([[1e300], [0.0]], [[0.0], [1e-300]]) == -most


def test_r2_of_a_constant_that_binary_can_not_write_is_zero() -> None:
    assert metrics.r2([0.2] * 7, [0.1] * 7) == 0


@pytest.mark.parametrize("seed", range(20))
def test_the_auc_of_scores_with_ties_is_that_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    positive = rng.permutation([True, False, *(rng.random(int(rng.integers(1, 60))) < 0.1)])
    scores = rng.integers(0, int(rng.integers(1, 12)), size=len(positive)) / 7
    assert metrics.auc(scores, positive) == pytest.approx(oracle.roc_auc_score(positive, scores), rel=1e-12)


def test_a_score_that_says_nothing_has_an_auc_of_a_half() -> None:
    assert metrics.auc([0.3] * 5, [True, False, False, True, False]) == 0.5


def test_the_auc_tells_scores_apart_that_differ_in_their_last_bits() -> None:
    assert metrics.auc([1e-300, 2e-300, 1.0, np.nextafter(1.0, 2)], [False, True, False, True]) == 0.75


@pytest.mark.parametrize("positive", [[True, True], [False, False], []])
def test_rows_of_one_kind_have_no_auc(positive: list[bool]) -> None:
    assert metrics.auc([0.1, 0.2][: len(positive)], positive) is None


def test_the_auc_of_two_classes_is_that_of_the_second(rng: np.random.Generator) -> None:
    classes, second = rng.integers(0, 2, size=40), rng.random(40)
    scores = np.column_stack([1 - second, second])
    assert metrics.class_auc(scores, classes) == pytest.approx(oracle.roc_auc_score(classes, second))


@pytest.mark.parametrize("seed", range(5))
def test_the_auc_of_several_classes_is_that_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    classes, scores = rng.permutation([*range(4), *rng.integers(0, 4, size=50)]), rng.dirichlet([1] * 4, size=54)
    known = oracle.roc_auc_score(classes, scores, multi_class="ovr", average="macro")
    assert metrics.class_auc(scores, classes) == pytest.approx(known)


def test_the_auc_of_several_classes_leaves_out_those_that_no_row_has(rng: np.random.Generator) -> None:
    classes, scores = np.array([0, 2] * 20), rng.dirichlet([1] * 4, size=40)
    known = [oracle.roc_auc_score(classes == each, scores[:, each]) for each in (0, 2)]
    assert metrics.class_auc(scores, classes) == pytest.approx(sum(known) / 2)


@pytest.mark.parametrize("width", [2, 3])
def test_rows_of_one_class_have_no_auc(width: int) -> None:
    assert metrics.class_auc(np.eye(width), [1] * width) is None


@pytest.mark.parametrize("seed", range(10))
def test_balanced_figures_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = np.arange(5) if seed % 2 else np.array([0, 3])  # else classes 1, 2 and 4 are only predicted, or not even
    expected, predicted = rng.choice(truth, 30), rng.choice([0, 1, 3], 30)
    recalls = oracle.recall_score(expected, predicted, labels=np.unique(expected), average=None, zero_division=0)
    assert metrics.balanced_accuracy(predicted, expected) == pytest.approx(recalls.mean())
    assert metrics.macro_f1(predicted, expected) == pytest.approx(
        oracle.f1_score(expected, predicted, average="macro", zero_division=0)
    )


def test_a_guess_that_misses_a_rare_class_is_not_flattered() -> None:
    expected, predicted = [0] * 97 + [1] * 3, [0] * 100
    assert metrics.balanced_accuracy(predicted, expected) == 0.5
    assert metrics.macro_f1(predicted, expected) == pytest.approx(97 / 197)  # 2 * 97 / (97 + 100), and 0


def test_a_guess_of_the_shares_is_calibrated_without_rounding() -> None:
    shares, expected = np.array([[1 / 7, 6 / 7]] * 7), [0] + [1] * 6
    assert shares[:, 1].mean() != 6 / 7  # the sum of seven is rounded
    assert metrics.calibration_error(shares, expected) == 0
    assert metrics.calibration_error(shares - 1e-9, expected) == pytest.approx(1e-9, rel=1e-3)


def test_intervals_are_within_the_bounds_of_the_metric() -> None:
    row = metrics.METRICS["brier"]
    assert row.bounds == (0, metrics.brier(np.eye(3), [1, 2, 0]))  # the worst that can be
    assert row.within((-0.5, 1.5)) == (0, 1.5)
    assert row.within((-0.5, 2.5)) == (0, 2)
    assert metrics.METRICS["r2"].within((-9.0, 1.1)) == (-9, 1)


def test_every_metric_says_which_way_is_better() -> None:
    greater = {name for name, row in metrics.METRICS.items() if row.greater_is_better}
    less = set(metrics.METRICS) - greater
    assert less == {
        *("log_loss", "calibration_error", "brier"),
        *("rmse", "mae", "median_error", "largest_error", "mape"),
    }
    assert greater == {
        *("accuracy", "label_accuracy", "balanced_accuracy", "precision", "recall", "f1"),
        *("auc", "average_precision", "top_3_accuracy", "top_5_accuracy", "r2"),
        *("recall:CLASS", "precision:CLASS", "f1:CLASS"),
    }


@pytest.mark.parametrize("row", metrics.METRICS.values(), ids=metrics.METRICS)
def test_every_metric_is_for_kinds_of_targets_that_there_are(row: metrics.Metric) -> None:
    assert set(row.kinds) <= set(TARGETS)
    assert not row.of_class or all(issubclass(TARGETS[kind], (OneClass, Multilabel)) for kind in row.kinds)


@pytest.mark.parametrize("kind", TARGETS.values(), ids=TARGETS)
def test_every_kind_of_targets_is_watched_by_a_metric_that_saved_models_have(kind: type[Targets]) -> None:
    row = metrics.METRICS[kind.main_metric]
    assert kind.kind in row.kinds
    assert row.saved
    assert row.naive
    assert row.given == "answers"
