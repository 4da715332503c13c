"""Generations of candidates. Each random draw depends only on (seed, generation, index, purpose)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from math import ceil, inf, log10
from typing import NamedTuple, TypeAlias

import numpy as np

from kerash_cli.engine.randomness import Key, generator
from kerash_cli.errors import BadInput, Diverged
from kerash_cli.evolution.mutations import mutate
from kerash_cli.evolution.recipe import Recipe
from kerash_cli.evolution.space import Space

BETTER = 1e-4
"""Gain in fitness above which a candidate replaces the incumbent (the best candidate so far)."""
PENALTY = 1e-3
"""Amount by which ten times as many parameters lower the fitness."""
HALVED = 5
"""Smallest population in which the worst candidates are dropped early and a quarter of a generation is drawn afresh."""
STALLED = 8
"""Number of generations without progress after which evolution ends."""
TRIALS = 50
"""Number of attempts to draw a new recipe; after that, one that has already been tried is accepted."""

Place: TypeAlias = tuple[int, int]
"""A candidate's generation and its index there."""


class Purpose(IntEnum):
    """The purposes of draws. Saved results depend on the numbers: never renumber them."""

    RECIPE = 1
    PARENT = 2
    TRAINING = 3
    FINAL = 4
    REFIT = 5


@dataclass(frozen=True)
class Strategy:
    """The settings of a search that can change its result."""

    population: int
    seed: int
    epochs: int
    """Number of epochs of a full evaluation."""
    inherits: bool
    random: bool = False
    """True if every candidate is drawn afresh: random search, for comparison with evolution."""

    @property
    def strangers(self) -> int:
        """Number of candidates in a generation that are drawn afresh."""
        return self.population // 4 if self.population >= HALVED else 0

    @property
    def rungs(self) -> list[int]:
        """Epochs at which rungs end; a bracket (group of candidates) enters the next rung with only its best third."""
        if self.population < HALVED:
            return [self.epochs]
        return sorted({max(1, round(self.epochs / 9)), max(1, round(self.epochs / 3)), self.epochs})


class Candidate(NamedTuple):
    """A recipe to evaluate, with its parent."""

    place: Place
    recipe: Recipe
    parent: Place | None
    mutations: tuple[str, ...]
    """Names of the mutations, or "start", "random" or "train on"."""
    ancestry: tuple[str, ...] = ()
    """Descriptions of parent, networks in between, and candidate, one mutation apart; empty without inheritance."""

    @property
    def donor(self) -> Place | None:
        """Place of the parent if the candidate inherits its weights; None if it inherits none."""
        return self.parent if self.ancestry else None


class Outcome(NamedTuple):
    """The result of evaluating a candidate up to a given epoch."""

    loss: float
    """Validation loss; infinite if training diverged."""
    deviation: float
    parameters: int
    epochs: int
    error: float | None = None
    """Deviation from the parent's network before training; None if no weights were inherited."""
    reason: str | None = None

    @property
    def fitness(self) -> float:
        """The number that selection maximizes: the negative loss, less a penalty for parameters."""
        return -self.loss - PENALTY * log10(self.parameters)


class Evaluated(NamedTuple):
    """A candidate that is not trained further: it was dropped, or evaluated in full."""

    candidate: Candidate
    outcome: Outcome
    full: bool

    @property
    def order(self) -> tuple[float, int, Place]:
        """Sort key: the fittest first; among equals, fewer parameters, then the earlier candidate."""
        return -self.outcome.fitness, self.outcome.parameters, self.candidate.place


class Generation(NamedTuple):
    """The end of a generation, with the best candidate so far."""

    number: int
    incumbent: Evaluated
    improved: bool


Evaluate: TypeAlias = Callable[[Sequence[Candidate], int, int], "Iterator[Outcome]"]
"""A function of (candidates, rung, last epoch) that yields an outcome for each candidate, in their order."""


