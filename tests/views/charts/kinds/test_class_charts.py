"""Charts of predicted classes, compared with scikit-learn."""

from typing import Any

import numpy as np
import pytest
from sklearn import calibration as sklearn_calibration
from sklearn import metrics as oracle

from kerash_cli.encoding.targets.binary import Binary
from kerash_cli.encoding.targets.classes import Classes
from kerash_cli.encoding.targets.multilabel import Multilabel
from kerash_cli.errors import BadInput
from kerash_cli.model.scoring import Judged
from kerash_cli.views.charts import kinds
from kerash_cli.views.charts.chart import BandSeries, Chart, LineSeries, MatrixSeries
from kerash_cli.views.charts.kinds import classes
from kerash_cli.views.charts.svg import svg

NAMES = ("ant", "bee", "cow")


def judged(rows: int = 200, classes: int = 3, seed: int = 0, weights: Any = None, skill: float = 1.0) -> Judged:
    """Predictions of classes that are better than chance."""
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(classes), rng.integers(0, classes, rows - classes)])
    logits = rng.normal(size=(rows, classes)) + skill * np.eye(classes)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    names = NAMES if classes == 3 else tuple(f"class {place}" for place in range(classes))
    targets = Classes.unscaled("distribution", classes, ("animal",), names)
    return Judged(targets, probabilities, np.eye(classes)[truth], None, weights)


def binary(rows: int = 100, seed: int = 0) -> Judged:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, rows)
    scores = np.clip(np.round(0.25 * truth + 0.6 * rng.random(rows), 2), 0, 1)  # with ties
    return Judged(Binary.unscaled("probability", 1, ("ill",), ("no", "yes")), scores[:, None], truth[:, None])


def lines(chart: Chart) -> dict[str, LineSeries]:
    return {each.name: each for each in chart.series if isinstance(each, LineSeries)}


def test_a_confusion_matrix_is_that_of_scikit_learn() -> None:
    model = judged()
    (chart,) = kinds.confusion([("m", model)])
    (matrix,) = chart.series
    assert isinstance(matrix, MatrixSeries)
    expected = oracle.confusion_matrix(model.expected, model.answers)
    assert np.array(matrix.rows).tolist() == expected.tolist()
    assert (chart.x.names, chart.y.names) == ([*NAMES], [*NAMES])
    assert f"{np.trace(expected)} of 200 rows are on the diagonal" in chart.description
    assert matrix.marks_diagonal


def test_rows_of_a_confusion_matrix_count_as_much_as_their_weights() -> None:
    weights = np.random.default_rng(1).random(200)
    model = judged(weights=weights)
    ((matrix,),) = (chart.series for chart in kinds.confusion([("m", model)]))
    assert isinstance(matrix, MatrixSeries)
    expected = oracle.confusion_matrix(model.expected, model.answers, sample_weight=weights)
    np.testing.assert_allclose(matrix.rows, expected)


def test_many_classes_share_rows_and_columns() -> None:
    model = judged(2000, 120)
    (chart,) = kinds.confusion([("m", model)])
    (matrix,) = chart.series
    assert isinstance(matrix, MatrixSeries)
    whole = oracle.confusion_matrix(model.expected, model.answers)
    assert np.array(matrix.rows).tolist() == whole.reshape(40, 3, 40, 3).sum(axis=(1, 3)).tolist()
    assert chart.y.names[1] == "class 3 to class 5"
    assert chart.notes == ["each row and column stands for 3 classes"]
    assert len(svg(chart)) < 200_000


def test_each_class_has_a_roc_curve_with_its_area() -> None:
    model = judged()
    (chart,) = kinds.roc([("m", model)])
    found = lines(chart)
    for place, name in enumerate(NAMES):
        truth, scores = model.expected == place, model.ranking[:, place]
        (line,) = (each for label, each in found.items() if label.startswith(name))
        x, y, _ = oracle.roc_curve(truth, scores, drop_intermediate=False)
        np.testing.assert_allclose([line.x, line.y], [x, y])
        assert f"{name} (AUC {oracle.roc_auc_score(truth, scores):.4g})" == line.name
    assert (found["guessing"].x, found["guessing"].y) == ([0, 1], [0, 1])
    assert (chart.x.low, chart.x.high, chart.y.low, chart.y.high) == (0, 1, 0, 1)


def test_of_two_classes_the_second_one_has_a_curve() -> None:
    model = binary()
    (chart,) = kinds.roc([("m", model)])
    assert len(lines(chart)) == 2
    area = oracle.roc_auc_score(model.expected, model.ranking[:, 1])
    assert f"yes (AUC {area:.4g})" in lines(chart)


def test_precision_and_recall_are_those_of_scikit_learn() -> None:
    model = binary()
    (chart,) = kinds.precision_recall([("m", model)])
    (line,) = lines(chart).values()
    precision, recall, _ = oracle.precision_recall_curve(model.expected, model.ranking[:, 1])
    np.testing.assert_allclose([line.x, line.y], [recall, precision])
    assert f"average precision {oracle.average_precision_score(model.expected, model.ranking[:, 1]):.4g}" in line.name


def test_several_models_have_a_curve_each_of_all_classes_together() -> None:
    one, two = judged(skill=3), judged(seed=1)
    (chart,) = kinds.roc([("one.kerash", one), ("two.kerash", two)])
    for name, model in (("one.kerash", one), ("two.kerash", two)):
        truth = np.eye(3)[model.expected]
        area = oracle.roc_auc_score(truth, model.ranking, average="micro")
        assert f"{name} (AUC {area:.4g})" in lines(chart)


