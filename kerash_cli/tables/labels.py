"""Labels in a separate file; its content and the table show whether its first line is a header."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kerash_cli import decimals
from kerash_cli.errors import BadInput, at, shown
from kerash_cli.tables import reading
from kerash_cli.tables.formats.inference import stands_out
from kerash_cli.tables.formats.names import can_be_name, is_numeric
from kerash_cli.tables.options import Options
from kerash_cli.tables.table import Table

if TYPE_CHECKING:
    from kerash_cli.tables.spool import Spool

FEW_LABELS = 4
"""Minimum number of labels after the first: if they all recur and the first does not, the first may be a header."""

_HEADER, _LABEL, _EITHER = "header", "label", "either"


def read_labels(
    path: str,
    table: Table,
    delimiter: str | None,
    header: bool | None,
    known: Collection[str] = (),
    missing: tuple[str, ...] | None = None,
    decimal: str | None = None,
    dates: str | None = None,
    encoding: str | None = None,
    spool: "Spool | None" = None,
) -> Table:
    """Returns the labels of a table's rows. If `header` is None, it is inferred; a name in `known` is not a header.

    The other arguments are those of `reading.read`. Raises BadInput if there are not as many labels as rows, or if the
    first line may be either a header or a label.
    """
    options = Options(
        delimiter,
        bool(header),
        labels=True,
        missing=missing,
        decimal=decimal,
        dates=dates,
        encoding=encoding,
        spool=spool,
    )
    labels = reading.as_written(path, options)
    if header is None:
        begins = _first_line(labels, known)
        if begins == _EITHER:
            begins = _settled(labels, table)
        labels = _headed(labels, options) if begins == _HEADER else labels
    if labels.rows != table.rows:
        raise BadInput(f"{at(labels.source)}{_counts(labels, table)}{_advice(labels, table)}")
    return reading.in_numbers(labels, options)


def _settled(labels: Table, table: Table) -> str:
    """Decides by the number of rows whether an ambiguous first line is a header; raises BadInput if in doubt."""
    if labels.rows == table.rows + 1:
        return _HEADER
    if labels.rows == table.rows and table.names is None and not _is_alone(labels):
        return _LABEL
    word = shown(_cells(labels, 0)[0])
    either = labels.rows == table.rows
    raise BadInput(
        f"{at(labels.source, labels.lines[0])}{_counted(labels.rows)}, or {_counted(labels.rows - 1)} below the header "
        f"{word}, for {table.rows} rows of {table.source}; "
        + (
            f"try --no-label-header if {word} is a label; else a label is missing"
            if either
            else "there must be one for each row"
        )
    )


def _is_alone(labels: Table) -> bool:
    """Returns whether the first label occurs once while all others recur, or is a number that looks like a name."""
    for place in range(labels.width):
        first, *others = _cells(labels, place)
        if not can_be_name(first):
            return True  # it stands out; else the caller would not be in doubt
        if len(others) < FEW_LABELS or min(Counter(others).values()) < 2:
            return False
    return True


def _counts(labels: Table, table: Table) -> str:
    below = f" (below the header {shown(labels.names[0])})" if labels.names else ""
    return f"{_counted(labels.rows)}{below} for {table.rows} rows of {table.source}"


def _counted(rows: int) -> str:
    return "1 label" if rows == 1 else f"{rows} labels"


def _advice(labels: Table, table: Table) -> str:
    if not labels.is_text or not table.is_text:
        return "; there must be one for each row"
    if table.rows == labels.rows + 1 and table.names is None:
        return f"; try --header if the first line of {table.source} names its columns"
    if labels.rows == table.rows + 1:
        if table.names is None:
            return "; try --label-header if its first line is a header"
        return (
            f"; try --no-header if the first line of {table.source} is data, "
            "or --label-header if that of the labels is a header"
        )
    return "; there must be one for each row"


def _first_line(labels: Table, known: Collection[str]) -> str:
    """Returns whether the first line of a label file is a header or a label, or may be either."""
    places = range(labels.width)
    columns = [_cells(labels, place) for place in places]
    first, others = [column[0] for column in columns], [column[1:] for column in columns]
    if any(word in known for word in first):
        return _LABEL
    if any(can_be_name(word) and is_numeric(column) and column for word, column in zip(first, others, strict=True)):
        return _HEADER
    if stands_out(first, list(zip(*others, strict=True))):
        return _EITHER
    if any(not can_be_name(word) or word in column for word, column in zip(first, others, strict=True)):
        return _LABEL
    return _EITHER


def _cells(labels: Table, place: int) -> list[str]:
    """Returns a column's cells as they were written, with empty strings for missing ones."""
    cells = labels.texts.get(place) or labels.written.get(place)
    if cells is None:  # an array file
        cells = [decimals.shortest(value) for value in labels.numbers[:, labels.number_index(place)].tolist()]
    return [cell or "" for cell in cells]


def _headed(labels: Table, options: Options) -> Table:
    """Returns the labels with their first row turned into column names."""
    names = tuple(_cells(labels, place)[0] for place in range(labels.width))
    if len(set(names)) < len(names):
        raise BadInput(f"{at(labels.source, labels.lines[0])}expected different names in the header, got one twice")

    numbers = []
    texts: dict[int, list[str | None]] = {}
    written: dict[int, list[str | None]] = {}
    words = options.texts(names, labels.width)
    for place in range(labels.width):
        cells = _cells(labels, place)[1:]
        values = None if place in words else decimals.column(cells, ("",))
        if values is not None:
            numbers.append(values)
        (texts if values is None else written)[place] = [cell or None for cell in cells]
    rows = labels.rows - 1
    matrix = np.stack(numbers, axis=1) if numbers else np.empty((rows, 0))
    return replace(labels, names=names, numbers=matrix, texts=texts, written=written, lines=labels.lines[1:])
