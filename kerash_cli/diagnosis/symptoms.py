"""The registry of symptoms: kinds of things that may be off in a training, each with its sentence.

To add a kind, write a function from a TrainingCase to a Sign or None in the file of its family, with `symptom` above.
False alarms are worse than misses: a threshold has to tell trainings with the fault from good ones.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from kerash_cli.diagnosis.case import TrainingCase
from kerash_cli.errors import printable
from kerash_cli.registry import Registry


@dataclass(frozen=True)
class Advice:
    """Changes to make in a training."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    """New values of settings, as a saved model records them."""
    network: str = ""
    """Description of another network; empty for the same one."""

    def changes(self, settings: Mapping[str, Any]) -> bool:
        """Returns whether a training with these settings would be another one."""
        return bool(self.network) or any(settings.get(name) != value for name, value in self.settings.items())


class Sign(NamedTuple):
    """A symptom that was seen: the figures that its sentence names, and what to change."""

    figures: Mapping[str, Any]
    advice: Advice


class Symptom(NamedTuple):
    """A symptom of a training, in a sentence with the figures that it rests on."""

    kind: str
    sentence: str
    figures: Mapping[str, Any]
    advice: Advice


Look: TypeAlias = Callable[[TrainingCase], Sign | None]


class SymptomKind(NamedTuple):
    """A kind of symptom."""

    sentence: str
    """Sentence with the names of figures in braces."""
    look: Look
    unless: tuple[str, ...]
    """Kinds that bring this one about; beside one of them it is not told."""


SYMPTOMS: Registry[SymptomKind] = Registry("kind of symptom")
"""All kinds, those with the most useful advice first."""


def symptom(name: str, sentence: str, unless: tuple[str, ...] = ()) -> Callable[[Look], Look]:
    """Registers a function that looks for a kind of symptom; see `SymptomKind`."""

    def register(look: Look) -> Look:
        SYMPTOMS.add(name, SymptomKind(sentence, look, unless))
        return look

    return register


def symptoms(case: TrainingCase) -> list[Symptom]:
    """Returns what is off in a training, the most useful first; empty if nothing is."""
    found = dict[str, Symptom]()
    for name, kind in SYMPTOMS.items():
        sign = None if found.keys() & set(kind.unless) else kind.look(case)
        if sign and sign.advice.changes(case.settings):
            sentence = printable(kind.sentence.format(**sign.figures))
            found[name] = Symptom(name, sentence, sign.figures, sign.advice)
    return [*found.values()]
