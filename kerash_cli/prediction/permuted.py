"""The inputs of a network that are permuted together: those of a column, or those of a block of pixels."""

from math import prod
from typing import NamedTuple

import numpy as np

from kerash_cli.encoding.columns import Columns
from kerash_cli.encoding.inputs import Number
from kerash_cli.model.trained import TrainedModel
from kerash_cli.tables.table import Rows, Table

SIDE = 8
"""Maximum number of blocks along each side of an image."""


class InputGroup(NamedTuple):
    """Inputs that are permuted together."""

    title: str
    features: Rows


class InputGroups(NamedTuple):
    """All groups of inputs, each input in one of them."""

    groups: list[InputGroup]
    blocks: str
    """A phrase such as `blocks of 4x4 pixels`, if these are the groups; empty if they are columns."""
    width: int = 0
    """Number of groups in a row of the image, if the inputs are one; else 0."""


def groups_of(trained: TrainedModel, table: Table) -> InputGroups:
    """Returns the groups of inputs of a model: its columns or, if the inputs are an image, blocks of pixels."""
    columns = trained.encoding.columns
    shape = _image(trained, table)
    if shape is None:
        return InputGroups(_by_column(columns), "")
    if shape[0] == 1 and max(shape) <= SIDE:
        return InputGroups(_by_column(columns), "", shape[2])
    return _by_block(shape)


def _image(trained: TrainedModel, table: Table) -> tuple[int, int, int] | None:
    """Returns depth, height and width of the image that the inputs are; None if they are columns of a table."""
    columns = trained.encoding.columns
    if any(each.view or not isinstance(each, Number) for each in columns.inputs):
        return None
    for shape in (trained.description.known_shape, table.sample_shape):
        if shape is not None and min(shape[1:]) > 1 and prod(shape) == columns.features:
            depth, height, width = shape
            return depth, height, width
    return None


def _by_column(columns: Columns) -> list[InputGroup]:
    features: dict[int, list[int]] = {}
    for each, start in zip(columns.inputs, columns.starts, strict=True):
        features.setdefault(each.position, []).extend(range(start, start + each.features))
    titles = [str(position + 1) if columns.names is None else columns.names[position] for position in features]
    return [InputGroup(title, np.array(own)) for title, own in zip(titles, features.values(), strict=True)]


def _by_block(shape: tuple[int, int, int]) -> InputGroups:
    """Returns the blocks of an image, from the upper left to the lower right; all channels belong to a block."""
    places = np.arange(prod(shape)).reshape(shape)
    high, wide = (-(-side // SIDE) for side in shape[1:])
    groups = []
    for top in range(0, shape[1], high):
        for left in range(0, shape[2], wide):
            block = places[:, top : top + high, left : left + wide]
            title = f"rows {_span(top, block.shape[1])}, columns {_span(left, block.shape[2])}"
            groups.append(InputGroup(title, block.ravel()))
    return InputGroups(groups, f"blocks of {wide}x{high} pixels", -(-shape[2] // wide))


def _span(first: int, count: int) -> str:
    return f"{first + 1}" if count == 1 else f"{first + 1}-{first + count}"
