from typing import Any

import numpy as np
import pytest
from sklearn import metrics as oracle

from kerash_cli.encoding.targets import Binary, Classes, Multilabel, OneHot, Targets, Values
from kerash_cli.errors import BadInput
from kerash_cli.model.metrics import METRICS
from kerash_cli.model.pairing import Pair, paired
from kerash_cli.model.scoring import Judged, all_scores

NAMES = ("a.kerash", "b.kerash")


def classes(names: str, numeric: bool = False) -> Classes:
    words = tuple(names.split())
    return Classes.unscaled("distribution", len(words), ("y",), words, numeric)


def judged(targets: Targets, chances: np.ndarray, truth: Any) -> Judged:
    """Guesses of classes; `truth` has the names of the right ones."""
    places = [targets.classes.index(name) for name in truth]
    encoded = (
        np.array(places)[:, None].astype(float) if targets.kind == "binary" else np.eye(len(targets.classes))[places]
    )
    return Judged(targets, chances, encoded)


def figures(pair: Pair, which: int) -> dict[str, Any]:
    return {metric.name: pair.values(metric)[which] for metric in pair.metrics()}


@pytest.mark.parametrize("seed", range(10))
def test_classes_in_another_order_are_the_same_classes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    order = rng.permutation(4)
    names = np.array(["red", "green", "blue", "grey"])
    truth, ours, theirs = rng.choice(names, 40), rng.dirichlet([1] * 4, 40), rng.dirichlet([1] * 4, 40)
    first = judged(classes(" ".join(names)), ours, truth)
    mixed = judged(classes(" ".join(names[order])), theirs[:, order], truth)
    pair = paired(first, mixed, NAMES)
    plain = all_scores(judged(classes(" ".join(names)), theirs, truth))
    for name, value in figures(pair, 1).items():
        assert value == pytest.approx(plain[name]), name
    assert pair.classes == tuple(names)
    for place, name in enumerate(names):
        for metric in (METRICS["recall:CLASS"], METRICS["precision:CLASS"], METRICS["f1:CLASS"]):
            assert pair.values(metric, str(name))[1] == pytest.approx(plain["classes"][name][metric.name]), place


def test_a_sigmoid_and_a_softmax_of_two_classes_are_compared() -> None:
    rng = np.random.default_rng(0)
    truth, chances = rng.choice(["no", "yes"], 30), rng.random(30)
    one = judged(Binary.unscaled("probability", 1, ("y",), ("no", "yes")), chances[:, None], truth)
    two = judged(classes("yes no"), np.column_stack([chances, 1 - chances]), truth)
    pair = paired(one, two, NAMES)
    assert figures(pair, 0) == pytest.approx(figures(pair, 1))
    assert figures(pair, 1)["auc"] == pytest.approx(oracle.roc_auc_score(truth == "yes", chances))


def test_a_class_that_one_model_does_not_have_is_never_its_answer() -> None:
    truth = ["a", "b", "b", "a"]
    first = judged(classes("a b"), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]]), truth)
    second = judged(classes("a b c"), np.array([[0.2, 0.1, 0.7], [0.2, 0.8, 0], [0.1, 0.9, 0], [0.7, 0.3, 0]]), truth)
    pair = paired(first, second, NAMES)
    assert pair.classes == ("a", "b", "c")
    assert pair.values(METRICS["accuracy"]) == (0.75, 0.75)
    assert pair.values(METRICS["log_loss"])[0] == pytest.approx(-np.log([0.9, 0.8, 0.4, 0.7]).mean())
    assert pair.values(METRICS["recall:CLASS"], "c") == (0, 0)
    distances = [2 * 0.1**2, 2 * 0.2**2, 2 * 0.6**2, 2 * 0.3**2]  # of a class that is not there: 0
    assert pair.values(METRICS["brier"])[0] == pytest.approx(np.mean(distances))


def test_names_that_are_numbers_in_one_model_alone_are_names() -> None:
    truth = ["1", "2.50"]
    numbers = judged(classes("1 2.50", numeric=True), np.eye(2), truth)
    words = judged(classes("2.50 x 1"), np.array([[0, 0, 1.0], [1.0, 0, 0]]), truth)
    for pair in (paired(numbers, words, NAMES), paired(words, numbers, NAMES)):
        assert set(pair.classes) == {"1", "2.50", "x"}
        assert pair.values(METRICS["accuracy"]) == (1, 1)


