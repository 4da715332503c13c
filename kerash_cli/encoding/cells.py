"""Reads cells of a table as numbers or text; an error names the first invalid cell."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kerash_cli import decimals
from kerash_cli.errors import BadInput, at, listed, shown
from kerash_cli.tables.table import Rows, Table

Floats: TypeAlias = NDArray[np.float64]

_TILE = 1 << 16  # numbers converted at a time: few enough for a cache


def check_numbers(table: Table, positions: Sequence[int], instead: str = "") -> None:
    """Raises BadInput at the first cell of these columns that is not a number; `instead` is the advice."""
    for position in positions if table.texts else ():
        for row, cell in enumerate(table.texts.get(position, ())):
            if cell is not None and table.value(position, cell) is None:
                like = f" like {shown(notation.example)}" if (notation := table.notations.get(position)) else ""
                raise BadInput(f"{table.at(row, position)}expected a number{like}, got {shown(cell)}{instead}")


def check_rows(table: Table, labels: Table) -> None:
    """Raises BadInput unless there is a label for each row of `table`."""
    if labels.rows != table.rows:
        raise BadInput(
            f"{at(labels.source)}{labels.rows} labels for {table.rows} rows of {table.source}; "
            "there must be one for each row"
        )


def check_present(table: Table, positions: Sequence[int], instead: str) -> None:
    """Raises BadInput at the first missing cell of these columns; `instead` is the advice."""
    rows = np.flatnonzero(absent(table, positions))
    if len(rows):
        row = int(rows[0])
        position = incomplete(table.take(rows[:1]), positions)[0]
        raise BadInput(f"{table.at(row, position)}expected a value, got {missing_word(table, position)}{instead}")


def missing_word(table: Table, position: int) -> str:
    """Returns a phrase for a missing value that lists the words for it: `a missing one ('NA' means missing)`."""
    words = table.missing.get(position)
    return f"a missing one ({listed(words)} means missing)" if words else "a missing one"


def complete(table: Table, positions: Sequence[int], where: Table, places: Sequence[int]) -> Rows:
    """Returns the rows without missing values in the columns `positions` of `table` and `places` of `where`."""
    return np.flatnonzero(~(absent(table, positions) | absent(where, places)))


def absent(table: Table, positions: Sequence[int]) -> NDArray[np.bool_]:
    """Returns, for each row, whether a value is missing in any of these columns; shape (rows,)."""
    found = np.zeros(table.rows, np.bool_)
    columns = table.number_indexes([position for position in positions if position not in table.texts])
    if columns and table.numbers.dtype.kind == "f":
        for part, values in tiles(table.numbers, columns):
            found[part] = np.isnan(values).any(axis=1)
    for position in positions:
        if position in table.texts:
            found |= np.fromiter((cell is None for cell in table.texts[position]), np.bool_, table.rows)
    return found


def gaps(table: Table, position: int) -> int:
    """Returns the number of missing values in a column."""
    return int(np.count_nonzero(absent(table, [position])))


def incomplete(table: Table, positions: Sequence[int]) -> list[int]:
    """Returns the columns among `positions` that have missing values."""
    numbers = [each for each in positions if each not in table.texts]
    gaps = np.zeros(len(numbers), np.bool_)
    if numbers and table.numbers.dtype.kind == "f":
        for _, values in tiles(table.numbers, table.number_indexes(numbers)):
            gaps |= np.isnan(values).any(axis=0)
    found = {each for each, gap in zip(numbers, gaps.tolist(), strict=True) if gap}
    return [each for each in positions if each in found or (each in table.texts and None in table.texts[each])]


def tiles(numbers: NDArray[Any], columns: Sequence[int], rows: Rows | None = None) -> Iterator[tuple[slice, Floats]]:
    """Yields the columns tile by tile: a slice of the given rows (all, if None), and the values there as float64."""
    count = len(numbers) if rows is None else len(rows)
    step = max(1, _TILE // len(columns))
    chosen = selection(columns)
    if isinstance(chosen, slice):  # other columns need not be copied
        numbers, chosen = numbers[:, chosen], slice(None)
    for start in range(0, count, step):
        part = slice(start, start + step)
        values = numbers[part if rows is None else rows[part]]
        yield part, values[:, chosen].astype(np.float64)


def selection(columns: Sequence[int]) -> slice | list[int]:
    """Returns an index for the columns: a slice if they are adjacent, which is much faster."""
    run = range(columns[0], columns[0] + len(columns))
    return slice(run.start, run.stop) if list(columns) == list(run) else list(columns)


def extremes(table: Table, positions: Sequence[int], rows: Rows | None) -> tuple[Floats, Floats]:
    """Returns the smallest and the largest values of columns of numbers over the given rows, ignoring missing ones."""
    low, high = np.full((2, len(positions)), np.nan)
    for _, values in tiles(table.numbers, table.number_indexes(positions), rows):
        low = np.fmin(low, np.fmin.reduce(values, axis=0))
        high = np.fmax(high, np.fmax.reduce(values, axis=0))
    return low, high


def matrix(table: Table, positions: Sequence[int]) -> Floats:
    """Returns columns of numbers (rows, columns); raises BadInput at the first cell that is not a finite number."""
    check_numbers(table, positions)
    values = table.numbers[:, table.number_indexes(positions)].astype(np.float64)
    check_finite(table, positions, values)
    return values


def check_finite(table: Table, positions: Sequence[int], values: NDArray[Any], first: int = 0) -> None:
    """Raises BadInput at the first infinite value; row 0 of `values` is the table's row `first`."""
    infinite = np.isinf(values)
    if infinite.any():
        row, column = np.argwhere(infinite)[0].tolist()
        where = table.at(first + row, positions[column])
        got = table.numbers[first + row, table.number_index(positions[column])]
        raise BadInput(f"{where}expected a number that {values.dtype.name} can hold, got {got}")


