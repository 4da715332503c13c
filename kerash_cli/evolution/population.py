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
"""Number of generations without progress after which evolution ends, if candidates compete with the best one."""
TRIALS = 50
"""Number of attempts to draw a new recipe; after that, one that has already been tried, or the first, is accepted."""

Place: TypeAlias = tuple[int, int]
"""A candidate's generation and its index there."""


class Purpose(IntEnum):
    """The purposes of draws. Saved results depend on the numbers: never renumber them."""

    RECIPE = 1
    PARENT = 2
    TRAINING = 3
    FINAL = 4
    REFIT = 5
    OTHER_WEIGHTS = 6


@dataclass(frozen=True)
class Strategy:
    """The settings of a search that can change its result."""

    population: int
    seed: int
    inherits: bool
    random: bool = False
    """True if every candidate is drawn afresh: random search, for comparison with evolution."""
    ensembles: bool = False
    """True if candidates compete for a place in an ensemble, rather than with the best one."""

    @property
    def strangers(self) -> int:
        """Number of candidates in a generation that are drawn afresh."""
        return self.population // 4 if self.population >= HALVED else 0

    @property
    def rungs(self) -> list[float]:
        """Shares of a training at which rungs end; only the best third of a bracket of candidates enters the next."""
        if self.population < HALVED:
            return [1.0]
        return [1 / 3, 1.0] if self.ensembles else [1 / 9, 1 / 3, 1.0]


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


class Ensemble(NamedTuple):
    """Candidates whose answers are averaged."""

    members: tuple[tuple[Place, int], ...]
    """Place of each candidate, and how many times it was chosen: its weight."""
    loss: float
    parameters: int
    """Number of parameters of all members' networks."""


class Generation(NamedTuple):
    """The end of a generation, with the best candidate so far, and the best ensemble if candidates compete for one."""

    number: int
    incumbent: Evaluated
    improved: bool
    ensemble: Ensemble | None = None

    @property
    def loss(self) -> float:
        """Loss of the ensemble, or of the best candidate if there is none."""
        return self.ensemble.loss if self.ensemble else self.incumbent.outcome.loss


class Proposals(NamedTuple):
    """The candidates of a generation."""

    straight: list[Candidate]
    """Candidates that are evaluated in full at once."""
    brackets: list[list[Candidate]]
    """Groups of candidates; at the end of each rung, only the best third of a group goes on."""


