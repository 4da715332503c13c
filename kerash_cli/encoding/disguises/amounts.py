"""Percentages, money, numbers with a unit or in brackets, and the different notations for thousands and decimals."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import NamedTuple

from kerash_cli import decimals
from kerash_cli.encoding.disguises.readings import GAPS, NUMBER, Column, Finding, Reading, literally

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
_NO_UNIT = re.compile(
    "st|nd|rd|th|xl|xs|am|pm|wd|mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec", re.I
)
_UNIT_LETTERS = frozenset("mgslLhdtVAWKCFNJkMx°")
_FEWEST_NUMBERS = 3
"""Minimum count of different numbers with the same unit: `2wd` and `4wd` alone are categories."""


class _Amount(NamedTuple):
    cell: str
    before: str
    after: str
    digits: str
    in_brackets: bool


class _Style(NamedTuple):
    """A notation for numbers: the separator of thousands, and the decimal mark."""

    group: str
    mark: str

    @property
    def grouped(self) -> str:
        between = literally(self.group)
        more = r"(?:,\d\d\d?)*,\d{3}" if self.group == "," else rf"(?:{between}\d{{3}})+"  # also 1,00,000
        return rf"[1-9]\d{{0,2}}{more}"

    @property
    def any(self) -> str:
        """Returns the pattern of a number in this style, with or without thousands separators."""
        mark = literally(self.mark)
        whole = rf"(?:{self.grouped}|\d+)" if self.group else r"\d+"
        return rf"(?:{whole}(?:{mark}\d*)?|{mark}\d+)"

    def special(self, bare_groups: bool) -> str:
        """Returns the pattern of numbers in this style, except plain ones; `1.500` counts only with `bare_groups`."""
        mark = literally(self.mark)
        if not self.group:
            return rf"\d*{mark}\d+"
        if self.mark == ".":
            return rf"{self.grouped}(?:\.\d*)?"
        if self.group == "." and not bare_groups:
            return rf"(?:{self.grouped}|\d*),\d+"
        return rf"(?:{self.grouped}(?:,\d+)?|\d*,\d+)"

    def value(self, taken: str, in_brackets: bool) -> str:
        """Returns the Perl expression that turns the text `taken` into a number."""
        swaps = {"(": "-"} if in_brackets else {}
        if self.mark == ",":
            swaps |= {".": " ", ",": "."} if self.group else {",": "."}
        if swaps:
            taken += f"=~tr/{''.join(swaps)}/{''.join(swaps.values())}/r"
        return taken + (r"=~s/[^-\d.]//gr" if self.group else "")


_PLAIN, _COMMAS, _DECIMAL_COMMA = _Style("", "."), _Style(",", "."), _Style("", ",")
_STYLES = (
    _PLAIN,
    _COMMAS,
    _DECIMAL_COMMA,
    _Style(".", ","),
    *(_Style(group, mark) for group in (*GAPS, "'", "’") for mark in ".,"),
)


def _amount(cell: str) -> _Amount | None:
    in_brackets = cell.startswith("(") and cell.endswith(")")
    match = _AMOUNT.fullmatch(cell[1:-1] if in_brackets else cell)
    if match is None:
        return None
    sign, before, inner, digits, after = (
        part or "" for part in match.group("sign", "before", "inner", "digits", "after")
    )
    signs = bool(sign) + bool(inner) + in_brackets
    return _Amount(cell, before, after, digits, in_brackets) if signs <= 1 and not (before and after) else None


def amounts(column: Column) -> Finding | None:
    """Finds numbers that mostly have the same currency, percent sign or unit, or else numbers in an unusual style."""
    kinds: dict[tuple[str, str], list[_Amount]] = {}
    for amount in filter(None, map(_amount, column.counts)):
        kinds.setdefault((amount.before, _singular(amount.after)), []).append(amount)
    bare = kinds.pop(("", ""), [])
    if kinds:
        (before, after), most = max(kinds.items(), key=lambda item: column.rows(each.cell for each in item[1]))
        if found := _with_affix(column, before, after, most):
            return found
    return _without_affix(column, bare)


def _singular(unit: str) -> str:
    return unit.removesuffix("s") if len(unit) > 2 else unit


def _with_affix(column: Column, before: str, after: str, amounts: Sequence[_Amount]) -> Finding | None:
    """Finds percentages, money or numbers with a unit, if there are enough of them."""
    styles = _styles(column, amounts)
    amounts = [each for each in amounts if any(_fits(style, each.digits) for style in styles)]
    cells = [each.cell for each in amounts]
    units = {each.after for each in amounts}
    is_money = re.fullmatch(_CURRENCY, before or after) is not None
    if not column.is_most([*cells, *column.plain] if is_money else cells):
        return None
    if not is_money and after != "%" and not _is_unit(units, {each.digits for each in amounts}):
        return None
    brackets = any(each.in_brackets for each in amounts)
    sign, end = (r"[-+(]?", r"\)?") if brackets else (r"[-+]?", "")
    gap = _gap(cells)
    suffix = literally(after) + ("s" if after not in units else "s?") if units != {after} else literally(after)

    def reading(style: _Style, meaning: str) -> Reading:
        if before:
            pattern, taken = rf"({sign}){literally(before)}{gap}([-+]?{style.any}){end}", '"$1$2"'
        else:
            pattern, taken = rf"({sign}{style.any}){gap}{suffix}{end}", "$1"
        return Reading(pattern, style.value(taken, brackets), meaning)

    unit = f"numbers with the unit {min(units)}"
    kind = "amounts of money" if is_money else "percentages" if after == "%" else unit
    return Finding(kind, cells, _read(reading, styles, amounts))


def _gap(cells: Iterable[str]) -> str:
    wide = [char for char in GAPS[1:] if any(char in cell for cell in cells)]
    return f"(?: |{'|'.join(wide)})?" if wide else " ?"


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
    bracketed = [each for each in special if each.in_brackets]
    cells = [each.cell for each in special]
    if not special or not column.is_most({*column.plain, *cells}):
        return None
    if len(bracketed) == len(amounts):
        return _all_in_brackets(cells) if styles == [_PLAIN] else None
    if styles == [_PLAIN]:  # so they are in brackets
        return Finding("negative numbers in brackets", cells, [Reading(rf"\(({NUMBER})\)", '"-$1"')])
    if _are_telephones(special, styles[0]):
        return None
    bare_groups = any(re.fullmatch(styles[0].grouped, each.digits, re.ASCII) for each in amounts if styles[0].group)

    def reading(style: _Style, meaning: str) -> Reading:
        pattern = rf"[-+]?{style.special(bare_groups)}"
        if bracketed:
            pattern = rf"{pattern}|\({style.any}\)"
        value = style.value("$1", bool(bracketed))
        if bracketed and not style.group:
            value += "=~tr/)//dr"
        return Reading(f"({pattern})", value, meaning)

    if len(styles) > 1:
        kind = "numbers with commas"
    elif styles[0] == _DECIMAL_COMMA:
        kind = "numbers with decimal commas"
    else:
        kind = "numbers with thousands separators"
    return Finding(kind, cells, _read(reading, styles, special))


def _all_in_brackets(cells: Sequence[str]) -> Finding | None:
    """Finds numbers that are all in brackets, negative or not; whole numbers such as (1) are taken for names."""
    fraction = next((cell for cell in cells if "." in cell), None)
    if fraction is None:
        return None
    pattern, bare = rf"\(({NUMBER})\)", fraction.strip("()")
    return Finding(
        "numbers in brackets",
        cells,
        [
            Reading(pattern, '"-$1"', f"if {fraction} is -{bare}"),
            Reading(pattern, "$1", f"if {fraction} is {bare}"),
        ],
    )


def _are_telephones(amounts: Sequence[_Amount], style: _Style) -> bool:
    """Returns whether all look like telephone numbers such as `612 345 678`."""
    return style.group in GAPS and all(re.fullmatch(r"\d{3}\D\d{3}\D\d{3}", each.digits) for each in amounts)


def _styles(column: Column, amounts: Sequence[_Amount]) -> list[_Style]:
    """Returns the style of most of the numbers; two styles if every number with a comma looks like `1,500`."""
    fitting = [column.rows(each.cell for each in amounts if _fits(style, each.digits)) for style in _STYLES]
    best = _STYLES[fitting.index(max(fitting))]
    rival = fitting[_STYLES.index(_DECIMAL_COMMA)] == max(fitting)
    hundreds = any(re.fullmatch(r"[1-9]\d\d", each.digits) for each in amounts)
    return [best, _DECIMAL_COMMA] if best == _COMMAS and rival and not hundreds else [best]


def _fits(style: _Style, digits: str) -> bool:
    return _compiled(style).fullmatch(digits) is not None


@cache
def _compiled(style: _Style) -> re.Pattern[str]:
    return re.compile(style.any, re.ASCII)


def _read(
    reading: Callable[[_Style, str], Reading], styles: Sequence[_Style], amounts: Sequence[_Amount]
) -> list[Reading]:
    if len(styles) == 1:
        return [reading(styles[0], "")]
    example = next(each.digits for each in amounts if "," in each.digits)
    values = [example.replace(",", ""), decimals.shortest(float(example.replace(",", ".")))]
    return [reading(style, f"if {example} is {value}") for style, value in zip(styles, values, strict=True)]