def test_of_many_classes_each_is_grey_and_all_together_have_a_colour() -> None:
    model = judged(500, 80)
    (chart,) = kinds.roc([("m", model)])
    assert len([each for each in chart.series if isinstance(each, LineSeries) and each.colour == 0]) == 1 + 12
    assert "grey: 12 of 80 classes, each against the others" in chart.notes
    truth = np.eye(80)[model.expected]
    area = oracle.roc_auc_score(truth, model.ranking, average="micro")
    assert [each.name for each in chart.series if each.colour == 1] == [f"all classes together (AUC {area:.4g})"]


def test_a_curve_of_all_classes_takes_an_even_sample_of_very_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classes, "MOST_POOLED", 300)
    one, two = judged(skill=3), judged(seed=1)
    (chart,) = kinds.roc([("one", one), ("two", two)])
    assert chart.notes == ["the curve of all classes is that of an even sample of the rows"]
    rows = np.arange(100) * 2
    area = oracle.roc_auc_score(np.eye(3)[one.expected[rows]], one.ranking[rows], average="micro")
    assert f"one (AUC {area:.4g})" in lines(chart)


def test_each_label_has_a_curve() -> None:
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 2, (60, 2))
    outputs = np.clip(0.3 * truth + 0.7 * rng.random((60, 2)), 0, 1)
    model = Judged(Multilabel.unscaled("probability", 2, ("wet", "cold")), outputs, truth)
    (chart,) = kinds.roc([("m", model)])
    areas = [oracle.roc_auc_score(truth[:, place], outputs[:, place]) for place in range(2)]
    assert {f"wet (AUC {areas[0]:.4g})", f"cold (AUC {areas[1]:.4g})"} <= lines(chart).keys()
    (reliable,) = kinds.calibration([("m", model)])
    share, mean = sklearn_calibration.calibration_curve(truth.ravel(), outputs.ravel(), n_bins=10)
    np.testing.assert_allclose([lines(reliable)["right"].x, lines(reliable)["right"].y], [mean, share])


def test_an_area_that_is_nearly_1_is_not_rounded_to_1() -> None:
    scores = np.linspace(0, 1, 3000)
    truth = (scores > 0.5).astype(int)
    truth[1499:1501] = [1, 0]
    model = Judged(Binary.unscaled("probability", 1, ("ill",), ("no", "yes")), scores[:, None], truth[:, None])
    assert "yes (AUC 0.9999996)" in lines(kinds.roc([("m", model)])[0])


def test_a_class_without_rows_has_no_curve_and_a_note_says_so() -> None:
    model = judged()
    rows = model.expected != 1
    part = Judged(model.targets, model.probabilities[rows], np.eye(3)[model.expected[rows]])
    (chart,) = kinds.roc([("m", part)])
    assert [name.split(" ")[0] for name in lines(chart)] == ["guessing", "ant", "cow"]
    assert chart.notes == ["no curve, since no row or every row is of it: bee"]
    one = Judged(model.targets, model.probabilities[:3], np.eye(3)[[0, 0, 0]])
    with pytest.raises(BadInput, match="all rows have the same class"):
        kinds.roc([("m", one)])


def test_calibration_is_that_of_scikit_learn() -> None:
    model = binary(400)
    (chart,) = kinds.calibration([("m", model)])
    line = lines(chart)["right"]
    share, mean = sklearn_calibration.calibration_curve(model.expected, model.probabilities[:, 1], n_bins=10)
    np.testing.assert_allclose([line.x, line.y], [mean, share])
    assert (lines(chart)["as it should be"].x, lines(chart)["as it should be"].y) == ([0, 1], [0, 1])
    assert chart.x.label == "predicted probability of yes"
    (band,) = (each for each in chart.series if isinstance(each, BandSeries))
    assert all(low - 1e-9 <= y <= high + 1e-9 for low, y, high in zip(band.low, line.y, band.high, strict=True))


def test_of_more_classes_the_likeliest_one_is_right_or_not() -> None:
    model = judged(400)
    (chart,) = kinds.calibration([("m", model)])
    surest = model.probabilities.max(axis=1)
    right = model.probabilities.argmax(axis=1) == model.expected
    share, mean = sklearn_calibration.calibration_curve(right, surest, n_bins=10)
    np.testing.assert_allclose([lines(chart)["right"].x, lines(chart)["right"].y], [mean, share])


def test_calibrations_of_several_models_have_no_intervals() -> None:
    (chart,) = kinds.calibration([("a", judged()), ("b", judged(seed=1))])
    assert {"a", "b"} <= lines(chart).keys()
    assert not [each for each in chart.series if isinstance(each, BandSeries)]


def test_hostile_names_of_classes_are_text() -> None:
    names = ("<script>alert(1)</script>", "\x1b[31m", "]]>&")
    model = judged()
    targets = Classes.unscaled("distribution", 3, ("animal",), names)
    hostile = Judged(targets, model.probabilities, np.eye(3)[model.expected])
    for kind in (kinds.confusion, kinds.roc, kinds.precision_recall, kinds.calibration):
        for chart in kind([("m", hostile)]):
            picture = svg(chart)
            assert "<script" not in picture
            assert "\x1b" not in picture
