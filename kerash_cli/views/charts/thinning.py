"""Fewer points that look the same: as many as a picture of a certain width can show."""

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


def merged(rows: Floats, most: int, by_sum: bool) -> tuple[Floats, int]:
    """Returns a matrix of at most `most` rows and columns, and how many rows and columns each cell stands for.

    A cell is the sum of those that it stands for or, unless `by_sum`, the one of them that is farthest from 0.
    """
    size = -(-max(rows.shape) // most)
    if size <= 1:
        return rows, 1
    height, width = (-(-length // size) * size for length in rows.shape)
    padded = np.full((height, width), np.nan)
    padded[: rows.shape[0], : rows.shape[1]] = rows
    blocks = padded.reshape(height // size, size, width // size, size).transpose(0, 2, 1, 3)
    cells = blocks.reshape(height // size, width // size, size * size)
    if by_sum:
        return np.nansum(cells, axis=2), size
    farthest = np.argmax(np.nan_to_num(np.abs(cells), nan=-1.0), axis=2)
    return np.take_along_axis(cells, farthest[:, :, None], axis=2)[:, :, 0], size
