"""The search itself, on evaluations that are made up."""

from collections.abc import Iterator, Sequence
from math import inf, log10

import pytest

from kerash_cli.errors import Diverged
from kerash_cli.evolution.population import Candidate, Evaluated, Generation, Outcome, Population, Strategy
from kerash_cli.evolution.recipe import Recipe
from kerash_cli.evolution.space import SEARCHED, Space
from kerash_cli.model.description import ModelDescription

START = Recipe(ModelDescription.parse("6 1 1\ninput\ndense 3 softmax\n"), 0.005, 0.003)
SPACE = Space(SEARCHED, 40)


class Scripted:
    """Evaluates by a rule, and remembers what it was asked."""

    def __init__(self, losses: "dict[tuple[int, int], float] | None" = None) -> None:
        self.losses = losses
        self.asked: list[tuple[list[tuple[int, int]], int]] = []

    def __call__(self, candidates: Sequence[Candidate], rung: int) -> Iterator[Outcome]:
        self.asked.append(([each.place for each in candidates], rung))
        for each in candidates:
            generation, index = each.place
            loss = 1 / (1 + generation + index / 10) if self.losses is None else self.losses.get(each.place, 9.0)
            yield Outcome(loss, 0.01, each.recipe.network.size, 9)


def strategy(population: int = 8, **words: object) -> Strategy:
    return Strategy(**{"population": population, "seed": 0, "inherits": False, **words})  # type: ignore[arg-type]


def search(population: Population, generations: int, evaluate: Scripted) -> tuple[list[Evaluated], list[Generation]]:
    events = list(population.generations(generations, evaluate))
    evaluated = [each for each in events if isinstance(each, Evaluated)]
    return evaluated, [each for each in events if isinstance(each, Generation)]


def test_only_the_better_third_goes_on_after_each_rung() -> None:
    evaluate = Scripted()
    search(Population(SPACE, strategy(), START), 1, evaluate)
    first, second = evaluate.asked[:3], evaluate.asked[3:]
    every = [(0, index) for index in range(8)]
    assert first == [(every, 0), ([(0, 5), (0, 6), (0, 7)], 1), ([(0, 7)], 2)]
    # Two strangers of eight have a bracket of their own.
    assert second[0] == ([(1, index) for index in range(8)], 0)
    assert second[1] == ([(1, 4), (1, 5), (1, 7)], 1)
    assert second[2] == ([(1, 5), (1, 7)], 2)


def test_small_populations_train_all_to_the_end_and_have_no_strangers() -> None:
    evaluate = Scripted()
    events, _ = search(Population(SPACE, strategy(4), START), 2, evaluate)
    assert [rung for _, rung in evaluate.asked] == [0, 0, 0]
    assert all(each.full for each in events)
    assert {each.candidate.mutations for each in events if each.candidate.place[0] == 0} == {("start",), ("random",)}
    children = [each.candidate for each in events if each.candidate.place[0] > 0]
    assert all(each.parent is not None for each in children)


def test_the_incumbent_gives_way_only_to_what_is_better_by_more_than_the_threshold() -> None:
    losses = {(0, 0): 0.5, (1, 0): 0.5 - 0.00005, (2, 0): 0.4, (3, 0): 0.45}
    population = Population(SPACE, strategy(1), START)
    _, generations = search(population, 3, Scripted(losses))
    assert [each.incumbent.candidate.place for each in generations] == [(0, 0), (0, 0), (2, 0), (2, 0)]
    assert [each.improved for each in generations] == [True, False, True, False]


def test_fitness_is_the_loss_and_a_thousandth_for_ten_times_the_parameters() -> None:
    assert Outcome(0.25, 0.1, 1000, 9).fitness == pytest.approx(-0.25 - 1e-3 * log10(1000))
    assert Outcome(inf, 0.1, 1000, 9).fitness == -inf


def test_of_equals_the_smaller_comes_first_and_then_the_earlier() -> None:
    def evaluated(place: tuple[int, int], parameters: int) -> Evaluated:
        return Evaluated(Candidate(place, START, None, ("start",)), Outcome(inf, 0.0, parameters, 9), True)

    many, few, early = evaluated((0, 0), 9), evaluated((0, 2), 3), evaluated((0, 1), 3)
    assert sorted([many, few, early], key=lambda each: each.order) == [early, few, many]


