"""Ensembles: candidates whose answers are averaged, chosen by the answers to rows that they were not trained on.

The selection is greedy and with replacement (Caruana et al. 2004, https://doi.org/10.1145/1015330.1015432). What is
averaged are the last weighted sums, so that the ensemble is exactly one network.
"""

from collections.abc import Sequence
from math import exp, inf, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.calls import run_calls
from kerash_cli.engine.losses import LogisticCrossEntropy, Loss, SoftmaxCrossEntropy
from kerash_cli.engine.tensors import Array
from kerash_cli.evolution.population import Ensemble, Evaluated, Place
from kerash_cli.evolution.recipe import rounded

PICKS = 5
"""Number of candidates that are chosen for an ensemble; the same one may be chosen several times."""
PROGRESS = 0.002
"""Share of its loss that an ensemble must lose for this to count as progress."""
CLEAR = 2
"""Number of standard errors by which a new ensemble must be better than the one before."""
MOST = 25
"""Maximum number of candidates in a group that are chosen from: those with the lowest loss of their own."""
SCALES = (0.25, 4.0)
"""Lowest and highest factor for logits."""
TRIALS = 40
"""Number of times that the interval in which the best factor lies is cut; each leaves two thirds of it."""


class CandidateAnswers(NamedTuple):
    """A candidate, and its last weighted sums for each row, from networks that were not trained on it."""

    evaluated: Evaluated
    sums: NDArray[np.float64]
    """(outputs, rows)."""
    parameters: int
    """Number of parameters that the candidate adds to a saved model."""


