"""The search for a table, on evaluations and ensembles that are made up."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import inf

import pytest
from test_population import Scripted, search
from test_space_tables import SPACE, START

from kerash_cli.engine.randomness import Key, generator
from kerash_cli.evolution.mutations import mutate
from kerash_cli.evolution.population import Candidate, Ensemble, Evaluated, Generation, Outcome, Place, Strategy
from kerash_cli.evolution.portfolio import recipes
from kerash_cli.evolution.recipe import Recipe
from kerash_cli.evolution.space import Space
from kerash_cli.evolution.team import Team

TRIED_FIRST = [*recipes(START, SPACE)]
COUNT = len(TRIED_FIRST)


class Selecting:
    """Names the members and the loss of each generation, one after the other; the last one stays."""

    def __init__(self, *ensembles: Ensemble | None) -> None:
        self.ensembles = list(ensembles)
        self.calls = 0
        self.careful: list[bool] = []

    def __call__(self, careful: bool) -> Ensemble | None:
        self.calls += 1
        self.careful.append(careful)
        return self.ensembles[min(self.calls, len(self.ensembles)) - 1]


def losing(*losses: float, members: tuple[tuple[Place, int], ...] = (((0, 0), 5),)) -> Selecting:
    return Selecting(*(Ensemble(members, loss, 9) for loss in losses))


def strategy(population: int = 8, seed: int = 0, **words: bool) -> Strategy:
    return Strategy(population, seed, inherits=False, ensembles=True, **words)


def team(
    population: int = 8, select: Callable[[bool], Ensemble | None] | None = None, seed: int = 0, space: Space = SPACE,
    **words: bool,
) -> Team:  # fmt: skip
    """A team whose ensemble gets better all the time if nothing else is said."""
    falling = iter([Ensemble((((0, 0), 5),), 1 / (1 + number), 9) for number in range(100)])
    return Team(space, strategy(population, seed, **words), START, select=select or (lambda careful: next(falling)))


def by_generation(events: list[Evaluated]) -> dict[int, list[Candidate]]:
    found: dict[int, list[Candidate]] = {}
    for each in sorted((each.candidate for each in events), key=lambda candidate: candidate.place):
        found.setdefault(each.place[0], []).append(each)
    return found


def of_portfolio(candidates: Sequence[Candidate]) -> list[Recipe]:
    return [each.recipe for each in candidates if each.mutations == ("portfolio",)]


@pytest.mark.parametrize("population", [5, COUNT, COUNT + 1])
def test_the_first_network_comes_first_and_then_the_portfolio_in_its_order(population: int) -> None:
    first, *others = by_generation(search(team(population), 0, Scripted())[0])[0]
    assert (first.recipe, first.mutations, first.place) == (START, ("start",), (0, 0))
    assert [each.recipe for each in others] == TRIED_FIRST[: population - 1]
    assert [each.place for each in others] == [(0, index) for index in range(1, population)]
    assert {(each.parent, each.mutations, each.ancestry) for each in others} == {(None, ("portfolio",), ())}


def test_the_portfolio_goes_on_in_the_next_generation_until_all_of_it_is_tried() -> None:
    found = by_generation(search(team(6), 5, Scripted())[0])
    assert [each for candidates in found.values() for each in of_portfolio(candidates)] == TRIED_FIRST
    left = COUNT - 5
    for number in range(1, 6):
        straight, rest = found[number][: max(0, left)], found[number][max(0, left) :]
        assert {each.mutations for each in straight} <= {("portfolio",)}
        assert {each.parent for each in rest} <= {(0, 0)}
        assert len(found[number]) == 6
        left -= 6
    assert left < 0


def test_the_portfolio_is_trained_in_full_and_what_is_drawn_only_if_it_is_of_the_better_third() -> None:
    evaluate = Scripted()
    size = COUNT + 1 + 6
    search(team(size), 1, evaluate)
    straight, drawn = range(COUNT + 1), range(COUNT + 1, size)
    assert evaluate.asked[0] == ([(0, index) for index in drawn], 0)
    assert evaluate.asked[1] == ([(0, index) for index in (*straight, size - 2, size - 1)], 1)  # later ones are better
    assert evaluate.asked[2] == ([(1, index) for index in range(size)], 0)
    goes_on = range(size - -(-size // 3), size)
    assert evaluate.asked[3] == ([(1, index) for index in goes_on], 1)
    assert len(evaluate.asked) == 4


def test_a_first_generation_that_is_larger_than_the_portfolio_is_filled_up_with_strangers() -> None:
    found = by_generation(search(team(COUNT + 4), 0, Scripted())[0])[0]
    strangers = found[COUNT + 1 :]
    assert {(each.parent, each.mutations) for each in strangers} == {(None, ("random",))}
    for each in strangers:
        assert each.recipe == SPACE.random(START, generator(0, Key.EVOLVE, *each.place, 1))


def test_what_the_space_does_not_allow_of_the_portfolio_is_left_out() -> None:
    sizes = sorted(each.network.size for each in TRIED_FIRST)
    space = replace(SPACE, most_parameters=sizes[len(sizes) // 2])
    found = by_generation(search(team(COUNT + 1, space=space), 0, Scripted())[0])[0]
    assert of_portfolio(found) == [each for each in TRIED_FIRST if space.fits(each)]
    assert all(space.fits(each.recipe) for each in found)
    assert len(found) == COUNT + 1


def children(population: int, members: tuple[tuple[Place, int], ...], seeds: int = 1) -> list[Candidate]:
    """Those of generations behind the portfolio, all of them of this ensemble."""
    found = []
    for seed in range(seeds):
        losses = [1 / (1 + number) for number in range(9)]
        own = team(population, losing(*losses, members=members), seed)
        for number, each in by_generation(search(own, 4, Scripted())[0]).items():
            found += each if number and number * population > COUNT else []
    return found


def test_parents_are_members_of_the_ensemble_drawn_by_their_weight() -> None:
    found = children(40, (((0, 0), 1), ((0, 2), 4)), 3)
    counts = Counter(each.parent for each in found)
    assert set(counts) == {(0, 0), (0, 2)}
    assert counts[0, 2] / len(found) == pytest.approx(0.8, abs=0.07)
    for each in found:
        drawn = int(generator(seed_of(each, found), Key.EVOLVE, *each.place, 2).integers(5))
        assert each.parent == [(0, 0), *[(0, 2)] * 4][drawn]


def seed_of(each: Candidate, found: list[Candidate]) -> int:
    """Which of the searches a candidate comes from."""
    return found.index(each) // (len(found) // 3)


def test_children_are_one_or_two_mutations_of_their_parent() -> None:
    found = children(40, (((0, 1), 5),), 2)
    counts = Counter(len(each.mutations) for each in found)
    assert set(counts) == {1, 2}
    assert counts[2] / len(found) == pytest.approx(0.5, abs=0.1)
    once = next(each for each in found if len(each.mutations) == 1)
    rng = generator(0, Key.EVOLVE, *once.place, 1)
    assert int(rng.integers(2)) == 0
    assert mutate(TRIED_FIRST[0], SPACE, rng) == (once.mutations[0], once.recipe)
    assert {each.ancestry for each in found} == {()}


def test_no_recipe_is_tried_twice() -> None:
    found = children(30, (((0, 1), 2), ((0, 3), 3)))
    keys = [each.recipe.key for each in found]
    assert len(keys) == len(set(keys))
    assert not {each.key for each in (START, *TRIED_FIRST)} & set(keys)


@pytest.mark.parametrize(
    ("losses", "last"),
    [
        ((0.5, 0.5), 2),  # a first ensemble is progress, and then there are two generations without
        ((0.5, 0.4991, 0.4982), 2),
        ((0.5, 0.4989, 0.4989), 3),
        ((0.5, 0.4991, 0.4980, 0.4980, 0.4980), 4),
        ((0.5, 0.6, 0.5, 0.5), 4),  # an ensemble of more candidates may be a worse one
        ((0.5, 0.4, 0.4, 0.3, 0.3, 0.3), 5),
        ((0.0, 0.0), 2),
        ((-1.0, -1.001, -1.0035, -1.0045, -1.0045), 4),
    ],
)
def test_a_search_ends_after_two_generations_without_a_fifth_of_a_percent_of_progress(
    losses: tuple[float, ...], last: int
) -> None:
    _, generations = search(team(5, losing(*losses)), 50, Scripted())
    assert generations[-1].number == last
    assert [each.loss for each in generations] == [losses[min(number, len(losses) - 1)] for number in range(last + 1)]


def test_progress_is_measured_from_the_generation_before() -> None:
    """Two steps of .15 % are none, even if they are .3 % together."""
    _, generations = search(team(5, losing(1.0, 0.9985, 0.997, 0.9)), 50, Scripted())
    assert [each.improved for each in generations] == [True, False, False]


def test_a_generation_tells_of_its_ensemble() -> None:
    ensembles = [Ensemble((((0, 0), 5),), 0.5, 9), Ensemble((((0, 1), 5),), 0.4, 7)]
    _, generations = search(team(5, Selecting(*ensembles)), 1, Scripted())
    assert [each.ensemble for each in generations] == ensembles
    assert [each.loss for each in generations] == [0.5, 0.4]
    assert [each.incumbent.candidate.place for each in generations] == [(0, 4), (1, 4)]


def test_candidates_are_all_evaluated_before_an_ensemble_is_chosen_of_them() -> None:
    seen: list[set[Place]] = []
    done: set[Place] = set()

    def select(careful: bool) -> Ensemble:
        seen.append(set(done))
        return Ensemble((((0, 0), 5),), 1 / len(seen), 9)

    for event in team(5, select).generations(1, Scripted()):
        if not isinstance(event, Generation):
            done.add(event.candidate.place)
    assert seen[0] == {(0, index) for index in range(5)}
    assert seen[1] >= {(1, index) for index in range(5)}
    assert len(seen) == 2


def test_an_ensemble_is_chosen_carefully_where_there_are_many_candidates_by_chance() -> None:
    """Not the portfolio, nor the strangers of the first generation; but children, and all of random search."""
    select = losing(*[1 / (1 + number) for number in range(9)])
    search(team(COUNT + 4, select), 2, Scripted())
    assert select.careful == [False, True, True]
    select = losing(*[1 / (1 + number) for number in range(9)])
    size = (COUNT + 1) // 2
    search(team(size, select), 3, Scripted())
    assert select.careful == [False, 2 * size > COUNT + 1, True, True]
    select = losing(0.5)
    search(team(8, select, random=True), 1, Scripted())
    assert select.careful == [True, True]


def test_random_search_draws_every_candidate_afresh_and_goes_on() -> None:
    events, generations = search(team(8, losing(0.5), random=True), 6, Scripted())
    assert [each.number for each in generations] == list(range(7))
    found = by_generation(events)
    assert [len(each) for each in found.values()] == [8] * 7
    first, *others = [each for candidates in found.values() for each in candidates]
    assert (first.recipe, first.mutations) == (START, ("start",))
    assert {(each.mutations, each.parent) for each in others} == {(("random",), None)}
    for each in others[:20]:
        assert each.recipe == SPACE.random(START, generator(0, Key.EVOLVE, *each.place, 1))
    assert generations[-1].ensemble == Ensemble((((0, 0), 5),), 0.5, 9)


def test_what_diverged_is_not_chosen_from_and_the_search_goes_on() -> None:
    def evaluate(candidates: Sequence[Candidate], rung: int) -> Iterator[Outcome]:
        for each in candidates:
            yield Outcome(inf if each.place[1] else 0.5, 0.01, each.recipe.network.size, 9)

    own = team(5)
    events = list(own.generations(2, evaluate))
    assert [each.candidate.place for each in own.finished] == [(0, 0), (1, 0), (2, 0)][: len(own.finished)]
    assert [each.number for each in events if isinstance(each, Generation)] == [0, 1, 2]


def test_the_same_seed_gives_the_same_candidates_and_another_one_others() -> None:
    def keys(seed: int) -> list[str]:
        return [
            f"{each.candidate.place} {each.candidate.recipe.key}"
            for each in search(team(6, seed=seed), 4, Scripted())[0]
        ]

    assert keys(0) == keys(0) != keys(1)


def test_a_longer_search_begins_as_a_shorter_one() -> None:
    short, _ = search(team(6), 2, Scripted())
    long, _ = search(team(6), 5, Scripted())
    assert long[: len(short)] == short
