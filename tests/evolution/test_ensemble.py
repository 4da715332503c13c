"""The ensemble that is chosen is the one that NumPy finds by the rule, and its losses are those that NumPy finds."""

from collections import Counter
from collections.abc import Callable, Sequence
from math import inf, log
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from kerash_cli.engine import losses
from kerash_cli.engine.activations import Activation
from kerash_cli.evolution.ensemble import MOST, Selection
from kerash_cli.evolution.population import Candidate, Evaluated, Outcome, Place
from kerash_cli.evolution.recipe import Recipe
from kerash_cli.model.description import ModelDescription

Sums = NDArray[np.float64]
ROWS = 40


def softmax_loss(sums: Sums, y: Sums) -> float:
    return float((np.log(np.exp(sums).sum(axis=1)) - (sums * y).sum(axis=1)).mean())


def sigmoid_loss(sums: Sums, y: Sums) -> float:
    return float((y * np.logaddexp(0, -sums) + (1 - y) * np.logaddexp(0, sums)).mean())


def square_loss(sums: Sums, y: Sums) -> float:
    return float(((sums - y) ** 2).mean())


def half_square_of_softplus(sums: Sums, y: Sums) -> float:
    return float(((np.log1p(np.exp(sums)) - y) ** 2 / 2).sum(axis=1).mean())


class Kind(NamedTuple):
    loss: str
    activation: str
    outputs: int
    by_hand: Callable[[Sums, Sums], float]


KINDS = {
    "classes": Kind("categorical-cross-entropy", "softmax", 3, softmax_loss),
    "yes or no": Kind("binary-cross-entropy", "sigmoid", 1, sigmoid_loss),
    "numbers": Kind("mean-square", "-", 2, square_loss),
    "an activation that is no part of the loss": Kind("half-square", "softplus", 2, half_square_of_softplus),
}


def evaluated(place: Place, loss: float = 0.5, hidden: str = "dense 4 tanh\n", size: int = 10) -> Evaluated:
    recipe = Recipe(ModelDescription.parse(f"3 1 1\ninput\n{hidden}dense 2 -\n"), 0.01, 0.1)
    return Evaluated(Candidate(place, recipe, None, ("random",)), Outcome(loss, 0.1, size, 9), True)


class Case:
    """Targets, and candidates whose answers are these with noise of their own."""

    def __init__(self, kind: str, seed: int = 0, most: int | None = None) -> None:
        self.kind, self.rng = KINDS[kind], np.random.default_rng(seed)
        outputs = self.kind.outputs
        self.y = self.rng.standard_normal((ROWS, outputs))
        if self.kind.activation == "softmax":
            self.y = np.eye(outputs)[self.rng.integers(outputs, size=ROWS)]
        elif self.kind.activation == "sigmoid":
            self.y = self.rng.integers(2, size=(ROWS, 1)).astype(float)
        activation = Activation.parse(self.kind.activation)
        loss, fused = losses.after(self.kind.loss, activation)
        assert fused == (kind in ("classes", "yes or no"))
        targets = np.asfortranarray(self.y.astype(np.float32)).T
        self.selection = Selection(loss, None if fused else activation, targets, most)
        self.known: dict[Place, Sums] = {}

    def add(self, place: Place, sums: Sums | None = None, parameters: int = 10, **words: Any) -> float:
        """Adds a candidate; without sums, they are drawn. Returns its loss by hand."""
        if sums is None:
            sums = self.y * self.rng.uniform(0.5, 3) + self.rng.standard_normal(self.y.shape)
        sums = sums.astype(np.float32)
        self.known[place] = sums.astype(np.float64)
        loss = self.judged(self.known[place])
        self.selection.add(evaluated(place, **{"loss": loss, **words}), sums, parameters)
        return loss

    def judged(self, sums: Sums) -> float:
        return self.kind.by_hand(sums, self.y.astype(np.float32).astype(np.float64))

    def mean(self, members: Sequence[tuple[Place, int]]) -> Sums:
        return np.sum([picks * self.known[place] for place, picks in members], axis=0) / 5

    def greedy(self, places: Sequence[Place]) -> tuple[tuple[Place, int], ...]:
        """The members by the rule: five times the one that lowers the loss of the mean most."""
        chosen: list[Place] = []
        for _ in range(5):
            tried = [self.judged(np.mean([self.known[p] for p in (*chosen, each)], axis=0)) for each in places]
            chosen.append(places[int(np.argmin(tried))])
        return tuple(sorted(Counter(chosen).items()))


