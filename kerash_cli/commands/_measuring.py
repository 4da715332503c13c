"""Rows with known answers, DATA and LABEL on a command line, as models predict them."""

from typing import TYPE_CHECKING, Any

from kerash_cli.commands import _files, _options
from kerash_cli.commands._help import Option
from kerash_cli.errors import BadInput

if TYPE_CHECKING:
    from kerash_cli.model.trained import TrainedModel
    from kerash_cli.prediction.judging import Predicted
    from kerash_cli.tables.table import Table
    from kerash_cli.views.messages import Console

DATA = (
    _options.on_error("stop", "skip", help="What to do about a bad row: stop, or skip it (default: {default})."),
    *_options.READING,
    _options.LABEL_HEADER,
)
"""Options about the rows."""

WEIGHTS = Option(
    "--weights",
    metavar="COLUMN",
    help="Column of DATA with how much each row counts, from 0 on (default: all count the same).",
)


class AnsweredRows:
    """The rows of DATA, and their answers in LABEL or in DATA; several models may predict them."""

    def __init__(self, data: str, label: str | None, options: dict[str, Any], console: "Console") -> None:
        """Takes the options of `DATA`, of the weights and of the mountpoint out of a command's `options`."""
        _files.check_once(data, label)
        self.data, self.label, self._console = data, label, console
        self._reader = _files.Reader.of(options)
        self._skip, self._mountpoint = options.pop("on_error") == "skip", options.pop("mountpoint")
        self._weights: str | None = options.pop("weights", None)
        self._tables: list[tuple[Any, Table, Table | None]] = []
        self._told: set[str] = set()

    def load(self, model: str) -> "TrainedModel":
        """Loads MODEL|GENOME; raises OutOfSpace if there is no memory for it."""
        trained = _files.load(model, self._mountpoint, self._tell)
        trained.require_memory(model)
        return trained

    def predicted(self, model: str, trained: "TrainedModel") -> "Predicted":
        """Returns the model's predictions; prints remarks about rows that were left out, unless they were printed."""
        from kerash_cli.prediction.judging import predicted

        table, labels = self._read(model, trained)
        trained.require_memory(model, table.rows)
        found = predicted(trained, table, labels, self._skip, self._mountpoint, self._tell, self._weights)
        left_out = found.left_out
        if left_out.missing:
            self._tell(f"skipped {left_out.missing} rows with missing values, as in training")
        if left_out.weightless:
            self._tell(f"skipped {left_out.weightless} rows with a weight of 0")
        self._tell(*found.notes)
        self._console.unseen(found.unseen)
        self._console.bad_rows(left_out.bad, left_out.first_error, "skipped")
        return found

    def known(self, found: "Predicted", what: str) -> None:
        """Prints a line if the model was trained on some of the rows; `what` is the end of it."""
        if found.known:
            self._console.say(f"{found.source}: {found.known}; {what}")

    def _read(self, model: str, trained: "TrainedModel") -> tuple["Table", "Table | None"]:
        """Returns the table and its labels as the model reads them; they are read again for another kind of columns."""
        from kerash_cli.tables.table import notes

        encoding = trained.encoding
        way = (encoding.schema, encoding.label_column, encoding.names_of_labels)
        for known, table, labels in self._tables:
            if known == way:
                return table, labels
        if self._tables and not all(map(_files.lasts, filter(None, (self.data, self.label)))):
            raise BadInput(f"{model} reads other columns, and {self.data} can be read only once; try a file")
        table = self._reader.table(self.data, schema=encoding.schema, label=encoding.label_column, skip=self._skip)
        labels = self._reader.labels(self.label, table, encoding.names_of_labels)
        self._tell(*notes(table, labels))
        self._tables.append((way, table, labels))
        return table, labels

    def _tell(self, *lines: str) -> None:
        """Prints lines that were not printed yet."""
        self._console.say(*(line for line in lines if line not in self._told))
        self._told.update(lines)
