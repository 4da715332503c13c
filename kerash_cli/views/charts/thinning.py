"""Fewer points that look the same: as many as a picture of a certain width can show."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


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


def merged(matrix: Floats, most_rows: int, most_columns: int, by_sum: bool, alike: bool = False) -> Merged:
    """Returns a matrix of at most so many rows and columns, which are merged alike if `alike`.

    A cell is the sum of those that it stands for or, unless `by_sum`, the one of them that is farthest from 0.
    """
    rows, columns = -(-matrix.shape[0] // most_rows), -(-matrix.shape[1] // most_columns)
    if alike:
        rows = columns = max(rows, columns)
    if rows <= 1 and columns <= 1:
        return Merged(matrix, 1, 1)
    height, width = -(-matrix.shape[0] // rows), -(-matrix.shape[1] // columns)
    padded = np.full((height * rows, width * columns), np.nan)
    padded[: matrix.shape[0], : matrix.shape[1]] = matrix
    blocks = padded.reshape(height, rows, width, columns).transpose(0, 2, 1, 3).reshape(height, width, rows * columns)
    if by_sum:
        return Merged(np.nansum(blocks, axis=2), rows, columns)
    farthest = np.argmax(np.nan_to_num(np.abs(blocks), nan=-1.0), axis=2)
    return Merged(np.take_along_axis(blocks, farthest[:, :, None], axis=2)[:, :, 0], rows, columns)
