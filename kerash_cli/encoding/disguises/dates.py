"""Dates, with a time or without, as days since 1970-01-01."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kerash_cli.encoding.disguises.readings import Column, Finding, Reading

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = "((?i:" + "|".join(_MONTHS) + "))"
_CLOCK = r"[T ] *(\d\d?):(\d\d)(?::(\d\d(?:\.\d+)?))?"
_HALF = r" ?([AaPp])[Mm]"
_ZONE = r" ?(?:Z|UTC|([-+])(\d\d):?(\d\d))"
_DAYS = "365*$y+int($y/4)-int($y/100)+int($y/400)+int((153*(($m+9)%12)+2)/5)+$d-719469"
"""Perl expression for the days from 1970-01-01 to $y-$m-$d (Gregorian), with years that begin in March."""


class _Layout(NamedTuple):
    """A notation for a day: a pattern, and the part of the date that each group is (y, m, d; b for a month's name)."""

    parts: str
    pattern: str


_LAYOUTS = (
    *(_Layout("ymd", rf"(\d{{4}}){mark}(\d\d?){mark}(\d\d?)") for mark in ("-", r"\/", r"\.")),
    *(_Layout(parts, rf"(\d\d?)\/(\d\d?)\/({year})") for year in (r"\d{4}", r"\d\d") for parts in ("dmy", "mdy")),
    *(_Layout(parts, rf"(\d\d?){mark}(\d\d?){mark}(\d{{4}})") for mark in (r"\.", "-") for parts in ("dmy", "mdy")),
    _Layout("dby", rf"(\d\d?)[- ]{_MONTH}[A-Za-z]*\.?,?[- ](\d{{4}}|\d\d)"),
    _Layout("bdy", rf"{_MONTH}[A-Za-z]*\.? (\d\d?),? (\d{{4}})"),
    _Layout("ym", r"(\d{4})-(\d\d)"),
)


def dates(column: Column) -> Finding | None:
    """Finds days in the layout that most cells fit; two readings if `01/02/2024` may be in January or in February."""
    found = [(layout, _days_of(column, layout)) for layout in _LAYOUTS]
    most = max(column.rows(days) for _, days in found)
    best = [(layout, days) for layout, days in found if column.rows(days) == most]
    layout, days = best[0]
    if not column.is_most(days) or (layout.parts == "ym" and _are_seasons(days)):
        return None
    # With points the day comes first; with any other mark it may be the month.
    is_open = len(best) > 1 and layout.parts == "dmy" and r"\." not in layout.pattern
    order = {"dmy": "with the day first, ", "mdy": "with the month first, "} if is_open else {}
    readings = [
        _day(each, list(days), f"{order.get(each.parts, '')}as days since 1970-01-01")
        for each, _ in best[: 1 + is_open]
    ]
    return Finding("dates", list(days), readings)


def _days_of(column: Column, layout: _Layout) -> dict[str, re.Match[str]]:
    """Returns the cells that are days in this layout, with or without a time."""
    fits = column.fits(f"{layout.pattern}(?:{_CLOCK}(?:{_HALF})?(?:{_ZONE})?)?")
    return {
        cell: match for cell, match in fits.items() if _is_day(dict(zip(layout.parts, match.groups(), strict=False)))
    }


def _is_day(parts: dict[str, str]) -> bool:
    return 1 <= int(parts.get("m", "1")) <= 12 and 1 <= int(parts.get("d", "1")) <= 31


def _are_seasons(cells: Iterable[str]) -> bool:
    """Returns whether all cells may be seasons: `2010-11`, a year and the next."""
    return all((int(cell[:4]) + 1) % 100 == int(cell[5:7]) for cell in cells)


def _day(layout: _Layout, cells: Sequence[str], meaning: str) -> Reading:
    parts = layout.parts
    time, value = _time_of_day(cells, len(parts) + 1)
    names = ",".join(f"${part}" for part in parts.replace("b", "m"))
    steps = [f"({names})=({','.join(f'${place}' for place in range(1, len(parts) + 1))})"]
    if "b" in parts:
        steps.append(f'$m=1+index("{"".join(_MONTHS)}",lc$m)/3')
    if "d" not in parts:
        steps.append("$d=1")
    if parts.endswith("y") and layout.pattern.endswith(r"\d\d)"):
        steps.append("$y+=$y<69?2000:$y<100?1900:0")  # as in POSIX
    steps += ["$y-=$m<3", _DAYS + value]
    return Reading(layout.pattern + time, f"do{{{';'.join(steps)}}}", meaning)


def _time_of_day(cells: Sequence[str], group: int) -> tuple[str, str]:
    """Returns the pattern of a time after the day, with groups numbered from `group`, and the Perl term for it."""
    if not any(":" in cell for cell in cells):
        return "", ""
    pattern, hour = _CLOCK, f"${group}"
    minute, second, after = f"${group + 1}", f"${group + 2}", group + 3
    if any(re.search(rf"\d{_HALF}", cell) for cell in cells):
        pattern += _HALF
        hour = f'({hour}%12+12*(lc${after} eq"p"))'
        after += 1
    if any(re.search(rf":\S*{_ZONE}$", cell) for cell in cells):
        pattern += f"(?:{_ZONE})?"
        hour = f'({hour}-"${after}${after + 1}")'
        minute = f'({minute}-"${after}${after + 2}")'
    return f"(?:{pattern})?", f"+{hour}/24+{minute}/1440+{second}/86400"
