"""Lines of text with the prediction for each row of a table."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from kerash_cli.encoding.record import Encoding
from kerash_cli.engine.predictor import Predictor, through
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, Diverged, KerashError
from kerash_cli.model.trained import TrainedModel
from kerash_cli.prediction.answers import Answers, answers, table_lines
from kerash_cli.tables.formats.names import different
from kerash_cli.tables.table import BadRow, Rows, Table

if TYPE_CHECKING:
    from kerash_cli.prediction.kept_columns import Kept

ROOM = 1 << 23
"""Largest total of numbers and characters in rows that are predicted together (64 MB); a single row may have more."""

DELIMITERS = {"csv": ",", "tsv": "\t"}
JSON_LINES = "jsonl"
FORMATS = (*DELIMITERS, JSON_LINES)
"""Formats that predictions are written in."""

_SMALLER = "try a row like those in the training data, or train with a lower learning rate"


class OutputOptions(NamedTuple):
    """What is printed for each row, and how."""

    proba: bool = False
    """True for the probabilities of all classes."""
    top_k: int | None = None
    """Number of the most likely classes to print, each with its probability."""
    append: bool = False
    """True if each line begins with the row itself."""
    ids: Sequence[str] = ()
    """Names or numbers of the columns of the row that each line begins with."""
    threshold: float | None = None
    """Probability from which on the prediction is a yes."""
    format: str | None = None
    """One of FORMATS; by default a table, with the separator of the input if there are columns of it."""
    output_header: bool | None = None
    """Whether a table begins with a line of column names; by default, if there are columns of an input with names."""
    on_error: str = "stop"
    """What to do at a bad row: "stop", "skip", "empty", which writes a line without a prediction, or "tell", which
    writes the error as a JSON object."""

    @property
    def keeps(self) -> bool:
        """True if lines have columns of the input."""
        return self.append or bool(self.ids)


class LineWriter(Protocol):
    """Writes the rows of tables that have the layout of the first one."""

    header: str
    """The line of column names; empty if there is none."""
    size: int
    """Approximate number of characters in the names that are written for a row."""

    def text(self, table: Table, outputs: Array) -> str:
        """Returns a line of text for each row, line ends included."""

    def bad(self, row: Table | BadRow, error: KerashError | None = None) -> str:
        """Returns the line of a row that can't be predicted; with the error, if it is given and has a place there."""


