"""Writing numbers as scaled features, for the kinds of input that have some."""

from collections.abc import Sequence

import numpy as np

from kerash_cli.encoding.cells import check_finite, check_numbers, check_present, selection, tiles
from kerash_cli.encoding.inputs.base import FILL
from kerash_cli.encoding.scaling import IGNORED, Scaling
from kerash_cli.engine.tensors import Array
from kerash_cli.tables.table import Table


def write_scaled(
    table: Table, places: Sequence[int], features: list[int], scaling: Scaling, missing: str, encoded: Array
) -> None:
    """Writes the scaled values of columns of numbers, each into its feature, as `InputColumn.write` does."""
    check_numbers(table, places)
    chosen = selection(features)
    fill, mean, scale = scaling.fill[chosen], scaling.mean[chosen], scaling.scale[chosen]
    ignored = [features[index] for index in np.flatnonzero(scale == IGNORED).tolist()]
    may_lack = table.numbers.dtype.kind == "f"
    scaled = scaling.standardized or bool(ignored)
    for part, values in tiles(table.numbers, table.number_indexes(places)):
        gaps = np.isnan(values) if may_lack else None
        if gaps is not None and gaps.any():
            if missing != "mean":
                check_present(table, places, FILL)
            values = np.where(gaps, fill, values)
        with np.errstate(over="ignore"):
            if scaled:
                values -= mean
                values /= scale
            encoded[part, chosen] = values
        if ignored:
            encoded[part, ignored] = 0
        check_finite(table, places, encoded[part, chosen], part.start)
