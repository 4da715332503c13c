"""Views of the inputs: what a network sees of the columns of numbers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from kerash_cli.encoding.cells import Floats, extremes, tiles
from kerash_cli.encoding.inputs import InputColumn, Number
from kerash_cli.encoding.inputs.pieces import FEWEST_BINS, MOST_BINS, Pieces
from kerash_cli.encoding.inputs.quantile import Quantile
from kerash_cli.errors import BadInput, shown
from kerash_cli.tables.table import Table

USUAL_BINS = 8
"""Number of bins of a view that says `piecewise` and no number."""

FEWEST_VALUES = 3
"""Minimum number of different values of a column that is seen otherwise than as z-scores; yes and no are two."""

WAYS = f"standard, quantile, piecewise, or both as in quantile,piecewise:16 ({FEWEST_BINS} to {MOST_BINS} bins)"
"""Views, for messages."""


@dataclass(frozen=True)
class View:
    """What a network sees of each column of numbers, besides its z-scores."""

    quantile: bool = False
    """True for the normal quantile of its rank."""
    pieces: int = 0
    """Number of bins of its piecewise-linear form; 0 for none."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `standard`, or `quantile`, `piecewise` or `piecewise:BINS`, or both; raises BadInput if it is none."""
        words = text.split(",")
        bins = [_bins(word) for word in words if word.startswith("piecewise")]
        known = words.count("quantile") + len(bins) == len(words)
        if text != "standard" and not (known and len(bins) <= 1 >= words.count("quantile") and None not in bins):
            raise BadInput(f"expected {WAYS}, got {shown(text)}")
        return cls("quantile" in words, (bins or [0])[0] or 0)

    def __str__(self) -> str:
        pieces = "piecewise" if self.pieces == USUAL_BINS else f"piecewise:{self.pieces}"
        return ",".join(["quantile"] * self.quantile + [pieces] * bool(self.pieces)) or "standard"

    def sees(self, column: InputColumn) -> bool:
        """Returns whether the column is part of this view; a column of words is part of every view."""
        if isinstance(column, Quantile):
            return self.quantile
        return column.bins == self.pieces if isinstance(column, Pieces) else True


STANDARD, PIECEWISE = View(), View(pieces=USUAL_BINS)
"""The view of z-scores alone, and that with pieces in the usual number of bins."""


def viewed(table: Table, columns: Sequence[InputColumn], views: Collection[View]) -> tuple[InputColumn, ...]:
    """Returns the inputs that these views see beside `columns`, learnt from the table.

    All quantiles come first, then the pieces, fewest bins first. A column has none if it is not of numbers, or has
    fewer than FEWEST_VALUES different values.
    """
    bins = sorted({view.pieces for view in views} - {0})
    quantiles, pieces = list[InputColumn](), {count: list[InputColumn]() for count in bins}
    has_quantiles = any(view.quantile for view in views)
    for each in columns if has_quantiles or bins else ():
        values = _present(table, each.position) if isinstance(each, Number) else None
        if values is None:
            continue
        if has_quantiles:
            quantiles.append(Quantile.of(each.position, values))
        for count in bins:
            pieces[count].append(Pieces.of(each.position, values, count))
    return (*quantiles, *(column for own in pieces.values() for column in own))


def read(position: int, detail: object) -> InputColumn | None:
    """Returns the input of a view with this detail; None if there is none. Raises ValueError if it is invalid."""
    return Pieces.from_detail(position, detail) or Quantile.from_detail(position, detail)


def features_at_most(table: Table, positions: Sequence[int], view: View) -> int:
    """Returns an upper bound of the number of inputs that a view makes of these columns of numbers.

    It is much cheaper than learning the view.
    """
    more = view.quantile + view.pieces
    if not positions or not more:
        return len(positions)
    low, high = extremes(table, positions, None)
    varied = np.zeros(len(positions), np.bool_)
    for _, values in tiles(table.numbers, table.number_indexes(positions)):
        varied |= ((low < values) & (values < high)).any(axis=0)
    return len(positions) + more * int(np.count_nonzero(varied))


def _present(table: Table, position: int) -> Floats | None:
    """Returns the sorted values of a column; None if there are too few different ones, or their span is infinite."""
    column: Floats = table.numbers[:, table.number_index(position)].astype(np.float64)
    values = np.sort(column[~np.isnan(column)])
    if np.count_nonzero(values[1:] != values[:-1]) < FEWEST_VALUES - 1:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        return values if np.isfinite(values[-1] - values[0]) else None


def _bins(word: str) -> int | None:
    """Returns the number of bins of `piecewise` or `piecewise:BINS`; None if it is neither."""
    name, colon, number = word.partition(":")
    if name != "piecewise" or not colon:
        return USUAL_BINS if word == "piecewise" else None
    is_number = number.isascii() and number.isdecimal() and len(number) < 9
    return int(number) if is_number and FEWEST_BINS <= int(number) <= MOST_BINS else None
