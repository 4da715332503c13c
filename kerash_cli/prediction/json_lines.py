"""Predictions as JSON lines: an object for each row, and null for a row that can't be predicted."""

from kerash_cli.engine.tensors import Array
from kerash_cli.prediction import json_text
from kerash_cli.prediction.answers import Answers
from kerash_cli.prediction.kept_columns import Kept
from kerash_cli.tables.formats.names import different
from kerash_cli.tables.table import BadRow, Table


class JsonLines:
    """Writes a JSON object for each row: the columns that are kept, then what is predicted."""

    header = ""

    def __init__(self, answers: Answers, kept: Kept | None) -> None:
        self._answers, self._kept = answers, kept
        names, _ = different([*(kept.names if kept else ()), *answers.members])
        self._row = json_text.template(names) + "\n"
        self.size = answers.size + sum(map(len, names))

    def text(self, table: Table, outputs: Array) -> str:
        """Returns a line for each row."""
        values = self._answers.values(outputs)
        if self._kept:
            rows = zip(self._kept.rows(table), values, strict=True)
            values = [[*json_text.cells(cells), *row] for cells, row in rows]
        return "".join(self._row % tuple(row) for row in values)

    def bad(self, row: Table | BadRow) -> str:
        """Returns the line of a row that can't be predicted: null, or an object if columns of it are kept."""
        if not self._kept:
            return "null\n"
        cells = next(self._kept.rows(row)) if isinstance(row, Table) else self._kept.bad_cells(row)
        if cells is None:
            return "null\n"
        empty = ["null"] * len(self._answers.members)
        return self._row % (*json_text.cells(cells), *empty)
