"""Times of day and durations, as minutes or seconds."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from kerash_cli.tables.notations.base import Finding, Notation, Way, checked
from kerash_cli.tables.notations.column import Column

_TWO = re.compile(r"(\d{1,3}):([0-5]\d(?:\.\d+)?)", re.ASCII)
_THREE = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d(?:\.\d+)?)", re.ASCII)
_TWELVE = re.compile(r"(\d\d?)(?::([0-5]\d))?(?::([0-5]\d))? ?([AaPp])\.?[Mm]\.?", re.ASCII)


def _halves(cell: str) -> float | None:
    match = _TWELVE.fullmatch(cell)
    if match is None:
        return None
    hour, minute, second, half = match.groups()
    return (int(hour) % 12 + 12 * (half in "pP")) * 60 + int(minute or 0) + int(second or 0) / 60


def _parts(cell: str) -> tuple[float, ...]:
    """Returns the two or three parts of `1:02:15`; none for other text."""
    match = _TWO.fullmatch(cell) or _THREE.fullmatch(cell)
    return tuple(map(float, match.groups())) if match else ()


def _hours(cell: str) -> float | None:
    parts = (*_parts(cell), 0.0)
    return parts[0] * 60 + parts[1] + parts[2] / 60 if len(parts) > 2 else None


def _minutes(cell: str) -> float | None:
    parts = _parts(cell)
    return _hours(cell) if len(parts) == 3 else parts[0] + parts[1] / 60 if parts else None


def _seconds(cell: str) -> float | None:
    parts = _parts(cell)
    return parts[0] * 60 + parts[1] if len(parts) == 2 else None


_FORMS: dict[str, tuple[Callable[[str], float | None], str]] = {
    "7 pm": (_halves, "times in minutes"),
    "h:m": (_hours, "times in minutes"),
    "m:s in minutes": (_minutes, "times in minutes"),
    "m:s": (_seconds, "times in seconds"),
}


@dataclass(frozen=True)
class Clock(Notation, kind="time"):
    """Times such as `12:30`, `1:02:15` and `7 pm`; `form` says what the first part of `12:30` is."""

    form: str

    @property
    def title(self) -> str:
        return _FORMS[self.form][1]

    def value(self, cell: str) -> float | None:
        return _FORMS[self.form][0](cell)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        notation = cls(**fields)
        checked(notation.form, _FORMS, "the form of times")
        return notation


def times(column: Column) -> Finding | None:
    """Finds `12:30`, `12:30:15`, `7 pm`; beside `1:02:15`, the parts of `12:30` are minutes and seconds."""
    halves = column.fits(_TWELVE)
    if column.is_most(halves):
        return Finding(list(halves), [Way(Clock("7 pm"))])
    two, three = column.fits(_TWO), column.fits(_THREE)
    if not column.is_most([*two, *three]):
        return None
    cells = [cell for cell in column.counts if cell in two or cell in three]
    if two and three:
        return Finding(cells, [Way(Clock("m:s in minutes"))])
    is_clock = all(int(match[1]) <= 24 and "." not in match[2] for match in two.values())
    return Finding(cells, [Way(Clock("h:m" if three or is_clock else "m:s"))])
