"""The columns of the input that are printed before each prediction."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from kerash_cli.encoding.cells import words
from kerash_cli.errors import BadInput, listed, shown
from kerash_cli.prediction.answers import table_lines
from kerash_cli.tables.formats import records
from kerash_cli.tables.table import BadRow, Schema, Table, place_of


class Kept:
    """Columns of tables that have the layout of a first block: all of them, or chosen ones."""

    def __init__(self, first: Table | BadRow, schema: Schema, chosen: Sequence[str] = ()) -> None:
        """`chosen` are names or numbers (from 1) of columns; none means all. Raises BadInput if one is unknown.

        A table without names has those of the training table, whose columns have the same order, or else numbers.
        """
        names = _names(first, schema)
        self.places = [_find(first, column, names) for column in chosen] or range(len(names))
        self.names = [names[place] for place in self.places]
        self.are_named = first.names is not None
        self._all, self._width = not chosen, len(names)

    def texts(self, table: Table, delimiter: str) -> Sequence[str]:
        """Returns the columns of each row as text with this delimiter, without a line end."""
        if self._all and table.records is not None and table.delimiter == delimiter:
            return table.records
        return _written(self.rows(table), delimiter)

    def rows(self, table: Table) -> Iterator[list[str]]:
        """Yields the cells of each row as they were written."""
        if table.records is None:
            columns = [[cell or "" for cell in words(table, place)] for place in self.places]
            return map(list, zip(*columns, strict=True))
        every = records.fields(table.records, table.delimiter, 1 + max(self.places), table.quotes)
        return ([fields[place] for place in self.places] for fields in every)

    def bad_text(self, row: BadRow, delimiter: str) -> str:
        """Returns the columns of an invalid row as text: all as they stand, or empty cells where that is in doubt."""
        if self._all and row.delimiter == delimiter:
            return row.record
        (text,) = _written([self.bad_cells(row) or [""] * len(self.names)], delimiter)
        return text

    def bad_cells(self, row: BadRow) -> list[str] | None:
        """Returns the cells of an invalid row; None if it has more or fewer cells than there are columns."""
        try:
            (fields,) = records.fields([row.record], row.delimiter, self._width, row.quotes)
        except (csv.Error, ValueError):
            return None
        return [fields[place] for place in self.places] if len(fields) == self._width else None


def _names(first: Table | BadRow, schema: Schema) -> Sequence[str]:
    """Returns the names of all columns."""
    if first.names is not None:
        return first.names
    if schema.names is None or not (places := schema.locate(None, first.width)):
        return [str(number) for number in range(1, first.width + 1)]
    return [schema.names[old] for old in sorted(places, key=lambda old: places[old])]


def _find(first: Table | BadRow, column: str, names: Sequence[str]) -> int:
    place = place_of(column, tuple(names), len(names))
    if place is not None:
        return place
    if isinstance(first, Table):
        return first.find(column)  # raises
    raise BadInput(f"--id: expected a column among {listed(names)}, got {shown(column)}")


def _written(rows: Iterable[Sequence[str]], delimiter: str) -> list[str]:
    """Returns each row as CSV without a line end; a single empty cell needs no quotes, since an answer follows it."""
    texts = [line[:-1] for line in table_lines(rows, delimiter)]
    return texts if delimiter == " " else ["" if text == '""' else text for text in texts]
