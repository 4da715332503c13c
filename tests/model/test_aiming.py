import numpy as np
import pytest
from sklearn import metrics as oracle

from kerash_cli.encoding.targets import Binary, Classes, Values
from kerash_cli.errors import BadInput
from kerash_cli.model.aiming import Aim, between, reached
from kerash_cli.model.scoring import Judged

TWO = Binary.unscaled("probability", 1, ("y",), ("no", "yes"))


def judged(chances: np.ndarray, truth: np.ndarray, weights: np.ndarray | None = None) -> Judged:
    return Judged(TWO, chances.astype(np.float32)[:, None], truth.astype(float)[:, None], weights=weights)


def by_search(
    figure: str, place: int, goal: float, chances: np.ndarray, truth: np.ndarray, weights: np.ndarray | None
) -> tuple[float, float] | None:
    """The wanted figure and the other one at the best threshold: each that gives other answers is tried."""
    found = []
    for threshold in [*np.unique(chances[chances > 0]), *([2] if chances.max() < 1 else [])]:
        claims = chances >= threshold
        pair = [
            score(truth == place, claims == place, sample_weight=weights, zero_division=0)
            for score in (oracle.recall_score, oracle.precision_score)
        ]
        wanted, other = pair if figure == "recall" else pair[::-1]
        if wanted >= goal:
            found.append((other, wanted))
    return max(found)[::-1] if found else None


@pytest.mark.parametrize("seed", [*range(24), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(24, 120))])
@pytest.mark.parametrize("figure", ["recall", "precision"])
def test_the_best_threshold_is_the_one_that_a_search_finds(seed: int, figure: str) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.permutation([True, False, *(rng.random(int(rng.integers(1, 40))) < rng.random())])
    chances = np.clip(np.round(rng.normal(0.4 + 0.2 * truth, 0.2), int(rng.integers(1, 6))), 0, 1).astype(np.float32)
    weights = rng.integers(1, 5, len(truth)).astype(float) if seed % 2 else None
    goal, place = float(rng.choice([0.3, 0.5, 0.9, 1.0])), seed // 2 % 2
    own = judged(chances, truth, weights)
    aim = Aim(figure, TWO.classes[place] if seed % 3 or not place else "", goal)
    best = by_search(figure, place, goal, chances, truth, weights)
    if best is None:
        with pytest.raises(BadInput, match="no more; try --threshold-for"):
            reached(aim, own)
        return
    found = reached(aim, own)
    assert found.class_name == TWO.classes[place]
    pair = (found.recall, found.precision)
    assert (pair if figure == "recall" else pair[::-1]) == pytest.approx(best)
    claims = TWO.above(chances[:, None], found.threshold)
    assert found.recall == pytest.approx(
        oracle.recall_score(truth == place, claims == place, sample_weight=weights, zero_division=0)
    )
    assert found.precision == pytest.approx(
        oracle.precision_score(truth == place, claims == place, sample_weight=weights, zero_division=0)
    )
    assert 0 < found.threshold < 1


def test_a_message_says_what_can_be_reached() -> None:
    chances, truth = np.array([0.1, 0.2, 0.3, 0.4]), np.array([1, 0, 1, 0])
    with pytest.raises(BadInput, match=r"a precision of 0\.5 for 'yes', no more; try --threshold-for precision=0\.5$"):
        reached(Aim("precision", "", 0.8), judged(chances, truth))


def test_what_a_message_advises_can_be_reached() -> None:
    rng = np.random.default_rng(1)
    truth, chances = rng.random(90) < 0.3, rng.integers(0, 4, 90).astype(np.float32) / 4
    with pytest.raises(BadInput) as refused:
        reached(Aim("precision", "", 1.0), judged(chances, truth))
    goal = float(str(refused.value).rpartition("=")[2])
    assert reached(Aim("precision", "", goal), judged(chances, truth)).precision >= goal


@pytest.mark.parametrize(
    ("lower", "upper", "threshold"),
    [(0.21, 0.37, 0.3), (0.0, 0.4, 0.2), (0.913, 0.9144, 0.914), (0.6, 1.0, 0.8), (0.0, 1e-30, 5e-31)],
)
def test_a_threshold_has_few_digits(lower: float, upper: float, threshold: float) -> None:
    assert between(lower, upper, np.dtype(np.float32)) == threshold


def test_neighbours_in_float32_have_a_threshold_between_them() -> None:
    for upper in (np.float32(0.7), np.float32(1), np.float32(1e-45), np.float32(1e-40)):
        lower = np.nextafter(upper, np.float32(0))
        found = between(float(lower), float(upper), np.dtype(np.float32))
        assert 0 < found < 1
        assert TWO.above(np.array([[lower], [upper]]), found).tolist() == [0, 1]


def test_rows_that_are_told_apart_reach_everything() -> None:
    found = reached(Aim("recall", "", 1.0), judged(np.array([0.1, 0.2, 0.6, 0.9]), np.array([0, 0, 1, 1])))
    assert found == (0.4, "yes", 1.0, 1.0)


@pytest.mark.parametrize("place", [0, 1])
def test_rows_of_one_class_have_no_figure_of_the_other(place: int) -> None:
    rows = judged(np.array([0.1, 0.6]), np.array([place, place]))
    with pytest.raises(BadInput, match=f"no row is of the class '{TWO.classes[1 - place]}'"):
        reached(Aim("recall", TWO.classes[1 - place], 0.5), rows)
    assert reached(Aim("recall", TWO.classes[place], 0.5), rows).recall >= 0.5


def test_a_probability_of_0_is_never_a_yes() -> None:
    rows = judged(np.array([0.0, 0.7]), np.array([1, 1]))
    with pytest.raises(BadInput, match="for 'yes', no more"):
        reached(Aim("recall", "", 0.6), rows)


def test_other_models_and_other_classes_are_refused() -> None:
    three = Classes.unscaled("distribution", 3, ("y",), ("a", "b", "c"))
    amounts = Values.unscaled("any", 1, ("y",))
    for targets, width in ((three, 3), (amounts, 1)):
        with pytest.raises(BadInput, match="expected a model of two classes"):
            reached(Aim("recall", "", 0.5), Judged(targets, np.ones((2, width)) / width, np.eye(2, width)))
    with pytest.raises(BadInput, match="no class 'maybe'; try one of 'no', 'yes'"):
        reached(Aim("recall", "maybe", 0.5), judged(np.array([0.5]), np.array([1])))
