"""The strength of colour of each cell of a matrix."""

import numpy as np

from kerash_cli.encoding.cells import Floats
from kerash_cli.views.charts.chart import MatrixSeries


def strengths(series: MatrixSeries, rows: Floats) -> Floats:
    """Returns a number from -1 to 1 for each cell, NaN for a gap: its share of its row, or of the largest value."""
    with np.errstate(invalid="ignore", over="ignore"):
        if series.by_row:
            whole = np.nansum(np.abs(rows), axis=1, keepdims=True)
        else:
            whole = np.full((1, 1), np.nanmax(np.abs(rows))) if np.isfinite(rows).any() else np.ones((1, 1))
        shares: Floats = rows / np.where(whole > 0, whole, 1.0)
    return np.clip(shares, -1, 1)
