"""A chart as plain data: axes, series and marks. `svg` and `terminal` draw it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from numpy.typing import NDArray

Numbers: TypeAlias = "Sequence[float] | NDArray[Any]"

COLOURS = 6
"""Number of colours of series; their numbers are 1 to COLOURS, and 0 is the grey of a reference such as a diagonal."""

SIGNS = "orange: positive, blue: negative"
"""Remark below a matrix whose values may be negative."""


@dataclass(frozen=True)
class Axis:
    """An axis: its label, its scale, and its ends, which are those of the data if they are None."""

    label: str = ""
    scale: Literal["linear", "log"] = "linear"
    low: float | None = None
    high: float | None = None
    names: Sequence[str] = ()
    """Names of the places 0, 1, … of an axis of categories. On a vertical axis, place 0 is at the top."""
    whole: bool = False
    """True if the axis counts: its ticks are whole numbers."""


@dataclass(frozen=True)
class LineSeries:
    """Points joined by a line, which is interrupted where a number is NaN."""

    name: str
    x: Numbers
    y: Numbers
    colour: int = 1
    dashed: bool = False


@dataclass(frozen=True)
class PointSeries:
    """Points that are not joined."""

    name: str
    x: Numbers
    y: Numbers
    colour: int = 1


@dataclass(frozen=True)
class BandSeries:
    """The area between two lines, such as an interval around a line."""

    name: str
    x: Numbers
    low: Numbers
    high: Numbers
    colour: int = 1


@dataclass(frozen=True)
class BarSeries:
    """A horizontal bar from 0 to a value for each name of the vertical axis; `low` and `high` are intervals."""

    name: str
    values: Numbers
    low: Numbers = ()
    high: Numbers = ()
    colour: int = 1


@dataclass(frozen=True)
class HistogramSeries:
    """Counts of values between consecutive edges."""

    name: str
    edges: Numbers
    counts: Numbers
    colour: int = 1


@dataclass(frozen=True)
class MatrixSeries:
    """Cells that are coloured by their values, the first row on top; NaN leaves a gap.

    Positive values have one colour and negative ones another, the stronger the farther from 0.
    """

    name: str
    rows: Sequence[Sequence[float]]
    colour: int = 1
    shows_values: bool = True
    """True if cells that are large enough show their values, which are counts."""
    marks_diagonal: bool = False
    by_row: bool = False
    """True if a cell is as strong as its share of its row's sum, and else as its share of the largest value."""


Series = LineSeries | PointSeries | BandSeries | BarSeries | HistogramSeries | MatrixSeries


@dataclass(frozen=True)
class ChartMark:
    """A point that is marked by a ring, such as the best epoch; the legend has its label."""

    label: str
    x: float
    y: float
    colour: int = 1


@dataclass(frozen=True)
class Chart:
    """Contents of a chart. All texts may come from a user's data: writers escape them."""

    title: str
    description: str
    """Sentence about what can be seen, for those who can't see the chart."""
    x: Axis
    y: Axis
    series: Sequence[Series]
    marks: Sequence[ChartMark] = ()
    notes: Sequence[str] = ()
    """Remarks below the chart, such as how many points of all are shown."""
    square: bool = False
    """True if both axes have the same unit, so that a diagonal should look like one."""

    @property
    def matrix(self) -> MatrixSeries | None:
        """The matrix, if it is a chart of one."""
        return next((each for each in self.series if isinstance(each, MatrixSeries)), None)

    @property
    def bars(self) -> BarSeries | None:
        """The bars, if it is a chart of bars."""
        return next((each for each in self.series if isinstance(each, BarSeries)), None)


def to_json(chart: Chart) -> dict[str, Any]:
    """Returns the chart as JSON values; null stands for what is not a finite number."""
    kinds = [type(each).__name__.removesuffix("Series").lower() for each in chart.series]
    values: dict[str, Any] = _json_values(asdict(chart))
    values["series"] = [{"kind": kind, **each} for kind, each in zip(kinds, values["series"], strict=True)]
    return values


def _json_values(value: Any) -> Any:
    if isinstance(value, str | bool | int | None):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {name: _json_values(each) for name, each in value.items()}
    return [_json_values(each) for each in (value if isinstance(value, Sequence) else value.tolist())]


def colour_of(place: int) -> int:
    """Returns the colour of the series at a place, from 0; after COLOURS series, colours recur."""
    return place % COLOURS + 1