@dataclass
class Population:
    """The memory of a search: it proposes candidates and selects among them."""

    space: Space
    strategy: Strategy
    start: Recipe
    window: list[Evaluated] = field(default_factory=list)
    """The latest full evaluations, from which parents are drawn."""
    archive: list[Evaluated] = field(default_factory=list)
    """The Pareto front: full evaluations that no other one beats in both loss and parameters."""
    finished: list[Evaluated] = field(default_factory=list)
    """All full evaluations that did not diverge."""
    incumbent: Evaluated | None = None
    stalled: int = 0
    """Number of generations since the incumbent was found."""
    tried: set[str] = field(default_factory=set)

    def generations(self, count: int, evaluate: Evaluate) -> Iterator[Evaluated | Generation]:
        """Yields each candidate when it is evaluated in full or dropped, and a Generation after its last candidate.

        Generation 0 is followed by `count` more, or by fewer if there is no progress. Raises Diverged if no candidate
        of generation 0 can be trained.
        """
        for number in range(count + 1):
            evaluated = []
            for each in self._evaluated(self._proposed(number), evaluate):
                evaluated.append(each)
                yield each
            full = [each for each in evaluated if each.full and each.outcome.loss < inf]
            best = min(full, key=lambda each: each.order, default=None)
            before = self.incumbent
            if best and (before is None or best.outcome.fitness > before.outcome.fitness + BETTER):
                self.incumbent = best
            if self.incumbent is None:
                raise Diverged(f"no candidate of the first generation can be trained: {evaluated[0].outcome.reason}")
            improved = self.incumbent is not before
            self.stalled = 0 if improved else self.stalled + 1
            self.finished += full
            self.window = (self.window + full)[-max(10, 2 * self.strategy.population) :]
            self.archive = _pareto(self.archive + full)
            yield Generation(number, self.incumbent, improved)
            if self.stalled >= STALLED and not self.strategy.random:
                return

    @property
    def kept(self) -> set[Place]:
        """Returns the places of the candidates whose weights may still be inherited."""
        incumbent = [self.incumbent] if self.incumbent else []
        return {each.candidate.place for each in (*self.window, *self.archive, *incumbent)}

    def _proposed(self, number: int) -> list[list[Candidate]]:
        """Returns the candidates of a generation, in a list for each bracket."""
        size = self.strategy.population
        if number == 0 or self.strategy.random:
            first = [self._first()] if number == 0 else []
            return [first + [self._stranger((number, index)) for index in range(len(first), size)]]
        strangers = self.strategy.strangers
        children = [self._child((number, index)) for index in range(size - strangers)]
        if self.strategy.inherits:
            assert self.incumbent is not None
            recipe, parent = self.incumbent.candidate.recipe, self.incumbent.candidate.place
            same = (str(recipe.description),)
            children.append(Candidate((number, size), recipe, parent, ("train on",), same))
        return [children, [self._stranger((number, index)) for index in range(size - strangers, size)]]

    def _first(self) -> Candidate:
        self.tried.add(self.start.key)
        return Candidate((0, 0), self.start, None, ("start",))

    def _stranger(self, place: Place) -> Candidate:
        rng = self._rng(place, Purpose.RECIPE)
        for _ in range(TRIALS):
            recipe = self.space.random(self.start, rng)
            if recipe.key not in self.tried:
                break
        self.tried.add(recipe.key)
        return Candidate(place, recipe, None, ("random",))

    def _child(self, place: Place) -> Candidate:
        parent = self._parent(place)
        rng = self._rng(place, Purpose.RECIPE)
        changes = 1 + (self.stalled >= 2) + (self.stalled >= 4)
        for _ in range(TRIALS):
            recipe, names, ancestry = parent.recipe, list[str](), [str(parent.recipe.description)]
            with suppress(BadInput):  # the space allows no change of this recipe
                for _ in range(changes):
                    name, recipe = mutate(recipe, self.space, rng)
                    names.append(name)
                    ancestry.append(str(recipe.description))
            if recipe.key not in self.tried:
                break
        if not names:
            return self._stranger(place)
        self.tried.add(recipe.key)
        return Candidate(place, recipe, parent.place, tuple(names), tuple(ancestry) if self.strategy.inherits else ())

    def _parent(self, place: Place) -> Candidate:
        """Returns a parent: the incumbent or, half of the time in a population of HALVED or more, a good candidate.

        The good candidate is the best of a few that are drawn from the window.
        """
        assert self.incumbent is not None
        rng, size = self._rng(place, Purpose.PARENT), self.strategy.population
        if size < HALVED or rng.random() < 0.5:
            return self.incumbent.candidate
        count = min(len(self.window), max(2, size // 4))
        drawn = rng.choice(len(self.window), count, replace=False)
        return min((self.window[int(i)] for i in drawn), key=lambda each: each.order).candidate

    def _evaluated(self, brackets: list[list[Candidate]], evaluate: Evaluate) -> Iterator[Evaluated]:
        """Yields each candidate when it is dropped or evaluated in full; see `Strategy.rungs`."""
        *rungs, last = enumerate(self.strategy.rungs)
        for rung, epochs in rungs:
            going = _in_order(brackets)
            outcomes = dict(zip((each.place for each in going), evaluate(going, rung, epochs), strict=True))
            dropped: list[Evaluated] = []
            for number, bracket in enumerate(brackets):
                ranked = sorted(
                    (Evaluated(each, outcomes[each.place], False) for each in bracket), key=lambda each: each.order
                )
                alive = [each for each in ranked if each.outcome.loss < inf][: ceil(len(ranked) / 3)]
                dropped += ranked[len(alive) :]
                brackets[number] = [each.candidate for each in alive]
            yield from sorted(dropped, key=lambda each: each.candidate.place)
        going = _in_order(brackets)
        for candidate, outcome in zip(going, evaluate(going, *last), strict=True):
            yield Evaluated(candidate, outcome, True)

    def _rng(self, place: Place, purpose: Purpose) -> "np.random.Generator":
        return generator(self.strategy.seed, Key.EVOLVE, *place, purpose)


def _pareto(evaluated: Sequence[Evaluated]) -> list[Evaluated]:
    """Returns the candidates that no other beats in both loss and number of parameters, fewest parameters first."""
    ranked = sorted(evaluated, key=lambda each: (each.outcome.parameters, each.outcome.loss, each.candidate.place))
    best, front = inf, []
    for each in ranked:
        if each.outcome.loss < best:
            best = each.outcome.loss
            front.append(each)
    return front


def _in_order(brackets: Sequence[Sequence[Candidate]]) -> list[Candidate]:
    return sorted((each for bracket in brackets for each in bracket), key=lambda candidate: candidate.place)
