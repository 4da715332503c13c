"""Kinds of numbers that a single pattern recognises."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from kerash_cli import decimals
from kerash_cli.tables.notations.base import Finding, Notation, Way, checked
from kerash_cli.tables.notations.column import GAPS, NUMBER, Column


class _Form(NamedTuple):
    """A pattern for whole cells, what they are called, and the value of a match."""

    pattern: re.Pattern[str]
    title: str
    value: Callable[[re.Match[str]], float]
    with_plain: bool
    """True if plain numbers may stand beside such cells."""


def _form(pattern: str, title: str, value: Callable[[re.Match[str]], float], with_plain: bool = True) -> _Form:
    return _Form(re.compile(pattern, re.ASCII), title, value, with_plain)


_BLANKS = f"[{GAPS}]*"
_THOUSANDS = {"k": 1e3, "m": 1e6, "b": 1e9}
_FORMS = {
    "hexadecimal": _form(r"0[xX]([\da-fA-F]{1,13})", "hexadecimal numbers", lambda match: int(match[1], 16), False),
    "apostrophe": _form(rf"'+([-+]?{NUMBER})'*", "numbers behind an apostrophe", lambda match: float(match[1])),
    "minus": _form(rf"(?:−|–) ?({NUMBER})", "numbers with a typographic minus sign", lambda match: -float(match[1])),
    "uncertainty": _form(
        rf"([-+]?{NUMBER}) ?(?:±|\+/?-) ?{NUMBER}",
        "numbers without their uncertainty",
        lambda match: float(match[1]),
    ),
    "spaces": _form(
        rf"{_BLANKS}([-+]?{NUMBER}){_BLANKS}", "numbers with no-break spaces", lambda match: float(match[1])
    ),
    "multiples": _form(
        rf"([-+]?{NUMBER}) ?([kKmMbB])",
        "numbers with k, M or B",
        lambda match: float(match[1]) * _THOUSANDS[match[2].lower()],
        False,
    ),
}
"""Forms such as `0x1F`, `'5`, `−5`, `5±0.2`, a number between no-break spaces, and `5k` beside `3M`."""


@dataclass(frozen=True)
class Simple(Notation, kind="simple"):
    """Numbers of a form that one pattern recognises."""

    form: str

    @property
    def title(self) -> str:
        return _FORMS[self.form].title

    def value(self, cell: str) -> float | None:
        form = _FORMS[self.form]
        match = form.pattern.fullmatch(cell)
        if match is not None:
            return form.value(match)
        return decimals.number(cell) if form.with_plain else None

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        notation = cls(**fields)
        checked(notation.form, _FORMS, "the form of numbers")
        return notation


def simple(column: Column) -> Finding | None:
    """Finds the first form of which most cells are; `5k` counts only beside another letter, else it is a unit."""
    for name, form in _FORMS.items():
        fits = column.fits(form.pattern)
        if name == "multiples" and len({match[2].lower() for match in fits.values()}) < 2:
            continue
        cells = [cell for cell in fits if cell not in column.plain]
        if cells and column.is_most([*cells, *column.plain] if form.with_plain else cells):
            return Finding(cells, [Way(Simple(name))])
    return None