class Predictions:
    """Writes the prediction of each row; `options` are those of OutputOptions, by name.

    `unseen` counts the text values that no training row had; `bad` counts the rows that were skipped or left empty, and
    `first_error` is the error in the first such row.
    """

    def __init__(self, model: TrainedModel, **options: Any) -> None:
        """Raises BadInput if the model has no such answers."""
        self.model, self.options, self.unseen, self.bad = model, options, 0, 0
        self.first_error: KerashError | None = None
        self._wanted = OutputOptions(**options)
        self._answers = answers(model, self._wanted.proba, self._wanted.top_k, self._wanted.threshold)
        self._predict = Predictor(model.network, model.params)
        self._begun: LineWriter | None = None

    @property
    def keeps(self) -> bool:
        """True if lines have columns of the input."""
        return self._wanted.keeps

    def lines(self, block: Table | BadRow) -> Iterator[str]:
        """Yields the text for a block in parts: the rows before a bad row, then the bad row, and so on.

        With `on_error` "stop", raises BadInput or Diverged at a bad row, after the text for the rows before it.
        """
        if isinstance(block, Table):
            self.model.check(block)
        if self._begun is None and (header := self._writer(block).header):
            yield header
        if isinstance(block, Table):
            for part in self._parts(block):
                yield from self._sifted(part)
        else:
            yield self._bad(block.error, block)

    def whole(self, blocks: Iterable[Table | BadRow]) -> tuple[str, int] | None:
        """Returns the text for blocks without a bad row, and how many text values are in them that no training row had.

        Returns None if a row is bad. Nothing is counted, and there is no line of column names.
        """
        before = self.unseen
        text: list[str] = []
        try:
            for block in blocks:
                if isinstance(block, BadRow):
                    return None
                text += map(self.text, self._parts(block))
            return "".join(text), self.unseen - before
        except (BadInput, Diverged):
            return None
        finally:
            self.unseen = before

    def _parts(self, table: Table) -> Iterator[Table]:
        """Yields the table in parts of few rows, so that no array or text becomes large."""
        encoding = self.model.encoding
        step = max(1, ROOM // (encoding.features + encoding.outputs + self._writer(table).size))
        if table.rows <= step:
            yield table
            return
        for start in range(0, table.rows, step):
            rows = np.arange(start, min(start + step, table.rows))
            yield encoding.part(table, rows)[0]

    def text(self, table: Table) -> str:
        """Returns a line of text for each row, line ends included.

        Raises BadInput at an invalid cell, and Diverged at an output that is not finite.
        """
        encoding = self.model.encoding
        outputs = self._predict(encoding.encode_inputs(table, self.model.params.dtype))
        check_finite(encoding, outputs, table)
        self.unseen += encoding.unseen(table)
        return self._writer(table).text(table, outputs)

    def _sifted(self, table: Table) -> Iterator[str]:
        """Yields the text of all rows; a table with a bad row is halved until the bad row stands alone."""
        try:
            text = self.text(table)
        except (BadInput, Diverged) as error:
            if table.rows == 1:
                yield self._bad(error, table)
                return
            every = np.arange(table.rows)
            for half in (every[: table.rows // 2], every[table.rows // 2 :]):
                yield from self._sifted(self.model.encoding.part(table, half)[0])
        else:
            yield text

    def _bad(self, error: KerashError, row: Table | BadRow) -> str:
        """Returns the text for a row that can't be predicted; with `on_error` "stop", raises the error."""
        if self._wanted.on_error == "stop":
            raise error
        self.bad += 1
        self.first_error = self.first_error or error
        if self._wanted.on_error == "skip":
            return ""
        return self._writer(row).bad(row, error if self._wanted.on_error == "tell" else None)

    def _writer(self, first: Table | BadRow) -> LineWriter:
        """Returns the writer of all lines, which `first`, a table or row of the input, is laid out like."""
        if self._begun is None:
            self._begun = _writer(first, self._wanted, self._answers, self.model.encoding)
        return self._begun


def _writer(first: Table | BadRow, wanted: OutputOptions, found: Answers, encoding: Encoding) -> LineWriter:
    """Returns a writer for an input that begins with `first`."""
    kept = None
    if wanted.keeps:
        from kerash_cli.prediction import kept_columns  # most runs print predictions alone

        kept = kept_columns.Kept(first, encoding.schema, wanted.ids)
    if wanted.format == JSON_LINES:
        from kerash_cli.prediction.json_lines import JsonLines

        return JsonLines(found, kept)
    delimiter = first.delimiter if kept else ","
    return DelimitedLines(found, kept, DELIMITERS.get(wanted.format or "", delimiter), wanted.output_header)


class DelimitedLines:
    """Writes rows of a table: the columns of the input that are kept, then the answers."""

    def __init__(self, found: Answers, kept: "Kept | None", delimiter: str, header: bool | None) -> None:
        """`header` says whether there is a line of column names (None: if columns of an input with names are kept)."""
        self._answers, self._kept, self._delimiter = found, kept, delimiter
        self.size = found.size
        self.header = ""
        if header or (header is None and kept and kept.are_named):
            names, _ = different([*(kept.names if kept else ()), *found.columns])
            (self.header,) = table_lines([names], delimiter)

    def text(self, table: Table, outputs: Array) -> str:
        """Returns a line for each row."""
        delimiter = self._delimiter
        lines = self._answers.lines(outputs, delimiter)
        if self._kept is None:
            return "".join(lines)
        rows = zip(self._kept.texts(table, delimiter), lines, strict=True)
        return "".join(f"{kept}{delimiter}{line}" for kept, line in rows)

    def bad(self, row: Table | BadRow, error: KerashError | None = None) -> str:
        """Returns a line of empty cells, behind the columns that are kept."""
        delimiter = self._delimiter
        cell = '""' if delimiter == " " else ""  # an empty cell between two blanks would be lost
        empty = delimiter.join([cell] * len(self._answers.columns)) + "\n"
        if self._kept is None:
            return empty
        if isinstance(row, Table):
            (text,) = self._kept.texts(row, delimiter)
        else:
            text = self._kept.bad_text(row, delimiter)
        return f"{text}{delimiter}{empty}"


def layer_by_layer(model: TrainedModel, table: Table) -> Iterator[tuple[Array, Array]]:
    """Yields, for each layer, the weighted sums and the activations of the table's single row.

    Both have the shape (depth, height, width). Raises Diverged at the first layer with NaN or infinity in them.
    """
    network = model.network
    signal = model.encoding.encode_inputs(table, model.params.dtype).reshape(network.shapes[0])
    for number, (layer, tensors) in enumerate(zip(network.layers, network.tensors(model.params), strict=True)):
        with np.errstate(all="ignore"):  # an overflow is reported in words
            activity, signal = (through(each, signal, tensors) for each in (layer.linear(), layer))
        if not (np.isfinite(activity).all() and np.isfinite(signal).all()):
            raise Diverged(
                f"{table.at(0)}expected finite numbers in layer {number}, got one that overflows; {_SMALLER}"
            )
        yield activity, signal


def check_finite(encoding: Encoding, outputs: Array, table: Table) -> None:
    """Raises Diverged at the first row of the table with an output that is infinite or NaN in the target's own unit."""
    if len(rows := unusable(encoding, outputs)):
        raise Diverged(f"{table.at(int(rows[0]))}expected a finite output, got one that overflows; {_SMALLER}")


def unusable(encoding: Encoding, outputs: Array) -> Rows:
    """Returns the rows with an output that is infinite or NaN in the target's own unit."""
    return np.flatnonzero(~encoding.targets.finite(outputs))
