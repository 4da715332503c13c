"""Kinds of numbers that a single pattern recognises."""

from typing import NamedTuple

from kerash_cli.encoding.disguises.readings import GAPS, NUMBER, Column, Finding, Reading


class _Simple(NamedTuple):
    """A kind of number with a single reading."""

    kind: str
    reading: Reading
    with_plain: bool
    """True if plain numbers also count towards the half of all cells that must be of this kind."""


_BLANKS = f"(?:{'|'.join(GAPS)})*"
KINDS = (
    _Simple("hexadecimal numbers", Reading(r"0[xX]([\da-fA-F]{1,15})", "hex$1"), False),
    _Simple("numbers behind an apostrophe", Reading(rf"'+([-+]?{NUMBER})'*", "$1"), True),
    _Simple("numbers with a typographic minus sign", Reading(rf"(?:−|–) ?({NUMBER})", '"-$1"'), True),
    _Simple(
        "numbers with an uncertainty",
        Reading(rf"([-+]?{NUMBER}) ?(?:±|\+\/?-) ?{NUMBER}", "$1", "without what follows the plus-minus sign"),
        True,
    ),
    _Simple(
        "numbers with no-break spaces",
        Reading(f"{_BLANKS}([-+]?{NUMBER}){_BLANKS}", "$1"),
        True,
    ),
)
"""Kinds such as `0x1F`, `'5`, `−5`, `5±0.2`, and a number between no-break spaces."""

_SCALED = Reading(rf"([-+]?{NUMBER}) ?([kKmMbB])", "$1*{k=>1e3,m=>1e6,b=>1e9}->{lc$2}", "5k as 5000")


def simple(column: Column) -> Finding | None:
    """Finds the first kind in KINDS that most cells match."""
    for kind, reading, with_plain in KINDS:
        cells = [cell for cell in column.fits(reading.pattern) if cell not in column.plain]
        if cells and column.is_most([*cells, *column.plain] if with_plain else cells):
            return Finding(kind, cells, [reading])
    return None


def multiples(column: Column) -> Finding | None:
    """Finds numbers such as `5k` and `3M` in one column; if all have the same letter, it is taken for a unit."""
    cells = column.fits(_SCALED.pattern)
    letters = {match[2].lower() for match in cells.values()}
    if len(letters) < 2 or not column.is_most(cells):
        return None
    return Finding("numbers with k, M or B", list(cells), [_SCALED])


_CLOCK_TIME = r"\d{1,3}:[0-5]\d"
_PAIR = rf"(\d+):([-+]?{NUMBER}(?:[eE][-+]?\d+)?)"


def pairs(column: Column) -> Finding | None:
    """Finds index:value pairs as in LIBSVM files, `1:0.5`, all with the same index."""
    cells = column.fits(_PAIR)
    indices = {match[1] for match in cells.values()}
    if len(indices) != 1 or not column.is_most(cells) or cells.keys() == column.fits(_CLOCK_TIME).keys():
        return None
    return Finding("index:value pairs", list(cells), [Reading(_PAIR, "$2")])
