"""What a network sees of columns of numbers if `--numbers` does not say it."""

from collections.abc import Sequence
from dataclasses import replace

from kerash_cli.encoding.columns import Columns
from kerash_cli.encoding.learning import input_positions
from kerash_cli.encoding.views import PIECEWISE, STANDARD, features_at_most
from kerash_cli.errors import BadInput
from kerash_cli.model.description import ModelDescription
from kerash_cli.tables.table import Table
from kerash_cli.training.dividing import left_out
from kerash_cli.training.settings import TrainingSettings

FEWEST_ROWS = 500
"""Minimum number of rows for pieces by default.

On 20 files of packages, five splits and three seeds each, the error (RMSE) with pieces was 0.88 of that without in the
geometric mean of the nine files that trained with 768 rows or more, and lower on eight of them. It was 0.96 of it on
two files with 405 and 462 rows, and 1.02 on nine with 161 to 320, on one of them 1.12. `python -m benchmarks.real
--with '--numbers standard'` measures it.
"""

MOST_INPUTS = 4096
"""Maximum number of inputs of columns of numbers that pieces make by default."""

MOST_VALUES = 1 << 28
"""Maximum number of values of these inputs in all rows: 1 GB in float32."""


def viewed_settings(
    description: ModelDescription,
    table: Table,
    labels: Table | None,
    targets: Sequence[str],
    settings: TrainingSettings,
    like: Columns | None,
) -> tuple[TrainingSettings, tuple[str, ...]]:
    """Returns the settings with a view of columns of numbers, and a message if the usual one would be too large.

    `like` are the columns of a model to start from, whose view is taken in any case. Raises BadInput if there is a view
    for the pixels of images.
    """
    if settings.numbers is not None:
        if settings.numbers != STANDARD and any(layer.layout == "image" for layer in description.layers):
            raise BadInput("--numbers: the inputs of this network are the pixels of images; leave --numbers out")
        return settings, ()
    standard = replace(settings, numbers=STANDARD)
    if like or not settings.standardize or not sees_pieces(description, table):
        return standard, ()
    used = input_positions(table, labels, targets, left_out(table, labels, targets, settings), settings.keep)
    numbers = [each for each in used if each not in table.texts]
    count = features_at_most(table, numbers, PIECEWISE)
    if count > MOST_INPUTS or count * table.rows > MOST_VALUES:
        what = f"with --numbers {PIECEWISE} they would be up to {count:,} inputs in {table.rows:,} rows"
        return standard, (f"columns of numbers are standardised, and no more: {what}",)
    return replace(settings, numbers=PIECEWISE), ()


def sees_pieces(description: ModelDescription, table: Table) -> bool:
    """Returns whether a network sees the pieces of columns of numbers unless there are too many.

    It does if it is to predict numbers, if its number of inputs is left to the data, and if there are rows enough. A
    table of images has none.
    """
    is_open = sorted(description.shape, key=str) == [1, 1, None]
    is_amount = description.activation.output == "any"
    return is_open and is_amount and table.sample_shape is None and table.rows >= FEWEST_ROWS
