"""The views that a search chooses from, and the encoding with the inputs of all of them."""

from collections.abc import Sequence

import numpy as np

from kerash_cli.encoding.record import Encoding
from kerash_cli.encoding.views import View
from kerash_cli.tables.table import Table
from kerash_cli.training.samples import samples_bytes

VIEWS = ("standard", "quantile", "piecewise", "piecewise:16", "quantile,piecewise")
"""Views that evolution chooses from."""
MOST_VIEWED = 4096
"""Maximum number of inputs that all views make together."""
VIEWED_BYTES = 2**29
"""Maximum size of the samples with the inputs of all views."""


def viewed(base: Encoding, table: Table) -> tuple[Encoding, list[View]]:
    """Returns the encoding with the inputs of several views, and these: all, or those that do not need too many."""
    views = [View.parse(text) for text in VIEWS]
    while True:
        encoding = base.viewing(table, views)
        size = samples_bytes(encoding, table.rows, np.dtype("f4"))
        if len(views) == 1 or (encoding.features <= MOST_VIEWED and size <= VIEWED_BYTES):
            return encoding, _different(encoding, views)
        views.pop()


def _different(encoding: Encoding, views: Sequence[View]) -> list[View]:
    """Returns the views that see different features: without columns of numbers, all see the same."""
    seen = {tuple(encoding.columns.features_of(view).tolist()): view for view in reversed(views)}
    return [view for view in views if view in seen.values()]
