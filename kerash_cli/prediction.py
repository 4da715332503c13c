"""Rows of a table to lines of text with what a trained model makes of them."""

import csv
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from kerash_cli.engine.network import Predictor, through
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput
from kerash_cli.tables import Table
from kerash_cli.trained import TrainedModel


class Predictions:
    """Writes the prediction of each row, or with `proba` or `top_k` how likely classes are, as CSV.

    `predict` is what computes outputs, by default a Predictor. With `append` the row itself comes first, and names, if
    the table has any, before the first row. `unseen` counts the text values so far that no training row had.
    """

    def __init__(
        self,
        model: TrainedModel,
        proba: bool = False,
        top_k: int | None = None,
        append: bool = False,
        predict: Callable[[Array], Array] | None = None,
    ) -> None:
        encoding = model.encoding
        if (proba or top_k) and encoding.kind == "values":
            raise BadInput("expected a model of classes for --proba and --top-k, got a regression; leave them out")
        if top_k and encoding.kind == "multilabel":
            raise BadInput("expected one class per row for --top-k, got several; try --proba")
        self.model, self.unseen = model, 0
        self._proba, self._top_k, self._append = proba, top_k, append
        self._predict = predict or Predictor(model.network, model.params)
        self._headed = not append

    def text(self, table: Table) -> str:
        """A line for each row, each ended; before the first, with `append`, one of names."""
        encoding = self.model.encoding
        outputs = self._predict(encoding.encode_inputs(table, self.model.params.dtype))
        self.unseen += encoding.unseen(table)
        cells = self._cells(outputs)
        if not self._append:
            return "".join(_lines(cells, ","))
        rows = zip(table.records or (), _lines(cells, table.delimiter), strict=True)
        lines = [f"{record}{table.delimiter}{line}" for record, line in rows]
        if not self._headed:
            self._headed = True
            if table.names:
                lines[:0] = _lines([[*table.names, *self._names()]], table.delimiter)
        return "".join(lines)

    def _cells(self, outputs: np.ndarray) -> list[list[str]]:
        encoding = self.model.encoding
        if self._top_k:
            likely = encoding.probabilities(outputs)
            order = np.argsort(-likely, axis=1, kind="stable")[:, : self._top_k]
            return [
                [cell for k in ranked for cell in (encoding.classes[k], _number(row[k]))]
                for row, ranked in zip(self._shortened(likely), order.tolist(), strict=True)
            ]
        answers = encoding.probabilities(outputs) if self._proba else encoding.decode(outputs)
        if answers.dtype.kind == "f":
            return [[_number(value) for value in row] for row in self._shortened(answers)]
        return [[str(value) for value in row] for row in answers.tolist()]

    def _shortened(self, values: np.ndarray) -> np.ndarray:
        """In the model's own type, so that no digits are printed that it does not have."""
        with np.errstate(over="ignore"):
            return values.astype(self.model.params.dtype, copy=False)

    def _names(self) -> list[str]:
        encoding = self.model.encoding
        if self._top_k:
            count = min(self._top_k, len(encoding.classes))
            return [name for k in range(1, count + 1) for name in (f"class_{k}", f"probability_{k}")]
        if self._proba:
            return [f"probability_{name}" for name in encoding.classes or encoding.labels]
        if encoding.kind == "one-hot":
            return ["predicted_class"]
        return [f"predicted_{name}" for name in encoding.labels]


def layer_by_layer(model: TrainedModel, table: Table) -> Iterator[tuple[Array, Array]]:
    """What each layer, the input's first, makes of the one row: sums, and their activation, (depth, height, width)."""
    network = model.network
    signal = model.encoding.encode_inputs(table, model.params.dtype).reshape(network.shapes[0])
    for layer, tensors in zip(network.layers, network.tensors(model.params), strict=True):
        activity, signal = (through(each, signal, tensors) for each in (layer.linear(), layer))
        yield activity, signal


def _number(value: np.floating) -> str:
    """The shortest decimal that reads back as the value."""
    return str(value)


class _Written(list[str]):
    """What was written, a string for each call of `write`."""

    write = list.append


def _lines(rows: Iterable[list[str]], delimiter: str) -> list[str]:
    """Each row as CSV, ended; a cell may hold line ends of its own."""
    lines = _Written()
    csv.writer(lines, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return lines
