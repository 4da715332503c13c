"""The importance of columns as bars."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kerash_cli.encoding.phrases import worded
from kerash_cli.views.charts.chart import Axis, BarSeries, Chart, MatrixSeries
from kerash_cli.views.charts.kinds.base import kind, title

if TYPE_CHECKING:
    from kerash_cli.prediction.importance import Importances

MOST_COLUMNS = 30
"""Maximum number of columns that have a bar."""


@kind("importance", "importance", "importances", most=1)
def importance(named: "Sequence[tuple[str, Importances]]") -> list[Chart]:
    """How much worse the model is if the values of a column are permuted."""
    ((_, found),) = named
    shown = found[:MOST_COLUMNS]
    has_intervals = all(each.low is not None and each.high is not None for each in shown)
    low, high = [each.low or 0.0 for each in shown], [each.high or 0.0 for each in shown]
    means = [each.mean for each in shown]
    series = BarSeries("", means, low, high) if has_intervals else BarSeries("", means)
    words = "lower" if found.greater_is_better else "higher"
    what = found.blocks or "the column"
    notes = [f"{len(found) - len(shown)} more columns are less important"] if len(found) > len(shown) else []
    if has_intervals:
        notes.append("lines: 95 % intervals")
    said = ", ".join(each.column for each in shown[:3])
    metric = worded(found.metric)
    axes = (
        Axis(f"how much {words} {metric} is if {what} {'are' if found.blocks else 'is'} permuted"),
        Axis(names=[each.column for each in shown]),
    )
    bars = Chart(title("Importance", named), f"The most important columns are {said}.", *axes, [series], notes=notes)
    return [bars, *_image(named)]


def _image(named: "Sequence[tuple[str, Importances]]") -> list[Chart]:
    """Returns the importance of places in an image, if the inputs are one."""
    ((_, found),) = named
    if not found.image:
        return []
    said = f"A cell for each {'block' if found.blocks else 'pixel'}; the most important is {found[0].column}."
    notes = [found.blocks] if found.blocks else []
    series = MatrixSeries("", found.image, shows_values=False)
    return [Chart(title("Importance in the image", named), said, Axis(), Axis(), [series], notes=notes)]