def test_targets_with_other_names_are_matched_by_their_order() -> None:
    truth = np.array([[1.0, 10.0], [2.0, 30.0]])
    first = Judged(Values.unscaled("any", 2, ("x", "y")), truth, truth)
    second = Judged(Values.unscaled("any", 2, ("p", "q")), np.array([[1.0, 14.0], [2.0, 34.0]]), truth)
    assert paired(first, second, NAMES).values(METRICS["mae"]) == (0, 2)


def test_targets_of_zero_are_the_same() -> None:
    zero = Judged(AMOUNT.targets, np.ones((3, 1)), np.zeros((3, 1)))
    assert paired(zero, zero, NAMES).values(METRICS["mae"]) == (1, 1)


@pytest.mark.parametrize("other", [[1e6, 1e6 + 0.01, 3.0], [1e6, 1e6, 3.01], [1e6 + 1, 1e6, 3.0]])
def test_one_target_that_is_another_number_is_enough_to_refuse(other: list[float]) -> None:
    first, second = (
        Judged(AMOUNT.targets, np.ones((3, 1)), np.array(each)[:, None]) for each in ([1e6, 1e6, 3.0], other)
    )
    with pytest.raises(BadInput, match="can't be compared"):
        paired(first, second, NAMES)


def test_classes_that_are_numbers_are_matched_as_numbers() -> None:
    first = judged(classes("1 2.50", numeric=True), np.array([[0.9, 0.1]]), ["2.50"])
    second = judged(classes("2.5 1.0", numeric=True), np.array([[0.9, 0.1]]), ["2.5"])
    pair = paired(first, second, NAMES)
    assert pair.classes == ("1", "2.50")
    assert pair.values(METRICS["accuracy"]) == (0, 1)


def test_targets_are_matched_by_name() -> None:
    truth = np.array([[1.0, 10.0], [2.0, 30.0]])
    first = Judged(Values.unscaled("any", 2, ("x", "y")), truth, truth)
    second = Judged(Values.unscaled("any", 2, ("y", "x")), truth[:, ::-1] + [1, 0], truth[:, ::-1])
    assert paired(first, second, NAMES).values(METRICS["mae"]) == (0, 0.5)
    labels = truth > 1.5
    first = Judged(Multilabel.unscaled("probability", 2, ("x", "y")), labels * 0.9, labels.astype(float))
    second = Judged(Multilabel.unscaled("probability", 2, ("y", "x")), labels[:, ::-1] * 0.9, labels[:, ::-1] * 1.0)
    pair = paired(first, second, NAMES)
    assert figures(pair, 0) == pytest.approx(figures(pair, 1))
    assert pair.values(METRICS["recall:CLASS"], "x") == (1, 1)


def test_targets_that_were_scaled_otherwise_are_the_same() -> None:
    truth = np.array([[1.1], [2.3], [1e6 + 0.7]])
    first = Judged(
        Values("any", 1, (), False, ("y",), np.array([0.3]), np.array([7.0]), truth.mean(axis=0)),
        truth,
        (truth - 0.3) / 7,
    )
    second = Judged(Values.unscaled("any", 1, ("y",)), truth, truth)
    assert paired(first, second, NAMES).values(METRICS["mae"])[1] == pytest.approx(0, abs=1e-9)


AMOUNT = Judged(Values.unscaled("any", 1, ("y",)), np.ones((1, 1)), np.ones((1, 1)))
TWO = judged(classes("a b"), np.array([[0.9, 0.1]]), ["a"])
OTHER = judged(classes("a b"), np.array([[0.9, 0.1]]), ["b"])
FAR = Judged(Values.unscaled("any", 1, ("z",)), np.ones((1, 1)), np.full((1, 1), 1.1))
BITS = Judged(OneHot.unscaled("distribution", 2, ("p", "q"), ("p", "q")), np.eye(2)[:1], np.eye(2)[:1])


@pytest.mark.parametrize(
    ("first", "second"),
    [(AMOUNT, TWO), (TWO, OTHER), (AMOUNT, FAR), (TWO, BITS)],
    ids=["kind", "class", "value", "names"],
)
def test_models_of_other_answers_are_refused_in_one_line(first: Judged, second: Judged) -> None:
    for pair, words in (((first, second), NAMES), ((second, first), NAMES[::-1])):
        with pytest.raises(
            BadInput, match=f"can't be compared: {words[0]} predicts .*, but {words[1]} predicts "
        ) as error:
            paired(*pair, words)
        assert "\n" not in str(error.value)
