"""Choosing a network for a table that comes without a description, by a short rule."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kerash_cli.encoding.cells import matrix
from kerash_cli.encoding.learning import label_columns
from kerash_cli.encoding.views import PIECEWISE
from kerash_cli.model.description import ModelDescription
from kerash_cli.tables.table import Table
from kerash_cli.training.matching import FEWEST_TO_VALIDATE
from kerash_cli.training.viewing import sees_pieces

MOST_CLASSES = 10
"""Maximum number of different whole numbers in a label column that are taken for classes."""

HIDDEN = (
    (10_000, ["dense 128 relu"]),
    (1_000, ["dense 64 relu"]),
    (FEWEST_TO_VALIDATE, ["dense 64 relu", "dropout 0.3"]),
    (0, ["dense 32 relu"]),
)
"""Lines of the hidden layers by the least number of rows.

On 49 files of packages other widths from 32 to 256, a second layer, other learning rates and weight decays were no
better on unseen rows. Dropout is better on small tables: by .012 of accuracy or R2 on 23 of fewer than 1,000 rows, and
by .002 on 18 others, which had no part in the choice. On larger ones it is worse, and without rows that validate
nothing says when to stop. `python -m benchmarks.real` measures the rule.
"""

SMALLEST_IMAGE = 8
"""Width and height from which images get a convolution and a pooling, which halve them."""

FILTERS = 16
"""Filters of the first convolution; each further one has twice as many."""

SOURCE = "the chosen network"
"""Name of the description in messages."""


class Choice(NamedTuple):
    """A network that was chosen for a table."""

    description: ModelDescription
    """It has `?` for what the table decides."""
    outputs: str
    """Meaning of the outputs, such as `one for each class`."""
    doubts: list[str]
    """A line if the choice could be wrong; else empty."""
    most_inputs: int
    """Maximum number of inputs of a column of numbers."""

    def text(self) -> str:
        """Returns the description as text, with a comment on each line."""
        first, *hidden, last = str(self.description).splitlines()
        most = "one" if self.most_inputs == 1 else f"up to {self.most_inputs}"
        inputs = f"inputs: {most} for a column of numbers, one for each value of a column of words"
        sizes = inputs if "?" in first else "width, height and depth of an image"
        wide = max(len(first), len(last))
        return "\n".join([f"{first:{wide}}  # {sizes}", *hidden, f"{last:{wide}}  # outputs: {self.outputs}", ""])


def choose(table: Table, labels: Table | None, targets: Sequence[str]) -> Choice:
    """Returns a network for the labels in `labels`, or in the columns `targets` of the table.

    Raises BadInput if there are no labels.
    """
    where, places = label_columns(table, labels, targets)
    activation, outputs, doubts = _last(where, places)
    depth, height, width = table.sample_shape or (1, 1, 1)
    hidden = _convolutions(min(height, width))
    first = f"{width} {height} {depth}"
    text = _text(first, hidden, activation) if hidden else usual_network(table.rows, activation)
    description = ModelDescription.parse(text, SOURCE)
    most_inputs = 1 + (PIECEWISE.pieces if sees_pieces(description, table) else 0)
    return Choice(description, outputs, doubts, most_inputs)


def usual_network(rows: int, activation: str) -> str:
    """Returns the description that `choose` takes for a table without images, given the last activation."""
    return _text("? 1 1", next(lines for least, lines in HIDDEN if rows >= least), activation)


def _text(first: str, hidden: Sequence[str], activation: str) -> str:
    return "\n".join([first, "input", *hidden, f"dense ? {activation}", ""])


def _convolutions(size: int) -> list[str]:
    """Returns the lines of convolutions and poolings for images whose shorter side is `size`."""
    lines, filters = list[str](), FILTERS
    while size >= SMALLEST_IMAGE:
        lines += [f"convolution relu {filters} 1 0 3 3", "max_pooling - 2 0 2 2"]
        size, filters = (size - 2) // 2, 2 * filters
    return lines


def _last(where: Table, places: Sequence[int]) -> tuple[str, str, list[str]]:
    """Returns the last activation for these label columns, the meaning of the outputs, and doubts about the choice."""
    classes, numbers = ("softmax", "one for each class"), ("-", "one for each number to predict")
    if len(places) > 1:
        values = matrix(where, places)
        if not np.isin(values, (0, 1)).all():
            return *numbers, []
        one_each = bool((values.sum(axis=1) == 1).all())
        return *(classes if one_each else ("sigmoid", "one for each column of yes (1) or no (0)")), []
    (place,) = places
    if place in where.texts:
        return *(numbers if _are_amounts(where, place) else classes), []
    values = matrix(where, places)
    different = np.unique(values[~np.isnan(values)])
    if len(different) > MOST_CLASSES or (different % 1).any():
        return *numbers, []
    doubt = (
        f"the {len(different)} different whole numbers in {where.title(place)} are taken for classes; if they are "
        "amounts, use a description with '-' in place of 'softmax'"
    )
    return *classes, [doubt] if len(different) > 2 else []


def _are_amounts(where: Table, place: int) -> bool:
    """Returns whether text labels are numbers that may be read in two ways, or mostly many numbers that are not whole.

    Learning the encoding asks which way it is, or says which cell is no number.
    """
    if place in where.unclear or place in where.declared:
        return place in where.unclear
    counts = Counter(cell for cell in where.texts[place] if cell is not None)
    values = {cell: value for cell in counts if (value := where.value(place, cell)) is not None}
    different = {value for value in values.values() if value == value}
    is_most = 2 * sum(counts[cell] for cell in values) >= counts.total()
    return is_most and len(different) > MOST_CLASSES and any(value % 1 for value in different)
