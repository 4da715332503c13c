"""Symptoms of networks that learn too little, the rows that train by heart, or a class hardly."""

from typing import Any

from kerash_cli.diagnosis.case import TrainingCase
from kerash_cli.diagnosis.networks import larger
from kerash_cli.diagnosis.rates import UNLEARNT, higher
from kerash_cli.diagnosis.symptoms import Advice, Sign, symptom
from kerash_cli.model.merging import obstacle
from kerash_cli.training.matching import FEWEST_TO_VALIDATE

LONGER = 4
"""Factor by which epochs are raised."""

RISE, LEARNT, GAIN = 2.0, 0.25, 0.25
"""A network overfits if the validation loss rose to twice its lowest value, while the loss of the rows that train fell
to a quarter of that, and if this lowest value is a quarter of that of guessing or more.

Most trainings overfit a little before they are stopped; nine of 86 on public tables did so much.
"""

FOLDS, DECAY, STRONGER = 5, 0.03, 3.0
"""Advice against overfitting: on 13 tables in two splits each, the error on new rows (RMSE, or log loss of classes) was
7 % lower in the mean with both, and lower in 22 of 26 splits; with weight decay alone 4 % lower, and in 18."""

ROWS_FOR_AN_INPUT = 5
"""Rows for each input up to which there are few: models of fewer than 10 to 20 are unreliable (Harrell 2015,
"Regression modeling strategies", 4.4)."""

GAP = 0.1
"""Difference between the losses of other rows and of the rows that train, as a share of that of guessing."""

RARE, MISSED, ENOUGH = 0.5, 0.2, 5
"""A class is hardly recognised if it has less than half of an even share of the rows, and if less than a fifth of its
rows are recognised, of five or more that were scored."""

LEARNING = 0.95
"""Share of the loss of guessing below which the network has learnt something."""

_CAUSES = ("unscaled-inputs", "far-start", "diverged", "rate-too-large", "dead-units", "saturated-units")


@symptom(
    "too-few-epochs",
    "training ended too soon: after {epochs} epochs the loss is {loss:.3g}, that of guessing {guess:.3g}, and in the "
    "last quarter of them it fell by {fall:.2g} %",
    unless=(*_CAUSES, "rate-too-small", "vanishing-gradients"),
)
def too_few_epochs(case: TrainingCase) -> Sign | None:
    """Losses that are high and were still falling when the last epoch was done."""
    facts, epochs = case.facts, case.history.epochs[-1]
    if facts is None or case.stopped != "epochs" or not case.fall or case.left < UNLEARNT or not case.can_learn_more:
        return None
    figures = {"epochs": epochs, "loss": case.best_loss, "guess": facts.guess, "fall": 100 * case.fall}
    return Sign(figures, Advice({"epochs": LONGER * epochs}))


@symptom(
    "underfitting",
    "the network learns too little: the loss is {loss:.3g}, that of guessing {guess:.3g}; rows near each other have "
    "like errors (correlation {alike:.2g})",
    unless=(*_CAUSES, "rate-too-small", "too-few-epochs", "vanishing-gradients"),
)
def underfitting(case: TrainingCase) -> Sign | None:
    """Networks whose errors follow from the inputs, so that a larger one could learn them."""
    facts = case.facts
    if facts is None or case.description is None or case.fall or not case.can_learn_more:
        return None
    if case.left < UNLEARNT or facts.end < UNLEARNT * facts.guess:
        return None
    settings = {"learning_rate": higher(case)} if case.is_slow else {}
    figures = {"loss": case.best_loss, "guess": facts.guess, "alike": facts.alike}
    return Sign(figures, Advice(settings, larger(case.description)))


@symptom(
    "rare-class",
    "class {name} is hardly recognised: {found:.2g} % of its rows are; {share:.2g} % of the rows that train are of it",
    unless=_CAUSES,
)
def rare_class(case: TrainingCase) -> Sign | None:
    """Classes with few rows, which the network leaves to others as that costs little."""
    facts = case.facts
    if facts is None or len(facts.recall) != len(case.shares) or case.settings.get("balance"):
        return None
    if case.left >= LEARNING or not case.is_long:
        return None
    found = [
        (share, recall, name)
        for share, recall, name, rows in zip(case.shares, facts.recall, case.classes, facts.class_rows, strict=True)
        if rows >= ENOUGH and share * len(case.shares) < RARE and recall is not None and recall < MISSED
    ]
    if not found:
        return None
    share, recall, name = min(found)
    return Sign({"name": name, "found": 100 * recall, "share": 100 * share}, Advice({"balance": True}))


@symptom(
    "overfitting",
    "the network overfits since epoch {best}: until epoch {last} the validation loss rose from {low:.3g} to "
    "{high:.3g}, while that of the rows that train fell to {train:.3g}",
    unless=_CAUSES,
)
def overfitting(case: TrainingCase) -> Sign | None:
    """Validation losses that rise early and far: the best epoch was saved, but one of a calmer training is better.

    A log does not know the loss of guessing: there the lowest validation loss is compared with the first one.
    """
    history, facts = case.history, case.facts
    if history.validation_loss is None:
        return None
    low, high, train = case.best_loss, history.validation_loss[-1], history.loss[-1]
    enough = GAIN * facts.guess if facts else 2 * GAIN * history.validation_loss[0]
    if low < enough or high < RISE * low or train > LEARNT * low:
        return None
    figures = {"best": history.best_epoch, "last": history.epochs[-1], "low": low, "high": high, "train": train}
    advice: dict[str, Any] = {"folds": FOLDS} if _takes_folds(case) else {}
    if (decay := case.settings.get("weight_decay") or 0.0) < DECAY:
        advice["weight_decay"] = DECAY
    elif not advice:
        advice["weight_decay"] = float(f"{STRONGER * decay:.3g}")
    return Sign(figures, Advice(advice))


@symptom(
    "few-rows",
    "there are few rows, {rows} for {inputs} inputs: their loss is {train:.3g}, that of other rows {low:.3g}",
    unless=(*_CAUSES, "underfitting", "overfitting"),
)
def few_rows(case: TrainingCase) -> Sign | None:
    """Few rows for the number of inputs, which the network knows much better than others."""
    history, facts = case.history, case.facts
    inputs = case.description.features if case.description else None
    if facts is None or inputs is None or history.validation_loss is None or not _takes_folds(case):
        return None
    if facts.rows > ROWS_FOR_AN_INPUT * inputs or case.best_loss - facts.end < GAP * facts.guess:
        return None
    return Sign(
        {"rows": facts.rows, "inputs": inputs, "train": facts.end, "low": case.best_loss},
        Advice({"folds": FOLDS}),
    )


def _takes_folds(case: TrainingCase) -> bool:
    """Returns whether the training may be done with --folds, and was not."""
    settings, facts = case.settings, case.facts
    contradicts = settings.get("folds") or settings.get("refit") or "start" in settings
    way = str(settings.get("validate_on", "random"))
    is_divided = way == "random" or way.startswith("groups:")
    if contradicts or not is_divided or facts is None or case.description is None or facts.rows < FEWEST_TO_VALIDATE:
        return False
    return obstacle(case.description) is None
