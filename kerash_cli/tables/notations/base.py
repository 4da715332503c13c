"""Notations are ways to write numbers; a saved model records that of each column that has one."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from kerash_cli import decimals
from kerash_cli.errors import shown
from kerash_cli.registry import Registry

NOTATIONS: Registry[type["Notation"]] = Registry("notation")


@dataclass(frozen=True)
class Notation(ABC):
    """A way to write numbers. Its own fields say which one of its kind, in words and short texts."""

    kind: ClassVar[str]
    example: str = field(default="", kw_only=True)
    """A cell of the column in which the notation was found."""
    gaps: tuple[str, ...] = field(default=(), kw_only=True)
    """Words that are missing values in that column."""

    def __init_subclass__(cls, kind: str, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.kind = kind
        NOTATIONS.add(kind, cls)

    @property
    @abstractmethod
    def title(self) -> str:
        """Returns what the cells are called, in the plural, such as `percentages`."""

    @abstractmethod
    def value(self, cell: str) -> float | None:
        """Returns the number that a cell stands for, without blanks around it; None if it is not of this notation."""

    def column(self, cells: Sequence[str | None]) -> NDArray[np.float64] | None:
        """Returns the numbers of cells, NaN for missing ones (None, or a word in `gaps`); None if one is no number."""
        known: dict[str | None, float | None] = {None: np.nan, **dict.fromkeys(self.gaps, np.nan)}
        for cell in {cell for cell in cells if cell not in known}:
            value = self.value(cell or "")
            known[cell] = value if value is not None and abs(value) < np.inf else None
        return None if None in known.values() else np.fromiter((known[cell] for cell in cells), np.float64, len(cells))

    def described(self) -> str:
        """Returns what a cell stands for: `'5%' is 5`."""
        value = self.value(self.example)
        return f"{shown(self.example)} is {decimals.shortest(round(value or 0, 6))}"

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values that `saved.read` reads."""
        return {"kind": self.kind, **asdict(self), "gaps": [*self.gaps]}

    @classmethod
    @abstractmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Returns the notation with these fields; raises ValueError or TypeError if they are invalid."""


class Way(NamedTuple):
    """One way to read a column."""

    notation: Notation
    meaning: str = ""
    """Phrase that sets it apart from others, such as `if 1,500 is 1.5`."""
    words: tuple[str, ...] = ()
    """Words of the command line that choose it."""


class Finding(NamedTuple):
    """Most cells of a column are in a notation; if the cells do not tell which one, there are several ways."""

    cells: Sequence[str]
    """Cells of this notation that are no plain numbers, without repetitions, in order of appearance."""
    ways: Sequence[Way]


@dataclass(frozen=True)
class Plain(Notation, kind="plain"):
    """Plain decimals, in a column that has words for missing values of its own."""

    @property
    def title(self) -> str:
        return "numbers"

    def value(self, cell: str) -> float | None:
        return decimals.number(cell)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        return cls(**fields)


def to_json(notations: Mapping[int, Notation]) -> list[list[Any]]:
    """Returns JSON values for the notations of columns by position, which `saved.by_position` reads."""
    return [[place, notation.to_json()] for place, notation in notations.items()]


def checked(value: object, known: Collection[str], what: str) -> str:
    """Returns the value if it is one of the `known` words; raises ValueError if not."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"expected one of {', '.join(map(repr, known))} for {what}")
    return value
