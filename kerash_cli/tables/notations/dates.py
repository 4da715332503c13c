"""Dates, with a time or without, as days since 1970-01-01."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Self

from kerash_cli.tables.notations.base import Finding, Notation, Way, checked
from kerash_cli.tables.notations.column import Column

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = "(?P<b>(?i:" + "|".join(_MONTHS) + "))"
_YEAR, _SHORT = r"(?P<y>\d{4})", r"(?P<s>\d\d)"
_MONTH_NUMBER, _DAY = r"(?P<m>\d\d?)", r"(?P<d>\d\d?)"
_TIME = (
    r"(?:[T ] *(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d(?:\.\d+)?))?(?: ?(?P<half>[AaPp])[Mm])?"
    r"(?P<zone> ?(?:Z|UTC|(?P<ahead>[-+])(?P<hours>\d\d):?(?P<minutes>\d\d)))?)?"
)
_EPOCH = date(1970, 1, 1).toordinal()
_CENTURY = 69  # of two digits, as in POSIX: 69 to 99 are 1969 to 1999


def _marked(order: str, mark: str, year: str = _YEAR) -> str:
    parts = {"y": year, "m": _MONTH_NUMBER, "d": _DAY}
    return re.escape(mark).join(parts[each] for each in order)


LAYOUTS = {
    "2024-01-31": _marked("ymd", "-"),
    "2024/01/31": _marked("ymd", "/"),
    "2024.01.31": _marked("ymd", "."),
    "31/01/2024": _marked("dmy", "/"),
    "01/31/2024": _marked("mdy", "/"),
    "31/01/24": _marked("dmy", "/", _SHORT),
    "01/31/24": _marked("mdy", "/", _SHORT),
    "31.01.2024": _marked("dmy", "."),
    "31.01.24": r"(?P<d>\d\d)\.(?P<m>\d\d)\.(?P<s>\d\d)",
    "01.31.2024": _marked("mdy", "."),
    "31-01-2024": _marked("dmy", "-"),
    "01-31-2024": _marked("mdy", "-"),
    "31 Jan 2024": rf"{_DAY}[- ]{_MONTH}[A-Za-z]*\.?,?[- ](?:{_YEAR}|{_SHORT})",
    "Jan 31, 2024": rf"{_MONTH}[A-Za-z]*\.? {_DAY},? {_YEAR}",
    "2024-01": rf"{_YEAR}-(?P<m>\d\d)",
}
"""Patterns of days, called by how they write the last day of January in 2024."""

ORDERS = {"dmy": "if the day comes first", "mdy": "if the month does"}
"""The two ways to read `01/02/2024`."""

_OPEN = ("01/31/2024", "01/31/24", "01-31-2024")  # with points, the day comes first


@cache
def _compiled(layout: str) -> re.Pattern[str]:
    return re.compile(LAYOUTS[layout] + _TIME, re.ASCII)


@dataclass(frozen=True)
class Day(Notation, kind="date"):
    """Days in one layout, each with a time or without, as days since 1970-01-01 (UTC where there is a zone)."""

    layout: str

    @property
    def title(self) -> str:
        return f"dates like {self.layout}"

    def value(self, cell: str) -> float | None:
        match = _compiled(self.layout).fullmatch(cell)
        return None if match is None else _days(match)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        notation = cls(**fields)
        checked(notation.layout, LAYOUTS, "the layout of dates")
        return notation


def _days(match: re.Match[str]) -> float | None:
    """Returns the days from 1970-01-01 to a moment; None if there is no such day or time."""
    parts = match.groupdict()
    year = int(parts["y"]) if parts.get("y") else _year(int(parts["s"]))
    month = _MONTHS.index(parts["b"].lower()) + 1 if parts.get("b") else int(parts["m"])
    try:
        days = date(year, month, int(parts.get("d") or 1)).toordinal() - _EPOCH
    except ValueError:
        return None
    time = _time_of_day(parts) if parts["hour"] else 0.0
    return None if time is None else days + time


def _year(two_digits: int) -> int:
    return two_digits + (1900 if two_digits >= _CENTURY else 2000)


def _time_of_day(parts: Mapping[str, str | None]) -> float | None:
    """Returns a time as the part of a day; None if there is no such time."""
    hour, minute, second = int(parts["hour"] or 0), int(parts["minute"] or 0), float(parts["second"] or 0)
    half = parts["half"]
    if hour > 24 or minute > 59 or second >= 61 or (half and not 1 <= hour <= 12):
        return None
    if half:
        hour = hour % 12 + 12 * (half in "pP")
    ahead = int(parts["hours"] or 0) * 60 + int(parts["minutes"] or 0)
    minutes = hour * 60 + minute - (-ahead if parts["ahead"] == "-" else ahead)
    return minutes / 1440 + second / 86400


def dates(column: Column) -> Finding | None:
    """Finds days in the layout that most cells fit; two ways if `01/02/2024` may be in January or in February."""
    found = {layout: _days_in(column, layout) for layout in LAYOUTS}
    most = max(column.rows(days) for days in found.values())
    best = [layout for layout, days in found.items() if column.rows(days) == most]
    days = found[best[0]]
    if not column.is_most(days) or (best[0] == "2024-01" and _are_seasons(days)):
        return None
    if len(best) < 2 or best[1] not in _OPEN:
        return Finding(days, [Way(Day(best[0]))])
    pairs = zip(best[:2], ORDERS.items(), strict=True)
    return Finding(days, [Way(Day(each), meaning, ("--dates", order)) for each, (order, meaning) in pairs])


def _days_in(column: Column, layout: str) -> list[str]:
    """Returns the cells that are days in this layout."""
    notation = Day(layout)
    return [cell for cell in column.counts if notation.value(cell) is not None]


def _are_seasons(cells: Iterable[str]) -> bool:
    """Returns whether all cells may be seasons: `2010-11`, a year and the next."""
    return all((int(cell[:4]) + 1) % 100 == int(cell[5:7]) for cell in cells)
