"""Drawings of charts in text, for a terminal."""

from typing import TextIO

from kerash_cli.views import screen
from kerash_cli.views.charts.chart import Chart
from kerash_cli.views.charts.lettering import Lettering
from kerash_cli.views.charts.terminal_bars import bars
from kerash_cli.views.charts.terminal_matrix import matrix
from kerash_cli.views.charts.terminal_plane import plane
from kerash_cli.views.layout import wrapped

LINES = 20
"""Number of lines of a drawing, if the terminal has as many."""


def draw(chart: Chart, stream: TextIO, lines: int | None = None) -> str:
    """Returns the chart as lines of text that fit the stream: 80 columns wide if it is not a terminal.

    It has braille and colours if the stream shows them. It has `lines` lines, unless it is of bars or cells: by default
    LINES, or as many as the terminal has.
    """
    columns, height = screen.size(stream) if stream.isatty() else (screen.COLUMNS, screen.LINES)
    lettering = Lettering.of(stream, columns)
    room = min(LINES, height - 2) if lines is None else lines
    head = [lettering.bold(lettering.fitted(chart.title, lettering.columns))] if chart.title else []
    notes = (each for note in chart.notes for each in wrapped(lettering.text(note), lettering.columns))
    foot = [lettering.fitted(each, lettering.columns) for each in notes]
    left = max(4, room - len(head) - len(foot))
    if chart.matrix:
        body = matrix(chart, chart.matrix, lettering)
    elif chart.bars:
        body = bars(chart, chart.bars, lettering)
    else:
        body = plane(chart, lettering, left)
    return "".join(f"{line.rstrip()}\n" for line in [*head, *body, *foot])
