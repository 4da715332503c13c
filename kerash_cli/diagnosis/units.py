"""Symptoms of hidden units that learn nothing, since no gradient comes through them."""

import numpy as np

from kerash_cli.diagnosis.case import TrainingCase
from kerash_cli.diagnosis.networks import activated, shallower
from kerash_cli.diagnosis.rates import UNLEARNT, UNSOLVED, lower
from kerash_cli.diagnosis.symptoms import Advice, Sign, symptom
from kerash_cli.engine.layers import Layer
from kerash_cli.model.facts import LayerFacts

DEAD = 0.5
"""Share of dead units in a layer: of 86 trainings on public tables with default rates and weights, one had more, 0.56.

"As much as 40 % of your network can be dead if the learning rate is set too high" (Karpathy 2016, notes of CS231n,
"Commonly used activation functions").
"""

SATURATED = 0.75
"""Share of a layer's outputs that are at an end; networks that solve their problem had up to 0.28."""

VANISHED = 1e-3
"""Ratio of the first layer's gradient to the last one's below which gradients vanish: Glorot & Bengio 2010."""

FEWEST = 3
"""Minimum number of layers that learn through which gradients can vanish."""

_VERY_LOW = -1e4

_CAUSES = ("unscaled-inputs", "far-start", "diverged")


@symptom(
    "dead-units",
    "{dead} of the {units} units of layer {layer} ({line}) are dead: each is {value:g} in every row and learns no more",
    unless=_CAUSES,
)
def dead_units(case: TrainingCase) -> Sign | None:
    """Layers most of whose units give the same in every row, such as relu units that are always 0."""
    layers = [each for each in _layers(case) if each.saturated is None and each.units > 1]
    worst = max(layers, key=lambda each: each.stuck, default=None)
    if worst is None or worst.stuck < DEAD or not _is_in_the_way(case):
        return None
    line = _line(case, worst)
    value = float(line.activation(np.full((1, 1), _VERY_LOW))[0, 0])
    figures = {"dead": round(worst.stuck * worst.units), "units": worst.units, "layer": worst.layer}
    return Sign({**figures, "line": str(line), "value": value + 0.0}, _advice(case, "leaky_relu"))


@symptom(
    "saturated-units",
    "the units of layer {layer} ({line}) are saturated: {share:.4g} % of their outputs are at an end of their range",
    unless=(*_CAUSES, "dead-units"),
)
def saturated_units(case: TrainingCase) -> Sign | None:
    """Layers whose outputs are nearly all at an end of their range, where the activation is flat."""
    layers = [(each.saturated, each) for each in _layers(case) if each.saturated is not None]
    share, worst = max(layers, key=lambda each: each[0], default=(0.0, None))
    if worst is None or share < SATURATED or not _is_in_the_way(case):
        return None
    figures = {"layer": worst.layer, "line": str(_line(case, worst)), "share": 100 * share}
    return Sign(figures, _advice(case, "relu"))


@symptom(
    "vanishing-gradients",
    "gradients vanish: at first, that of the first layer is {ratio:.2g} of that of the last one, {layers} layers later",
    unless=(*_CAUSES, "rate-too-large", "dead-units", "saturated-units"),
)
def vanishing_gradients(case: TrainingCase) -> Sign | None:
    """Deep networks that have not learnt, since the first layers get nearly no gradient."""
    facts, description = case.facts, case.description
    if facts is None or description is None or case.left < UNLEARNT or not case.can_learn_more:
        return None
    gradients = facts.start_gradients
    if len(gradients) < FEWEST or gradients[0] >= VANISHED * gradients[-1]:
        return None
    is_drawn_otherwise = case.settings.get("init") is not None
    advice = Advice({"init": None}) if is_drawn_otherwise else Advice(network=shallower(description))
    return Sign({"ratio": gradients[0] / gradients[-1], "layers": len(gradients) - 1}, advice)


def _layers(case: TrainingCase) -> list[LayerFacts]:
    """Returns the facts about layers that the description has."""
    count = len(case.description.layers) if case.description else 0
    return [each for each in case.facts.layers if each.layer < count] if case.facts else []


def _line(case: TrainingCase, layer: LayerFacts) -> Layer:
    """Returns the layer that facts are about."""
    assert case.description is not None, "it has the layer"
    return case.description.layers[layer.layer]


def _is_in_the_way(case: TrainingCase) -> bool:
    """Returns whether such units keep a network from learning: something is left, and a setting or errors show why.

    Wide networks solve problems with many dead units, and relu units that a noisy target leaves alone do no harm.
    """
    has_cause = case.settings.get("init") is not None or case.is_fast or case.can_learn_more
    return case.left >= UNSOLVED and has_cause


def _advice(case: TrainingCase, activation: str) -> Advice:
    """Returns usual first weights or a usual learning rate, if these were others, else another activation."""
    if case.settings.get("init") is not None:
        return Advice({"init": None})
    if case.is_fast:
        return Advice({"learning_rate": lower(case)})
    assert case.description is not None, "it has the layer"
    return Advice(network=activated(case.description, {each.layer for each in _layers(case)}, activation))
