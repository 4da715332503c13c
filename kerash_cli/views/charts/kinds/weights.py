"""The first layer that learns, as matrices of its weights."""

from collections.abc import Iterator, Sequence
from math import isqrt
from typing import TYPE_CHECKING

import numpy as np

from kerash_cli.encoding.cells import Floats
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, at
from kerash_cli.views.charts.chart import Axis, Chart, MatrixSeries
from kerash_cli.views.charts.kinds.base import kind
from kerash_cli.views.charts.scales import short
from kerash_cli.views.charts.thinning import merged

if TYPE_CHECKING:
    from kerash_cli.model.trained import TrainedModel

MOST_SIDE = 64
"""Maximum number of rows and columns of weights; of more, the largest of several is shown."""
MOST_FILTERS, WIDEST = 64, 72
"""Maximum number of filters, and of cells in a row of them."""
MOST_CHANNELS = 4
"""Maximum number of channels that are shown side by side; of more, the mean."""


@kind("weights", "model", most=1)
def weights(named: "Sequence[tuple[str, TrainedModel]]") -> list[Chart]:
    """The weights of the first layer: a row for each input, a column for each unit."""
    ((name, trained),) = named
    matrix, place = _first(name, trained)
    if matrix.ndim != 2:
        raise BadInput(f"{at(name)}the first layer has filters; try --kind filters")
    cells, high, wide = merged(matrix, MOST_SIDE, MOST_SIDE, by_sum=False)
    names = _inputs(trained, len(matrix))
    rows = [names[row * high] for row in range(len(cells))]
    notes = [f"the strongest is {short(float(np.abs(matrix).max()))}"]
    if max(high, wide) > 1:
        notes.append(f"each cell is the strongest of {high} x {wide} weights")
    axes = Axis(f"{matrix.shape[1]} units"), Axis("input", names=rows)
    series = MatrixSeries("", cells.tolist(), shows_values=False)
    sizes, largest = f"{len(matrix)} inputs and {matrix.shape[1]} units", _largest(names, matrix)
    said = f"{sizes}; the input with the largest weights is {largest}."
    return [Chart(f"Weights of layer {place}: {name}", said, *axes, [series], notes=notes)]


@kind("filters", "model", most=1)
def filters(named: "Sequence[tuple[str, TrainedModel]]") -> list[Chart]:
    """The filters of the first layer, or its units as images of their weights."""
    ((name, trained),) = named
    matrix, place = _first(name, trained)
    guessed = list[str]()
    if matrix.ndim == 4:
        tiles = matrix
    else:
        depth, height, width = trained.description.known_shape
        if min(height, width) == 1:
            height = width = _side(name, len(matrix) // depth)
            guessed = [f"{height * width} inputs are drawn as an image of {width} x {height}"]
        tiles = matrix.T
    count, shown = len(tiles), np.asarray(tiles[:MOST_FILTERS], np.float64)
    if matrix.ndim == 2:
        shown = shown.reshape(-1, depth, height, width)
    notes = [f"{len(shown)} of {count} filters"] * (len(shown) < count) + guessed
    if shown.shape[1] > MOST_CHANNELS:
        notes.append(f"means of {shown.shape[1]} channels")
        shown = shown.mean(axis=1, keepdims=True)
    notes.append("each filter is as strong as its largest weight")
    series = MatrixSeries("", _mosaic(shown).tolist(), shows_values=False)
    said = f"{count} filters of {shown.shape[3]} x {shown.shape[2]}."
    return [Chart(f"Filters of layer {place}: {name}", said, Axis(), Axis(), [series], notes=notes)]


def _first(name: str, trained: "TrainedModel") -> tuple[Array, int]:
    """Returns the weights (inputs, units) or (filters, channels, height, width) of the first layer with some."""
    for place, tensors in enumerate(trained.network.tensors(trained.params)):
        found = tensors.get("weights")
        if found is not None and found.ndim in (2, 4):
            return found, place
    raise BadInput(f"{at(name)}no layer has weights that can be drawn; try kerash show")


def _inputs(trained: "TrainedModel", count: int) -> list[str]:
    """Returns a name for each input: its column, numbered if the column has several."""
    names, columns = list[str](), trained.encoding.columns
    for each in columns.inputs:
        title = str(each.position + 1) if columns.names is None else columns.names[each.position]
        names += [title] if each.features == 1 else [f"{title} {number + 1}" for number in range(each.features)]
    return names if len(names) == count else [str(number + 1) for number in range(count)]


def _largest(names: Sequence[str], matrix: Array) -> str:
    return names[int(np.einsum("ij,ij->i", matrix, matrix).argmax())]


def _side(name: str, inputs: int) -> int:
    """Returns the side of a square image with so many pixels."""
    side = isqrt(inputs)
    if side * side != inputs or side < 3:
        raise BadInput(f"{at(name)}its {inputs} inputs are no image; try --kind weights")
    return side


def _mosaic(tiles: Floats) -> Floats:
    """Returns one matrix of all filters (count, channels, height, width), with gaps between them."""
    strips = [np.concatenate(list(tile), axis=1) for tile in tiles]
    height, width = strips[0].shape
    across = max(1, min(len(strips), WIDEST // (width + 1)))
    down = -(-len(strips) // across)
    whole = np.full((down * (height + 1) - 1, across * (width + 1) - 1), np.nan)
    for (top, left), strip in zip(_corners(height + 1, width + 1, across), strips, strict=False):
        whole[top : top + height, left : left + width] = strip / (np.abs(strip).max() or 1.0)
    return whole


def _corners(height: int, width: int, across: int) -> Iterator[tuple[int, int]]:
    """Yields the upper left corner of each filter, `across` in a row."""
    place = 0
    while True:
        yield place // across * height, place % across * width
        place += 1
