"""Fewer points that look the same: as many as a picture of a certain width can show."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.cells import Floats


def pieces(x: Floats, y: Floats) -> list[tuple[Floats, Floats]]:
    """Divides a line where a coordinate is NaN; returns the coordinates of its parts."""
    broken = np.flatnonzero(np.isnan(x) | np.isnan(y))
    found, start = [], 0
    for stop in (*broken.tolist(), len(x)):
        if stop > start:
            found.append((x[start:stop], y[start:stop]))
        start = stop + 1
    return found


def thinned(x: Floats, y: Floats, columns: int) -> tuple[Floats, Floats]:
    """Returns the points of a line that a picture of `columns` columns needs; `x` is from 0 to 1.

    Of consecutive points in one column, the first, the lowest, the highest and the last remain.
    """
    if len(x) <= 4 * columns:
        return x, y
    column = np.minimum((x * columns).astype(np.intp), columns - 1)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    lengths = np.diff(starts, append=len(x))
    group = np.repeat(np.arange(len(starts)), lengths)
    by_height = np.lexsort((y, group))  # within each group, from the lowest to the highest
    ends = starts + lengths - 1
    kept = np.unique(np.concatenate([starts, by_height[starts], by_height[ends], ends]))
    return x[kept], y[kept]


def sample(count: int, most: int) -> NDArray[np.intp]:
    """Returns the places of at most `most` of `count` points, evenly picked."""
    if count <= most:
        return np.arange(count)
    return np.arange(most) * count // most


class Merged(NamedTuple):
    """A matrix whose cells stand for several ones."""

    cells: Floats
    rows: int
    """Number of rows that a cell stands for."""
    columns: int


def merged(matrix: NDArray[Any], most_rows: int, most_columns: int, by_sum: bool, alike: bool = False) -> Merged:
    """Returns a matrix of at most so many rows and columns, which are merged alike if `alike`.

    A cell is the sum of those that it stands for or, unless `by_sum`, the one of them that is farthest from 0.
    """
    rows, columns = -(-matrix.shape[0] // most_rows), -(-matrix.shape[1] // most_columns)
    if alike:
        rows = columns = max(rows, columns)
    if rows <= 1 and columns <= 1:
        return Merged(np.asarray(matrix, np.float64), 1, 1)
    strips = [matrix[top : top + rows] for top in range(0, matrix.shape[0], rows)]
    return Merged(np.array([_merged_row(strip, columns, by_sum) for strip in strips]), rows, columns)


def _merged_row(strip: NDArray[Any], columns: int, by_sum: bool) -> Floats:
    """Returns a row of cells, each of which stands for `columns` columns of all rows of the strip."""
    width = -(-strip.shape[1] // columns)
    padded = np.full((len(strip), width * columns), np.nan)
    padded[:, : strip.shape[1]] = strip
    cells = padded.reshape(len(strip), width, columns).transpose(1, 0, 2).reshape(width, -1)
    if by_sum:
        return np.asarray(np.nansum(cells, axis=1))
    farthest = np.argmax(np.nan_to_num(np.abs(cells), nan=-1.0), axis=1)
    return np.asarray(cells[np.arange(width), farthest])
