"""A training as symptoms see it: its history, its facts and its settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from kerash_cli.engine.optimizers import OPTIMIZERS
from kerash_cli.errors import BadInput
from kerash_cli.model.description import ModelDescription
from kerash_cli.model.facts import Facts
from kerash_cli.model.history import History
from kerash_cli.model.trained import GENOME, TrainedModel

ALIKE = 0.5
"""Likeness of neighbours' errors from which a network has something left to learn.

Of 86 trainings on public tables, those with 5 % or more of the loss of guessing left had at most 0.34; networks that
were too small or not done had 0.6 or more. By chance, 512 rows have 0 with a deviation of 0.04.
"""

FEWEST = 8
"""Minimum number of epochs after which a training that has not learnt much is worth a word."""

FALL = 0.02
"""Share by which a loss that is still falling fell in the last quarter of the epochs."""

LATE = 0.9
"""Share of the epochs from which the best one has to come if the loss is still falling."""

OTHER_RATE = 3.0
"""Factor from which a learning rate is another one than the default."""

_EARLIER = "has no history of its training, as an earlier version saved it; kerash train saves one"
_WITHOUT = {
    GENOME: "was made from a genome, whose fitting has no history; kerash train makes models that have one",
    "search": "was found by kerash evolve, which keeps no history of single trainings; kerash tree shows its search",
}


@dataclass(frozen=True)
class TrainingCase:
    """A training to look at. Of a run log only the history is known."""

    history: History
    facts: Facts | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings as a saved model records them; empty for a run log."""
    stopped: str = ""
    """Reason why training ended, as a saved model records it; empty for a run log."""
    description: ModelDescription | None = None
    """The network, with all sizes; None for a run log."""
    classes: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    """Share of each class in the rows that train."""

    @classmethod
    def of(cls, trained: TrainedModel) -> Self:
        """Returns the case of a saved model; raises BadInput if that has no history."""
        training, targets = trained.training, trained.encoding.targets
        if (history := trained.history) is None:
            raise BadInput(_WITHOUT.get(training["stopped"], _EARLIER))
        network = training.get("network")
        return cls(
            history,
            trained.facts,
            training["settings"],
            training["stopped"],
            ModelDescription.parse(network) if network else trained.description,
            targets.classes,
            tuple(targets.baseline.tolist()) if targets.classes else (),
        )

    @property
    def best_loss(self) -> float:
        """The lowest validation loss or, if no rows validate, the loss of the rows that train at the end."""
        validation = self.history.validation_loss
        if validation is None:
            return self.history.loss[-1] if self.facts is None else self.facts.end
        return validation[self.history.epochs.index(self.history.best_epoch)]

    @property
    def left(self) -> float:
        """Share of the loss of guessing that is left; 0 if that is not known, or if there is nothing to learn."""
        known = self.facts is not None and self.facts.guess > 0
        return self.best_loss / self.facts.guess if known and self.facts else 0.0

    @property
    def is_long(self) -> bool:
        """True if there were enough epochs to learn something."""
        return self.history.epochs[-1] >= FEWEST

    @property
    def can_learn_more(self) -> bool:
        """True if neighbouring rows have like errors after enough epochs, so that there is something left to learn."""
        alike = self.facts.alike if self.facts else None
        return self.is_long and alike is not None and alike >= ALIKE

    @property
    def judged(self) -> tuple[float, ...]:
        """The losses that chose the best epoch: those of the rows that validate or, if there are none, that train."""
        return self.history.validation_loss or self.history.loss

    @property
    def fall(self) -> float:
        """Share by which the losses that choose the best epoch fell in the last quarter; 0 if they fall no more."""
        epochs, losses, quarter = self.history.epochs[-1], self.judged, len(self.judged) // 4
        if not quarter or self.history.best_epoch < LATE * epochs:
            return 0.0
        before, after = min(losses[-2 * quarter : -quarter]), min(losses[-quarter:])
        share = 1 - after / before if before > 0 else 0.0
        return share if share >= FALL else 0.0

    @property
    def rate(self) -> float:
        """The learning rate, without its schedule if that is known."""
        rate = self.settings.get("learning_rate")
        return rate if isinstance(rate, float) else max(self.history.learning_rate)

    @property
    def usual_rate(self) -> float | None:
        """The default learning rate of the optimizer; None if the optimizer is not known."""
        name = self.settings.get("optimizer")
        return OPTIMIZERS[name].default_rate if isinstance(name, str) and name in OPTIMIZERS else None

    @property
    def is_fast(self) -> bool:
        """True if the learning rate is known to be larger than the default."""
        return self.usual_rate is not None and self.rate >= OTHER_RATE * self.usual_rate

    @property
    def is_slow(self) -> bool:
        """True if the learning rate is known to be smaller than the default."""
        return self.usual_rate is not None and self.rate * OTHER_RATE <= self.usual_rate
