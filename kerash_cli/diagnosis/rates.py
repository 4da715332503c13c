"""Symptoms of learning rates, and of trainings that end too soon.

"The learning rate is perhaps the most important hyperparameter" (Goodfellow et al. 2016, "Deep learning", 11.4.1): too
large, and the loss rises; too small, and training is slow or stays where it is.
"""

from kerash_cli.diagnosis.case import FEWEST, TrainingCase
from kerash_cli.diagnosis.symptoms import Advice, Sign, symptom

STEP = 10.0
"""Factor by which a learning rate is changed if the default is near: rates are tried on a logarithmic scale."""

JUMP = 3.0
"""Multiple of the loss at the start, or of guessing, to which a loss that rose has risen.

In 86 trainings on public tables with default rates, no epoch had more than 1.25 times that.
"""

UNSOLVED, UNLEARNT = 0.1, 0.3
"""Share of the loss of guessing that has to be left: after a jump, and in a training that is not done."""

EVEN, LITTLE = 0.5, 0.25
"""Limit for a log: a loss falls evenly if it falls half as much in the last quarter of the epochs as in the first, and
too slowly if it falls by less than a quarter in all."""


@symptom(
    "diverged",
    "training ended in epoch {epoch}: the loss or the weights were no longer finite, at a learning rate of {rate:g}",
    unless=("unscaled-inputs", "far-start"),
)
def diverged(case: TrainingCase) -> Sign | None:
    """Trainings that ended before their patience did: they diverged, and the best epoch before that was saved."""
    history, patience = case.history, case.settings.get("patience")
    waited = history.epochs[-1] - history.best_epoch
    if case.stopped != "patience" or not isinstance(patience, int) or waited >= patience:
        return None
    return Sign({"epoch": history.epochs[-1] + 1, "rate": case.rate}, Advice({"learning_rate": lower(case)}))


@symptom(
    "rate-too-large",
    "the learning rate of {rate:g} is too large: in epoch {epoch} the loss was {times:.3g} times that {of}",
    unless=("unscaled-inputs", "far-start", "diverged"),
)
def rate_too_large(case: TrainingCase) -> Sign | None:
    """Losses that rose far above that of guessing, by a learning rate above the default, and did not come down well."""
    history, facts = case.history, case.facts
    if facts is None:
        usual, of = history.loss[0], "in the first one"
        is_bad = min(case.judged) >= EVEN * usual
    else:
        usual, of = max(facts.guess, facts.chance, facts.start or 0.0), "of guessing"
        is_bad = case.left >= UNSOLVED and case.is_fast
    most = max(history.loss)
    if not is_bad or usual <= 0 or most < JUMP * usual:
        return None
    epoch = history.epochs[history.loss.index(most)]
    figures = {"rate": case.rate, "epoch": epoch, "times": most / usual, "of": of}
    return Sign(figures, Advice({"learning_rate": lower(case)}))


@symptom(
    "rate-too-small",
    "the learning rate of {rate:g} is too small: after {epochs} epochs the loss is still {loss:.3g}, that {of}",
    unless=("unscaled-inputs", "far-start"),
)
def rate_too_small(case: TrainingCase) -> Sign | None:
    """Losses that are still high at the end, at a learning rate below the default, though there is more to learn.

    A log does not know the default: there the loss has to fall little, but as much at the end as at the beginning.
    """
    history, facts, best = case.history, case.facts, case.best_loss
    figures = {"rate": case.rate, "epochs": history.epochs[-1], "loss": best}
    if facts is None:
        if not _falls_evenly(case.judged):
            return None
        of = f"of the first one was {case.judged[0]:.3g}"
        return Sign({**figures, "of": of}, Advice({"learning_rate": float(f"{case.rate * STEP:.3g}")}))
    if not case.is_slow or case.left < UNLEARNT or not case.can_learn_more:
        return None
    return Sign({**figures, "of": f"of guessing is {facts.guess:.3g}"}, Advice({"learning_rate": higher(case)}))


def lower(case: TrainingCase) -> float:
    """Returns a lower learning rate: the default, if that is far below, else a tenth."""
    return case.usual_rate if case.is_fast and case.usual_rate else float(f"{case.rate / STEP:.3g}")


def higher(case: TrainingCase) -> float:
    """Returns a higher learning rate, at least a tenth of the default, and at most that."""
    usual = case.usual_rate or 0.0
    return float(f"{min(usual, max(case.rate * STEP, usual / STEP)):.3g}")


def _falls_evenly(losses: tuple[float, ...]) -> bool:
    """Returns whether losses fall little, the last one being the lowest, and as much at the end as at the beginning."""
    quarter = len(losses) // 4
    if len(losses) < FEWEST or losses[-1] > min(losses) or losses[0] <= 0 or losses[-1] < (1 - LITTLE) * losses[0]:
        return False
    first, last = losses[0] - losses[quarter], losses[-1 - quarter] - losses[-1]
    return last >= EVEN * first > 0
