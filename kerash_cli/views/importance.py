"""The importance of columns as bars, as `kerash importance` prints them."""

import sys
from collections.abc import Iterator, Sequence

from kerash_cli.encoding.phrases import counted, rounded
from kerash_cli.errors import plain
from kerash_cli.prediction.importance import Importance, Importances
from kerash_cli.views import screen
from kerash_cli.views.layout import clipped, natural, total

MOST_BARS = 30
"""Maximum number of columns that are shown."""

MOST_PAIRS = 3
"""Maximum number of pairs of correlated columns that are named."""

WIDEST, NARROWEST = 40, 8
"""Width of the bars, in characters; where there is less room there are none."""


def bars(found: Importances) -> str:
    """Returns a table of the most important columns: the mean, the interval, and a bar."""
    shown = found.columns[:MOST_BARS]
    rows = [["column", found.metric, *(["95 % interval"] if shown[0].low is not None else [])], *map(_row, shown)]
    room = (screen.width(sys.stdout) or 2 * WIDEST) - total(natural(rows)) - 2
    if room < NARROWEST:
        return screen.table(sys.stdout, rows)
    lines = screen.table(sys.stdout, rows).splitlines()
    drawn = ["", *_drawn(shown, min(room, WIDEST))]
    width = max(map(len, lines))
    return "\n".join(f"{line:<{width}}  {bar}".rstrip() for line, bar in zip(lines, drawn, strict=True))


def heading(found: Importances, model: str) -> str:
    """Returns a line about what is measured."""
    better = "lower" if found.greater_is_better else "higher"
    weighted = "" if found.weighted_by is None else f", weighted by {plain(found.weighted_by)}"
    times = "once" if found.repeats == 1 else f"{found.repeats} times"
    sampled = f" of {found.all_rows}, drawn at random" * (found.rows < found.all_rows)
    what = f"{found.blocks} are" if found.blocks else "a column is"
    return (
        f"{model}: {found.metric} {rounded(found.value)} on {counted(found.rows, 'row')}{sampled}{weighted}; "
        f"how much {better} it is if {what} permuted, {times}"
    )


def remarks(found: Importances, source: str) -> list[str]:
    """Returns lines about what to keep in mind: other figures, correlated columns, rows that the model knows."""
    lines = []
    if rest := found.columns[MOST_BARS:]:
        lines.append(f"and {len(rest)} more, of {_figure(rest[0].mean)} or less (--json has all)")
    if found.saturated is not None:
        lines.append(
            f"log_loss is measured, since accuracy is {rounded(found.saturated)}; for that, try --metric accuracy"
        )
    lines += cautions(found)
    if found.known:
        lines.append(f"{source}: {found.known}; rows that it has not seen tell more")
    return lines


def cautions(found: Importances) -> list[str]:
    """Returns lines about how far the figures can be trusted: few rows, and columns that are strongly correlated."""
    lines = []
    if found.rows == 1:
        lines.append("in one row nothing can be permuted, so that all figures are 0")
    elif found.columns[0].low is None:
        lines.append("there are too few rows for intervals")
    if found.related:
        pairs = [f"{each.one} and {each.other} ({rounded(each.correlation, 2)})" for each in found.related[:MOST_PAIRS]]
        more = len(found.related) - len(pairs)
        named = ", ".join(pairs) + (f" and {counted(more, 'more pair')}" if more else "")
        lines.append(f"strongly correlated columns share their importance: {named}")
    return lines


def _row(each: Importance) -> list[str]:
    return [
        clipped(each.column),
        _figure(each.mean),
        *([] if each.low is None else [f"{_figure(each.low)} to {_figure(each.high)}"]),
    ]


def _figure(value: float | None) -> str:
    return "-" if value is None else rounded(value, 3)


def _drawn(columns: Sequence[Importance], width: int) -> Iterator[str]:
    """Yields a bar for each column: full up to the lower end of the interval, and lighter up to its upper end."""
    full, light, zero = "█▒│" if screen.shows(sys.stdout, "█▒│") else "#-|"
    ends = [
        (each.mean if each.low is None else each.low, each.mean if each.high is None else each.high) for each in columns
    ]
    least, most = min(0.0, *(low for low, _ in ends)), max(0.0, *(high for _, high in ends))
    step = (most - least) / width or 1.0
    for low, high in ends:
        bar = ""
        for place in range(width):
            middle = least + (place + 0.5) * step
            if low <= middle <= high:
                bar += light
            elif min(0.0, high) <= middle <= max(0.0, low):
                bar += full
            else:
                bar += zero if abs(middle) <= step / 2 and least < 0 else " "
        yield bar.rstrip()