Evaluate: TypeAlias = Callable[[Sequence[Candidate], int], "Iterator[Outcome]"]
"""A function of (candidates, rung) that yields an outcome for each candidate, in their order."""


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
    """Number of generations since the latest progress."""
    patience: int = STALLED
    """Number of generations without progress after which evolution ends."""
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
            full = [each for each in evaluated if each.full and each.outcome.loss < inf and self._fits(each)]
            best = min(full, key=lambda each: each.order, default=None)
            before = self.incumbent
            if best and (before is None or best.outcome.fitness > before.outcome.fitness + BETTER):
                self.incumbent = best
            if self.incumbent is None:
                raise Diverged(f"no candidate of the first generation can be trained: {evaluated[0].outcome.reason}")
            improved = self.incumbent is not before
            self.finished += full
            self.archive = _pareto(self.archive + full)
            generation = self._concluded(Generation(number, self.incumbent, improved), full)
            self.stalled = 0 if generation.improved else self.stalled + 1
            yield generation
            if self.stalled >= self.patience and not self.strategy.random:
                return

    def known(self, place: Place) -> Evaluated:
        """Returns the candidate at `place`, which must have been evaluated in full; every parent was."""
        return next(each for each in self.finished if each.candidate.place == place)

    @property
    def kept(self) -> set[Place]:
        """Returns the places of the candidates whose weights may still be inherited."""
        incumbent = [self.incumbent] if self.incumbent else []
        return {each.candidate.place for each in (*self.window, *self.archive, *incumbent)}

    def _concluded(self, generation: Generation, full: Sequence[Evaluated]) -> Generation:
        """Notes the candidates of a generation that were evaluated in full; returns the generation to report."""
        self.window = (self.window + list(full))[-max(10, 2 * self.strategy.population) :]
        return generation

    def _proposed(self, number: int) -> Proposals:
        """Returns the candidates of a generation."""
        size = self.strategy.population
        if number == 0 or self.strategy.random:
            first = [self._first()] if number == 0 else []
            return Proposals([], [first + [self._stranger((number, index)) for index in range(len(first), size)]])
        strangers = self.strategy.strangers
        children = [self._child((number, index)) for index in range(size - strangers)]
        if self.strategy.inherits:
            assert self.incumbent is not None
            recipe, parent = self.incumbent.candidate.recipe, self.incumbent.candidate.place
            same = (str(recipe.description),)
            children.append(Candidate((number, size), recipe, parent, ("train on",), same))
        return Proposals([], [children, [self._stranger((number, index)) for index in range(size - strangers, size)]])

    def _first(self) -> Candidate:
        return self._noted((0, 0), self.start, None, ("start",))

    def _noted(
        self, place: Place, recipe: Recipe, parent: Place | None, names: tuple[str, ...], ancestry: tuple[str, ...] = ()
    ) -> Candidate:
        """Returns a candidate, and notes that its recipe is tried."""
        self.tried.add(recipe.key)
        return Candidate(place, recipe, parent, names, ancestry)

    def _fits(self, each: Evaluated) -> bool:
        return self.space.fits(each.candidate.recipe)

    def _is_new(self, recipe: Recipe) -> bool:
        return recipe.key not in self.tried and self.space.fits(recipe)

    def _stranger(self, place: Place) -> Candidate:
        rng, recipe = self._rng(place, Purpose.RECIPE), self.start
        for _ in range(TRIALS):
            drawn = self.space.random(self.start, rng)
            recipe = drawn if self.space.fits(drawn) else recipe
            if self._is_new(drawn):
                break
        return self._noted(place, recipe, None, ("random",))

    def _child(self, place: Place) -> Candidate:
        parent = self._parent(place)
        rng = self._rng(place, Purpose.RECIPE)
        changes = self._changes(rng)
        for _ in range(TRIALS):
            recipe, names, ancestry = parent.recipe, list[str](), [str(parent.recipe.description)]
            with suppress(BadInput):  # the space allows no change of this recipe
                for _ in range(changes):
                    name, recipe = mutate(recipe, self.space, rng)
                    names.append(name)
                    ancestry.append(str(recipe.description))
            if self._is_new(recipe):
                break
        if not names or not self.space.fits(recipe):
            return self._stranger(place)
        inherited = tuple(ancestry) if self.strategy.inherits else ()
        return self._noted(place, recipe, parent.place, tuple(names), inherited)

    def _changes(self, rng: "np.random.Generator") -> int:
        """Returns the number of mutations of a child."""
        return 1 + (self.stalled >= 2) + (self.stalled >= 4)

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

    def _evaluated(self, proposals: Proposals, evaluate: Evaluate) -> Iterator[Evaluated]:
        """Yields each candidate when it is dropped or evaluated in full; see `Strategy.rungs`."""
        brackets = [*proposals.brackets]
        *rungs, last = range(len(self.strategy.rungs))
        for rung in rungs:
            going = _in_order(brackets)
            if not going:
                break
            outcomes = dict(zip((each.place for each in going), evaluate(going, rung), strict=True))
            dropped: list[Evaluated] = []
            for number, bracket in enumerate(brackets):
                ranked = sorted(
                    (Evaluated(each, outcomes[each.place], False) for each in bracket), key=lambda each: each.order
                )
                alive = [each for each in ranked if each.outcome.loss < inf][: ceil(len(ranked) / 3)]
                dropped += ranked[len(alive) :]
                brackets[number] = [each.candidate for each in alive]
            yield from sorted(dropped, key=lambda each: each.candidate.place)
        going = _in_order([proposals.straight, *brackets])
        for candidate, outcome in zip(going, evaluate(going, last), strict=True):
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
