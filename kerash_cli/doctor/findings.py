"""What a look at an installation finds: facts, remarks and faults."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from kerash_cli.doctor.import_trial import ImportTrial


class Fact(NamedTuple):
    """Something to know about the installation."""

    name: str
    text: str
    value: Any = None
    """The same as JSON values, if it is more than the text."""


class Remark(NamedTuple):
    """A line about something cramped or broken, with what to do; kerash works nevertheless."""

    text: str


class Fault(NamedTuple):
    """A line about something without which kerash does not work."""

    text: str


Found: TypeAlias = Fact | Remark | Fault


@dataclass(frozen=True)
class Patient:
    """What looks need to know."""

    mountpoint: str | None
    """The folder that was asked for; None for the usual ones."""
    imports: ImportTrial
    """The packages that are optional, which another process imports meanwhile."""


Look: TypeAlias = Callable[[Patient], Iterator[Found]]


@dataclass
class Section:
    """All that was found about one subject."""

    title: str
    facts: list[Fact] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def add(self, found: Found) -> None:
        """Adds what a look has found."""
        match found:
            case Fact():
                self.facts.append(found)
            case Remark(text):
                self.remarks.append(text)
            case Fault(text):
                self.faults.append(text)

    def to_json(self) -> dict[str, Any]:
        """Returns the facts as JSON values."""
        return {fact.name: fact.text if fact.value is None else fact.value for fact in self.facts}
