"""Matrices in text: numbers where they fit, else shades."""

from collections.abc import Sequence

import numpy as np

from kerash_cli.views.charts.chart import Chart, MatrixSeries
from kerash_cli.views.charts.lettering import Lettering, padded
from kerash_cli.views.charts.scales import Floats, short
from kerash_cli.views.charts.strengths import strengths
from kerash_cli.views.charts.thinning import merged
from kerash_cli.views.heat import luminance
from kerash_cli.views.layout import cells, wrapped

WIDEST_NAME = 20
MOST_SIDE = 60
"""Largest number of rows of shades."""
SIGNED = (" -=", " +#")
"""Shades of negative and of positive values where there are no colours."""


def matrix(chart: Chart, lettering: Lettering) -> list[str]:
    """Returns the rows of a matrix with their names: numbers with the diagonal in brackets, or shades."""
    (series,) = (each for each in chart.series if isinstance(each, MatrixSeries))
    rows = np.asarray(series.rows, np.float64)
    numbers = _numbers(chart, series, rows, lettering) if series.shows_values else None
    return numbers or _shades(chart, series, rows, lettering)


def _numbers(chart: Chart, series: MatrixSeries, rows: Floats, lettering: Lettering) -> list[str] | None:
    """Returns the matrix as a table of numbers; None if it is too wide."""
    values = [["" if value != value else short(value) for value in row] for row in rows.tolist()]
    widest = max(len(value) for row in values for value in row)
    names = [lettering.fitted(name, WIDEST_NAME) for name in chart.y.names]
    heads = [lettering.fitted(name, WIDEST_NAME) for name in chart.x.names]
    corner = f"{chart.y.label} \\ {chart.x.label}"
    left = max(cells(corner), *map(cells, names))
    width = max(widest, *map(cells, heads)) + 2
    if left + 1 + width * len(heads) > lettering.columns:  # columns have numbers instead of names
        heads = [str(place) for place in range(1, len(heads) + 1)]
        names = [f"{place} {lettering.fitted(name, WIDEST_NAME)}" for place, name in enumerate(chart.y.names, 1)]
        left, width = max(cells(corner), *map(cells, names)), max(widest, len(heads[-1])) + 2
    if left + 1 + width * len(heads) > lettering.columns:
        return None
    strong = strengths(series, rows)
    head = padded(corner, left) + " " + "".join(padded(f"{each} ", width, right=True) for each in heads)
    return [
        head,
        *(
            padded(name, left)
            + " "
            + "".join(
                _cell(value, series.marks_diagonal and row == column, float(strong[row, column]), width, lettering)
                for column, value in enumerate(values[row])
            )
            for row, name in enumerate(names)
        ),
    ]


def _cell(value: str, marked: bool, strength: float, width: int, lettering: Lettering) -> str:
    """Returns a cell; one that is marked is in brackets."""
    text = padded(f"[{value}]" if marked else f"{value} ", width, right=True)
    if not lettering.colours or not strength:
        return text
    level = min(5, 1 + round(4 * strength))
    cube = (0, level // 2, level) if marked or strength < 0 else (level, level // 2, 0)
    return _painted(text, cube)


def _painted(text: str, cube: tuple[int, int, int]) -> str:
    """Returns a text on one of the 6 x 6 x 6 colours of a terminal, in black or white."""
    red, green, blue = cube
    ink = 16 if luminance(cube) > 0.179 else 231
    return f"\x1b[38;5;{ink};48;5;{16 + 36 * red + 6 * green + blue}m{text}\x1b[0m"


def _shades(chart: Chart, series: MatrixSeries, rows: Floats, lettering: Lettering) -> list[str]:
    """Returns the matrix in shades; cells of a matrix that is too large stand for several."""
    names = [lettering.fitted(name, min(WIDEST_NAME, lettering.columns // 4)) for name in chart.y.names]
    left = max(map(cells, names), default=0)
    room = max(1, min(MOST_SIDE, lettering.columns - left - 1))
    small, size = merged(rows, room, by_sum=series.shows_values)
    strong = strengths(series, small)
    wide = 2 if 2 * small.shape[1] + left + 1 <= lettering.columns else 1
    found = []
    for row, line in enumerate(strong.tolist()):
        name = names[row * size] if row * size < len(names) else ""
        text = "".join(
            _shade(value, series.marks_diagonal and row == column, wide, lettering) for column, value in enumerate(line)
        )
        found.append(f"{padded(name, left)} {text}" if left else text)
    remarks = (each for line in _remarks(chart, series, size) for each in wrapped(line, lettering.columns))
    return [*found, *(lettering.fitted(each, lettering.columns) for each in remarks)]


def _remarks(chart: Chart, series: MatrixSeries, size: int) -> Sequence[str]:
    """Returns lines about the columns and about cells that stand for several."""
    several = [f"each cell stands for {size} x {size}"] if size > 1 else []
    if not series.shows_values:
        return several
    return [f"rows: {chart.y.label}; columns, in the same order: {chart.x.label}", *several]


def _shade(value: float, marked: bool, wide: int, lettering: Lettering) -> str:
    """Returns a cell in a shade of its strength, from -1 to 1; a marked one is seen even if it is empty."""
    if value != value:
        return " " * wide
    if lettering.colours:
        return _painted(" " * wide, _colour(value, marked))
    shades = lettering.rules.shades
    level = min(len(shades) - 1, int(np.ceil(abs(value) * (len(shades) - 1))))
    if value < 0:
        return (SIGNED[0][min(2, level)]) * wide
    if marked and not level:
        return "\\" * wide
    return shades[level] * wide


def _colour(value: float, marked: bool) -> tuple[int, int, int]:
    """Returns the colour of a cell: blue on the diagonal and for negative values, else orange."""
    level = round(5 * abs(value)) if abs(value) > 0.1 else 1 if value else 0
    if marked:
        return (0, level // 2, max(1, level))
    return (0, level // 2, level) if value < 0 else (level, level // 2, 0)