def places(selection: Selection) -> set[Place]:
    """Places of the candidates that may still be chosen."""
    return {each.candidate.place for each in selection.candidates}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_the_best_ensemble_is_found_greedily_in_five_picks_with_replacement(kind: str, seed: int) -> None:
    case = Case(kind, seed)
    places = [(number, index) for number in (0, 1) for index in range(6)]
    alone = [case.add(place) for place in places]
    best = case.selection.best()
    assert best is not None
    assert best.members == case.greedy(places)
    assert sum(picks for _, picks in best.members) == 5
    assert best.loss == pytest.approx(case.judged(case.mean(best.members)), rel=1e-12)
    assert best.loss < min(alone)
    assert best.parameters == 10 * len(best.members)


@pytest.mark.parametrize("kind", KINDS)
def test_sums_are_judged_by_the_mean_loss_over_rows(kind: str) -> None:
    case = Case(kind)
    targets = case.selection.targets
    assert (targets.shape, targets.dtype) == ((case.kind.outputs, ROWS), np.float64)
    assert (case.y.astype(np.float32) == targets.T).all()
    sums = case.rng.standard_normal(case.y.shape)
    assert case.selection.judged(sums.T) == pytest.approx(case.judged(sums), rel=1e-12)
    assert (case.y.astype(np.float32) == case.selection.targets.T).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_candidate_alone_is_an_ensemble_of_its_five_picks(kind: str) -> None:
    case = Case(kind)
    for index in range(3):
        case.add((0, index), parameters=7 + index)
    found = case.selection.alone(evaluated((0, 1)))
    assert (found.members, found.parameters) == ((((0, 1), 5),), 8)
    assert found.loss == pytest.approx(case.judged(case.known[0, 1]), rel=1e-12)


def test_of_one_candidate_there_is_an_ensemble_of_its_own_loss() -> None:
    case = Case("classes")
    loss = case.add((0, 0), parameters=33)
    best = case.selection.best()
    assert best is not None
    assert (best.members, best.parameters) == ((((0, 0), 5),), 33)
    assert best.loss == pytest.approx(loss, rel=1e-12)


def test_without_candidates_there_is_no_ensemble() -> None:
    case = Case("classes")
    assert case.selection.best() is None
    assert case.selection.candidates == []


def test_only_networks_with_the_same_hidden_activations_are_averaged() -> None:
    """Neither the widths nor dropout nor a scale matter; the group with the lowest loss is the best."""
    same = ["dense 4 tanh\n", "scale\ndense 9 tanh\ndropout 0.1\n", "dense 1 tanh\n"]
    others = ["", "dense 4 relu\n", "dense 4 tanh\ndense 4 tanh\n", "dense 4 tanh\ndense 4 relu\n"]
    case = Case("classes", 3)
    for index, hidden in enumerate([*same, *others]):
        strength = 1.5 if hidden in same else 0.5
        case.add((0, index), strength * case.y + case.rng.standard_normal(case.y.shape), hidden=hidden)
    groups = [[(0, index) for index in range(3)], *([(0, index)] for index in range(3, 7))]
    by_loss = {case.judged(case.mean(case.greedy(each))): case.greedy(each) for each in groups}
    best = case.selection.best()
    assert best is not None
    assert best.members == by_loss[min(by_loss)]
    assert len(best.members) > 1
    case.add((1, 0), sums=case.y * 30, hidden=others[1])
    best = case.selection.best()
    assert best is not None
    assert best.members == (((1, 0), 5),)


