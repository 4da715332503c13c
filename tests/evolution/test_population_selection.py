"""Who goes on, who stays and who is drawn, on evaluations and recipes that are made up."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import repeat
from math import inf
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from test_population import SPACE, START, Scripted, search, strategy

from kerash_cli.engine.randomness import Key, generator
from kerash_cli.errors import BadInput
from kerash_cli.evolution.population import Candidate, Ensemble, Evaluated, Outcome, Population, Purpose, Strategy
from kerash_cli.evolution.recipe import Recipe

Place = tuple[int, int]
PATCHED = "kerash_cli.evolution.population.mutate"


class InFull(Strategy):
    """A strategy by which every candidate is evaluated in full."""

    @property
    def rungs(self) -> list[float]:
        return [1.0]


def told(outcomes: dict[Place, tuple[float, int]]) -> Any:
    """An evaluation with these losses and parameters; all others have a loss of 9 and 1000 parameters."""

    def evaluate(candidates: Sequence[Candidate], rung: int) -> Iterator[Outcome]:
        for each in candidates:
            loss, parameters = outcomes.get(each.place, (9.0, 1000))
            yield Outcome(loss, 0.0, parameters, 9)

    return evaluate


def places(found: list[Evaluated]) -> list[Place]:
    return [each.candidate.place for each in found]


def numbered(number: int) -> Recipe:
    return replace(START, learning_rate=float(number))


def test_draws_come_from_the_seed_the_generation_the_number_and_the_purpose() -> None:
    """1 is the purpose of a recipe, 2 that of a parent: in half of all cases it is the best so far."""
    events, generations = search(Population(SPACE, strategy(8, seed=3), START), 6, Scripted())
    best = [each.incumbent.candidate.place for each in generations]
    for each in (each.candidate for each in events):
        if each.mutations == ("random",):
            assert each.recipe == SPACE.random(START, generator(3, Key.EVOLVE, *each.place, 1))
        elif each.parent and generator(3, Key.EVOLVE, *each.place, 2).random() < 0.5:
            assert each.parent == best[each.place[0] - 1]
    assert {each.name: int(each) for each in Purpose} == {
        **{"RECIPE": 1, "PARENT": 2, "TRAINING": 3, "FINAL": 4, "REFIT": 5, "OTHER_WEIGHTS": 6}
    }


@pytest.mark.parametrize(
    ("population", "strangers"), [(1, 0), (4, 0), (5, 1), (7, 1), (8, 2), (15, 3), (16, 4), (19, 4), (20, 5)]
)
def test_a_quarter_of_five_or_more_is_drawn_afresh(population: int, strangers: int) -> None:
    assert strategy(population).strangers == strangers


@pytest.mark.parametrize(
    ("population", "ensembles", "rungs"),
    [
        (1, False, [1]),
        (4, False, [1]),
        (4, True, [1]),
        (5, False, [1 / 9, 1 / 3, 1]),
        (8, False, [1 / 9, 1 / 3, 1]),
        (5, True, [1 / 3, 1]),
        (800, True, [1 / 3, 1]),
    ],
)
def test_rungs_end_after_a_ninth_and_a_third_of_a_training_or_a_third_alone(
    population: int, ensembles: bool, rungs: list[float]
) -> None:
    """Where candidates compete for an ensemble, a ninth says too little of what a candidate adds."""
    assert strategy(population, ensembles=ensembles).rungs == rungs


def test_a_search_evolves_unless_it_is_told_to_draw_everything_afresh() -> None:
    plain = Strategy(8, 0, inherits=False)
    assert not plain.random
    assert not plain.ensembles


@pytest.mark.parametrize(("population", "size"), [(1, 10), (4, 10), (5, 10), (6, 12)])
def test_parents_are_of_the_last_two_generations_or_the_last_ten(population: int, size: int) -> None:
    found = Population(SPACE, InFull(population, 0, inherits=False), START)
    search(found, 12, Scripted())
    assert found.window == found.finished[-size:]
    assert len(found.finished) == 13 * population


def test_weights_are_kept_of_parents_of_those_no_other_beats_and_of_the_best() -> None:
    """The best of the first generation stays the best, as what is better is so by less than the threshold."""
    outcomes = {(0, 0): (0.5, 100), (0, 1): (2.0, 5)}
    outcomes |= {(number, index): (0.49996, 100) for number in range(1, 8) for index in (0, 1)}
    found = Population(SPACE, strategy(2), START)
    assert found.kept == set()
    search(found, 7, told(outcomes))
    assert found.incumbent is not None
    assert found.incumbent.candidate.place == (0, 0)
    assert places(found.archive) == [(0, 1), (1, 0)]
    latest = {(number, index) for number in range(3, 8) for index in (0, 1)}
    assert found.kept == {(0, 0), (0, 1), (1, 0), *latest}


def test_of_equals_the_archive_has_the_earlier_and_of_equal_losses_the_smaller() -> None:
    outcomes = {(0, 0): (0.5, 20), (0, 1): (0.5, 30), (0, 2): (0.4, 30), (0, 3): (0.4, 30)}
    found = Population(SPACE, strategy(4), START)
    search(found, 0, told(outcomes))
    assert places(found.archive) == [(0, 0), (0, 2)]


@pytest.mark.parametrize(("loss", "improved"), [(0.5 - 1e-4, False), (0.5 - 1.01e-4, True)])
def test_what_is_better_by_just_the_threshold_is_no_new_best(loss: float, improved: bool) -> None:
    """The logarithm of one parameter is 0, so that fitness is exactly minus the loss."""
    _, generations = search(Population(SPACE, strategy(1), START), 1, told({(0, 0): (0.5, 1), (1, 0): (loss, 1)}))
    assert generations[1].improved == improved


def test_random_search_goes_on_without_progress() -> None:
    _, generations = search(Population(SPACE, strategy(1, random=True), START), 12, Scripted({(0, 0): 0.1}))
    assert [each.number for each in generations] == list(range(13))


def test_a_generation_without_progress_counts_from_the_latest_best() -> None:
    losses = {(0, 0): 0.5, (5, 0): 0.4}
    found = Population(SPACE, strategy(1), START)
    _, generations = search(found, 50, Scripted(losses))
    assert generations[-1].number == 5 + 8
    assert found.stalled == 8


def test_what_diverged_in_the_first_rung_is_not_trained_further() -> None:
    diverged = {(1, index): inf for index in range(8)} | {(0, index): inf for index in (1, 2, 3)}
    evaluate = Scripted({(0, 0): 0.5, **diverged})
    events, _ = search(Population(SPACE, strategy(8), START), 1, evaluate)
    assert [(len(asked), rung) for asked, rung in evaluate.asked] == [(8, 0), (3, 1), (1, 2), (8, 0), (0, 2)]
    second = [each for each in events if each.candidate.place[0] == 1]
    assert places(second) == [(1, index) for index in range(8)]
    assert not any(each.full for each in second)


def test_only_what_was_evaluated_in_full_can_be_the_best_or_a_parent() -> None:
    """Those that went on are worse in the end than those that were dropped had been before."""

    def evaluate(candidates: Sequence[Candidate], rung: int) -> Iterator[Outcome]:
        for each in candidates:
            yield Outcome(1 + rung + each.place[1] / 10, 0.0, 1000, 9 * rung)

    found: Any = evaluate
    population = Population(SPACE, strategy(8), START)
    events, generations = search(population, 0, found)
    assert [each.candidate.place for each in events if each.full] == [(0, 0)]
    assert places(population.finished) == places(population.window) == places(population.archive) == [(0, 0)]
    assert generations[0].incumbent.outcome == Outcome(3.0, 0.0, 1000, 18)


def test_a_third_is_rounded_up() -> None:
    evaluate = Scripted()
    search(Population(SPACE, strategy(10), START), 0, evaluate)
    assert [len(asked) for asked, _ in evaluate.asked] == [10, 4, 2]


def test_without_inheritance_a_candidate_has_no_ancestry() -> None:
    events, _ = search(Population(SPACE, strategy(8), START), 3, Scripted())
    assert {each.candidate.ancestry for each in events} == {()}


def test_the_ancestry_leads_from_the_parent_mutation_by_mutation() -> None:
    events, _ = search(Population(SPACE, strategy(1, inherits=True), START), 8, Scripted({(0, 0): 0.1}))
    by_place = {each.candidate.place: each.candidate for each in events}
    lengths = set()
    for each in by_place.values():
        if each.parent is not None and each.mutations != ("train on",):
            assert each.ancestry[0] == str(by_place[each.parent].recipe.description)
            assert each.ancestry[-1] == str(each.recipe.description)
            assert len(each.ancestry) == len(each.mutations) + 1
            lengths.add(len(each.mutations))
    assert lengths == {1, 2, 3}


def test_the_network_to_start_from_counts_as_tried() -> None:
    found = Population(SPACE, strategy(1), START)
    search(found, 0, Scripted())
    assert found.tried == {START.key}


def drawing(recipes: Iterator[Recipe]) -> tuple[Any, list[Recipe]]:
    """A space whose strangers are these, and those that were drawn of them so far."""
    drawn: list[Recipe] = []

    def random(start: Recipe, rng: np.random.Generator) -> Recipe:
        drawn.append(next(recipes))
        return drawn[-1]

    return SimpleNamespace(random=random, fits=lambda recipe: True), drawn


def test_a_stranger_that_was_tried_already_is_drawn_again() -> None:
    space, drawn = drawing(map(numbered, (1, 1, 1, 2, 2, 3, 4)))
    events, _ = search(Population(space, strategy(4), START), 0, Scripted())
    assert [each.candidate.recipe for each in events] == [START, *map(numbered, (1, 2, 3))]
    assert len(drawn) == 6


def test_after_fifty_draws_a_stranger_may_be_one_that_was_tried() -> None:
    space, drawn = drawing(repeat(START))
    events, _ = search(Population(space, strategy(2), START), 0, Scripted())
    assert [each.candidate.recipe for each in events] == [START, START]
    assert len(drawn) == 50


def bounded(recipes: Iterator[Recipe], most: float) -> Any:
    """A space whose strangers are these, and that allows those with a learning rate up to `most`."""
    space, _ = drawing(recipes)
    space.fits = lambda recipe: recipe.learning_rate <= most
    return space


def test_a_stranger_that_is_too_large_is_drawn_again() -> None:
    space = bounded(map(numbered, (5, 1, 6, 7, 2, 3)), 4)
    events, _ = search(Population(space, strategy(4), START), 0, Scripted())
    assert [each.candidate.recipe for each in events] == [START, *map(numbered, (1, 2, 3))]


def test_a_child_that_is_too_large_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    mutating(monkeypatch, lambda number: numbered((5, 6, 3)[number]))
    events, _ = search(Population(bounded(iter([]), 4), strategy(1), START), 1, Scripted())
    assert events[1].candidate.recipe == numbered(3)


def test_after_fifty_draws_of_what_is_too_large_the_first_network_is_trained_once_more() -> None:
    space = bounded(repeat(numbered(5)), 4)
    events, _ = search(Population(space, strategy(2), START), 0, Scripted())
    assert [each.candidate.recipe for each in events] == [START, START]


def test_where_all_children_are_too_large_a_stranger_is_drawn_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = mutating(monkeypatch, lambda number: numbered(5))
    events, _ = search(Population(bounded(map(numbered, (6, 3)), 4), strategy(1), START), 1, Scripted())
    child = events[1].candidate
    assert (child.recipe, child.mutations, child.parent) == (numbered(3), ("random",), None)
    assert len(calls) == 50


def mutating(patch: pytest.MonkeyPatch, change: Callable[[int], Recipe | None]) -> list[int]:
    """Gives the mutations numbers, from which `change` makes recipes, or None where none is possible."""
    calls: list[int] = []

    def mutate(recipe: Recipe, space: object, rng: object) -> tuple[str, Recipe]:
        calls.append(len(calls))
        if (child := change(calls[-1])) is None:
            raise BadInput("no mutation of the network is within the limits")
        return f"mutation {calls[-1]}", child

    patch.setattr(PATCHED, mutate)
    return calls


def test_a_child_that_was_tried_already_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = mutating(monkeypatch, lambda number: START if number < 3 else numbered(number))
    events, _ = search(Population(SPACE, strategy(1), START), 1, Scripted())
    assert (events[1].candidate.recipe, events[1].candidate.mutations) == (numbered(3), ("mutation 3",))
    assert len(calls) == 4
    search(population := Population(SPACE, strategy(1), START), 1, Scripted())
    assert population.tried == {START.key, numbered(4).key}


def test_after_fifty_draws_a_child_may_be_one_that_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = mutating(monkeypatch, lambda number: START)
    events, _ = search(Population(SPACE, strategy(1), START), 1, Scripted())
    assert (events[1].candidate.recipe, events[1].candidate.parent) == (START, (0, 0))
    assert len(calls) == 50


def test_where_no_change_is_possible_a_stranger_is_drawn_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    mutating(monkeypatch, lambda number: None)
    events, _ = search(Population(SPACE, strategy(1), START), 1, Scripted())
    child = events[1].candidate
    assert (child.place, child.mutations, child.parent) == ((1, 0), ("random",), None)


def test_a_child_has_the_changes_that_were_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    """After two generations without progress it should have two."""
    mutating(monkeypatch, lambda number: numbered(number) if number in (0, 1, 2) else None)
    events, _ = search(Population(SPACE, strategy(1, inherits=True), START), 3, Scripted({(0, 0): 0.1}))
    children = [each.candidate for each in events if each.candidate.place[1] == 0][1:]
    assert [each.mutations for each in children] == [("mutation 0",), ("mutation 1",), ("mutation 2",)]
    assert {each.ancestry for each in children} == {(str(START.description),) * 2}


def parents(population: int, seeds: int, outcomes: dict[Place, tuple[float, int]] | None = None) -> list[int]:
    """The ranks in the first generation, from 0 on, of the parents of the children in the second: the last is best."""
    ranked = outcomes or {(0, index): (2 - index / 100, 1000) for index in range(population)}
    found = []
    for seed in range(seeds):
        events, _ = search(Population(SPACE, InFull(population, seed, inherits=False), START), 1, told(ranked))
        found += [population - 1 - each.candidate.parent[1] for each in events if each.candidate.parent]
    return found


def test_in_a_small_population_a_parent_is_the_better_of_two_or_the_best() -> None:
    """Half of them are the best of all; of the others two of five are, when two of the five are drawn."""
    share = np.bincount(parents(5, 250), minlength=5) / 1000
    assert share == pytest.approx([0.5 + 0.2, 0.15, 0.1, 0.05, 0], abs=0.035)


def test_in_a_large_population_a_parent_is_the_best_of_a_quarter_or_of_all() -> None:
    """The best of 10 of 40 is on average the one with rank 41 / 11."""
    found = np.array(parents(40, 16)) + 1
    assert found.mean() == pytest.approx(0.5 + 0.5 * 41 / 11, abs=0.15)


def test_without_an_ensemble_the_loss_of_a_generation_is_that_of_the_best() -> None:
    _, generations = search(Population(SPACE, strategy(1), START), 1, Scripted({(0, 0): 0.5, (1, 0): 0.25}))
    assert [(each.ensemble, each.loss) for each in generations] == [(None, 0.5), (None, 0.25)]
    ensemble = Ensemble((((0, 0), 5),), 0.125, 7)
    assert generations[1]._replace(ensemble=ensemble).loss == 0.125


def test_of_two_who_did_not_diverge_both_are_looked_at() -> None:
    alive: dict[Place, tuple[float, int]] = {(0, 3): (0.2, 100), (0, 7): (0.3, 100)}
    outcomes = {**{(0, index): (inf, 100) for index in range(12)}, **alive}
    assert set(parents(12, 3, outcomes)) == {12 - 1 - 3}
