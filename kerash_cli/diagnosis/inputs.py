"""Symptoms that begin before the first epoch: the inputs, and the first weights."""

from kerash_cli.diagnosis.case import TrainingCase
from kerash_cli.diagnosis.symptoms import Advice, Sign, symptom

LARGE, APART = 10.0, 100.0
"""Root mean square from which an input is large, and ratio from which two inputs are of different sizes."""

FAR = 10.0
"""Multiple of the loss of guessing from which a start is far from it.

The weights that kerash draws by default started at 4.6 times or less in 86 trainings on public tables.
"""

WORTHWHILE = 0.05
"""Share of the loss of guessing that has to be left, or else all is well in the end."""


@symptom(
    "unscaled-inputs",
    "the inputs are not scaled: the largest has a root mean square of {most:.3g}, the smallest one of {least:.3g}",
)
def unscaled_inputs(case: TrainingCase) -> Sign | None:
    """Inputs that were not standardised, and are large or of different sizes.

    Inputs around 0 that are of one size let one learning rate suit all weights (LeCun et al. 1998, "Efficient
    BackProp", 4.3).
    """
    facts = case.facts
    if facts is None or case.settings.get("standardize") is not False or case.left < WORTHWHILE:
        return None
    if facts.most_input < LARGE and facts.most_input < APART * facts.least_input:
        return None
    return Sign({"most": facts.most_input, "least": facts.least_input}, Advice({"standardize": True}))


@symptom(
    "far-start",
    "the loss starts far from that of guessing, {guess:.3g}: it is {start} with the weights that --init {init} drew",
    unless=("unscaled-inputs",),
)
def far_start(case: TrainingCase) -> Sign | None:
    """First weights so large that the loss starts far from that of guessing.

    With good weights it starts near that of equal probabilities, or of the mean ("verify loss @ init", Karpathy 2019,
    "A recipe for training neural networks", 2).
    """
    facts, init = case.facts, case.settings.get("init")
    if facts is None or init is None or "start" in case.settings or case.left < WORTHWHILE:
        return None
    guess = max(facts.guess, facts.chance)
    if facts.start is not None and facts.start < FAR * guess:
        return None
    start = "infinite" if facts.start is None else f"{facts.start:.3g}"
    return Sign({"guess": guess, "start": start, "init": init}, Advice({"init": None}))
