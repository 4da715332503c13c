"""Matrices in text: numbers where they fit, else shades."""

from collections.abc import Iterator

import numpy as np

from kerash_cli.encoding.cells import Floats
from kerash_cli.views import screen
from kerash_cli.views.charts.chart import SIGNS, Chart, MatrixSeries
from kerash_cli.views.charts.lettering import Lettering, padded
from kerash_cli.views.charts.scales import short
from kerash_cli.views.charts.strengths import strengths
from kerash_cli.views.charts.thinning import Merged, merged
from kerash_cli.views.heat import BLACK, MIDDLE, WHITE, luminance
from kerash_cli.views.layout import cells, wrapped

WIDEST_NAME = 20
MOST_ROWS, MOST_SIGNED_ROWS = 60, 100
"""Largest number of rows of shades, of counts and of values that may be negative."""
NEGATIVE = " -="
"""Shades of negative values where there are no colours."""
WARM = ((2, 2, 2), (2, 2, 1), (3, 2, 1), (4, 2, 0), (5, 2, 0), (5, 3, 0))
COLD = ((2, 2, 2), (1, 2, 2), (1, 2, 3), (0, 2, 4), (0, 2, 5), (0, 3, 5))
"""Colours of positive and of negative values, from the weakest, among the 6 x 6 x 6 of a terminal."""
HALF = "▀"
"""A character whose upper half has one colour, and whose lower half has another one."""


def matrix(chart: Chart, series: MatrixSeries, lettering: Lettering) -> list[str]:
    """Returns the rows of a matrix with their names: numbers with the diagonal in brackets, or shades."""
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
    colour = _counted(strength, marked)
    return text if colour is None else _painted(text, colour)


def _painted(text: str, cube: tuple[int, int, int]) -> str:
    """Returns a text on one of the 6 x 6 x 6 colours of a terminal, in black or white."""
    ink = BLACK if luminance(cube) > MIDDLE else WHITE
    return f"\x1b[38;5;{ink};48;5;{_number(cube)}m{text}\x1b[0m"


def _number(cube: tuple[int, int, int]) -> int:
    red, green, blue = cube
    return 16 + 36 * red + 6 * green + blue


def _shades(chart: Chart, series: MatrixSeries, rows: Floats, lettering: Lettering) -> list[str]:
    """Returns the matrix in shades; cells of a matrix that is too large stand for several."""
    names = [lettering.fitted(name, min(WIDEST_NAME, lettering.columns // 4)) for name in chart.y.names]
    left = max(map(cells, names), default=0)
    most_rows = MOST_ROWS if series.shows_values else MOST_SIGNED_ROWS
    room = max(1, lettering.columns - left - 1)
    small = merged(rows, most_rows, room, by_sum=series.shows_values, alike=series.marks_diagonal)
    strong = strengths(series, small.cells)
    if not names and not series.shows_values and lettering.colours and screen.shows(lettering.stream, HALF):
        found = _halves(strong)
    else:
        found = [
            f"{padded(names[row * small.rows], left)} {line}" if names else line
            for row, line in enumerate(_lines(series, strong, 2 if 2 * strong.shape[1] <= room else 1, lettering))
        ]
    remarks = (each for line in _remarks(chart, series, small, lettering) for each in wrapped(line, lettering.columns))
    return [*found, *(lettering.fitted(each, lettering.columns) for each in remarks)]


def _lines(series: MatrixSeries, strong: Floats, wide: int, lettering: Lettering) -> Iterator[str]:
    """Yields a line for each row."""
    for row, line in enumerate(strong.tolist()):
        yield "".join(
            _shade(value, series.marks_diagonal and row == column, series.shows_values, wide, lettering)
            for column, value in enumerate(line)
        )


def _halves(strong: Floats) -> list[str]:
    """Returns a line for each two rows, so that cells are nearly square."""
    even = np.vstack([strong, np.full((len(strong) % 2, strong.shape[1]), np.nan)])
    pairs = zip(even[::2].tolist(), even[1::2].tolist(), strict=True)
    return ["".join(map(_half, above, below)) for above, below in pairs]


def _half(above: float, below: float) -> str:
    upper, lower = ("" if each != each else str(_number(_signed(each))) for each in (above, below))
    colours = ";".join([f"38;5;{upper}"] * bool(upper) + [f"48;5;{lower}"] * bool(lower))
    if not upper:
        return f"\x1b[38;5;{lower}m▄\x1b[0m" if lower else " "
    return f"\x1b[{colours}m{HALF}\x1b[0m"


def _remarks(chart: Chart, series: MatrixSeries, small: Merged, lettering: Lettering) -> Iterator[str]:
    """Yields lines about the shades, the columns, and cells that stand for several."""
    if series.shows_values:
        yield lettering.text(f"rows: {chart.y.label}; columns, in the same order: {chart.x.label}")
    elif lettering.colours:
        yield SIGNS
    else:
        yield f"positive: {lettering.rules.shades[1:]}; negative: {NEGATIVE[1:]}"
    if max(small.rows, small.columns) > 1:
        yield f"each cell stands for {small.rows} x {small.columns}"


def _shade(value: float, marked: bool, counts: bool, wide: int, lettering: Lettering) -> str:
    """Returns a cell in a shade of its strength, from -1 to 1; a marked one is seen even if it is empty."""
    if value != value:
        return " " * wide
    if lettering.colours:
        colour = _counted(value, marked) if counts else _signed(value)
        return " " * wide if colour is None else _painted(" " * wide, colour)
    shades = NEGATIVE if value < 0 else lettering.rules.shades
    level = min(len(shades) - 1, int(np.ceil(abs(value) * (len(shades) - 1))))
    if marked and not level:
        return "\\" * wide
    return shades[level] * wide


def _counted(share: float, marked: bool) -> tuple[int, int, int] | None:
    """Returns the colour of a count: blue on the diagonal, orange beside it, none if it is 0 there."""
    level = min(5, 2 + round(3 * share)) if share else 1
    if marked:
        return (0, level // 2, level)
    return (level, level // 2, 0) if share else None


def _signed(value: float) -> tuple[int, int, int]:
    """Returns the colour of a value from -1 to 1: grey in the middle, so that it is faint on black and on white."""
    return (WARM if value > 0 else COLD)[round(5 * abs(value))]
