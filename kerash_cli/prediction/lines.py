"""Lines of text with the prediction for each row of a table."""

import csv
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from kerash_cli.encoding.record import Encoding
from kerash_cli.engine.predictor import Predictor, through
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, Diverged, KerashError
from kerash_cli.model.trained import TrainedModel
from kerash_cli.tables.formats.inference import different
from kerash_cli.tables.table import BadRow, Rows, Table

ROOM = 1 << 23
"""Numbers and characters that the rows of a part of a block take at most, be it one row: 64 MB."""

_SMALLER = "try a row like those that it was trained on, or training with a lower learning rate"


class Predictions:
    """Writes the prediction of each row, or with `proba` or `top_k` how likely classes are, as CSV.

    `predict` is what computes outputs, by default a Predictor. With `append` the row itself comes first, and names, if
    the table has any, before the first row. `on_error` says what a bad row means: "stop", "skip", or "empty", a line of
    empty cells. `unseen` counts the text values so far that no training row had, `bad` the rows that were left out or
    left empty; `first_error` is about the first of these.
    """

    def __init__(
        self,
        model: TrainedModel,
        proba: bool = False,
        top_k: int | None = None,
        append: bool = False,
        predict: Callable[[Array], Array] | None = None,
        on_error: str = "stop",
    ) -> None:
        encoding, targets = model.encoding, model.encoding.targets
        if (proba or top_k) and not targets.has_probabilities:
            raise BadInput("expected a model of classes for --proba and --top-k, got a regression; leave them out")
        if top_k and not targets.classes:
            raise BadInput("expected one class per row for --top-k, got several; try --proba")
        self.model, self.unseen, self.bad = model, 0, 0
        self.first_error: KerashError | None = None
        self._proba, self._top_k, self._append, self._on_error = proba, top_k, append, on_error
        self._predict = predict or Predictor(model.network, model.params)
        longest = max(map(len, targets.classes), default=0) * (min(top_k, len(targets.classes)) if top_k else 1)
        self._row = encoding.features + encoding.outputs + longest
        """About how many numbers and characters a row becomes."""
        self._headed = not append
        self._delimiter = ","

    def lines(self, block: Table | BadRow) -> Iterator[str]:
        """Yields the text for a block: for the rows before a bad one, then for that one, and so on.

        BadInput or Diverged at a bad row, if that is to be the end: what comes before it has been given by then.
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

    def _parts(self, table: Table) -> Iterator[Table]:
        """Yields the rows in parts, so that no array and no text becomes large."""
        step = max(1, ROOM // self._row)
        if table.rows <= step:
            yield table
            return
        for start in range(0, table.rows, step):
            rows = np.arange(start, min(start + step, table.rows))
            yield self.model.encoding.part(table, rows)[0]

    def text(self, table: Table) -> str:
        """Returns a line for each row, with its line end.

        BadInput at an invalid cell, Diverged where an output is not finite.
        """
        encoding = self.model.encoding
        outputs = self._predict(encoding.encode_inputs(table, self.model.params.dtype))
        check_finite(encoding, outputs, table)
        self.unseen += encoding.unseen(table)
        lines = _lines(self._cells(outputs), self._delimiter)
        if not self._append:
            return "".join(lines)
        rows = zip(table.records or (), lines, strict=True)
        return "".join(f"{record}{self._delimiter}{line}" for record, line in rows)

    def _sifted(self, table: Table) -> Iterator[str]:
        """Yields the text of all rows; where one is bad, of the halves, until it stands alone."""
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
        """Returns what is written for a row that can't be predicted; raises the error under `--on-error stop`."""
        if self._on_error == "stop":
            raise error
        self.bad += 1
        self.first_error = self.first_error or error
        if self._on_error == "skip":
            return ""
        line = self._delimiter * (len(self._names()) - 1) + "\n"
        return f"{record}{self._delimiter}{line}" if self._append else line

    def _header(self, block: Table | BadRow) -> list[str]:
        """The line of names, before the first row, if there are names."""
        if self._headed:
            return []
        self._headed = True
        return _lines([list(different([*block.names, *self._names()])[0])], self._delimiter) if block.names else []

    def _cells(self, outputs: np.ndarray) -> list[list[str]]:
        targets = self.model.encoding.targets
        if self._top_k:
            likely = targets.probabilities(outputs)
            order = np.argsort(-likely, axis=1, kind="stable")[:, : self._top_k]
            return [
                [cell for k in ranked for cell in (targets.classes[k], _number(row[k]))]
                for row, ranked in zip(self._shortened(likely), order.tolist(), strict=True)
            ]
        answers = targets.probabilities(outputs) if self._proba else targets.decode(outputs)
        if targets.is_scaled:
            return _rounded(answers, targets.resolution(outputs))
        if answers.dtype.kind == "f":
            return [[_number(value) for value in row] for row in self._shortened(answers)]
        return [[str(value) for value in row] for row in answers.tolist()]

    def _shortened(self, values: np.ndarray) -> np.ndarray:
        """Returns values in the model's own type, so that no digits are printed that it does not have."""
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
    """Yields the weighted sums of each layer for the one row, and their activation, both (depth, height, width).

    Diverged at the first layer that makes NaN or infinity of it.
    """
    network = model.network
    signal = model.encoding.encode_inputs(table, model.params.dtype).reshape(network.shapes[0])
    for number, (layer, tensors) in enumerate(zip(network.layers, network.tensors(model.params), strict=True)):
        with np.errstate(all="ignore"):  # what overflows is told in words
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
    """The rows with an output that is infinite or NaN in the target's own unit."""
    return np.flatnonzero(~encoding.targets.finite(outputs))


def _rounded(values: np.ndarray, steps: np.ndarray) -> list[list[str]]:
    """Writes each value without the digits that are finer than its step."""
    digits = np.ceil(-np.log10(steps)).astype(np.intp)
    rows = zip(values.tolist(), digits.tolist(), strict=True)
    return [[repr(round(value, places)) for value, places in zip(*row, strict=True)] for row in rows]


def _number(value: np.floating) -> str:
    """The shortest decimal that reads back as the value."""
    return str(value)


class _Written(list[str]):
    """A list of what was written, a string for each call of `write`."""

    write = list.append


def _lines(rows: Iterable[list[str]], delimiter: str) -> list[str]:
    """Writes each row as CSV with its line end; a cell may have line ends in it."""
    lines = _Written()
    csv.writer(lines, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return lines
