"""The search for a table: a portfolio comes first, and candidates compete for a place in an ensemble."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import inf

import numpy as np

from kerash_cli.evolution.ensemble import PROGRESS
from kerash_cli.evolution.population import (
    Candidate,
    Ensemble,
    Evaluated,
    Generation,
    Place,
    Population,
    Proposals,
    Purpose,
)
from kerash_cli.evolution.portfolio import recipes

PATIENCE = 2
"""Number of generations without progress after which the search ends."""


@dataclass
class Team(Population):
    """A population in which a candidate is worth what it adds to an ensemble."""

    select: Callable[[bool], Ensemble | None] = field(kw_only=True)
    """`Selection.best`: returns the best ensemble of all candidates that were evaluated in full."""
    ensemble: Ensemble | None = None
    patience: int = PATIENCE

    def __post_init__(self) -> None:
        fitting = (each for each in recipes(self.start, self.space) if self.space.fits(each))
        self._portfolio = iter(()) if self.strategy.random else fitting

    def _concluded(self, generation: Generation, full: Sequence[Evaluated]) -> Generation:
        before, has_children = self.ensemble, any(each.candidate.parent for each in full)
        self.ensemble = self.select(has_children or self.strategy.random)
        most = before.loss - PROGRESS * abs(before.loss) if before else inf
        improved = self.ensemble is not None and self.ensemble.loss < most
        return generation._replace(improved=improved, ensemble=self.ensemble)

    def _proposed(self, number: int) -> Proposals:
        if self.strategy.random:
            return super()._proposed(number)
        size = self.strategy.population
        straight = [self._first()] if number == 0 else []
        for recipe in islice(self._portfolio, size - len(straight)):
            straight.append(self._noted((number, len(straight)), recipe, None, ("portfolio",)))
        rest = range(len(straight), size)
        return Proposals(
            straight, [[self._child((number, i)) if number else self._stranger((number, i)) for i in rest]]
        )

    def _changes(self, rng: "np.random.Generator") -> int:
        return 1 + int(rng.integers(2))

    def _parent(self, place: Place) -> Candidate:
        """Returns a member of the ensemble, drawn by its weight."""
        assert self.ensemble is not None, "there is one from the first generation on, as there is a best candidate"
        places = [each for each, picks in self.ensemble.members for _ in range(picks)]
        drawn = places[int(self._rng(place, Purpose.PARENT).integers(len(places)))]
        return self.known(drawn).candidate