def words(table: Table, position: int) -> Sequence[str | None]:
    """Returns a column's cells as text, in their original spelling if the reader kept it; None for a missing one."""
    if position in table.texts:
        return table.texts[position]
    if position in table.written:
        return table.written[position]
    values = table.numbers[:, table.number_index(position)].tolist()
    return [None if value != value else spelled(value) for value in values]


def spelled(value: float) -> str:
    """Returns the name of the class that a number stands for: `3` for 3.0."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def retyped(table: Table, positions: Sequence[int]) -> Table:
    """Returns the table with text columns converted to numbers: those at `positions` that contain no words."""
    texts = [each for each in positions if each in table.texts]
    values = {each: _numbers(table, each) for each in texts}
    return table.with_numbers({position: numbers for position, numbers in values.items() if numbers is not None})


def _numbers(table: Table, position: int) -> Floats | None:
    """Returns the numbers in a column of text; None if one of its cells is no number."""
    if position in table.notations:
        return table.notations[position].column(table.texts[position])
    return decimals.column([cell or "" for cell in table.texts[position]])


def statistics(
    table: Table, positions: Sequence[int], rows: Rows | None, advice: str | None = None
) -> tuple[Floats, Floats]:
    """Returns the means and standard deviations of columns of numbers over the given rows, ignoring missing values.

    The mean is computed from differences from one of the column's values, so that a constant column has a deviation of
    exactly 0. Raises BadInput if a column has no value in these rows, an infinite one, or values too far apart for
    float64; `advice` replaces the advice to use --drop.
    """
    columns = table.number_indexes(positions)
    origin, count = np.full(len(columns), np.nan), np.zeros(len(columns))
    total, square = np.zeros(len(columns)), np.zeros(len(columns))
    with np.errstate(over="ignore", invalid="ignore"):
        for _, values in tiles(table.numbers, columns, rows):
            gaps = np.isnan(values)
            if np.isnan(origin).any():
                origin = np.where(np.isnan(origin), values[gaps.argmin(axis=0), np.arange(len(columns))], origin)
            count += len(values) - gaps.sum(axis=0)
            total += np.subtract(values, origin, out=np.zeros_like(values), where=~gaps).sum(axis=0)
        mean = origin + total / count
        for _, values in tiles(table.numbers, columns, rows):
            values -= mean
            values[np.isnan(values)] = 0
            square += np.square(values, out=values).sum(axis=0)
        deviation = np.sqrt(square / count)
    for position, usable in zip(positions, np.isfinite(mean) & np.isfinite(deviation), strict=True):
        if not usable:
            matrix(table, [position])  # names an infinite cell, if it is that
            got = "values too far apart" if count[list(positions).index(position)] else "missing values only"
            raise BadInput(
                f"{at(table.source)}expected values with a mean in {table.title(position)}, got {got}; "
                f"try {advice or f'--drop {position + 1}'}"
            )
    return mean, deviation
