"""Percentages, money, numbers with a unit or in brackets, and the different notations for thousands and decimals."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, Self

from kerash_cli import decimals
from kerash_cli.tables.notations.base import Finding, Notation, Way, checked
from kerash_cli.tables.notations.column import GAPS, Column

_DIGITS = rf"\d(?:[\d.,'’{GAPS}]*\d)?\.?|\.\d+"
_CURRENCY = (
    r"(?:US|CA|AU|NZ|HK|[ACSR])?\$|[€£¥₹₽₩₺₫₴฿]|Rs\.?|kr\.?|zł|USD|EUR|GBP|JPY|CHF|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|"
    "BRL|RUB|KRW|MXN|ZAR|HKD|SGD|TRY|CZK|HUF"
)
_LETTER = r"[A-Za-z\u0370-\uffdc\u00aa-\u00d6\u00d8-\u00f6\u00f8-\u02af]"
_AMOUNT = re.compile(
    rf"(?P<sign>[-+]?)(?:(?P<before>{_CURRENCY})[{GAPS}]?)?(?P<inner>[-+]?)(?P<digits>{_DIGITS})"
    rf"(?:[{GAPS}]?(?P<after>%|{_CURRENCY}|°|(?:°|{_LETTER})(?:{_LETTER}|[°²³/·^*])*[23]?))?",
    re.ASCII,
)
_WITH_POINTS = re.compile(r"(?:US|CA|AU|NZ|HK|[ACS])?\$|[£¥₹]|Rs\.?|USD|GBP|JPY|CNY|INR|AUD|NZD|MXN|HKD|SGD")
"""Currencies of countries where the decimal mark is a point."""
_NO_UNIT = re.compile(
    "st|nd|rd|th|xl|xs|am|pm|wd|mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec", re.I
)
_UNIT_LETTERS = frozenset("mgslLhdtVAWKCFNJkMx°")
_FEWEST_NUMBERS = 3
"""Minimum count of different numbers with the same unit: `2wd` and `4wd` alone are categories."""

_LONGEST_AFFIX = 20
_GROUPS = ("", ",", ".", *GAPS, "'", "’")
MARKS = (".", ",")
"""Decimal marks."""


class _Style(NamedTuple):
    """A notation for numbers: the separator of thousands, and the decimal mark."""

    group: str
    mark: str

    @property
    def grouped(self) -> str:
        """Pattern of a whole number with separators."""
        between = re.escape(self.group)
        more = r"(?:,\d\d\d?)*,\d{3}" if self.group == "," else rf"(?:{between}\d{{3}})+"  # also 1,00,000
        return rf"[1-9]\d{{0,2}}{more}"

    @property
    def any(self) -> str:
        """Pattern of a number in this style, with or without separators of thousands."""
        mark = re.escape(self.mark)
        whole = rf"(?:{self.grouped}|\d+)" if self.group else r"\d+"
        return rf"(?:{whole}(?:{mark}\d*)?|{mark}\d+)"

    def number(self, digits: str) -> float:
        """Returns the value of digits in this style."""
        bare = digits.replace(self.group, "") if self.group else digits
        return float(bare.replace(self.mark, "."))


class _Amount(NamedTuple):
    cell: str
    before: str
    after: str
    digits: str
    is_negative: bool
    in_brackets: bool


_PLAIN, _COMMAS, _DECIMAL_COMMA = _Style("", "."), _Style(",", "."), _Style("", ",")
_POINTS = _Style(".", ",")
_STYLES = (
    _PLAIN,
    _COMMAS,
    _DECIMAL_COMMA,
    _POINTS,
    *(_Style(group, mark) for group in (*GAPS, "'", "’") for mark in ".,"),
)


@dataclass(frozen=True)
class Amount(Notation, kind="amount"):
    """Numbers with something before or after them, or with separators of thousands or a decimal comma.

    Brackets around a number make it negative. Numbers with a currency may stand beside some without.
    """

    before: str
    after: str
    group: str
    mark: str

    @property
    def title(self) -> str:
        if _is_money(self.before, self.after):
            return f"amounts in {self.before or self.after}"
        if self.after:
            return "percentages" if self.after == "%" else f"numbers with the unit {self.after}"
        marks = [("thousands separators", self.group), ("decimal commas", self.mark == ",")]
        found = " and ".join(name for name, is_used in marks if is_used)
        return f"numbers with {found}" if found else "numbers of which those in brackets are negative"

    def value(self, cell: str) -> float | None:
        amount = _amount(cell)
        if amount is None or not self._has_affixes(amount) or not _fits(self._style, amount.digits):
            return decimals.number(cell) if self.mark == "." and not (self.before or self.after) else None
        value = self._style.number(amount.digits)
        return -value if amount.is_negative else value

    @property
    def _style(self) -> _Style:
        return _Style(self.group, self.mark)

    def _has_affixes(self, amount: _Amount) -> bool:
        affixes = (amount.before, _singular(amount.after))
        is_bare = affixes == ("", "") and _is_money(self.before, self.after)
        return is_bare or affixes == (self.before, _singular(self.after))

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        notation = cls(**fields)
        for affix in (notation.before, notation.after):
            if not isinstance(affix, str) or len(affix) > _LONGEST_AFFIX:
                raise ValueError(f"expected at most {_LONGEST_AFFIX} characters before and after an amount")
        checked(notation.group, _GROUPS, "the separator of thousands")
        checked(notation.mark, MARKS, "the decimal mark")
        return notation


def _is_money(before: str, after: str) -> bool:
    return re.fullmatch(_CURRENCY, before or after) is not None


def _amount(cell: str) -> _Amount | None:
    in_brackets = cell.startswith("(") and cell.endswith(")")
    match = _AMOUNT.fullmatch(cell[1:-1] if in_brackets else cell)
    if match is None:
        return None
    sign, before, inner, digits, after = (
        part or "" for part in match.group("sign", "before", "inner", "digits", "after")
    )
    if bool(sign) + bool(inner) + in_brackets > 1 or (before and after):
        return None
    return _Amount(cell, before, after, digits, in_brackets or "-" in (sign, inner), in_brackets)


def amounts(column: Column) -> Finding | None:
    """Finds numbers that mostly have the same currency, percent sign or unit, or else numbers in an unusual style."""
    kinds: dict[tuple[str, str], list[_Amount]] = {}
    for amount in filter(None, map(_amount, column.counts)):
        kinds.setdefault((amount.before, _singular(amount.after)), []).append(amount)
    bare = kinds.pop(("", ""), [])
    if kinds:
        (before, _), most = max(kinds.items(), key=lambda item: column.rows(each.cell for each in item[1]))
        if found := _with_affix(column, before, most):
            return found
    return _without_affix(column, bare)


def with_commas(column: Column) -> Finding | None:
    """Finds numbers with decimal commas, and points between thousands; whole numbers are such ones too."""
    notation = Amount("", "", ".", ",")
    cells = [cell for cell in column.counts if notation.value(cell) is not None]
    return Finding(cells, [Way(notation)]) if cells and column.is_most(cells) else None


def _singular(unit: str) -> str:
    return unit.removesuffix("s") if len(unit) > 2 else unit


def _with_affix(column: Column, before: str, amounts: Sequence[_Amount]) -> Finding | None:
    """Finds percentages, money or numbers with a unit, if there are enough of them."""
    styles = _styles(column, amounts)
    if len(styles) > 1 and _WITH_POINTS.fullmatch(before):
        styles = [_COMMAS]
    amounts = [each for each in amounts if any(_fits(style, each.digits) for style in styles)]
    cells = [each.cell for each in amounts]
    units = {each.after for each in amounts}
    is_money = _is_money(before, min(units, default=""))
    if styles == [_PLAIN] and is_money and not _WITH_POINTS.fullmatch(before or min(units)) and _in_thousands(amounts):
        styles = [_PLAIN, _POINTS]
    if not cells or not column.is_most([*cells, *column.plain] if is_money else cells):
        return None
    if not is_money and units != {"%"} and not _is_unit(units, {each.digits for each in amounts}):
        return None
    return Finding(cells, _ways(before, min(units), styles, amounts))


def _is_unit(units: set[str], numbers: set[str]) -> bool:
    """Returns whether these letters are a unit of measurement and not part of a name."""
    unit = min(units)
    if _NO_UNIT.fullmatch(unit) or len(numbers) < _FEWEST_NUMBERS:
        return False
    decades = unit == "s" and all(number.endswith("0") for number in numbers)
    return not decades and (len(unit) > 1 or unit in _UNIT_LETTERS)


def _without_affix(column: Column, amounts: Sequence[_Amount]) -> Finding | None:
    """Finds numbers with commas, thousands separators or brackets."""
    if not column.is_most({*column.plain, *(each.cell for each in amounts)}):
        return None
    styles = _styles(column, amounts)
    amounts = [each for each in amounts if any(_fits(style, each.digits) for style in styles)]
    special = [each for each in amounts if each.cell not in column.plain]
    if not special or not column.is_most({*column.plain, *(each.cell for each in special)}):
        return None
    if all(each.in_brackets for each in amounts) and (styles != [_PLAIN] or not _has_fraction(amounts)):
        return None
    if _are_telephones(special, styles[0]):
        return None
    return Finding([each.cell for each in special], _ways("", "", styles, special))


def _in_thousands(amounts: Iterable[_Amount]) -> bool:
    """Returns whether some numbers have a point, and all of these look like `1.500`."""
    pointed = [each.digits for each in amounts if "." in each.digits]
    return bool(pointed) and all(_fits(_POINTS, digits) for digits in pointed)


def _has_fraction(amounts: Iterable[_Amount]) -> bool:
    """Returns whether one of the numbers is not whole; whole numbers that are all in brackets are taken for names."""
    return any("." in each.digits for each in amounts)


def _are_telephones(amounts: Sequence[_Amount], style: _Style) -> bool:
    """Returns whether all look like telephone numbers such as `612 345 678`."""
    return style.group in GAPS and all(re.fullmatch(r"\d{3}\D\d{3}\D\d{3}", each.digits) for each in amounts)


def _styles(column: Column, amounts: Sequence[_Amount]) -> list[_Style]:
    """Returns the style of most of the numbers; two styles if every number with a comma looks like `1,500`."""
    fitting = {style: {each.cell for each in amounts if _fits(style, each.digits)} for style in _STYLES}
    best = max(_STYLES, key=lambda style: column.rows(fitting[style]))
    both = fitting[_COMMAS] & fitting[_DECIMAL_COMMA]
    rival = any("," in cell for cell in both) and column.rows(fitting[_DECIMAL_COMMA]) == column.rows(fitting[best])
    hundreds = any(re.fullmatch(r"[1-9]\d\d", each.digits) for each in amounts)
    return [best, _DECIMAL_COMMA] if best == _COMMAS and rival and not hundreds else [best]


def _fits(style: _Style, digits: str) -> bool:
    return _compiled(style).fullmatch(digits) is not None


@cache
def _compiled(style: _Style) -> re.Pattern[str]:
    return re.compile(style.any, re.ASCII)


def _ways(before: str, after: str, styles: Sequence[_Style], amounts: Collection[_Amount]) -> list[Way]:
    if len(styles) == 1:
        return [Way(Amount(before, after, *styles[0]))]
    both = (each.digits for each in amounts if all(_fits(style, each.digits) for style in styles))
    example = next(digits for digits in both if len({style.number(digits) for style in styles}) > 1)
    return [
        Way(
            Amount(before, after, *style),
            f"if {example} is {decimals.shortest(style.number(example))}",
            ("--decimal", style.mark),
        )
        for style in styles
    ]
