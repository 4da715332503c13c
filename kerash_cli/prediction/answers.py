"""Text of a model's answers: lines of a delimited table, and members of JSON objects."""

import csv
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.cells import Floats
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput
from kerash_cli.model.trained import TrainedModel


class Answers(Protocol):
    """The answers of a model to rows, in one of the forms that users ask for."""

    columns: Sequence[str]
    """Names of the columns of a table."""
    members: Sequence[str]
    """Names of the members of a JSON object."""
    size: int
    """Approximate number of characters in the names that a row of answers has."""

    def lines(self, outputs: Array, delimiter: str) -> list[str]:
        """Returns the cells for each row of outputs, as a line with its end."""

    def values(self, outputs: Array) -> list[list[str]]:
        """Returns the JSON text of each member, for each row of outputs."""


def answers(model: TrainedModel, proba: bool, top_k: int | None, threshold: float | None) -> Answers:
    """Returns the answers that these options of `kerash predict` ask for; raises BadInput if the model has none."""
    targets = model.encoding.targets
    if (proba or top_k) and not targets.has_probabilities:
        raise BadInput("--proba and --top-k: expected a classifier, got a regression model; leave them out")
    if top_k and not targets.classes:
        raise BadInput("--top-k: expected a model with one class per row, got one with several; try --proba")
    if threshold is not None:
        targets.check_threshold()
    decided = Decided(model, threshold)
    if top_k:
        return Likeliest(decided, top_k)
    return Probabilities(decided) if proba else decided


class Decided:
    """The prediction alone: the name of a class, 0 or 1 for each label, or numbers."""

    def __init__(self, model: TrainedModel, threshold: float | None = None) -> None:
        """With `threshold`, the prediction is a yes if its probability is at least that."""
        self.targets = model.encoding.targets
        self.columns: Sequence[str] = self.targets.prediction_names()
        self.members: Sequence[str] = self.columns
        self.size = max(map(len, self.targets.classes), default=0)
        self._dtype, self._threshold = model.params.dtype, threshold
        self._lines_by_delimiter: dict[str, list[str]] = {}

    def lines(self, outputs: Array, delimiter: str) -> list[str]:
        targets, found = self.targets, self._found(outputs)
        if targets.classes:
            known = self._lines_by_delimiter
            if delimiter not in known:
                known[delimiter] = table_lines(([name] for name in targets.classes), delimiter)
            return [known[delimiter][place] for place in found.tolist()]
        decoded = targets.readable(found)
        if targets.is_scaled:
            return _joined(_rounded(decoded, targets.resolution(outputs)), delimiter)
        if decoded.dtype.kind == "f":
            return self.number_lines(decoded, delimiter)
        return _joined(([str(value) for value in row] for row in decoded.tolist()), delimiter)

    def values(self, outputs: Array) -> list[list[str]]:
        if self.targets.classes:
            return [[self.json_names[place]] for place in self._found(outputs).tolist()]
        return [line[:-1].split(",") for line in self.lines(outputs, ",")]

    @cached_property
    def json_names(self) -> list[str]:
        """JSON text of each class: a number if the classes are numbers, else a string."""
        from kerash_cli.prediction import json_text  # few runs need it

        text = json_text.cell if self.targets.numeric else json_text.string
        return [text(name) for name in self.targets.classes]

    def number_lines(self, values: Floats, delimiter: str) -> list[str]:
        """Returns a line for each row of numbers, without digits beyond the precision of the model."""
        from kerash_cli.prediction import numbers  # predictions of classes do not need it

        return numbers.lines(self._shortened(values), delimiter)

    def likely(self, outputs: Array, count: int) -> list[list[tuple[int, str]]]:
        """Returns, for each row, the indexes of its most likely classes, each with its probability as text."""
        probabilities = self.targets.probabilities(outputs)
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, :count].tolist()
        rows = zip(self._shortened(probabilities), order, strict=True)
        return [[(place, str(row[place])) for place in ranked] for row, ranked in rows]

    def _found(self, outputs: Array) -> NDArray[Any]:
        threshold = self._threshold
        return self.targets.answers(outputs) if threshold is None else self.targets.above(outputs, threshold)

    def _shortened(self, values: Floats) -> NDArray[Any]:
        with np.errstate(over="ignore"):
            return values.astype(self._dtype, copy=False)