@pytest.mark.parametrize("order", [1, -1])
def test_of_equally_good_candidates_the_lower_place_is_chosen(order: int) -> None:
    """In whatever order they come: the same answers, in one group and in several."""
    for hidden in (["dense 4 tanh\n"] * 3, ["dense 4 tanh\n", "dense 4 relu\n", ""]):
        case = Case("classes", 1)
        sums = case.y + case.rng.standard_normal(case.y.shape)
        for place, lines in list(zip([(0, 7), (1, 2), (1, 11)], hidden, strict=True))[::order]:
            case.add(place, sums, hidden=lines)
        best = case.selection.best()
        assert best is not None
        assert best.members == (((0, 7), 5),)


def test_of_equally_good_picks_the_one_with_the_lower_loss_of_its_own_is_chosen() -> None:
    """They are equal in answers alone: what they are told to have is another loss."""
    case = Case("classes", 1)
    sums = case.y + case.rng.standard_normal(case.y.shape)
    case.add((0, 1), sums, loss=0.75)
    case.add((0, 2), sums, loss=0.5)
    best = case.selection.best()
    assert best is not None
    assert best.members == (((0, 2), 5),)


def test_only_the_best_25_of_a_group_can_be_chosen() -> None:
    case = Case("numbers", 2)
    losses = {(0, index): case.add((0, index)) for index in range(40)}
    losses |= {(1, index): case.add((1, index), hidden="dense 4 relu\n") for index in range(3)}
    of_group = sorted((loss, place) for place, loss in losses.items() if place[0] == 0)
    left = {place for _, place in of_group[:25]} | {(1, index) for index in range(3)}
    assert MOST == 25
    assert places(case.selection) == left
    assert sorted(each.candidate.place for each in case.selection.candidates) == sorted(left)
    best = case.selection.best()
    assert best is not None
    assert best.members == case.greedy(sorted(left - {(1, index) for index in range(3)}))


def sized(case: Case, sizes: Sequence[int]) -> None:
    for index, size in enumerate(sizes):
        case.add((0, index), parameters=size)


def by_rule(case: Case, sizes: Sequence[int], most: int) -> tuple[tuple[Place, int], ...]:
    """Greedily among those with which the different members have no more parameters than are allowed."""
    chosen: list[int] = []
    for _ in range(5):
        fits = [each for each in range(len(sizes)) if sum(sizes[k] for k in {*chosen, each}) <= most]
        tried = [case.judged(np.mean([case.known[0, k] for k in (*chosen, each)], axis=0)) for each in fits]
        chosen.append(fits[int(np.argmin(tried))])
    return tuple(sorted(Counter((0, each) for each in chosen).items()))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("most", [5, 9, 14, 25, 1000])
def test_members_have_no_more_parameters_together_than_are_allowed(seed: int, most: int) -> None:
    """Who is chosen twice counts once."""
    sizes = [5, 6, 4, 9, 7, 8]
    case = Case("classes", seed, most)
    sized(case, sizes)
    best = case.selection.best()
    assert best is not None
    assert best.members == by_rule(case, sizes, most)
    assert best.parameters == sum(sizes[index] for (_, index), _ in best.members) <= most


def test_of_candidates_that_are_all_too_large_there_is_no_ensemble() -> None:
    case = Case("classes", most=4)
    sized(case, [5, 9])
    assert case.selection.best() is None
    sized(case, [5, 4])
    best = case.selection.best()
    assert best is not None
    assert (best.members, best.parameters) == ((((0, 1), 5),), 4)


def test_answers_beyond_all_bounds_are_an_infinite_loss_and_not_chosen() -> None:
    case = Case("numbers")
    for index, sums in enumerate((np.full(case.y.shape, 3e38), case.y + 1, np.full(case.y.shape, np.inf))):
        with np.errstate(all="ignore"):
            case.add((0, index), sums, loss=0.5 + index)
    best = case.selection.best()
    assert best is not None
    assert best.members == (((0, 1), 5),)
    assert case.selection.alone(evaluated((0, 2))).loss == inf


