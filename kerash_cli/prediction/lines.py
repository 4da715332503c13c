"""Lines of text with the prediction for each row of a table."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from kerash_cli.encoding.record import Encoding
from kerash_cli.engine.predictor import Predictor, through
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, Diverged, KerashError
from kerash_cli.model.trained import TrainedModel
from kerash_cli.prediction import numbers
from kerash_cli.tables.formats.inference import different
from kerash_cli.tables.table import BadRow, Rows, Table

ROOM = 1 << 23
"""Largest total of numbers and characters in rows that are predicted together (64 MB); a single row may have more."""

_SMALLER = "try a row like those in the training data, or train with a lower learning rate"


class Predictions:
    """Writes the prediction of each row as CSV; with `proba` or `top_k`, the probabilities of classes.

    With `append`, each line begins with the row itself, and the first line has the column names, if the table has any.
    `on_error` is what to do at a bad row: "stop", "skip", or "empty", which writes a line of empty cells. `options` has
    all of these. `unseen` counts the text values that no training row had; `bad` counts the rows that were skipped or
    left empty, and `first_error` is the error in the first such row.
    """

    def __init__(
        self,
        model: TrainedModel,
        proba: bool = False,
        top_k: int | None = None,
        append: bool = False,
        on_error: str = "stop",
    ) -> None:
        encoding, targets = model.encoding, model.encoding.targets
        if (proba or top_k) and not targets.has_probabilities:
            raise BadInput("--proba and --top-k: expected a classifier, got a regression model; leave them out")
        if top_k and not targets.classes:
            raise BadInput("--top-k: expected a model with one class per row, got one with several; try --proba")
        self.model, self.unseen, self.bad = model, 0, 0
        self.options: dict[str, Any] = {"proba": proba, "top_k": top_k, "append": append, "on_error": on_error}
        self.first_error: KerashError | None = None
        self._proba, self._top_k, self._append, self._on_error = proba, top_k, append, on_error
        self._predict = Predictor(model.network, model.params)
        longest = max(map(len, targets.classes), default=0) * (min(top_k, len(targets.classes)) if top_k else 1)
        self._row = encoding.features + encoding.outputs + longest
        """Approximate number of numbers and characters that a row takes."""
        self._headed = not append
        self._delimiter = ","

    def lines(self, block: Table | BadRow) -> Iterator[str]:
        """Yields the text for a block in parts: the rows before a bad row, then the bad row, and so on.

        With `on_error` "stop", raises BadInput or Diverged at a bad row, after the text for the rows before it.
        """
        self._delimiter = block.delimiter if self._append else ","
        if isinstance(block, Table):
            self.model.encoding.check_columns(block)
        yield from self._header(block)
        if isinstance(block, Table):
            for part in self._parts(block):
                yield from self._sifted(part)
        else:
            yield self._bad(block.error, block.record)

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
        step = max(1, ROOM // self._row)
        if table.rows <= step:
            yield table
            return
        for start in range(0, table.rows, step):
            rows = np.arange(start, min(start + step, table.rows))
            yield self.model.encoding.part(table, rows)[0]

    def text(self, table: Table) -> str:
        """Returns a line of text for each row, line ends included.

        Raises BadInput at an invalid cell, and Diverged at an output that is not finite.
        """
        encoding = self.model.encoding
        outputs = self._predict(encoding.encode_inputs(table, self.model.params.dtype))
        check_finite(encoding, outputs, table)
        self.unseen += encoding.unseen(table)
        if not self._append:
            return "".join(self._answers(outputs, ","))
        rows = zip(table.records or (), self._answers(outputs, table.delimiter), strict=True)
        return "".join(f"{record}{table.delimiter}{line}" for record, line in rows)

    def _sifted(self, table: Table) -> Iterator[str]:
        """Yields the text of all rows; a table with a bad row is halved until the bad row stands alone."""
        try:
            text = self.text(table)
        except (BadInput, Diverged) as error:
            if table.rows == 1:
                yield self._bad(error, table.records[0] if table.records else "")
                return
            every = np.arange(table.rows)
            for half in (every[: table.rows // 2], every[table.rows // 2 :]):
                yield from self._sifted(self.model.encoding.part(table, half)[0])
        else:
            yield text

    def _bad(self, error: KerashError, record: str) -> str:
        """Returns the text for a row that can't be predicted; with `on_error` "stop", raises the error."""
        if self._on_error == "stop":
            raise error
        self.bad += 1
        self.first_error = self.first_error or error
        if self._on_error == "skip":
            return ""
        line = self._delimiter * (len(self._names()) - 1) + "\n"
        return f"{record}{self._delimiter}{line}" if self._append else line

    def _header(self, block: Table | BadRow) -> list[str]:
        """At the first call with `append`, returns a list with the line of column names, if there are any; else []."""
        if self._headed:
            return []
        self._headed = True
        return _lines([list(different([*block.names, *self._names()])[0])], self._delimiter) if block.names else []

    def _answers(self, outputs: np.ndarray, delimiter: str) -> list[str]:
        """Returns the line of each row's prediction."""
        targets = self.model.encoding.targets
        if self._top_k:
            return _lines(self._likely(targets.probabilities(outputs), self._top_k), delimiter)
        answers = targets.probabilities(outputs) if self._proba else targets.decode(outputs)
        if targets.is_scaled:
            return _lines(_rounded(answers, targets.resolution(outputs)), delimiter)
        if answers.dtype.kind == "f":
            return numbers.lines(self._shortened(answers), delimiter)
        return _lines([[str(value) for value in row] for row in answers.tolist()], delimiter)

    def _likely(self, probabilities: np.ndarray, count: int) -> list[list[str]]:
        """Returns the most likely classes of each row, each with its probability."""
        classes = self.model.encoding.targets.classes
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, :count].tolist()
        return [
            [cell for k in ranked for cell in (classes[k], str(row[k]))]
            for row, ranked in zip(self._shortened(probabilities), order, strict=True)
        ]

    def _shortened(self, values: np.ndarray) -> np.ndarray:
        """Returns values in the model's number type, so that no digits are printed beyond its precision."""
        with np.errstate(over="ignore"):
            return values.astype(self.model.params.dtype, copy=False)

    def _names(self) -> list[str]:
        targets = self.model.encoding.targets
        if self._top_k:
            count = min(self._top_k, len(targets.classes))
            return [name for k in range(1, count + 1) for name in (f"class_{k}", f"probability_{k}")]
        if self._proba:
            return [f"probability_{name}" for name in targets.classes or targets.labels]
        return targets.prediction_names()


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


def _rounded(values: np.ndarray, steps: np.ndarray) -> list[list[str]]:
    """Returns each value as text, without the digits that are finer than its step."""
    digits = np.ceil(-np.log10(steps)).astype(np.intp)
    rows = zip(values.tolist(), digits.tolist(), strict=True)
    return [[repr(round(value, places)) for value, places in zip(*row, strict=True)] for row in rows]


class _Written(list[str]):
    """A list that csv.writer can write to as if it were a file: `write` appends a string."""

    write = list.append


def _lines(rows: Iterable[list[str]], delimiter: str) -> list[str]:
    """Returns each row as CSV with its line end; a cell may have line ends in it."""
    lines = _Written()
    csv.writer(lines, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return lines