class Probabilities:
    """The probability of each class, or of each label; in JSON beside the prediction."""

    def __init__(self, decided: Decided) -> None:
        targets = decided.targets
        self._decided, self._names = decided, targets.classes or targets.labels
        self.columns: Sequence[str] = [f"probability_{name}" for name in self._names]
        self.members: Sequence[str] = [*decided.members, "probabilities"]
        self.size = sum(map(len, self._names))

    def lines(self, outputs: Array, delimiter: str) -> list[str]:
        return self._decided.number_lines(self._decided.targets.probabilities(outputs), delimiter)

    def values(self, outputs: Array) -> list[list[str]]:
        from kerash_cli.prediction import json_text

        form = json_text.template(self._names)
        objects = (form % tuple(line[:-1].split(",")) for line in self.lines(outputs, ","))
        return [[*row, each] for row, each in zip(self._decided.values(outputs), objects, strict=True)]


class Likeliest:
    """The most likely classes, each with its probability; in JSON beside the prediction."""

    def __init__(self, decided: Decided, count: int) -> None:
        classes = decided.targets.classes
        self._decided, self._count = decided, min(count, len(classes))
        self.columns: Sequence[str] = [
            name for k in range(1, self._count + 1) for name in (f"class_{k}", f"probability_{k}")
        ]
        self.members: Sequence[str] = [*decided.members, "likeliest"]
        self.size = self._count * decided.size

    def lines(self, outputs: Array, delimiter: str) -> list[str]:
        classes, ranked = self._decided.targets.classes, self._decided.likely(outputs, self._count)
        return table_lines(([cell for place, p in row for cell in (classes[place], p)] for row in ranked), delimiter)

    def values(self, outputs: Array) -> list[list[str]]:
        names, ranked = self._decided.json_names, self._decided.likely(outputs, self._count)
        lists = (", ".join(f'{{"class": {names[place]}, "probability": {p}}}' for place, p in row) for row in ranked)
        return [[*row, f"[{each}]"] for row, each in zip(self._decided.values(outputs), lists, strict=True)]


def table_lines(rows: Iterable[Sequence[str]], delimiter: str) -> list[str]:
    """Returns each row as CSV with its line end; a cell may have line ends in it."""
    cells = list(rows)
    lines = _written(cells, delimiter, csv.QUOTE_MINIMAL)
    if delimiter != " " and not any("\r" in line for line in lines):
        return lines
    # An empty cell between two blanks would be lost, and csv leaves a CR without quotes before Python 3.13.
    quoted = _written(cells, delimiter, csv.QUOTE_ALL)
    rows_and_lines = zip(cells, lines, quoted, strict=True)
    return [line if all(row) and "\r" not in line else other for row, line, other in rows_and_lines]


def _written(rows: Iterable[Sequence[str]], delimiter: str, quoting: Literal[0, 1]) -> list[str]:
    lines = _Written()
    csv.writer(lines, delimiter=delimiter, lineterminator="\n", quoting=quoting).writerows(rows)
    return lines


class _Written(list[str]):
    """A list that csv.writer can write to as if it were a file: `write` appends a string."""

    write = list.append


def _joined(rows: Iterable[Sequence[str]], delimiter: str) -> list[str]:
    """Returns each row of numbers as a line with its end."""
    return [delimiter.join(row) + "\n" for row in rows]


def _rounded(values: Floats, steps: Floats) -> list[list[str]]:
    """Returns each value as text, without the digits that are finer than its step."""
    digits = np.ceil(-np.log10(steps)).astype(np.intp)
    rows = zip(values.tolist(), digits.tolist(), strict=True)
    return [[repr(round(value, places)) for value, places in zip(*row, strict=True)] for row in rows]