def brute(case: Case, sums: Sums) -> float:
    """The root of the best of many factors for logits, with one more row that is missed.

    The row has the logits of the one in the middle, by how much the likeliest class is above the next, and this next
    class is the right one.
    """
    if case.kind.outputs == 1:
        margin = float(np.median(np.abs(sums)))
        gaps = np.array([0.0, margin])
    else:
        ordered = np.sort(sums, axis=1)
        margins = ordered[:, -1] - ordered[:, -2]
        middle = sorted(range(ROWS), key=lambda row: margins[row])[ROWS // 2]
        gaps = ordered[middle] - ordered[middle][-2]
    factors = np.exp(np.linspace(log(0.25), log(4), 4001))
    judged = [ROWS * case.judged(sums * factor) + np.log(np.exp(gaps * factor).sum()) for factor in factors]
    return float(factors[int(np.argmin(judged))] ** 0.5)


@pytest.mark.parametrize("kind", ["classes", "yes or no"])
@pytest.mark.parametrize("strength", [0.3, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("seed", range(2))
def test_the_factor_for_logits_is_the_root_of_the_best_one_with_an_imagined_miss(
    kind: str, strength: float, seed: int
) -> None:
    case = Case(kind, seed)
    signs = case.y if case.kind.outputs > 1 else 2 * case.y - 1
    sums = strength * (signs + case.rng.standard_normal(case.y.shape))
    found = case.selection.scale(sums.T)
    assert found == pytest.approx(brute(case, sums), rel=8e-4)
    assert float(f"{found:.4g}") == found


@pytest.mark.parametrize("kind", ["classes", "yes or no"])
def test_the_factor_is_within_the_roots_of_a_quarter_and_of_four(kind: str) -> None:
    case = Case(kind, 1)
    signs = case.y if case.kind.outputs > 1 else 2 * case.y - 1
    assert case.selection.scale((1e-3 * signs).T) == 2.0
    assert case.selection.scale((-1e3 * signs).T) == 0.5


@pytest.mark.parametrize("kind", ["classes", "yes or no"])
def test_where_all_rows_are_right_the_imagined_miss_keeps_the_factor_small(kind: str) -> None:
    """Without it, four would be the best of all factors, and two its root."""
    case = Case(kind, 1)
    signs = case.y if case.kind.outputs > 1 else 2 * case.y - 1
    sums = 4 * signs
    assert case.judged(4 * sums) < case.judged(sums)
    best = brute(case, sums)
    assert best < 1.3
    assert case.selection.scale(sums.T) == pytest.approx(best, rel=8e-4)


@pytest.mark.parametrize("kind", ["numbers", "an activation that is no part of the loss"])
def test_what_are_no_logits_are_left_as_they_are(kind: str) -> None:
    case = Case(kind)
    assert case.selection.scale(case.rng.standard_normal((case.kind.outputs, ROWS))) == 1.0


def test_a_loss_of_probabilities_that_is_no_cross_entropy_leaves_them_as_they_are() -> None:
    loss, fused = losses.after("mean-square", Activation.parse("softmax"))
    assert not fused
    y = np.eye(3)[[0, 1, 2, 0]].T
    own = Selection(loss, Activation.parse("softmax"), y)
    sums = np.random.default_rng(1).standard_normal((3, 4))
    assert own.scale(sums) == 1.0
    own.add(evaluated((0, 0)), sums.T, 7)
    best = own.best()
    assert best is not None
    p = np.exp(sums) / np.exp(sums).sum(axis=0)
    assert best.loss == pytest.approx(((p - y) ** 2).mean(), rel=1e-12)


def test_one_pick_after_another_is_not_always_the_best_of_all_ensembles() -> None:
    """The rule is greedy: it begins with the best candidate, whether the best five are with it or not."""
    case = Case("numbers")
    good, up, down = (case.y + shift for shift in (0.6, 1.0, -1.0))
    for index, sums in enumerate((good, up, down)):
        case.add((0, index), sums)
    best = case.selection.best()
    assert best is not None
    assert dict(best.members)[0, 0] >= 1
    assert best.members == case.greedy([(0, 0), (0, 1), (0, 2)])


def rows(case: Case, sums: Sums) -> Sums:
    """The loss of each row by hand."""
    y = case.y.astype(np.float32).astype(np.float64)
    return np.array([case.kind.by_hand(sums[i : i + 1], y[i : i + 1]) for i in range(ROWS)])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(12))
def test_who_chooses_carefully_takes_another_ensemble_only_if_it_is_clearly_better(kind: str, seed: int) -> None:
    """By more than .2 %, and by more than two standard errors of the difference, row by row."""
    case = Case(kind, seed)
    noise = case.rng.standard_normal(case.y.shape)
    case.add((0, 0), case.y + noise)
    first = case.selection.best()
    assert first is not None
    other = case.y + (1 - 0.02 * seed) * noise + 0.1 * case.rng.standard_normal(case.y.shape)
    case.add((0, 1), other)
    new = case.greedy([(0, 0), (0, 1)])
    gains = rows(case, case.known[0, 0]) - rows(case, case.mean(new))
    is_better = gains.mean() > max(0.002 * abs(first.loss), 2 * gains.std(ddof=1) / ROWS**0.5)
    found = case.selection.best(careful=True)
    assert found is not None
    assert found.members == (new if is_better else first.members)
    again = case.selection.best()
    assert again is not None
    assert again.members == new


def test_in_some_cases_the_earlier_ensemble_stays_and_in_others_it_goes() -> None:
    """The test above would not be one if it were always the same."""
    found = set()
    for seed in range(12):
        case = Case("numbers", seed)
        noise = case.rng.standard_normal(case.y.shape)
        case.add((0, 0), case.y + noise)
        case.selection.best()
        other = case.y + (1 - 0.02 * seed) * noise + 0.1 * case.rng.standard_normal(case.y.shape)
        case.add((0, 1), other)
        best = case.selection.best(careful=True)
        assert best is not None
        found.add(best.members == (((0, 0), 5),))
    assert found == {True, False}


def test_a_first_ensemble_is_taken_however_careful_one_is() -> None:
    case = Case("classes")
    assert case.selection.best(careful=True) is None
    case.add((0, 0))
    best = case.selection.best(careful=True)
    assert best is not None
    assert best.members == (((0, 0), 5),)


def test_members_of_the_latest_ensemble_stay_whatever_others_come() -> None:
    """Even if 25 others of their group are better alone: as long as the ensemble is the chosen one."""
    case = Case("numbers", 2)
    case.add((0, 0), case.y + 1)
    first = case.selection.best()
    for index in range(30):
        case.add((1, index), case.y + 0.999)
    assert (0, 0) in places(case.selection)
    assert len(places(case.selection)) == 26
    assert case.selection.best(careful=True) == first
    case.selection.best()
    case.add((2, 0), case.y + 0.9)
    assert (0, 0) not in places(case.selection)
    assert len(places(case.selection)) == 25


def test_losses_do_not_depend_on_what_was_asked_before() -> None:
    case = Case("classes")
    for index in range(4):
        case.add((0, index))
    first = case.selection.best()
    case.selection.alone(evaluated((0, 2)))
    case.selection.scale(case.known[0, 1].T * 3)
    assert case.selection.best() == first


def test_a_scale_of_logits_is_found_in_the_middle_of_its_range_too() -> None:
    """Logits that are right as they are, and as many rows that say so that one miss hardly counts."""
    rng = np.random.default_rng(0)
    sums = rng.standard_normal((100_000, 1)) * 2
    y = (rng.random(sums.shape) < 1 / (1 + np.exp(-sums))).astype(np.float32)
    loss, _ = losses.after("binary-cross-entropy", Activation.parse("sigmoid"))
    assert Selection(loss, None, y.T).scale(sums.T) == pytest.approx(1, abs=0.01)
    assert Selection(loss, None, y.T).scale(sums.T / 2) == pytest.approx(2**0.5, abs=0.015)