def test_without_progress_children_are_further_from_their_parents_until_it_ends_after_eight_generations() -> None:
    events, generations = search(Population(SPACE, strategy(1), START), 50, Scripted({(0, 0): 0.1}))
    assert [each.number for each in generations] == list(range(9))
    assert [len(each.candidate.mutations) for each in events[1:]] == [1, 1, 2, 2, 3, 3, 3, 3]


def test_where_weights_are_inherited_the_incumbent_trains_on_too() -> None:
    events, _ = search(Population(SPACE, strategy(2, inherits=True), START), 1, Scripted())
    last = events[-1].candidate
    assert (last.place, last.parent, last.mutations) == ((1, 2), (0, 1), ("train on",))
    assert last.ancestry == (str(last.recipe.description),)
    child = events[-2].candidate
    assert child.ancestry[-1] == str(child.recipe.description)
    assert len(child.ancestry) == len(child.mutations) + 1


def test_random_search_draws_every_candidate_afresh() -> None:
    evaluate = Scripted()
    events, _ = search(Population(SPACE, strategy(random=True), START), 3, evaluate)
    assert {each.candidate.mutations for each in events} == {("start",), ("random",)}
    assert all(each.candidate.parent is None for each in events)
    assert [len(places) for places, _ in evaluate.asked] == [8, 3, 1] * 4


def test_parents_are_the_incumbent_or_the_best_of_some_of_the_latest() -> None:
    population = Population(SPACE, strategy(8), START)
    events, generations = search(population, 60, Scripted())
    best = [each.incumbent.candidate.place for each in generations]
    children = [each.candidate for each in events if each.candidate.parent]
    assert {each.parent for each in children} <= {each.candidate.place for each in population.finished}
    share = sum(each.parent == best[each.place[0] - 1] for each in children) / len(children)
    # Half of the time, and else by chance: two are drawn of at most sixteen.
    assert share == pytest.approx(0.5 + 0.5 * 2 / 16, abs=0.08)


def test_no_recipe_is_tried_twice() -> None:
    events, _ = search(Population(SPACE, strategy(8), START), 20, Scripted())
    keys = [each.candidate.recipe.key for each in events]
    assert len(set(keys)) == len(keys)


def test_the_same_seed_gives_the_same_candidates_and_another_one_others() -> None:
    def drawn(seed: int) -> list[str]:
        events, _ = search(Population(SPACE, strategy(8, seed=seed), START), 5, Scripted())
        return [f"{each.candidate.place} {each.candidate.recipe.key}" for each in events]

    assert drawn(0) == drawn(0) != drawn(1)


def test_a_longer_search_begins_as_a_shorter_one() -> None:
    short, _ = search(Population(SPACE, strategy(8), START), 3, Scripted())
    long, _ = search(Population(SPACE, strategy(8), START), 6, Scripted())
    assert long[: len(short)] == short


def test_candidates_that_diverge_are_dropped_and_the_search_goes_on() -> None:
    losses = {(0, index): inf for index in range(1, 8)} | {(0, 0): 0.5} | {(1, index): inf for index in range(8)}
    population = Population(SPACE, strategy(8), START)
    events, generations = search(population, 2, Scripted(losses))
    assert [each.candidate.place for each in events if each.full][:1] == [(0, 0)]
    assert generations[1].incumbent.candidate.place == (0, 0)
    assert all(each.outcome.loss < inf for each in population.finished)


def test_a_first_generation_that_diverges_as_a_whole_is_an_error() -> None:
    with pytest.raises(Diverged, match="no candidate of the first generation"):
        search(Population(SPACE, strategy(2), START), 2, Scripted({(0, 0): inf, (0, 1): inf}))


def test_the_archive_has_what_no_other_beats_in_loss_and_parameters() -> None:
    population = Population(SPACE, strategy(8), START)
    search(population, 10, Scripted())
    front = [(each.outcome.parameters, each.outcome.loss) for each in population.archive]
    every = [(each.outcome.parameters, each.outcome.loss) for each in population.finished]
    assert front == sorted(front)
    for size, loss in every:
        assert any(size >= other_size and loss >= other_loss for other_size, other_loss in front)
    for size, loss in front:
        assert not any((a <= size and b <= loss) and (a < size or b < loss) for a, b in every)
    window = {each.candidate.place for each in population.window}
    assert window <= population.kept
    assert len(window) == 16