class Selection:
    """Chooses ensembles among all candidates so far. Only networks with the same hidden activations are averaged."""

    def __init__(
        self, loss: Loss, activation: Activation | None, targets: Array, most_parameters: int | None = None
    ) -> None:
        """`activation` is applied before the loss, unless the loss includes it; `targets` are (outputs, rows)."""
        self.targets = targets.astype(np.float64)
        """Targets of the rows that validate, fold by fold, (outputs, rows)."""
        self._loss, self._most = loss, most_parameters
        self._sums, self._terms = np.empty_like(self.targets), np.empty_like(self.targets)
        a = self._sums if activation is None else np.empty_like(self.targets)
        self._calls = [] if activation is None else activation.forward(self._sums, a)
        self._calls += loss.terms(a, self.targets, self._terms, np.empty_like(a))
        self._groups: dict[tuple[str, ...], list[CandidateAnswers]] = {}
        self._chosen: Ensemble | None = None

    def add(self, evaluated: Evaluated, sums: Array, parameters: int) -> None:
        """Adds a candidate with its sums (rows, outputs)."""
        group = self._groups.setdefault(evaluated.candidate.recipe.activations, [])
        group.append(CandidateAnswers(evaluated, sums.T.astype(np.float64), parameters))
        group.sort(key=lambda each: (each.evaluated.outcome.loss, each.evaluated.candidate.place))
        chosen = {place for place, _ in self._chosen.members} if self._chosen else set[Place]()
        group[MOST:] = [each for each in group[MOST:] if each.evaluated.candidate.place in chosen]

    @property
    def candidates(self) -> list[Evaluated]:
        """The candidates that may still be chosen."""
        return [each.evaluated for each in self._known().values()]

    def best(self, careful: bool = False) -> Ensemble | None:
        """Returns the ensemble with the lowest loss; None if no candidate is small enough.

        If this is `careful`, the ensemble of the call before stays unless the new one is clearly better: by more than
        PROGRESS, and by more than CLEAR standard errors of the difference, row by row. Among many candidates some are
        better on these rows by luck alone.
        """
        found = [self._greedy(group) for _, group in sorted(self._groups.items())]
        new = min((each for each in found if each), key=lambda each: (each.loss, each.members), default=None)
        if not (careful and self._chosen and new) or self._is_better(new, self._chosen):
            self._chosen = new
        return self._chosen

    def _is_better(self, new: Ensemble, old: Ensemble) -> bool:
        gains = self._row_losses(self._mean(old)) - self._row_losses(self._mean(new))
        noise = float(gains.std()) / max(1, len(gains) - 1) ** 0.5
        return bool(gains.mean() > max(PROGRESS * abs(old.loss), CLEAR * noise))

    def _mean(self, ensemble: Ensemble) -> NDArray[np.float64]:
        """Returns the last weighted sums of an ensemble, (outputs, rows)."""
        known, total = self._known(), np.zeros_like(self.targets)
        for place, picks in ensemble.members:
            total += known[place].sums * (picks / PICKS)
        return total

    def alone(self, evaluated: Evaluated) -> Ensemble:
        """Returns the ensemble that has nothing but one candidate."""
        known, place = self._known(), evaluated.candidate.place
        return Ensemble(((place, PICKS),), self.judged(known[place].sums), known[place].parameters)

    def scale(self, sums: NDArray[np.float64]) -> float:
        """Returns a factor for these logits that makes them as sure as they should be; 1 if they are no logits.

        It is the square root of the factor that minimizes their cross entropy with one imagined miss: each row is
        answered by the network of one fold, and the mean of all folds' networks, which is saved, is less sure. The
        imagined miss is one more row with the answers of a typical one, whose class is the next likely. Without it,
        rows that are all answered rightly would be given the largest factor. On 26 tables of classes, this lowers the
        loss by .15 % (.984 to 1.017).
        """
        if not isinstance(self._loss, SoftmaxCrossEntropy | LogisticCrossEntropy):
            return 1.0
        if isinstance(self._loss, SoftmaxCrossEntropy):
            ordered = np.sort(sums, axis=0)
            margins = ordered[-1] - ordered[-2]
            typical = ordered[:, int(np.argsort(margins, kind="stable")[len(margins) // 2])]
            gaps = typical - typical[-2]
        else:
            gaps = np.array([0.0, float(np.median(np.abs(sums)))])

        def judged(factor: float) -> float:
            scaled = gaps * factor
            top = float(scaled.max())
            miss = top + log(float(np.exp(scaled - top).sum()))
            return float(self.judged(sums * factor) * sums.shape[1] + miss)

        low, high = map(log, SCALES)
        for _ in range(TRIALS):
            third = (high - low) / 3
            if judged(exp(low + third)) <= judged(exp(high - third)):
                high -= third
            else:
                low += third
        return rounded(exp((low + high) / 4))

    def _known(self) -> dict[Place, CandidateAnswers]:
        return {each.evaluated.candidate.place: each for group in self._groups.values() for each in group}

    def _greedy(self, group: Sequence[CandidateAnswers]) -> Ensemble | None:
        """Returns the ensemble of a group; each pick is the one that lowers the loss most."""
        total, chosen, loss = np.zeros_like(self.targets), list[CandidateAnswers](), inf
        for count in range(1, PICKS + 1):
            fitting = [each for each in group if self._fits(each, chosen)]
            losses = [self.judged((total + each.sums) / count) for each in fitting]
            if not losses:
                return None
            loss = min(losses)
            chosen.append(fitting[losses.index(loss)])
            total += chosen[-1].sums
        picked = sorted(each.evaluated.candidate.place for each in chosen)
        parameters = {each.evaluated.candidate.place: each.parameters for each in chosen}
        members = tuple((place, picked.count(place)) for place in dict.fromkeys(picked))
        return Ensemble(members, loss, sum(parameters.values()))

    def _fits(self, answers: CandidateAnswers, chosen: Sequence[CandidateAnswers]) -> bool:
        if self._most is None:
            return True
        different = {each.evaluated.candidate.place: each.parameters for each in (*chosen, answers)}
        return sum(different.values()) <= self._most

    def judged(self, sums: NDArray[np.float64]) -> float:
        """Returns the mean loss over rows of last weighted sums (outputs, rows)."""
        loss = float(self._row_losses(sums).mean())
        return loss if loss < inf else inf

    def _row_losses(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns the loss of each row, (rows,)."""
        self._sums[...] = sums
        with np.errstate(all="ignore"):  # an overflow shows in the loss
            run_calls(self._calls)
        share = len(self._terms) if self._loss.mean_over_outputs else 1
        losses: NDArray[np.float64] = self._terms.sum(axis=0) / share
        return losses
