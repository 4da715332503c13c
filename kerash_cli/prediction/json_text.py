"""JSON text of the cells of a table."""

import re
from collections.abc import Iterable
from json import JSONEncoder

from kerash_cli import decimals

string = JSONEncoder(ensure_ascii=False).encode
"""Returns a text as a JSON string."""

_LARGEST_WHOLE = 2**53
"""Largest whole number up to which all are different in float64, the numbers of many readers of JSON."""
_PLAIN = r"-?(?:0|[1-9][0-9]{0,14}+)(?:\.[0-9]++)?+"
_PLAIN_CELL, _PLAIN_CELLS = re.compile(_PLAIN), re.compile(f"(?:{_PLAIN},)*+")
_DECIMAL = re.compile(r"([-+]?)([0-9]*)(\.[0-9]*)?([eE][-+]?[0-9]+)?")


def cell(text: str) -> str:
    """Returns a cell as JSON: a number with the same digits, null for a missing value, or a string.

    A number that a reader of JSON may change is a string: one that begins with zeros, such as 007, and a whole number
    beyond 2**53.
    """
    if _PLAIN_CELL.fullmatch(text):
        return text
    text = text.strip(" \t")
    if decimals.is_missing(text):
        return "null"
    if decimals.number(text) is None:
        return string(text)
    sign, whole, fraction, exponent = _DECIMAL.fullmatch(text).groups("")  # type: ignore[union-attr]
    beyond = not fraction and not exponent and int(whole) > _LARGEST_WHOLE
    if beyond or (len(whole) > 1 and whole[0] == "0"):
        return string(text)
    return f"{sign.strip('+')}{whole or 0}{fraction if len(fraction) > 1 else ''}{exponent}"


def cells(texts: list[str]) -> list[str]:
    """Returns `cell` of each text; plain numbers are found all at once."""
    joined = ",".join(texts) + ","
    if joined.count(",") == len(texts) and _PLAIN_CELLS.fullmatch(joined):
        return texts
    return list(map(cell, texts))


def template(names: Iterable[str]) -> str:
    """Returns a JSON object with these names, where `% VALUES` puts a tuple of as many values, all JSON text."""
    return "{" + ", ".join(f"{string(name).replace('%', '%%')}: %s" for name in names) + "}"
