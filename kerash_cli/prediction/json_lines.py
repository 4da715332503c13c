"""Predictions as JSON lines: an object for each row, and null for a row that can't be predicted."""

import json

from kerash_cli.engine.tensors import Array
from kerash_cli.errors import KerashError
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
        own = different([*kept.names, "error"])[0] if kept else ["error"]
        self._told = [json_text.template(each) + "\n" for each in (["error"], own)]
        """Templates of a bad row, without and with the columns that are kept."""
        self.size = answers.size + sum(map(len, names))

    def text(self, table: Table, outputs: Array) -> str:
        """Returns a line for each row."""
        values = self._answers.values(outputs)
        if self._kept:
            rows = zip(self._kept.rows(table), values, strict=True)
            values = [[*json_text.cells(cells), *row] for cells, row in rows]
        return "".join(self._row % tuple(row) for row in values)

    def bad(self, row: Table | BadRow, error: KerashError | None = None) -> str:
        """Returns the line of a row that can't be predicted.

        That is null, or an object if columns of it are kept or if the error is told.
        """
        cells = self._cells(row) if self._kept else None
        if error is not None:
            return self._told[cells is not None] % (*json_text.cells(cells or []), json.dumps(str(error)))
        if cells is None:
            return "null\n"
        empty = ["null"] * len(self._answers.members)
        return self._row % (*json_text.cells(cells), *empty)

    def _cells(self, row: Table | BadRow) -> list[str] | None:
        """Returns the cells of the columns that are kept; None if they are in doubt."""
        assert self._kept is not None, "there are such columns"
        return next(self._kept.rows(row)) if isinstance(row, Table) else self._kept.bad_cells(row)
